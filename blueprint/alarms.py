"""Every alarm of an installation: what it watches, when it fires, and what that means.

docs/runbook.md says for each what to look at and how to mend it; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from blueprint.data_settings import Interval
from blueprint.functions import FUNCTION_SPECS, SCHEDULED, FunctionSpec
from blueprint.names import Function, Queue
from blueprint.organisation import Organisation, Spoke
from blueprint.policies.function_parts import OWN_NAMESPACE

Comparison = Literal["GreaterThanThreshold", "LessThanThreshold"]
Statistic = Literal["Maximum", "Sum"]
Missing = Literal["notBreaching", "breaching", "ignore"]

WATCH_SECONDS = 300
LAG_SECONDS = 900
"""A fact is recorded a quarter of an hour after it happened at the latest: redeliveries by the queue included, an
outage of EventBridge or of capture not."""

WAIT_SECONDS = {"capture": LAG_SECONDS, "approval": LAG_SECONDS}
JOB_WAIT_SECONDS = 3_600
"""Jobs wait for others of their kind; an hour is longer than the longest schedule's pile."""

MISSED_RUNS = 3

API_ID = "<the id of the API>"
"""Stands in a dimension for what AWS chooses when the API is made."""

ALARMING_VERDICTS = {
    "unapproved": "an endpoint serves a model that isn't approved",
    "revoked-after-deploy": "an endpoint still serves a model whose approval was revoked",
    "wrong-stage": "an endpoint serves a model that is approved for another stage only",
    "unregistered": "an endpoint serves a model that nobody registered",
    "digest-differs": "an endpoint serves another artifact or image than the one that was approved",
    "deleted-package": "an endpoint serves a model version that was deleted from the registry",
    "model-deleted": "nobody can say what an endpoint serves, since its model was deleted or replaced",
    "config-deleted": "nobody can say what an endpoint serves, since its configuration was deleted or replaced",
    "unknown": "what an endpoint serves couldn't be read",
}
"""Every verdict of the inventory but `approved`: somebody has to act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSpec:
    """An alarm on one metric: breached when the statistic of each of `periods` periods is beyond the threshold.

    `what` is its name behind the prefix. `meaning`: one sentence, shown where the alarm is.
    """

    what: str
    meaning: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: Statistic = "Maximum"
    comparison: Comparison = "GreaterThanThreshold"
    threshold: float = 0
    period_seconds: int = WATCH_SECONDS
    periods: int = 1
    missing: Missing = "notBreaching"


def hub_alarms(organisation: Organisation, schedules: Mapping[Function, Interval]) -> tuple[AlarmSpec, ...]:
    """The hub's alarms."""
    names = organisation.names
    queues: list[tuple[Queue, str]] = [("rules-dlq", "EventBridge couldn't deliver events to a queue")]
    queues += [(spec.dead_letters, f"the {spec.function} function couldn't handle messages") for spec in FUNCTION_SPECS]
    return (
        *(_dead_letters(f"{queue}-depth", names.queue(queue), meaning) for queue, meaning in queues),
        *(alarm for spec in FUNCTION_SPECS for alarm in _of_function(organisation, spec)),
        *(_heartbeat(organisation, spec.function, schedules[spec.function]) for spec in SCHEDULED),
        _own(
            organisation, "capture-lag", "CaptureLagSeconds", "capture",
            "facts are recorded long after they happened", threshold=LAG_SECONDS,
        ),
        _own(
            organisation, "capture-incidents", "Incidents", "capture",
            "a version came into being with what only an approver may give, or stands approved by nobody",
            statistic="Sum",
        ),
        _own(
            organisation, "guard-incidents", "Incidents", "guard",
            "a version was approved by its author, changed after its approval, or born approved", statistic="Sum",
        ),
        _own(
            organisation, "guard-unknown", "UnknownApprovals", "guard",
            "a version stands approved, and nobody can say whether by its author", statistic="Sum",
        ),
        _own(
            organisation, "anchor-incidents", "Incidents", "anchor",
            "the ledger isn't what an anchor says it was, or an anchor isn't what it was", statistic="Sum",
        ),
        _own(
            organisation, "gaps", "Gaps", "reconcile",
            "changes are lost for good: only their last state could be recovered", statistic="Sum",
        ),
        _own(
            organisation, "unreadable-accounts", "UnreadableAccounts", "inventory",
            "accounts couldn't be walked: what they serve is unknown", missing="ignore",
        ),
        *(_verdict(organisation, verdict, meaning) for verdict, meaning in ALARMING_VERDICTS.items()),
    )  # fmt: skip


