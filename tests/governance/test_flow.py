"""Flow figures against a story that was worked out by hand."""

from __future__ import annotations

from typing import Any

from governance.flow import Flow, flow
from governance.stages import DEFAULT_STAGES
from governance.terms import Kind
from tests.governance.histories import Endpoint, Version, registered, stage
from tests.governance.samples import moment

MINUTE = 60


def told(number: int, *facts: tuple[Kind, Any, float]) -> Version:
    version = Version(number).tell(Kind.REGISTRATION, registered(), 0)
    for kind, value, happened in facts:
        version.tell(kind, value, happened)
    return version


def approved(at: float) -> tuple[tuple[Kind, Any, float], ...]:
    return (Kind.APPROVAL, "Approved", at), (Kind.STAGE, stage("Development"), at)


def figures(at: float, *versions: Version, endpoints: tuple[Endpoint, ...] = ()) -> Flow:
    history = [row for endpoint in endpoints for row in endpoint.rows]
    return flow({version.arn: version.rows for version in versions}, history, DEFAULT_STAGES, moment(at))


def test_time_to_approve_counts_what_still_waits() -> None:
    """Guards: the figure an executive sees improves because nobody decides. By hand: two ended, one open, median 20."""
    found = figures(100, told(1, *approved(10)), told(2, *approved(20)), told(3)).to_approve["Development"]
    assert (found.ended, found.open, found.withdrawn) == (2, 1, 0)
    assert (found.median, found.p90) == (20 * MINUTE, None)


def test_a_rejected_version_neither_waits_nor_counts_as_approved() -> None:
    """Guards: a rejected version that stands in the queue for ever."""
    found = figures(100, told(1, (Kind.APPROVAL, "Rejected", 5)), told(2, *approved(10)))
    development = found.to_approve["Development"]
    assert (development.ended, development.open, development.withdrawn) == (1, 0, 1)
    assert found.waiting == ()


def test_a_deleted_version_stops_waiting() -> None:
    """Guards: what nobody can approve any more ages in the queue."""
    found = figures(100, told(1, (Kind.DELETION, "Deleting", 30)))
    assert found.waiting == ()
    assert found.to_approve["Development"].withdrawn == 1


def test_a_later_stage_waits_from_when_it_was_asked_for() -> None:
    """Guards: time in Development counted as the test stage's approval time."""
    asked = told(1, *approved(10), (Kind.REQUEST, {"Stage": "Staging"}, 50), (Kind.STAGE, stage("Staging"), 65))
    unasked = told(2, *approved(10))
    found = figures(100, asked, unasked).to_approve
    assert (found["Staging"].ended, found["Staging"].open, found["Staging"].median) == (1, 0, 15 * MINUTE)
    assert (found["Production"].ended, found["Production"].open) == (0, 0)


def test_a_second_approval_is_no_second_wait() -> None:
    """Guards: a re-approval that lengthens or shortens the first one's time."""
    again = told(1, *approved(10), (Kind.APPROVAL, "Rejected", 20), *approved(90))
    assert figures(100, again).to_approve["Development"].median == 10 * MINUTE


def test_the_queue_is_oldest_first_with_the_time_so_far() -> None:
    """Guards: an ageing queue without ages."""
    old, young = told(1), Version(2).tell(Kind.REGISTRATION, registered(), 40)
    young.rows[0] = {name: value for name, value in young.rows[0].items() if name != "createdat"}
    waiting = figures(100, young, old).waiting
    assert [(item.arn, item.seconds) for item in waiting] == [
        (old.arn, 100 * MINUTE),
        (young.arn, 60 * MINUTE),
    ]


def test_a_decision_taken_back_waits_anew() -> None:
    """Guards: a version set back to pending waits since its registration, or not at all."""
    back = told(1, *approved(10), (Kind.APPROVAL, "PendingManualApproval", 70))
    assert [item.seconds for item in figures(100, back).waiting] == [30 * MINUTE]


def test_rework_counts_versions_that_were_approved_and_rejected() -> None:
    """Guards: rework counted per decision, so that one version that flips weighs as much as ten."""
    flips = told(1, *approved(10), (Kind.APPROVAL, "Rejected", 20), *approved(30), (Kind.APPROVAL, "Rejected", 40))
    found = figures(100, flips, told(2, *approved(10)), told(3))
    assert (found.versions, found.decided, found.reworked) == (3, 2, 1)


def test_a_revocation_ends_when_the_last_endpoint_stops_serving() -> None:
    """Guards: time to removal taken from the first endpoint that goes, or from one that never served the version."""
    revoked = told(1, *approved(10), (Kind.APPROVAL, "Rejected", 50))
    first = Endpoint("first").seen(20, revoked.arn).seen(60, revoked.arn, deleted=60)
    last = Endpoint("last").seen(20, revoked.arn).seen(75, "arn:another")
    other = Endpoint("other").seen(20, "arn:another")
    found = figures(100, revoked, endpoints=(first, last, other)).revocation
    assert (found.ended, found.open, found.median) == (1, 0, 25 * MINUTE)


def test_a_revoked_version_that_still_serves_is_open() -> None:
    """Guards: a revocation that took no effect is left out of the figure that should show it."""
    revoked = told(1, *approved(10), (Kind.APPROVAL, "Rejected", 50))
    found = figures(100, revoked, endpoints=(Endpoint().seen(20, revoked.arn),)).revocation
    assert (found.ended, found.open, found.median) == (0, 1, None)


def test_nothing_that_happened_later_counts() -> None:
    """Guards: yesterday's report changes today."""
    version = told(1, *approved(10), (Kind.APPROVAL, "Rejected", 50))
    serving = Endpoint().seen(20, version.arn).seen(60, version.arn, deleted=60)
    before = figures(40, version, endpoints=(serving,))
    assert (before.reworked, before.revocation.ended, before.revocation.open) == (0, 0, 0)
    assert figures(5, version).to_approve["Development"].open == 1
