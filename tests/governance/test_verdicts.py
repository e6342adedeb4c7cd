"""Verdicts of endpoints: what serves, against what the ledger says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from governance.canonical import iso
from governance.inventory import Component, Container, Endpoint, Pending, Specification, StoredArtifact, Unreadable
from governance.verdicts import RANK, Judgement, Verdict
from governance.verdicts_endpoints import judge
from tests.governance.hosted import (
    DIGEST,
    IMAGE,
    SCOPE,
    DictWorld,
    component,
    config,
    endpoint,
    entry,
    model,
    of_version,
    package,
    resolved,
    sha256_of,
    state,
    url_of,
    variant,
)
from tests.governance.samples import arn_of, moment

OTHER = "sha256:" + "d" * 64


def judged(
    world: DictWorld,
    seen: Endpoint | None = None,
    components: Sequence[Component] | Unreadable = (),
    lifecycles: Sequence[str] = ("Staging",),
) -> Judgement:
    return judge(seen or endpoint(), components, world, SCOPE, lifecycles)


def serving(*containers: Container, **known: Any) -> DictWorld:
    """Version 1 known as told (else it holds Staging), and endpoint `credit` that serves these containers."""
    return DictWorld().know(1, **known).host("credit", *(containers or (of_version(),)))


def told(judgement: Judgement) -> set[Verdict]:
    return {finding.verdict for finding in judgement.findings}


def test_an_endpoint_that_serves_what_was_approved_for_its_stage_is_approved() -> None:
    """Guards: verdicts that cry wolf; and an approval without who gave it and since when."""
    judgement = judged(serving())
    assert judgement.verdict is Verdict.APPROVED
    assert judgement.packages == (arn_of(),)
    assert [finding.document() for finding in judgement.findings] == [
        {
            "where": "variant AllTraffic / model credit / container 1",
            "verdict": "approved",
            "seen": f"version {arn_of()}",
            "ledger": "approved for Staging by arn:bea",
            "since": iso(moment(10)),
            "serves": True,
        }
    ]


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (state(status="PendingManualApproval", kind="registration", stages={}), Verdict.UNAPPROVED),
        (state(kind="registration"), Verdict.UNAPPROVED),
        (state(status="PendingManualApproval", kind="registration", at=30), Verdict.UNAPPROVED),
        (state(stages={"Staging": entry(1, "Rejected", 30, approved=False)}), Verdict.UNAPPROVED),
        (state(kind="gap"), Verdict.UNAPPROVED),
        (state(stages={}), Verdict.UNAPPROVED),
        (state(stages={"Staging": entry(1, kind="registration", approved=False)}), Verdict.UNAPPROVED),
        (state(stages={"Staging": entry(1, "PendingApproval", approved=False)}), Verdict.UNAPPROVED),
        (state(stages={"Development": entry(1)}), Verdict.WRONG_STAGE),
        (state(stages={"Development": entry(1), "Staging": entry(1, "Rejected", 30)}), Verdict.REVOKED),
        (state(status="Rejected", at=30), Verdict.REVOKED),
        (state(status="Rejected", at=19), Verdict.UNAPPROVED),
        (state(stages={"Staging": entry(1, "Rejected", 19)}), Verdict.UNAPPROVED),
        (state(status="Rejected", at=30, stages={"Development": entry(1)}), Verdict.UNAPPROVED),
        (state(status="Rejected", at=30, stages={"Staging": entry(1, "Rejected", 40)}), Verdict.REVOKED),
        (state(deleted=40), Verdict.DELETED_PACKAGE),
        (state(deleted=40, status="Rejected", at=30), Verdict.REVOKED),
        (state(deleted=40, stages={}), Verdict.UNAPPROVED),
    ],
)
def test_the_ledger_decides_what_a_version_is_worth(row: dict[str, Any], verdict: Verdict) -> None:
    """Guards: half an approval, one for another stage, or one that was withdrawn, passing for an approval."""
    assert judged(serving(row=row)).verdict is verdict


def test_a_revocation_is_told_with_its_time() -> None:
    """Guards: nobody can say how long a revoked model served."""
    judgement = judged(serving(row=state(status="Rejected", at=30)))
    assert (judgement.findings[0].verdict, judgement.findings[0].since) == (Verdict.REVOKED, iso(moment(30)))


def test_the_earlier_of_two_withdrawals_counts() -> None:
    """Guards: a version rejected as such and later for the stage, taken for deployed in between with approval."""
    row = state(status="Rejected", at=15, stages={"Staging": entry(1, "Rejected", 30)})
    assert judged(serving(row=row)).verdict is Verdict.UNAPPROVED


@pytest.mark.parametrize(
    "row",
    [state(kind="gap"), state(stages={"Staging": entry(1, kind="gap", approved=False)})],
    ids=["its status", "its stage"],
)
def test_an_approval_that_nobody_witnessed_is_unapproved_and_told_as_such(row: dict[str, Any]) -> None:
    """Guards: an approval without approver, time or reason that passes; or evidence that reads `it is Approved`,
    from which nobody learns what is wrong and what to do.
    """
    judgement = judged(serving(row=row))
    assert judgement.verdict is Verdict.UNAPPROVED
    assert judgement.findings[0].ledger == (
        "no recorded approval holds: the registry shows it Approved, its stage Approved, but nobody witnessed the"
        " decision (a gap): decide again"
    )


def test_a_version_that_the_ledger_never_saw_is_unapproved() -> None:
    """Guards: an event that was lost makes its version invisible, and so clean."""
    world = serving()
    world.states.clear()
    judgement = judged(world)
    assert judgement.verdict is Verdict.UNAPPROVED
    assert judgement.findings[0].ledger == "the ledger has no row of it"


def test_the_hub_has_no_stage_so_nothing_may_serve_there() -> None:
    """Guards: the one account without a stage becomes the place where everything may run."""
    assert judged(serving(), lifecycles=()).verdict is Verdict.WRONG_STAGE
    assert judged(serving(row=state(stages={})), lifecycles=()).verdict is Verdict.UNAPPROVED


def test_where_all_stages_share_an_account_any_of_them_will_do() -> None:
    """Guards: a trial in one account, where every endpoint would be in the wrong stage."""
    judgement = judged(serving(), lifecycles=("Development", "Staging", "Production"))
    assert (judgement.verdict, judgement.stage) == (Verdict.APPROVED, "Staging")


@pytest.mark.parametrize(
    ("container", "seen"),
    [
        (Container(image=IMAGE, url=url_of(1)), f"no version; artifact {url_of(1)}, image {IMAGE}"),
        (Container(image=IMAGE), f"no version; image {IMAGE}"),
        (Container(url=url_of(1), multi_model=True), f"no version; artifact {url_of(1)}"),
        (Container(hub_content="arn:aws:sagemaker:h"), "no version; hub content arn:aws:sagemaker:h"),
        (Container(), "no version; nothing named"),
    ],
)
def test_a_container_without_a_version_is_unregistered(container: Container, seen: str) -> None:
    """Guards: a model made of image and artifact, past the registry."""
    judgement = judged(serving(container))
    assert judgement.verdict is Verdict.UNREGISTERED
    assert judgement.findings[0].seen == seen


def test_an_artifact_that_equals_an_approved_one_is_still_unregistered() -> None:
    """Guards: a copy of an approved artifact counts as approved, whatever image runs it; and nobody learns the twin."""
    world = serving(Container(image=IMAGE, url=url_of(1)))
    world.equals[url_of(1)] = (arn_of(1), arn_of(7))
    judgement = judged(world)
    assert judgement.verdict is Verdict.UNREGISTERED
    assert judgement.findings[0].ledger.startswith(f"the same artifact as {arn_of(1)}, {arn_of(7)}")


@pytest.mark.parametrize(
    "named",
    [
        "my-package",
        arn_of(1, group="Shadow"),
        arn_of(1).replace(":111111111111:", ":222222222222:"),
        arn_of(1).rpartition("/")[0],
    ],
)
def test_a_version_of_another_registry_or_group_is_unregistered(named: str) -> None:
    """Guards: a registry of one's own, with a group of the same name, approves what it likes."""
    assert judged(serving(Container(package=named))).verdict is Verdict.UNREGISTERED


