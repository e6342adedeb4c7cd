"""What one call changes together belongs together, whichever sources tell its parts, and however they date them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from governance.evidence import Action
from governance.state import approved_artifact
from governance.terms import Identity
from lambdas.reconcile.fakes import Recorded
from tests.governance.samples import (
    APPROVER,
    AUTHOR,
    GROUP,
    HUB,
    REGION,
    START,
    envelope,
    iso,
    moment,
    package_detail,
    stage,
)
from tests.lambdas.reconcile.cloud import LIFECYCLE, url_of
from tests.lambdas.reconcile.test_core import ARN, NOW, PENDING, RUN, record, shown
from tests.lambdas.reconcile.world import World


@pytest.fixture
def staged() -> World:
    """A version with a stage that only a life-cycle action tells, by the approver; it was changed since."""
    world = World(now=NOW)
    world.catalogue.groups = {GROUP: [ARN]}
    world.registry.versions[ARN] = shown(START)
    assert world.delivered(envelope(package_detail(lifecycle=PENDING), event_id="registered"))
    properties = {"Stage": "Staging", "StageStatus": "Approved"}
    arn = f"arn:aws:sagemaker:{REGION}:{HUB}:action/a"
    world.catalogue.noted = [Action(arn, ARN, moment(9), properties, Identity(APPROVER, "bea"))]
    world.registry.versions[ARN] = shown(moment(20), ModelLifeCycle=stage("Staging"))
    world.trail.histories = {HUB: [record("UpdateModelPackage", moment(20), {"sourceUri": "x"})]}
    world.work(RUN)
    assert world.tables.chains[ARN][-1]["clock"] == "action"
    return world


def late(seconds: float, digit: int, **more: Any) -> Recorded:
    """CloudTrail's record of a call that set specification and stage, dated so long after the action."""
    request = {
        "modelPackageArn": ARN, "modelLifeCycle": {"stage": "Staging", "stageStatus": "Approved"},
        "inferenceSpecification": {"containers": [{"modelDataUrl": url_of(digit)}]},
    }  # fmt: skip
    return record("UpdateModelPackage", moment(9) + timedelta(seconds=seconds), request, **more)


def tell(world: World, told: Recorded, by_event: bool) -> None:
    """Let a record reach capture by EventBridge, or reconcile by CloudTrail's history."""
    if by_event:
        kind = {"detail-type": "AWS API Call via CloudTrail", "account": HUB}
        detail = json.loads(told.text)
        body = envelope({**detail, "eventSource": "sagemaker.amazonaws.com"}, time=detail["eventTime"], **kind)
        assert world.delivered(body)
    else:
        world.trail.histories[HUB].append(told)
        world.work(RUN)


@pytest.mark.parametrize("by_event", [True, False])
@pytest.mark.parametrize("seconds", [-1, 0, 1, 5])
def test_a_stage_that_an_action_told_is_for_the_artifact_that_its_call_set_whenever_cloudtrail_dates_the_call(
    staged: World, seconds: float, by_event: bool
) -> None:
    """Guards: CloudTrail dates a call by its end, a second after the action; so the specification that the call set
    seems to come after the stage that it set too, and the stage stays approved for the artifact before.
    """
    for _again in range(2):
        tell(staged, late(seconds, 7), by_event)
    assert approved_artifact(staged.tables.state[ARN], "Staging") == (url_of(7), f"{7:064x}")
    times = [(row["field"], row["happenedat"]) for row in staged.tables.chains[ARN] if row["clock"] == "action"]
    assert times == [(LIFECYCLE, iso(moment(9))), ("InferenceSpecification", iso(moment(9)))]


@pytest.mark.parametrize("by_event", [True, False])
def test_a_specification_that_another_call_set_soon_after_an_approval_is_not_what_was_approved(
    staged: World, by_event: bool
) -> None:
    """Guards: what somebody puts in a moment after an approval is taken for a part of it."""
    before = approved_artifact(staged.tables.state[ARN], "Staging")
    tell(staged, late(2, 7, who=AUTHOR), by_event)
    swap = {"modelPackageArn": ARN, "inferenceSpecification": {"containers": [{"modelDataUrl": url_of(8)}]}}
    tell(staged, record("UpdateModelPackage", moment(9) + timedelta(seconds=3), swap), by_event)
    assert before is not None
    assert approved_artifact(staged.tables.state[ARN], "Staging") == before
    fields = [row["field"] for row in staged.tables.chains[ARN]]
    assert fields.count("InferenceSpecification") == 2


@pytest.mark.parametrize("by_event", [True, False])
def test_two_calls_that_are_taken_for_one_moment_stay_two_changes(staged: World, by_event: bool) -> None:
    """Guards: two calls, of whose stages one row is known, become one change, since both are dated by that row."""
    for number, seconds in enumerate((1, 3)):
        tell(staged, late(seconds, 7 + number, key=f"call-{number}"), by_event)
    assert [row["field"] for row in staged.tables.chains[ARN]].count("InferenceSpecification") == 2
