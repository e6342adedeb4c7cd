"""What the inventory does with a job, over ports in memory."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest

from governance.canonical import iso
from governance.endpoint_history import verify_history
from governance.inventory import Container, StoredArtifact, Unreadable
from governance.inventory_rows import event_order
from governance.verdicts import Verdict
from lambdas.common.accounts import Account
from lambdas.common.aws import Busy
from lambdas.inventory.core import UnknownAccount
from lambdas.inventory.jobs import AccountJob, NotAJob, Resume
from tests.governance.hosted import of_version, sha256_of, state, url_of
from tests.governance.samples import BUCKET, DEV, HUB, arn_of, moment
from tests.lambdas.inventory.world import ACCOUNTS, TEST, Organisation, impatient, scheduled


def small(*names: str) -> Organisation:
    org = Organisation()
    org.version()
    for name in names or ("credit",):
        org.serve(TEST, name, of_version())
    return org


def test_a_scheduled_run_asks_for_every_account_once() -> None:
    """Guards: an account that is never walked; one that is walked once per stage that it holds."""
    org = Organisation(accounts=(*ACCOUNTS, replace(ACCOUNTS[2], stack="prod", lifecycle="Production")))
    org.handle(scheduled("run-1", moment(600)))
    jobs = [json.loads(body) for body in org.jobs.sent]
    assert [job["account"] for job in jobs] == [HUB, DEV, TEST]
    assert {(job["job"], job["walk"], job["started"]) for job in jobs} == {("account", "run-1", iso(moment(600)))}


@pytest.mark.parametrize(
    "body",
    [
        "no json", "[1]", "{}", '{"job": "dance"}', '{"job": "account", "account": "1"}',
        '{"job": "account", "account": "1", "walk": "w", "started": "soon"}',
        '{"job": "account", "account": "1", "walk": "w", "started": "2026-03-01T09:00:00Z", "resume": 7}',
        '{"job": "account", "account": "1", "walk": "w", "started": "2026-03-01T09:00:00Z", "resume": {"walked": -1}}',
        '{"job": "endpoint", "account": 7, "endpoint": "e"}', '{"job": "endpoint", "account": "1"}',
        '{"source": "aws.events", "detail-type": "Scheduled Event", "id": "x"}',
    ],
)  # fmt: skip
def test_what_is_no_job_is_refused_by_name(body: str) -> None:
    """Guards: a message that returns for ever."""
    with pytest.raises(NotAJob):
        Organisation().handle(body)


def test_a_job_of_an_account_that_is_not_governed_is_refused() -> None:
    """Guards: a role assumed in an account that somebody wrote into a message."""
    with pytest.raises(UnknownAccount, match="999999999999 is none of those"):
        Organisation().refresh("999999999999", "credit")


def test_a_job_reads_back_as_it_was_sent() -> None:
    """Guards: a continuation that forgets where it was."""
    job = AccountJob(TEST, "run", moment(600), Resume("token", "credit", 7))
    org = Organisation()
    with pytest.raises(UnknownAccount):
        org.handle(replace(job, account="0").body())
    assert json.loads(job.body())["resume"] == {"token": "token", "after": "credit", "walked": 7}


def test_an_event_refreshes_one_endpoint() -> None:
    """Guards: a shadow endpoint that serves until the next walk."""
    org = small("credit", "other")
    assert org.refresh(TEST, "credit") == "approved"
    assert org.verdicts() == {(TEST, "credit"): "approved"}
    assert not any(call.startswith("endpoints") for call in org.hosting(TEST).calls)


def test_a_refresh_of_what_is_gone_buries_its_row_and_makes_none() -> None:
    """Guards: a row for an endpoint that nobody ever saw; a deleted one that stays."""
    org = small()
    assert org.refresh(TEST, "never-there") == "gone"
    assert org.table.kept == {}
    org.refresh(TEST, "credit")
    del org.hosting(TEST).live["credit"]
    assert org.refresh(TEST, "credit") == "gone"
    assert org.verdicts() == {}
    assert org.row(TEST, "credit")["verdict"] == "approved"


@pytest.mark.parametrize("what", ["account", "endpoint credit"])
def test_a_refresh_that_is_refused_makes_the_endpoint_unknown(what: str) -> None:
    """Guards: a deployment that nobody may look at keeps the verdict of the one before."""
    org = small()
    org.refresh(TEST, "credit")
    if what == "account":
        org.hostings[TEST] = Unreadable("AccessDenied")
    else:
        org.hosting(TEST).refused[what] = Unreadable("AccessDeniedException")
    org.refresh(TEST, "credit")
    assert org.verdicts() == {(TEST, "credit"): "unknown"}


def test_an_endpoint_that_was_never_seen_and_can_not_be_read_has_a_row() -> None:
    """Guards: what can't be read from the first day on stands nowhere."""
    org = small()
    org.hosting(TEST).refused["endpoint"] = Unreadable("AccessDeniedException")
    org.run()
    row = org.row(TEST, "credit")
    assert (row["verdict"], row["account"], row["stack"], row["endpointname"]) == ("unknown", TEST, "test", "credit")