def test_arns_are_compared_without_case() -> None:
    """Guards: SageMaker's lower-cased ARNs make every version unregistered."""
    assert SCOPE.governs(arn_of(1).replace("ModelCreditRisk", "modelcreditrisk"))


def stored(sha256: str | None, tag: str | None = None) -> dict[str, Any]:
    return {url_of(1): StoredArtifact(sha256, tag)}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"artifacts": stored("ee" * 32)}, Verdict.DIGEST_DIFFERS),
        ({"artifacts": {}}, Verdict.DIGEST_DIFFERS),
        ({"artifacts": stored(None)}, Verdict.UNKNOWN),
        ({"artifacts": {url_of(1): Unreadable("AccessDenied")}}, Verdict.UNKNOWN),
        ({"shown": package(url=url_of(9))}, Verdict.DIGEST_DIFFERS),
        ({"container": of_version(url=url_of(9))}, Verdict.DIGEST_DIFFERS),
        ({"container": of_version(image="other:1")}, Verdict.DIGEST_DIFFERS),
        ({"container": of_version(extra=("s3://mine/draft.tar.gz",))}, Verdict.UNREGISTERED),
        ({"container": of_version(specification="gpu")}, Verdict.UNKNOWN),
        ({"shown": Unreadable("AccessDeniedException")}, Verdict.UNKNOWN),
    ],
)
def test_what_serves_must_be_what_was_approved(change: dict[str, Any], verdict: Verdict) -> None:
    """Guards: other bytes under the approved name; bytes that nobody can compare taken for the approved ones."""
    world = serving(*([change["container"]] if "container" in change else []), shown=change.get("shown"))
    world.artifacts = change.get("artifacts", world.artifacts)
    assert judged(world).verdict is verdict


