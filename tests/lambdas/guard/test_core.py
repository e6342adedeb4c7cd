"""The guard over fakes: it records once, rejects once, never approves, and ends its own circle."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.ledger import Head, verify_chain
from governance.state import verify_state
from lambdas.common.aws import Busy
from lambdas.guard.core import NotAGuardJob
from tests.governance.samples import arn_of
from tests.lambdas.guard.world import ANN, ANN_AS_APPROVER, ARN, BEA, NOBODY, World


def test_ordinary_work_goes_through() -> None:
    """Guards: a guard that stands in everybody's way."""
    world = World().register().decide().told()
    assert (world.incidents, world.bolt.rejected, world.tally.take()) == ([], [], [])


def test_the_author_s_approval_is_recorded_counted_and_undone() -> None:
    """Guards: an approval by the author through another role that stays."""
    world = World().register().decide(by=ANN_AS_APPROVER).told()
    assert world.incidents == ["self-approved"]
    [(arn, words)] = world.bolt.rejected
    assert arn == ARN
    assert "self-approved" in words
    assert [(each.name, each.value) for each in world.tally.take()] == [("Incidents", 1)]
    state = world.tables.state[ARN]
    assert (state["modelapprovalstatus"], state["incident"], state["approvalactor"]) == (
        "Rejected",
        "self-approved",
        "arn:aws:sts::111111111111:assumed-role/mlgov-hub-guard/mlgov-guard",
    )


def test_its_own_rejection_ends_the_circle() -> None:
    """Guards: a guard that rejects what it rejected, for ever."""
    world = World().register().decide(by=ANN_AS_APPROVER).told()
    before = len(world.tables.chains[ARN])
    for _ in range(3):
        assert world.judge() == "found"
    assert (len(world.bolt.rejected), len(world.tables.chains[ARN]), world.tally.take()[1:]) == (1, before, [])


def test_a_version_born_approved_is_rejected_and_may_be_approved_by_somebody_else() -> None:
    """Guards: a forged registration that serves, or one that nobody can ever mend."""
    world = World().register(approval="Approved").told()
    assert (world.incidents, len(world.bolt.rejected)) == (["first-seen-approved"], 1)
    world.decide(by=BEA).told()
    assert world.registry.versions[ARN].approval == "Approved"  # type: ignore[union-attr]  # it is there
    assert len(world.bolt.rejected) == 1


def test_a_change_after_the_approval_is_rejected_until_it_is_approved_again() -> None:
    """Guards: an approved version with another model inside."""
    world = World().register().decide().change("SourceUri", by=ANN).told()
    assert (world.incidents, len(world.bolt.rejected)) == (["changed-after-approval"], 1)
    world.decide().told()
    assert (len(world.incidents), len(world.bolt.rejected)) == (1, 1)


def test_where_only_an_alarm_is_wanted_nothing_is_changed() -> None:
    """Guards: a mode that does what it must not."""
    world = World(mode="alarm").register().decide(by=ANN_AS_APPROVER).told()
    assert (world.incidents, world.bolt.rejected) == (["self-approved"], [])
    assert [each.name for each in world.tally.take()] == ["Incidents"]


def test_a_version_that_is_gone_is_recorded_and_left() -> None:
    """Guards: a message that fails until it is a dead letter, since there is nothing to reject."""
    world = World().register().decide(by=ANN_AS_APPROVER)
    for which in range(2):
        world.deliver(which)
    world.registry.versions[ARN] = None
    assert world.judge() == "found"
    assert (world.incidents, world.bolt.rejected) == (["self-approved"], [])


def test_it_waits_for_a_name_and_then_says_that_nobody_told_it() -> None:
    """Guards: an unknown approver taken for a clean one, or told before CloudTrail could say who it was."""
    world = World().register().decide(by=NOBODY)
    for which in range(2):
        world.deliver(which)
    for receives in (1, 2, 3):
        with pytest.raises(Busy, match="nobody told yet"):
            world.judge(receives)
    assert world.tally.take() == []
    assert world.judge(4) == "nothing found"
    assert [(each.name, each.value) for each in world.tally.take()] == [("UnknownApprovals", 1)]


def test_a_message_that_overtakes_its_row_comes_again() -> None:
    """Guards: a version that is never judged, since the guard was faster than the ledger."""
    with pytest.raises(Busy, match="no rows yet"):
        World().judge()


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", json.dumps({"modelpackagearn": 1}), json.dumps({"modelpackagearn": arn_of(group="Other")})]
)
def test_what_is_no_job_is_kept_apart(body: str) -> None:
    """Guards: a stray message that stops the queue."""
    with pytest.raises(NotAGuardJob, match="governed group"):
        World().guard.handle("m", body, 1, World().log)


def crash(point: str) -> None:
    raise RuntimeError(point)


def busy(point: str) -> None:
    raise Busy(point)


DECISIONS = st.tuples(
    st.just("decide"), st.sampled_from([BEA, ANN_AS_APPROVER]), st.sampled_from(["Approved", "Rejected"])
)
CHANGES = st.tuples(
    st.just("change"), st.sampled_from([ANN, BEA]), st.sampled_from(["SourceUri", "InferenceSpecification"])
)
STEPS = st.lists(DECISIONS | CHANGES, max_size=5)
FAULTS = st.lists(st.sampled_from([None, None, None, crash, busy]), max_size=25)


@settings(max_examples=60, deadline=None)
@given(STEPS, FAULTS, st.randoms(use_true_random=False), st.booleans())
def test_doubled_reordered_and_broken_off_it_ends_as_in_order(
    steps: list[tuple[str, tuple[str, str | None], str]],
    faults: list[Callable[[str], None] | None],
    shuffle: Random,
    born: bool,
) -> None:
    """Guards: a rejection that is lost with a crash, an incident that counts twice, a chain that breaks, a version that
    stays approved because events came in another order.
    """
    world = _live(World(), steps, born=born)
    deliveries = [which for which in range(len(world.messages)) for _ in range(2)]
    shuffle.shuffle(deliveries)
    world.break_the_guard()
    troubles: Iterator[Callable[[str], None] | None] = iter(faults)
    for which in deliveries:
        world.mend()
        world.deliver(which)
        world.plan = troubles
        with suppress(Busy, RuntimeError):  # then the message comes again
            world.judge(1)
    world.mend()
    _settle(world)
    in_order = _live(World(), steps, born=born).told()
    _settle(in_order)
    rows, state = world.tables.chains[ARN], world.tables.state[ARN]
    assert verify_chain(ARN, rows, Head(int(state["ledgerseq"] or 0), str(state["ledgerhash"]))) == []
    assert verify_state(ARN, rows, state) == []
    assert len({row["contentid"] for row in rows}) == len(rows)
    assert not Counter(in_order.incidents) - Counter(world.incidents), "nothing is missed"
    assert world.approval == in_order.approval, "and nothing is rejected that stands in order"
    assert len(world.bolt.rejected) <= 1 + sum(point is crash for point in faults)


def _live(world: World, steps: list[tuple[str, tuple[str, str | None], str]], *, born: bool) -> World:
    world.register(approval="Approved" if born else "PendingManualApproval")
    for what, by, value in steps:
        if what == "decide":
            world.decide(value, by)
        else:
            world.change(value, by)
    return world


def _settle(world: World) -> None:
    """Everything that is still to come comes: events of the guard's own decisions, and jobs that failed."""
    for _ in range(3):
        for which in range(len(world.messages)):
            world.deliver(which)
        world.judge()
