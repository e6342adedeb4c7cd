"""A person opens Studio: JupyterLab starts with the published notebooks, in the own space alone, and goes again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from blueprint.names import HUB
from blueprint.policies.library_bucket import NOTEBOOKS
from rehearsal.scenario.attempts import Attempt
from rehearsal.scenario.cast import SAGEMAKER, Actor
from rehearsal.scenario.configuration import contributor
from rehearsal.scenario.performance import Run

APP = {"AppType": "JupyterLab", "AppName": "default"}
TAMPERED = "register.ipynb"
RIVAL, RIVAL_SPACE = "rival", "rival-lab"
LONGEST_SECONDS = 60.0
PAUSE_SECONDS = 0.1


def work_in_studio(run: Run) -> None:
    """A changed notebook is refused, the published ones are there, others' spaces are closed, and all goes again."""
    spoke = contributor(run.organisation)
    outputs = run.engine.outputs(spoke.stack)
    domain, profiles = str(outputs["domainId"]), dict(outputs["userProfiles"])
    person, space = min(profiles.items())
    administrator = run.cast.administrator(spoke.account)
    way_in = administrator.client("sagemaker").create_presigned_domain_url(DomainId=domain, UserProfileName=person)
    run.score.expect("Studio opens by an address for one's own profile", domain in way_in["AuthorizedUrl"])
    scientist = _in_studio(run, domain, person)
    own = {"DomainId": domain, "SpaceName": space, **APP}
    _refuse_a_changed_notebook(run, scientist, own)
    started = _start(scientist, own)
    run.score.equal(
        "JupyterLab starts, and its script fetched the published notebooks and checked each",
        (started["Status"], started.get("FailureReason")), ("InService", None),
    )  # fmt: skip
    run.say(f"{person} works in {space} on {started['ResourceSpec']['InstanceType']}")
    _keep_others_out(run, administrator, scientist, domain)
    run.console.run("cleanup", "--stack", spoke.stack, "--yes", actor=administrator)
    left = administrator.client("sagemaker").list_spaces(DomainIdEquals=domain)["Spaces"]
    run.score.equal(
        "a cleanup leaves the program's spaces alone",
        sorted(one["SpaceName"] for one in left),
        sorted(profiles.values()),
    )
    administrator.client("sagemaker").delete_user_profile(DomainId=domain, UserProfileName=RIVAL)


def _in_studio(run: Run, domain: str, person: str) -> Actor:
    """What Studio gives to who opened it: a session of the profile's role, marked with domain and profile."""
    spoke, names = contributor(run.organisation), run.organisation.names
    profile = f"arn:{names.partition}:sagemaker:{names.region}:{spoke.account}:user-profile/{domain}/{person}"
    role = names.role_arn(spoke.account, names.role(spoke.stack, "execution"))
    return run.cast.as_service("the data scientist in Studio", SAGEMAKER, role, profile, spoke.account, "SageMaker")


def _start(actor: Actor, app: dict[str, str]) -> dict[str, Any]:
    """Start an application; it as it is once its script ended."""
    sagemaker = actor.client("sagemaker")
    sagemaker.create_app(**app)
    return _when(sagemaker, app, lambda status: status != "Pending")


def _when(sagemaker: Any, app: dict[str, str], settled: Callable[[str], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        found: dict[str, Any] = sagemaker.describe_app(**app)
        if settled(found["Status"]) or time.monotonic() > deadline:
            return found
        time.sleep(PAUSE_SECONDS)


def _keep_others_out(run: Run, administrator: Actor, scientist: Actor, domain: str) -> None:
    """Somebody else's private space, under the same role."""
    sagemaker = administrator.client("sagemaker")
    sagemaker.create_user_profile(DomainId=domain, UserProfileName=RIVAL)
    _until(lambda: sagemaker.describe_user_profile(DomainId=domain, UserProfileName=RIVAL)["Status"])
    sagemaker.create_space(
        DomainId=domain, SpaceName=RIVAL_SPACE, OwnershipSettings={"OwnerUserProfileName": RIVAL},
        SpaceSharingSettings={"SharingType": "Private"}, SpaceSettings={"AppType": "JupyterLab"},
    )  # fmt: skip
    _until(lambda: sagemaker.describe_space(DomainId=domain, SpaceName=RIVAL_SPACE)["Status"])
    other = {"DomainId": domain, "SpaceName": RIVAL_SPACE, **APP}
    run.attempt(
        Attempt(
            "the data scientist in Studio", "start an application in another person's space",
            lambda: scientist.client("sagemaker").create_app(**other), {"identity": "silent"},
        )
    )  # fmt: skip


def _until(status: Callable[[], str]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while status() != "InService" and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)


def _refuse_a_changed_notebook(run: Run, scientist: Actor, app: dict[str, str]) -> None:
    """Somebody in the hub puts another notebook under the digest of the published one, and takes it back."""
    outputs = run.engine.outputs(HUB)
    bucket, digest = str(outputs["notebooksBucket"]), str(outputs["notebooks"][TAMPERED])
    place = {"Bucket": bucket, "Key": f"{NOTEBOOKS}/{digest}/{TAMPERED}"}
    storage = run.cast.administrator(run.organisation.hub).client("s3")
    published = storage.get_object(**place)["Body"].read()
    storage.put_object(**place, Body=published.replace(b"Train", b"Drain"))
    failed = _start(scientist, app)
    storage.put_object(**place, Body=published)
    reason = str(failed.get("FailureReason", ""))
    run.score.expect(
        "a notebook that was changed in the hub's bucket is refused by name, and JupyterLab doesn't start",
        failed["Status"] == "Failed" and TAMPERED in reason, f"{failed['Status']}: {reason[:200]}",
    )  # fmt: skip
    sagemaker = scientist.client("sagemaker")
    sagemaker.delete_app(**app)
    _when(sagemaker, app, lambda status: status == "Deleted")