def test_artifacts_beside_a_version_that_was_never_approved_are_told_too() -> None:
    """Guards: what a model adds to its version is looked at only where the version is in order."""
    world = serving(of_version(extra=("s3://mine/draft.tar.gz",)), row=state(stages={}))
    assert told(judged(world)) == {Verdict.UNREGISTERED, Verdict.UNAPPROVED}


def with_tag(sha256: str | None, tag: str | None) -> dict[str, Any]:
    return state(stages={"Staging": entry(1, sha256=sha256, etag=tag)})


@pytest.mark.parametrize(
    ("row", "there", "verdict"),
    [
        (with_tag(None, "tag"), '"tag"', Verdict.APPROVED),
        (with_tag(None, "tag"), '"other"', Verdict.DIGEST_DIFFERS),
        (with_tag(None, None), '"tag"', Verdict.UNKNOWN),
        (with_tag(None, "tag"), None, Verdict.UNKNOWN),
    ],
)
def test_without_a_digest_the_etag_decides_or_nothing_does(
    row: dict[str, Any], there: str | None, verdict: Verdict
) -> None:
    """Guards: an artifact that wasn't published by the helper, so that its URL promises nothing."""
    world = serving(row=row)
    world.artifacts = stored(None, there)
    assert judged(world).verdict is verdict


def test_a_specification_changed_after_the_approval_is_seen() -> None:
    """Guards: an approver's UpdateModelPackage swaps the image of an approved version; the approval stays."""
    world = serving()
    world.packages[arn_of()] = replace(package(), containers=(Container(image="other:2", url=url_of(1)),))
    judgement = judged(world)
    assert judgement.verdict is Verdict.DIGEST_DIFFERS
    assert judgement.findings[0].ledger == f"approved was {IMAGE}"