@pytest.mark.parametrize("call", ["account", "endpoints", "endpoint", "config", "model", "components"])
def test_what_passes_comes_again(call: str) -> None:
    """Guards: a throttled call that counts as a refusal for good, or as an answer."""
    org = small()
    test, throttled = org.hosting(TEST), Unreadable("ThrottlingException", passing=True)
    if call == "account":
        org.hostings[TEST] = throttled
    else:
        test.refused[call] = throttled
    job = AccountJob(TEST, "run", moment(600)).body()
    with pytest.raises(Busy):
        org.handle(job)
    assert "approved" not in org.verdicts().values()
    org.hostings[TEST] = test
    test.refused.clear()
    org.handle(job)
    assert org.verdicts() == {(TEST, "credit"): "approved"}


def test_a_throttled_account_is_unknown_until_it_comes_again() -> None:
    """Guards: an account that is throttled for a day stays as green as it was."""
    org = small()
    org.run()
    org.hosting(TEST).refused["endpoints"] = Unreadable("ThrottlingException", passing=True)
    with pytest.raises(Busy):
        org.handle(AccountJob(TEST, "run-2", moment(700)).body())
    assert org.verdicts() == {(TEST, "credit"): "unknown"}


def test_an_older_look_never_replaces_a_newer() -> None:
    """Guards: a slow walk that overwrites what a refresh saw after it; a late event's state after a look."""
    org = small()
    org.minutes = 700
    org.refresh(TEST, "credit")
    newer = dict(org.row(TEST, "credit"))
    org.states.states[arn_of()] = state(status="Rejected", at=30)
    org.minutes = 650
    org.refresh(TEST, "credit")
    assert org.row(TEST, "credit") == newer


def test_a_younger_event_keeps_its_state_beside_the_looks_verdict() -> None:
    """Guards: DELETED, recorded by capture, undone by a look that began before."""
    org = small()
    org.refresh(TEST, "credit")
    row = org.row(TEST, "credit")
    row |= {
        "status": "DELETED", "deletedat": iso(moment(900)),
        "eventorder": event_order(moment(900), moment(901), "DELETED"),
    }  # fmt: skip
    org.refresh(TEST, "credit")
    assert (row["status"], row["deletedat"]) == ("DELETED", iso(moment(900)))


def test_what_was_not_listed_is_asked_for_before_it_is_buried() -> None:
    """Guards: an endpoint that a shifting page left out, marked as deleted while it serves."""
    org = small("credit", "other")
    org.run()
    hosting = org.hosting(TEST)
    pages = hosting.endpoints
    hosting.endpoints = lambda token: replace(pages(token), names=("other",))  # type: ignore[method-assign,arg-type]
    org.run("again")
    assert org.verdicts() == {(TEST, "credit"): "approved", (TEST, "other"): "approved"}


def test_what_was_seen_since_the_walk_began_is_not_buried() -> None:
    """Guards: an endpoint made during the walk; a redriven walk of yesterday that buries today's endpoints."""
    org = small()
    org.minutes = 5000
    org.run()
    org.handle(AccountJob(TEST, "yesterday", moment(600)).body())
    assert org.verdicts() == {(TEST, "credit"): "approved"}
    assert org.table.kept[f"account:{TEST}"]["walk"] == "run"


def test_a_walk_pages_and_goes_on_where_it_stopped() -> None:
    """Guards: endpoints beyond the first page; a walk that begins again each time and never ends."""
    org = small(*(f"e{n}" for n in range(7)))
    org.hosting(TEST).page = 2
    org.left = impatient(3)
    org.run()
    assert len(org.verdicts()) == 7
    assert org.table.kept[f"account:{TEST}"]["endpoints"] == 7
    seen = [call for call in org.hosting(TEST).calls if call.startswith("endpoint ")]
    assert len(seen) == len(set(seen)) == 7


