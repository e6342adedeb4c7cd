"""As-of answers equal a brute-force replay, whatever came late."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from governance.canonical import iso
from governance.stages import DEFAULT_STAGES
from governance.terms import Kind
from governance.timeline import AsOf, as_of
from tests.governance.histories import Endpoint, Version, registered, stage
from tests.governance.samples import arn_of, moment

LIFECYCLES = ("Development", "Staging", "Production")

decision = st.one_of(
    st.tuples(st.just(Kind.APPROVAL), st.sampled_from(["Approved", "Rejected", "PendingManualApproval"])),
    st.tuples(
        st.just(Kind.STAGE), st.builds(stage, st.sampled_from(LIFECYCLES), st.sampled_from(["Approved", "Rejected"]))
    ),
)
decisions = st.lists(
    st.tuples(decision, st.integers(1, 12), st.integers(13, 30)),
    max_size=8,
    unique_by=lambda item: (repr(item[0]), item[1]),
)


def answer(at: float, versions: list[Version], endpoints: list[Endpoint], known: datetime | None = None) -> AsOf:
    return as_of(
        {version.arn: version.rows for version in versions},
        {endpoint.arn: endpoint.rows for endpoint in endpoints},
        DEFAULT_STAGES,
        moment(at),
        known,
    )


@given(decisions, st.integers(0, 14), st.one_of(st.none(), st.integers(13, 31)))
def test_it_equals_a_brute_force_replay(told: list, at: int, known: int | None) -> None:  # type: ignore[type-arg]
    """Guards: a late fact, a tie or a re-approval that changes what was true at a time."""
    version = Version().tell(Kind.REGISTRATION, registered(), 0, seen=1)
    for (kind, value), happened, seen in told:
        version.tell(kind, value, happened, seen)
    [found] = answer(at, [version], [], None if known is None else moment(known)).versions
    seen_by = moment(999 if known is None else known)
    rows = [r for r in version.rows if str(r["happenedat"]) <= iso(moment(at)) and str(r["seenat"]) <= iso(seen_by)]
    rows.sort(key=lambda row: (row["happenedat"], row["kind"] != "registration", row["contentid"]))
    approvals = [row for row in rows if row["kind"] == "approval"]
    status = str(approvals[-1]["tovalue"]).strip('"') if approvals else "PendingManualApproval"
    held = []
    for lifecycle in LIFECYCLES:
        of_stage = [row for row in rows if row["kind"] == "stage" and f'"{lifecycle}"' in str(row["tovalue"])]
        if status == "Approved" and of_stage and '"Approved"' in str(of_stage[-1]["tovalue"]):
            held.append(lifecycle)
    assert (found.status, list(found.held)) == (status, held)


def test_what_served_then_is_judged_by_what_was_approved_then() -> None:
    """Guards: a version revoked today looks unapproved in last month's report."""
    version = Version().tell(Kind.REGISTRATION, registered(), 0)
    version.tell(Kind.APPROVAL, "Approved", 10).tell(Kind.STAGE, stage("Staging"), 11)
    version.tell(Kind.APPROVAL, "Rejected", 50)
    serving = Endpoint().seen(30, version.arn, modified=20)
    before, after = answer(40, [version], [serving]), answer(60, [version], [serving])
    assert [served.approved for served in before.endpoints[0].versions] == [True]
    assert [served.approved for served in after.endpoints[0].versions] == [False]


def test_an_endpoint_serves_from_its_change_not_from_when_it_was_seen() -> None:
    """Guards: an endpoint that ran for an hour before a walk saw it is missing from that hour."""
    serving = Endpoint().seen(60, arn_of(), modified=20)
    assert answer(19, [], [serving]).endpoints == ()
    assert [found.arn for found in answer(20, [], [serving]).endpoints] == [serving.arn]
    assert answer(30, [], [serving], known=moment(59)).endpoints == (), "nobody could have known"


def test_an_update_keeps_what_was_served_before() -> None:
    """Guards: an endpoint updated to another version takes that version into its past."""
    serving = Endpoint().seen(10, arn_of(1)).seen(40, arn_of(2)).seen(70, arn_of(2), deleted=65)
    then = {at: [v.arn for e in answer(at, [], [serving]).endpoints for v in e.versions] for at in (20, 50, 66)}
    assert then == {20: [arn_of(1)], 50: [arn_of(2)], 66: []}


def test_a_walk_that_sees_nothing_new_writes_nothing() -> None:
    """Guards: a history that grows by a row for each walk."""
    serving = Endpoint().seen(10, arn_of(), modified=5).seen(20, arn_of(), modified=5).seen(30, arn_of(), modified=5)
    assert len(serving.rows) == 1


def test_a_new_verdict_holds_from_when_it_was_observed() -> None:
    """Guards: a revocation backdated to the endpoint's creation."""
    serving = Endpoint().seen(10, arn_of(), modified=5)
    serving.seen(40, arn_of(), modified=5, verdict="revoked-after-deploy")
    verdicts = {at: answer(at, [], [serving]).endpoints[0].verdict for at in (20, 39, 40)}
    assert verdicts == {20: "approved", 39: "approved", 40: "revoked-after-deploy"}
    assert answer(40, [], [serving]).endpoints[0].since == iso(moment(5)), "it has served the version all along"


def test_a_version_without_rows_is_not_called_approved() -> None:
    """Guards: an unknown version passes for an approved, or for a rejected one."""
    assert answer(50, [], [Endpoint().seen(10, arn_of(9))]).endpoints[0].versions[0].approved is None


def test_before_it_existed_there_is_nothing() -> None:
    """Guards: a version listed before it was registered."""
    version = Version().tell(Kind.REGISTRATION, registered(), 10)
    assert answer(9, [version], []).versions == ()