def test_a_models_choice_of_another_specification_is_compared_too() -> None:
    """Guards: a version's additional specification, which nobody approved, behind an approved name."""
    extra = Container(image=IMAGE, digest=DIGEST, url=url_of(9))
    shown = package(additional=(("gpu", (extra,)),))
    assert judged(serving(of_version(specification="gpu"), shown=shown)).verdict is Verdict.DIGEST_DIFFERS
    same = replace(shown, additional=(("gpu", (replace(extra, url=url_of(1)),)),))
    assert judged(serving(of_version(specification="gpu"), shown=same)).verdict is Verdict.APPROVED


@pytest.mark.parametrize(("now", "verdict"), [("5e" * 32, Verdict.APPROVED), ("66" * 32, Verdict.UNKNOWN)])
def test_a_versions_further_containers_are_held_by_its_specifications_digest(now: str, verdict: Verdict) -> None:
    """Guards: only the first container of a pipeline is looked at."""
    shown = package(further=(Container(image="post:1", url=url_of(8)),))
    assert judged(serving(row=state(specification=now), shown=shown)).verdict is verdict


@pytest.mark.parametrize(
    ("image", "verdict"),
    [
        (resolved(), Verdict.APPROVED),
        (resolved(OTHER), Verdict.DIGEST_DIFFERS),
        (resolved(OTHER, "sidecar:1"), Verdict.DIGEST_DIFFERS),
    ],
)
def test_the_image_that_was_deployed_must_be_the_one_that_was_approved(image: Any, verdict: Verdict) -> None:
    """Guards: a tag that was moved between approval and deployment."""
    assert judged(serving(), endpoint(images=(("AllTraffic", (image,)),))).verdict is verdict


def test_an_image_approved_without_a_digest_can_not_differ() -> None:
    """Guards: every endpoint of versions without an image digest flagged as tampered with."""
    row = state(stages={"Staging": entry(1, imagedigest=None)})
    shown = replace(package(), containers=(Container(image=IMAGE, url=url_of(1)),))
    seen = endpoint(images=(("AllTraffic", (resolved(OTHER),)),))
    assert judged(serving(row=row, shown=shown), seen).verdict is Verdict.APPROVED


def test_a_deleted_version_that_was_approved_is_told_as_deleted() -> None:
    """Guards: a version deleted while the ledger missed the event."""
    world = serving()
    del world.packages[arn_of()]
    judgement = judged(world)
    assert judgement.verdict is Verdict.DELETED_PACKAGE
    assert judgement.findings[0].ledger == "the ledger holds no deletion"


@pytest.mark.parametrize(
    ("lost", "verdict"),
    [("configs", Verdict.CONFIG_DELETED), ("models", Verdict.MODEL_DELETED)],
)
def test_what_serves_may_be_deleted_behind_the_endpoint(lost: str, verdict: Verdict) -> None:
    """Guards: a walk that fails, or finds nothing wrong, where configuration or model are gone."""
    world = serving()
    getattr(world, lost).clear()
    assert judged(world, endpoint(images=(("AllTraffic", ()),))).verdict is verdict


@pytest.mark.parametrize("refused", ["configs", "models"])
def test_what_can_not_be_read_is_unknown(refused: str) -> None:
    """Guards: a missing right makes an endpoint clean."""
    world = serving()
    getattr(world, refused)["credit"] = Unreadable("AccessDeniedException")
    judgement = judged(world)
    assert judgement.verdict is Verdict.UNKNOWN
    assert "AccessDeniedException" in judgement.findings[0].seen


def test_a_name_that_was_given_to_another_model_is_no_evidence() -> None:
    """Guards: the model that serves is deleted and its name given to an approved one; the walk reads the new one."""
    world = serving()
    world.models["credit"] = model("credit", of_version(), created=21)
    assert judged(world).verdict is Verdict.MODEL_DELETED
    assert judged(world, endpoint(created=22)).verdict is Verdict.APPROVED


