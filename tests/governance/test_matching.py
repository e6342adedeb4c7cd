"""Which tellings are of one change, where the same value is set time and again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from governance.evidence import with_registry
from governance.facts import Fact
from governance.ledger import EMPTY, Row, seal
from governance.matching import is_told_again, row_of
from governance.state import project
from governance.terms import Clock, Identity, Kind, Witness
from tests.governance.samples import APPROVER, GROUP, HUB, REGION, arn_of, moment, seen

SECOND = timedelta(seconds=1)


def told(reason: str | None, *, by_event: bool = False, later: timedelta = timedelta(0)) -> Fact:
    """A rejection, by SageMaker's event or by CloudTrail."""
    return Fact(
        arn=arn_of(), group=GROUP, version=1, kind=Kind.APPROVAL, field="ModelApprovalStatus", value="Rejected",
        happened=moment(5) + later, created=moment(0), event_id="event" if by_event else f"record-{later}",
        account=HUB, region=REGION, reason=reason, actor=Identity(APPROVER, "bea"),
        sources=(("change", "event" if by_event else "cloudtrail"),),
        witness=Witness.EVENT if by_event else Witness.CLOUDTRAIL,
        clock=Clock.REGISTRY if by_event else Clock.REQUEST,
    )  # fmt: skip


def row(fact: Fact) -> Row:
    return seal(fact, EMPTY, seen=moment(9), came_from=None, late=False)


@pytest.mark.parametrize(
    ("recorded", "event", "same"),
    [("drift", "drift", True), ("drift", "bias", False), (None, "bias", True), ("drift", None, True)],
)
def test_an_event_is_of_a_recorded_change_unless_their_reasons_differ(
    recorded: str | None, event: str | None, same: bool
) -> None:
    """Guards: of two decisions within seconds one lost, since CloudTrail told the other before its event."""
    state = project(None, row(told(recorded)), None)
    assert is_told_again(told(event, by_event=True, later=2 * SECOND), state) is same
    before = row(told(recorded, by_event=True, later=SECOND))
    assert (row_of(told(event), [before]) is not None) is same


@pytest.mark.parametrize(("shown", "dated"), [("drift", True), ("bias", False), (None, True)])
def test_the_registry_dates_a_call_unless_it_shows_another_s_reason(shown: str | None, dated: bool) -> None:
    """Guards: a decision that gets the time, and so the content id, of another one a moment later."""
    more: dict[str, Any] = {"ApprovalDescription": shown} if shown else {}
    now = seen(modified=moment(5) + SECOND, ModelApprovalStatus="Rejected", **more)
    found = with_registry(replace(told("drift"), created=None), now)
    assert (found.clock is Clock.REGISTRY) is dated
