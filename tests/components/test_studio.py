"""Studio, its network and the library, as they are registered."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from blueprint.stateful import Stateful
from tests.components.programs import hub_run, spoke_program, spoke_run, spoke_settings
from tests.components.recorder import Run, run

DOMAIN = "aws:sagemaker/domain:Domain"
PROFILE = "aws:sagemaker/userProfile:UserProfile"
SPACE = "aws:sagemaker/space:Space"
SCRIPT = "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
ONE = "dev-studio-data-scientist"


def dev(stateful: Stateful = "protect", **studio: Any) -> Run:
    settings = spoke_settings("dev")
    changed = replace(settings, stateful=stateful, studio=replace(settings.studio, **studio))
    return run(spoke_program(changed, hub_run().exports), stack="dev")


def test_a_domain_lets_nobody_run_containers_or_idle_machines() -> None:
    """Guards: Docker on in the account, or a night's bill for a notebook that nobody looks at."""
    inputs = spoke_run("dev").one(DOMAIN, "dev-studio").inputs
    assert inputs["authMode"] == "IAM"
    assert inputs["domainSettings"] == {"dockerSettings": {"enableDockerAccess": "DISABLED"}}
    assert inputs["tagPropagation"] == "ENABLED"
    idle = {
        "lifecycleManagement": "ENABLED", "idleTimeoutInMinutes": 60, "minIdleTimeoutInMinutes": 60,
        "maxIdleTimeoutInMinutes": 60,
    }  # fmt: skip
    profile = spoke_run("dev").one(PROFILE, ONE).inputs["userSettings"]
    for settings in (inputs["defaultUserSettings"], profile):
        assert settings["jupyterLabAppSettings"]["appLifecycleManagement"] == {"idleSettings": idle}
        assert settings["executionRole"].endswith("mlgov-dev-execution")


@pytest.mark.parametrize(("stateful", "homes"), [("protect", "Retain"), ("retain", "Retain"), ("destroy", "Delete")])
def test_home_directories_follow_the_settings(stateful: Stateful, homes: str) -> None:
    """Guards: people's work deleted with the stack; a trial whose network can't be taken down."""
    made = dev(stateful)
    assert made.one(DOMAIN, "dev-studio").inputs["retentionPolicy"] == {"homeEfsFileSystem": homes}
    for kind, name in ((DOMAIN, "dev-studio"), (PROFILE, ONE), (SPACE, ONE)):
        assert made.one(kind, name).protect is (stateful == "protect")
        assert made.one(kind, name).retain_on_delete is (stateful == "retain")


def test_each_person_has_a_profile_and_a_private_space_of_the_own() -> None:
    """Guards: one space for all, in which nobody can tell who did what."""
    made = dev(user_profiles=("alice", "bob"))
    for person in ("alice", "bob"):
        space = made.one(SPACE, f"dev-studio-{person}").inputs
        assert space["ownershipSettings"] == {"ownerUserProfileName": person}
        assert space["spaceSharingSettings"] == {"sharingType": "Private"}
        assert space["spaceName"] == f"mlgov-dev-{person}"
        assert space["spaceSettings"]["spaceStorageSettings"] == {"ebsStorageSettings": {"ebsVolumeSizeInGb": 50}}
    assert made.exports["userProfiles"] == {"alice": "mlgov-dev-alice", "bob": "mlgov-dev-bob"}


def test_the_script_names_what_the_hub_published_and_hangs_on_the_profiles_alone() -> None:
    """Guards: an update of domain or space with every notebook, which the provider can't make."""
    made = spoke_run("dev")
    script = made.one(SCRIPT, "dev-studio").inputs
    text = base64.b64decode(script["studioLifecycleConfigContent"]).decode()
    published = hub_run().exports["notebooks"]
    assert set(published) == {"deploy.ipynb", "german_credit.csv", "governance.zip", "register.ipynb", "training.py"}
    assert all(digest in text for digest in published.values())
    assert not made.one(SCRIPT, "dev-studio").delete_before_replace, "the old one goes once no profile names it"
    settings = made.one(PROFILE, ONE).inputs["userSettings"]["jupyterLabAppSettings"]
    assert settings["lifecycleConfigArns"] == [settings["defaultResourceSpec"]["lifecycleConfigArn"]]
    for kind, name in ((DOMAIN, "dev-studio"), (SPACE, ONE)):
        assert "lifecycleConfigArn" not in json.dumps(made.one(kind, name).inputs)


def test_a_file_lies_under_its_digest_and_stays_when_another_comes() -> None:
    """Guards: a spoke whose script asks for what the hub's last update deleted."""
    published = hub_run().exports["notebooks"]
    found = {resource.inputs["key"]: resource for resource in hub_run().of(OBJECT)}
    assert set(found) == {f"notebooks/{digest}/{name}" for name, digest in published.items()}
    assert all(resource.retain_on_delete and not resource.delete_before_replace for resource in found.values())


def test_a_domain_waits_for_the_rights_of_its_role() -> None:
    """Guards: a domain that is tried with a role that may nothing yet."""
    waits = spoke_run("dev").one(DOMAIN, "dev-studio").dependencies
    assert any("rolePolicy" in urn and urn.endswith("dev-execution-studio") for urn in waits)


def test_a_stack_may_have_none() -> None:
    """Guards: a network and a domain where nobody works."""
    made = dev(enabled=False)
    assert not [resource for resource in made.resources if resource.type.startswith(("aws:ec2/", DOMAIN, PROFILE))]
    assert (made.exports["domainId"], made.exports["userProfiles"]) == ("", {})