def test_a_name_that_was_given_to_another_configuration_is_no_evidence() -> None:
    """Guards: as with models, one step nearer to the endpoint."""
    world = serving()
    world.configs["credit"] = config("credit", variant("credit"), created=25)
    assert judged(world).verdict is Verdict.CONFIG_DELETED
    assert judged(world, endpoint(modified=26)).verdict is Verdict.APPROVED


def test_every_model_of_every_variant_is_looked_at() -> None:
    """Guards: shadow variants, further containers, and models that an instance pool puts in place of the variant's."""
    for variants in (
        (variant("credit"), variant("bad", name="shadow", shadow=True)),
        (variant("credit"), variant("bad", name="B")),
        (variant("credit", "bad"),),
        (variant("pipeline"),),
    ):
        world = serving()
        world.models["bad"] = model("bad", Container(image=IMAGE, url="s3://mine/x.tar.gz"))
        world.models["pipeline"] = model("pipeline", of_version(), Container(image="post:1"))
        world.configs["credit"] = config("credit", *variants)
        judgement = judged(world)
        assert judgement.verdict is Verdict.UNREGISTERED, variants
        assert Verdict.APPROVED in told(judgement)


def test_variants_are_told_with_versions_and_shadows() -> None:
    """Guards: nobody can say which variant serves which version."""
    world = serving().know(2)
    world.models["other"] = model("other", of_version(2))
    world.configs["credit"] = config("credit", variant("credit"), variant("other", name="B", shadow=True))
    judgement = judged(world)
    assert judgement.packages == (arn_of(1), arn_of(2))
    assert [(v["name"], v["shadow"], v["model"], v["packages"]) for v in judgement.variants] == [
        ("AllTraffic", False, "credit", [arn_of(1)]),
        ("B", True, "other", [arn_of(2)]),
    ]


def test_an_update_in_flight_counts_when_it_takes_traffic() -> None:
    """Guards: an endpoint judged by what it will serve, or a canary that answers requests and is looked past."""
    world = serving().know(2).host("next", Container(image=IMAGE), of_version(2))
    waiting, live = (
        endpoint(status="UPDATING", pending=Pending(config="next", live=live, started=moment(30)))
        for live in (False, True)
    )
    judgement = judged(world, waiting)
    assert judgement.verdict is Verdict.APPROVED
    assert {f.where.partition(" / ")[0] for f in judgement.findings if not f.serves} == {"pending deployment"}
    assert told(judgement) == {Verdict.APPROVED, Verdict.UNREGISTERED}
    assert judgement.packages == (arn_of(),)
    assert judged(world, live).verdict is Verdict.UNREGISTERED
    assert judged(world, live).packages == (arn_of(1), arn_of(2))


def test_a_rolled_back_endpoint_is_judged_by_what_serves_again() -> None:
    """Guards: the configuration that failed to deploy decides."""
    world = serving().host("next", Container(image=IMAGE))
    assert judged(world, endpoint(modified=40)).verdict is Verdict.APPROVED
    world = serving(Container(image=IMAGE)).host("next", of_version())
    assert judged(world, endpoint(modified=40)).verdict is Verdict.UNREGISTERED


def test_an_endpoint_that_is_created_is_judged_once() -> None:
    """Guards: the pending summary of a creation names the endpoint's own configuration: two findings for one thing."""
    seen = endpoint(status="CREATING", pending=Pending(config="credit", live=False))
    assert len(judged(serving(), seen).findings) == 1


def placed(world: DictWorld, *components: Component) -> Judgement:
    world.configs["credit"] = config("credit", variant())
    return judged(world, components=components)


def test_components_with_models_are_judged_by_them() -> None:
    """Guards: an endpoint whose variants name no model looks empty."""
    judgement = placed(serving(), component("c", Specification(model="credit")))
    assert (judgement.verdict, judgement.packages) == (Verdict.APPROVED, (arn_of(),))
    assert judgement.variants[0]["components"] == [
        {"name": "c", "model": "credit", "artifact": None, "base": None, "packages": [arn_of()]}
    ]