def spoke_alarms(organisation: Organisation, spoke: Spoke) -> tuple[AlarmSpec, ...]:
    """A spoke's alarms: what its forwarding rules couldn't deliver lies in its own account, and so does the metric."""
    if organisation.same_account:
        return ()
    queue = organisation.names.forward_dlq(spoke.stack)
    meaning = f"the hub's bus refused events of {spoke.stack}"
    return (_dead_letters(f"{spoke.stack}-forward-dlq-depth", queue, meaning),)


def inference_alarms(organisation: Organisation, spoke: Spoke) -> tuple[AlarmSpec, ...]:
    """Those of a spoke's inference API. What callers do wrong (4xx), throttled requests among it, is no alarm."""
    stack = spoke.stack
    return (
        AlarmSpec(
            what=f"{stack}-inference-5xx",
            meaning=f"the inference API of {stack} fails: an endpoint isn't in service, too slow, or not to be asked",
            namespace="AWS/ApiGateway",
            metric="5xx",
            dimensions={"ApiId": API_ID},
            statistic="Sum",
        ),
        AlarmSpec(
            what=f"{stack}-inference-throttles",
            meaning=f"Lambda refuses to start the function of the inference API of {stack}",
            namespace="AWS/Lambda",
            metric="Throttles",
            dimensions={"FunctionName": organisation.names.inference(stack)},
            statistic="Sum",
        ),
    )


def _dead_letters(what: str, queue: str, meaning: str) -> AlarmSpec:
    return AlarmSpec(
        what=what,
        meaning=meaning,
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": queue},
    )


def _of_function(organisation: Organisation, spec: FunctionSpec) -> Iterator[AlarmSpec]:
    names, function = organisation.names, spec.function
    yield AlarmSpec(
        what=f"{spec.queue}-age",
        meaning=f"messages wait too long for the {function} function",
        namespace="AWS/SQS",
        metric="ApproximateAgeOfOldestMessage",
        dimensions={"QueueName": names.queue(spec.queue)},
        threshold=WAIT_SECONDS.get(function, JOB_WAIT_SECONDS),
    )
    watched = {"Errors": f"invocations of the {function} function fail as a whole"}
    # A function that runs once at a time throttles whenever two messages wait. Its queue's age says if that is too
    # long.
    if spec.reserved_concurrency is None:
        watched["Throttles"] = f"Lambda refuses to start the {function} function"
    for metric, meaning in watched.items():
        yield AlarmSpec(
            what=f"{function}-{metric.lower()}",
            meaning=meaning,
            namespace="AWS/Lambda",
            metric=metric,
            dimensions={"FunctionName": names.function(function)},
            statistic="Sum",
        )


def _heartbeat(organisation: Organisation, function: Function, interval: Interval) -> AlarmSpec:
    """Silence is the signal, so what is missing counts as breached."""
    return AlarmSpec(
        what=f"{function}-heartbeat",
        meaning=f"no scheduled run of the {function} function came to its end, {MISSED_RUNS} times in a row",
        namespace=OWN_NAMESPACE,
        metric="Heartbeat",
        dimensions={"Installation": organisation.prefix, "Function": function},
        statistic="Sum",
        comparison="LessThanThreshold",
        threshold=1,
        period_seconds=interval.minutes * 60,
        periods=MISSED_RUNS,
        missing="breaching",
    )


def _own(
    organisation: Organisation,
    what: str,
    metric: str,
    function: Function,
    meaning: str,
    *,
    threshold: float = 0,
    statistic: Statistic = "Maximum",
    missing: Missing = "notBreaching",
) -> AlarmSpec:
    return AlarmSpec(
        what=what,
        meaning=meaning,
        namespace=OWN_NAMESPACE,
        metric=metric,
        dimensions={"Installation": organisation.prefix, "Function": function},
        threshold=threshold,
        statistic=statistic,
        missing=missing,
    )


def _verdict(organisation: Organisation, verdict: str, meaning: str) -> AlarmSpec:
    """Counted at the end of each walk: between two walks the last count holds, else each walk would tell anew."""
    return AlarmSpec(
        what=f"endpoints-{verdict}",
        meaning=meaning,
        namespace=OWN_NAMESPACE,
        metric="EndpointsByVerdict",
        dimensions={"Installation": organisation.prefix, "Verdict": verdict},
        missing="ignore",
    )
