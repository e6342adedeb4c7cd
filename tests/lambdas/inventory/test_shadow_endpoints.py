"""An organisation with every verdict in it, and with what looks like one: exactly those are found, nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from governance.inventory import Container, Pending, Specification, StoredArtifact, TransformJob, Unreadable
from governance.verdicts import Verdict
from tests.governance.hosted import IMAGE, component, config, entry, model, of_version, state, url_of, variant
from tests.governance.samples import DEV, HUB, arn_of, moment
from tests.lambdas.inventory.world import ACCOUNTS, TEST, Organisation

BARE = Container(image=IMAGE, url="s3://mine/model.tar.gz")

EXPECTED = {
    # one per verdict
    (TEST, "approved"): "approved",
    (TEST, "unapproved"): "unapproved",
    (TEST, "revoked"): "revoked-after-deploy",
    (TEST, "wrong-stage"): "wrong-stage",
    (TEST, "unregistered"): "unregistered",
    (TEST, "digest-differs"): "digest-differs",
    (TEST, "deleted-package"): "deleted-package",
    (TEST, "config-deleted"): "config-deleted",
    (TEST, "model-deleted"): "model-deleted",
    (TEST, "unknown"): "unknown",
    # decoys
    (TEST, "tagged"): "unapproved",
    (TEST, "copied"): "unregistered",
    (TEST, "reused-name"): "model-deleted",
    (TEST, "same-name"): "approved",
    (DEV, "same-name"): "wrong-stage",
    (TEST, "rolled-back"): "approved",
    (TEST, "updating"): "approved",
    (TEST, "canary"): "unregistered",
    (TEST, "component"): "approved",
    (TEST, "bare-component"): "unregistered",
    (TEST, "adapter"): "unregistered",
    (TEST, "pipeline"): "unapproved",
    (TEST, "shadowed"): "unapproved",
    (TEST, "serverless"): "approved",
    (HUB, "in-the-hub"): "wrong-stage",
}


def organisation() -> Organisation:
    org = Organisation()
    test = org.hosting(TEST)
    org.version(1)
    org.version(2, state(2, status="PendingManualApproval", kind="registration", stages={}))
    org.version(3, state(3, status="Rejected", at=30))
    org.version(4, state(4, stages={"Development": entry(4)}))
    org.version(5)
    org.artifacts.objects[url_of(5)] = StoredArtifact("ee" * 32, '"other"')
    org.version(6, state(6, deleted=40))
    del org.registry.packages[arn_of(6)]

    for name, version in {
        "approved": 1, "unapproved": 2, "revoked": 3, "wrong-stage": 4, "digest-differs": 5, "deleted-package": 6,
        "config-deleted": 1, "model-deleted": 1, "unknown": 1, "tagged": 2, "reused-name": 1, "same-name": 1,
        "rolled-back": 1, "updating": 1, "canary": 1, "serverless": 1,
    }.items():  # fmt: skip
        org.serve(TEST, name, of_version(version))
    org.serve(TEST, "unregistered", BARE)
    org.serve(TEST, "copied", Container(image=IMAGE, url=url_of(1)))
    del test.configs["config-deleted"], test.models["model-deleted"]
    test.refused["model unknown"] = Unreadable("AccessDeniedException")
    # The unapproved model was deleted while it serves, and the approved one given its name.
    test.models["reused-name"] = model("reused-name", of_version(1), created=25)
    org.serve(DEV, "same-name", of_version(1))
    org.serve(HUB, "in-the-hub", of_version(1))

    test.models["bad"] = model("bad", BARE)
    test.configs["next"] = config("next", variant("bad"))
    test.live["rolled-back"] = replace(test.live["rolled-back"], modified=moment(50))
    for name, live in (("updating", False), ("canary", True)):
        pending = Pending(config="next", live=live, started=moment(50))
        test.live[name] = replace(test.live[name], status="UPDATING", pending=pending)

    good = component("good", Specification(model="approved"))
    org.serve(TEST, "component", components=[good])
    org.serve(TEST, "bare-component", components=[good, component("bad", Specification(url=url_of(1)))])
    adapter = component("lora", Specification(base="good", url="s3://mine/lora.tar.gz"), copies=None)
    org.serve(TEST, "adapter", components=[good, adapter])
    org.serve(TEST, "pipeline", of_version(1), of_version(2))
    org.serve(TEST, "shadowed", of_version(1))
    test.configs["shadowed"] = config("shadowed", variant("shadowed"), variant("unapproved", name="S", shadow=True))
    return org


def test_exactly_the_shadow_endpoints_are_found() -> None:
    """Guards: a verdict that is never given, one that is given wrongly, and every decoy that passes for approved."""
    org = organisation()
    org.run()
    assert org.verdicts() == EXPECTED
    assert set(EXPECTED.values()) == {verdict.value for verdict in Verdict}


def test_every_finding_says_where_what_and_by_which_record() -> None:
    """Guards: verdicts that nobody can check."""
    org = organisation()
    org.run()
    for account, name in EXPECTED:
        row = org.row(account, name)
        findings = json.loads(row["evidence"])
        assert findings, name
        assert all(finding["where"] and finding["seen"] for finding in findings), name
        assert min(list(Verdict).index(f["verdict"]) for f in findings if f["serves"]) == list(Verdict).index(
            row["verdict"]
        )
    copied = json.loads(org.row(TEST, "copied")["evidence"])[0]
    assert copied["ledger"].startswith(f"the same artifact as {arn_of(1)}")


@pytest.mark.parametrize("how", ["role", "list"])
def test_an_unreadable_account_is_unknown_and_never_clean(how: str) -> None:
    """Guards: a reader role that was deleted turns every endpoint of its account green, or leaves it green."""
    org = organisation()
    org.run("before")
    refusal = Unreadable("AccessDeniedException")
    if how == "role":
        org.hostings[TEST] = refusal
    else:
        org.hosting(TEST).refused["endpoints"] = refusal
    org.run("after")
    assert {verdict for (account, _), verdict in org.verdicts().items() if account == TEST} == {"unknown"}
    assert org.verdicts()[DEV, "same-name"] == "wrong-stage"
    row = org.table.kept[f"account:{TEST}"]
    assert (row["verdict"], "AccessDeniedException" in row["evidence"]) == ("unknown", True)
    assert org.row(TEST, "approved")["modelpackagearns"] == json.dumps([arn_of(1)])


def test_an_account_that_can_be_read_again_gets_its_verdicts_back() -> None:
    """Guards: doubt that stays for ever."""
    org = organisation()
    test, org.hostings[TEST] = org.hostings[TEST], Unreadable("AccessDeniedException")
    org.run("before")
    assert not [name for account, name in org.verdicts() if account == TEST]
    org.hostings[TEST] = test
    org.run("after")
    assert org.verdicts() == EXPECTED
    assert org.table.kept[f"account:{TEST}"]["verdict"] is None


def test_batch_jobs_are_told_with_their_verdict() -> None:
    """Guards: a model that nobody approved scores the whole book by night and stands in no inventory."""
    org = organisation()
    org.hosting(TEST).running = tuple(
        TransformJob(name=name, arn=f"arn:{name}", status="InProgress", created=moment(30), model=name)
        for name in ("approved", "unregistered", "gone")
    )
    org.run()
    workloads = json.loads(org.table.kept[f"account:{TEST}"]["workloads"])
    assert {w["name"]: w["verdict"] for w in workloads} == {
        "approved": "approved", "unregistered": "unregistered", "gone": "model-deleted",
    }  # fmt: skip
    org.hosting(TEST).refused["transform_jobs"] = Unreadable("AccessDeniedException")
    org.run("again")
    row = org.table.kept[f"account:{TEST}"]
    assert (row["verdict"], row["workloads"]) == ("unknown", "[]")


def rows_of(org: Organisation) -> dict[str, Any]:
    return {key: row for key, row in org.table.kept.items() if not key.startswith("account:")}


def test_s1_endpoints_are_found_without_any_event() -> None:
    """S1 (E1) of the reference system: its tracker waited for events that nobody let through."""
    org = organisation()
    org.run()
    assert len(rows_of(org)) == len(EXPECTED)


def test_s2_tags_of_endpoint_or_configuration_decide_nothing() -> None:
    """S2 (E2, E5): an endpoint counted only if its caller had tagged it, and with whatever version the tag named."""
    org = organisation()
    org.run()
    assert org.verdicts()[TEST, "tagged"] == "unapproved"
    assert all(not hasattr(endpoint, "tags") for endpoint in org.hosting(TEST).live.values())


def test_s3_two_accounts_may_use_one_name() -> None:
    """S3 (E4): rows were keyed by the endpoint's name, so the account that came last won."""
    org = organisation()
    org.run()
    assert org.verdicts()[TEST, "same-name"] == "approved"
    assert org.verdicts()[DEV, "same-name"] == "wrong-stage"