@pytest.mark.parametrize(
    "bad",
    [
        component("c", Specification(url="s3://mine/x.tar.gz", image=resolved())),
        component("c", Specification(image=resolved())),
        component("c", Specification(base="credit", url="s3://mine/lora.tar.gz"), copies=None),
        component("c", Specification(model="credit"), Specification(url=url_of(1), instance_type="ml.g5.xlarge")),
        component("c", Specification(model="credit", url="s3://mine/x.tar.gz")),
        component("c", Specification(model="credit"), Specification(), on="Elsewhere"),
    ],
)
def test_components_with_an_artifact_of_their_own_are_unregistered(bad: Component) -> None:
    """Guards: an inference component that takes its artifact straight from a bucket; no event tells of it."""
    judgement = placed(serving(), component("good", Specification(model="credit")), bad)
    assert judgement.verdict is Verdict.UNREGISTERED
    assert judgement.packages == (arn_of(),)


@pytest.mark.parametrize(
    ("status", "copies", "verdict"),
    [
        ("Creating", 0, Verdict.APPROVED),
        ("Failed", None, Verdict.APPROVED),
        ("Updating", 0, Verdict.UNREGISTERED),
        ("Failed", 1, Verdict.UNREGISTERED),
        ("InService", 0, Verdict.UNREGISTERED),
    ],
)
def test_a_component_that_never_ran_serves_nothing(status: str, copies: int | None, verdict: Verdict) -> None:
    """Guards: a component that failed to deploy condemns its endpoint; one scaled to nothing escapes."""
    bad = component("c", Specification(url="s3://mine/x.tar.gz"), status=status, copies=copies)
    assert placed(serving(), bad).verdict is verdict


def test_components_that_can_not_be_listed_leave_the_endpoint_unknown() -> None:
    """Guards: a reader role without ListInferenceComponents finds no shadow components, ever."""
    assert judged(serving(), components=Unreadable("AccessDeniedException")).verdict is Verdict.UNKNOWN


def test_a_components_model_that_was_replaced_is_no_evidence() -> None:
    """Guards: the name of a component's model given to an approved one."""
    world = serving()
    world.models["credit"] = model("credit", of_version(), created=21)
    assert placed(world, component("c", Specification(model="credit"))).verdict is Verdict.MODEL_DELETED


def test_an_endpoint_without_model_or_component_serves_nothing() -> None:
    """Guards: an empty endpoint flagged; or left out of the evidence."""
    judgement = placed(serving())
    assert judgement.verdict is Verdict.APPROVED
    assert judgement.findings[0].seen == "no model and no inference component"
    assert judged(serving(), replace(endpoint(), config=None)).verdict is Verdict.UNKNOWN


def test_the_worst_finding_is_the_endpoints_verdict() -> None:
    """Guards: an order of verdicts that hides the worse behind the better one."""
    assert list(RANK) == [
        "unregistered", "digest-differs", "unapproved", "revoked-after-deploy", "wrong-stage", "deleted-package",
        "model-deleted", "config-deleted", "unknown", "approved",
    ]  # fmt: skip
    world = serving()
    world.know(2, state(2, stages={"Development": entry(2)})).know(3, state(3, status="Rejected", at=30))
    world.models["credit"] = model("credit", of_version(1), of_version(2), of_version(3))
    judgement = judged(world)
    assert judgement.verdict is Verdict.REVOKED
    assert [finding.verdict for finding in judgement.findings] == [
        Verdict.REVOKED, Verdict.WRONG_STAGE, Verdict.APPROVED,
    ]  # fmt: skip


def test_an_artifact_swapped_under_its_key_is_told_with_both_digests() -> None:
    """Guards: a verdict that nobody can check."""
    world = serving()
    world.artifacts = stored("ee" * 32)
    finding = judged(world).findings[0]
    assert finding.seen == f"{url_of(1)} has SHA-256 {'ee' * 32}"
    assert finding.ledger == f"approved was SHA-256 {sha256_of(1)}"