def test_a_walk_ends_its_invocation_in_time() -> None:
    """Guards: a function that is cut off at its time limit, again and again, at the same endpoint."""
    org = small("a", "b", "gone")
    org.run()
    del org.hosting(TEST).live["gone"]
    org.left = impatient(2)
    job = AccountJob(TEST, "run-2", moment(org.minutes + 1)).body()
    org.minutes += 2
    outcomes = [org.handle(job)]
    while org.jobs.sent:
        outcomes.append(org.handle(org.jobs.sent.pop(0)))
    assert outcomes == ["continued", "walked 2"]
    org.left = lambda: 0.0
    assert org.handle(job) == "continued"
    org.hostings[TEST] = Unreadable("AccessDenied")
    assert org.handle(job) == "continued"


def test_a_large_account_that_can_not_be_read_is_doubted_bit_by_bit() -> None:
    """Guards: thousands of endpoints, doubted from the first one on at each try, and never the last one."""
    org = small("a", "b", "c")
    org.run()
    org.hostings[TEST] = Unreadable("AccessDenied")
    org.left = impatient(2)
    org.run("again")
    assert set(org.verdicts().values()) == {"unknown"}
    assert org.table.kept[f"account:{TEST}"]["verdict"] == "unknown"


def test_every_invocation_makes_progress() -> None:
    """Guards: a walk that asks for itself again and again without looking at anything."""
    org = small(*(f"e{n}" for n in range(4)))
    org.left = lambda: 0.0
    org.run()
    assert len(org.verdicts()) == 4


def test_a_page_token_that_is_not_known_any_more_starts_the_walk_again() -> None:
    """Guards: a walk that waited too long makes its account unknown."""
    org = small("a", "b")
    hosting = org.hosting(TEST)
    pages = hosting.endpoints
    refusal = Unreadable("ValidationException")
    hosting.endpoints = lambda token: refusal if token == "old" else pages(token)  # type: ignore[method-assign]
    org.handle(AccountJob(TEST, "run", moment(600), Resume("old", "a", 1)).body())
    assert len(org.verdicts()) == 2
    assert org.table.kept[f"account:{TEST}"]["verdict"] is None


def test_a_last_endpoint_that_is_gone_costs_a_page_not_the_rest() -> None:
    """Guards: a continuation that finds its place gone and skips the page."""
    org = small("a", "b")
    org.handle(AccountJob(TEST, "run", moment(600), Resume(None, "deleted-meanwhile", 1)).body())
    assert len(org.verdicts()) == 2


def test_things_that_endpoints_share_are_read_once() -> None:
    """Guards: a thousand endpoints of one version ask for it a thousand times."""
    org = small("a", "b", "c")
    for name in ("b", "c"):
        org.hosting(TEST).configs[name] = replace(org.hosting(TEST).configs["a"], name=name)
    reads: list[str] = []
    org.states.fault = reads.append
    org.run()
    assert [call for call in org.hosting(TEST).calls if call.startswith("model")] == ["model a"]
    assert reads == ["states.read:before"]


def test_a_version_is_found_by_its_lower_cased_arn_too() -> None:
    """Guards: a deleted version, named with capitals, that the ledger holds as SageMaker writes ARNs."""
    org = small()
    row = org.states.states.pop(arn_of())
    org.states.states[arn_of().lower()] = row
    del org.registry.packages[arn_of()]
    org.run()
    assert org.verdicts() == {(TEST, "credit"): "deleted-package"}


def measured(org: Organisation) -> dict[tuple[str, str], float]:
    return {(m.name, *m.dimensions.values()): m.value for m in org.meter.measured}  # type: ignore[misc]


def test_a_complete_run_puts_its_numbers_and_a_heartbeat_once() -> None:
    """Guards: a heartbeat of a run that left an account out; counts of half of the accounts."""
    org = small("a", "b")
    org.serve(DEV, "x", of_version())
    org.handle(scheduled("run", moment(600)))
    for count in range(len(ACCOUNTS)):
        assert org.meter.measured == [], count
        org.handle(org.jobs.sent.pop(0))
    numbers = measured(org)
    assert numbers["Heartbeat", "inventory"] == 1
    assert numbers["UnreadableAccounts", "inventory"] == 0
    assert numbers["EndpointsByVerdict", "approved"] == 2
    assert numbers["EndpointsByVerdict", "wrong-stage"] == 1
    assert {name[1] for name in numbers if name[0] == "EndpointsByVerdict"} == {v.value for v in Verdict}
    assert len(org.meter.measured) == len(Verdict) + 2