def test_e3_what_is_written_is_read_by_account_version_and_verdict() -> None:
    """E3: the table had a name and a version, and nothing could join it with accounts, stages or verdicts."""
    org = organisation()
    org.run()
    row = org.row(TEST, "approved")
    assert {name: row[name] for name in ("account", "region", "stack", "stage", "status", "modelpackagearns")} == {
        "account": TEST, "region": "eu-west-1", "stack": "test", "stage": "Staging", "status": "IN_SERVICE",
        "modelpackagearns": json.dumps([arn_of(1)]),
    }  # fmt: skip


def test_e4_deleted_and_failed_endpoints_do_not_stay_live() -> None:
    """E4: only IN_SERVICE was recorded; what failed or was deleted stayed in the table as it was."""
    org = organisation()
    org.run("before")
    del org.hosting(TEST).live["approved"]
    org.hosting(TEST).live["revoked"] = replace(org.hosting(TEST).live["revoked"], status="FAILED", modified=moment(60))
    org.run("after")
    gone = org.row(TEST, "approved")
    assert (gone["status"], gone["verdict"], bool(gone["deletedat"])) == ("DELETED", "approved", True)
    assert org.row(TEST, "revoked")["status"] == "FAILED"


def test_e6_a_walk_that_is_cut_short_goes_on() -> None:
    """E6: three seconds for a call across accounts; what didn't fit was lost."""
    org = organisation()
    calls = iter(range(10**6))
    org.left = lambda: 0.0 if next(calls) % 2 == 0 else 300.0
    org.run()
    assert org.verdicts() == EXPECTED
    assert {row["walk"] for key, row in org.table.kept.items() if key.startswith("account:")} == {"run"}
    assert {a.account for a in ACCOUNTS} == {key[8:] for key in org.table.kept if key.startswith("account:")}