def test_the_table_is_read_for_the_numbers_by_the_last_account_only() -> None:
    """Guards: a table of ten thousand endpoints read by each of a thousand accounts, to find the others not walked."""
    org = small("a")
    calls: list[str] = []
    org.plan = itertools.repeat(calls.append)
    org.handle(scheduled("run", moment(600)))
    scans = []
    for job in list(org.jobs.sent):
        calls.clear()
        org.handle(job)
        scans.append(calls.count("table.rows:before"))
    assert scans == [1, 1, 2]


def test_an_unreadable_account_is_counted_and_does_not_stop_the_heartbeat() -> None:
    """Guards: one account that can't be read hides that the others were walked."""
    org = small()
    org.hostings[DEV] = Unreadable("AccessDenied")
    org.run()
    assert measured(org)["UnreadableAccounts", "inventory"] == 1
    assert measured(org)["Heartbeat", "inventory"] == 1


def test_endpoints_of_accounts_that_left_are_not_counted() -> None:
    """Guards: an account that was removed counts for ever."""
    org = small()
    org.table.kept["arn:old"] = {"endpointarn": "arn:old", "account": "666666666666", "verdict": "unregistered"}
    old = {"endpointarn": "account:666666666666", "account": "666666666666", "verdict": "unknown"}
    org.table.kept["account:666666666666"] = old
    org.run()
    assert measured(org)["EndpointsByVerdict", "unregistered"] == 0
    assert measured(org)["UnreadableAccounts", "inventory"] == 0


@pytest.mark.parametrize("how", ["url", "name", "bytes", "approved once"])
def test_the_version_that_a_bare_artifact_equals_is_named(how: str) -> None:
    """Guards: a copy that is told as nothing like anything approved."""
    org = small()
    url = url_of(1)
    if how == "name":
        url = url.replace(BUCKET, "another-bucket")
    if how == "bytes":
        url = f"s3://{BUCKET}/copy"
        org.artifacts.objects[url] = StoredArtifact(sha256_of(1), None)
    if how == "approved once":
        org.states.states[arn_of()] = state() | {"artifacturl": url_of(9)}
    org.serve(TEST, "bare", Container(image="x:1", url=url))
    org.run()
    assert f"the same artifact as {arn_of()}" in org.row(TEST, "bare")["evidence"]


def test_one_account_for_everything_holds_all_stages() -> None:
    """Guards: a trial in one account, where nothing could ever be approved."""
    org = Organisation(accounts=(Account(HUB, "hub", None, None),))
    org.version()
    org.serve(HUB, "credit", of_version())
    org.run()
    assert org.verdicts() == {(HUB, "credit"): "approved"}
    assert org.row(HUB, "credit")["stage"] == "Staging"


def test_every_change_of_an_endpoint_is_added_to_its_history() -> None:
    """Guards: nobody can say what served at a time that is past."""
    org = small()
    org.run("one")
    org.run("nothing new")
    org.states.states[arn_of()] = state(status="Rejected", at=30)
    org.run("revoked")
    org.hosting(TEST).refused["endpoint"] = Unreadable("AccessDeniedException")
    org.run("unreadable")
    org.hosting(TEST).refused.clear()
    del org.hosting(TEST).live["credit"]
    org.run("gone")
    [(arn, chain)] = org.history.chains.items()
    assert verify_history(arn, chain) == []
    assert [(row["verdict"], row["status"]) for row in chain] == [
        ("approved", "IN_SERVICE"), ("revoked-after-deploy", "IN_SERVICE"), ("unknown", "IN_SERVICE"),
        ("unknown", "DELETED"),
    ]  # fmt: skip
    assert [row["since"] for row in chain] == sorted(str(row["since"]) for row in chain)
    assert chain[0]["modelpackagearns"] == json.dumps([arn_of()])


def test_a_row_lost_to_another_look_is_added_after_it() -> None:
    """Guards: two looks at one endpoint at once: one history row is lost, or stands in the other's place."""
    org = small()
    org.refresh(TEST, "credit")
    arn = next(iter(org.history.chains))
    org.states.states[arn_of()] = state(status="Rejected", at=30)
    last = org.history.last
    answers = iter([None, None])
    org.history.last = lambda arn: next(answers, last(arn))  # type: ignore[method-assign]
    org.refresh(TEST, "credit")
    assert [row["seq"] for row in org.history.chains[arn]] == [1, 2]
    org.history.last = lambda _arn: None  # type: ignore[method-assign,assignment]
    with pytest.raises(Busy, match="5 others added"):
        org.refresh(TEST, "credit")
