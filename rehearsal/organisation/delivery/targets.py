"""Calling a rule's target as EventBridge does: who calls, what must admit it, what happens then.

Sources: eb/eb-use-resource-based (queues and functions admit events.amazonaws.com for the rule's ARN),
eb/eb-cross-account (a bus is called by the target's role, which the bus's policy must admit), eb/eb-rule-dlq (error
codes; which errors are not tried again). Seen in real accounts: THIRD_ACCOUNT_HOP_DETECTED also within one account.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.organisation.core import ApiError, Caller, Need, NotEmulated, Organisation
from rehearsal.organisation.delivery.buses import Rule, buses
from rehearsal.organisation.delivery.transform import Context, InvalidJson, target_input
from rehearsal.organisation.services.sqs.messages import deliver
from rehearsal.organisation.services.sqs.queues import find_queue

PRINCIPAL = "events.amazonaws.com"


class DeliveryFailed(Exception):
    """An attempt failed. `code` is one of EventBridge's error codes; `again`: EventBridge tries it again."""

    def __init__(self, code: str, message: str, *, again: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.again = again


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event on a bus. `forwarded`: it came from another bus, so it goes on to no third one."""

    event: Mapping[str, Any]
    account: str
    region: str
    bus: str
    forwarded: bool = False


Publish = Callable[[Arrived], None]


def kind_of(arn: str) -> str | None:
    """What a target is: `sqs`, `lambda`, `bus`; None for what isn't emulated."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return None
    if parts[2] == "events" and parts[5].startswith("event-bus/"):
        return "bus"
    if parts[2] == "lambda" and parts[5].startswith("function:"):
        return "lambda"
    return "sqs" if parts[2] == "sqs" else None


class Sender:
    """Sends events to targets, each call authorised."""

    def __init__(self, org: Organisation, publish: Publish, new_id: Callable[[str], str]) -> None:
        self._org = org
        self._publish = publish
        self._new_id = new_id

    def send(self, arrived: Arrived, rule: Rule, target: Mapping[str, Any], context: Context) -> None:
        """Call a target once.

        Raises DeliveryFailed.
        """
        try:
            text = target_input(target, arrived.event, context)
            send = {"sqs": self._to_queue, "lambda": self._to_function, "bus": self._to_bus}[
                kind_of(target["Arn"]) or ""
            ]
            send(arrived, rule, target, text)
        except InvalidJson as error:
            raise DeliveryFailed("INVALID_JSON", str(error)) from error
        except NotEmulated:
            raise
        except ApiError as error:
            raise failure_of(error) from error

    def _caller(self, rule: Rule, target: Mapping[str, Any]) -> Caller:
        """Who calls the target: its role's session, else the service itself."""
        if "RoleArn" not in target:
            return Caller(PRINCIPAL, "")
        try:
            _, caller = self._org.service_session(
                PRINCIPAL, target["RoleArn"], session_name=f"rule-{rule.name}"[:64], source_arn=rule.arn,
                source_account=rule.account,
            )  # fmt: skip
        except ApiError as error:
            raise DeliveryFailed("FAILED_TO_ASSUME_ROLE", error.message) from error
        return caller

    def _authorise(self, rule: Rule, caller: Caller, need: Need, extra: Mapping[str, str]) -> None:
        try:
            self._org.authorise(
                caller, [need], region=rule.region, extra={"aws:SourceArn": rule.arn, **extra},
                reason=f"EventBridge delivers for rule {rule.name}",
            )  # fmt: skip
        except NotEmulated:
            raise
        except ApiError as error:
            raise DeliveryFailed("NO_PERMISSIONS", error.message) from error

    def _to_queue(self, arrived: Arrived, rule: Rule, target: Mapping[str, Any], text: str) -> None:
        arn = target["Arn"]
        if find_queue(self._org, arn) is None:
            raise DeliveryFailed("NO_RESOURCE", f"The queue {arn} does not exist.")
        caller = self._caller(rule, target)
        self._authorise(
            rule, caller, Need("sqs:SendMessage", arn, arn.split(":")[4]), {"aws:SourceAccount": rule.account}
        )
        deliver(self._org, caller, arn, text, {})

    def _to_function(self, arrived: Arrived, rule: Rule, target: Mapping[str, Any], text: str) -> None:
        arn = target["Arn"]
        functions = self._org.component("lambda")
        if not functions.exists(arn):
            raise DeliveryFailed("NO_RESOURCE", f"The function {arn} does not exist.")
        caller = self._caller(rule, target)
        self._authorise(rule, caller, Need("lambda:InvokeFunction", arn, arn.split(":")[4]), {})
        functions.invoke_later(arn, json.loads(text))

    def _to_bus(self, arrived: Arrived, rule: Rule, target: Mapping[str, Any], _: str) -> None:
        arn = target["Arn"]
        region, account, name = arn.split(":")[3], arn.split(":")[4], arn.split(":event-bus/")[1]
        if arrived.forwarded:
            raise DeliveryFailed(
                "THIRD_ACCOUNT_HOP_DETECTED",
                "Events received from another event bus cannot be forwarded to a third one.",
            )
        if name not in buses(self._org, account, region):
            raise DeliveryFailed("NO_RESOURCE", f"The event bus {arn} does not exist.")
        if "RoleArn" in target or account != rule.account:
            need = Need(
                "events:PutEvents", arn, account,
                {
                    "events:source": arrived.event["source"], "events:detail-type": arrived.event["detail-type"],
                    "events:eventBusInvocation": "true",
                },
            )  # fmt: skip
            self._authorise(rule, self._caller(rule, target), need, {"aws:SourceAccount": rule.account})
        event = {**arrived.event, "id": self._new_id(arrived.event["id"])}
        self._publish(Arrived(event, account, region, name, forwarded=True))

    def bury(self, arrived: Arrived, rule: Rule, target: Mapping[str, Any], attributes: Mapping[str, str]) -> None:
        """Send an event to the dead-letter queue of a rule's target, which must admit that too.

        Raises ApiError, DeliveryFailed.
        """
        arn = target["DeadLetterConfig"]["Arn"]
        caller = Caller(PRINCIPAL, "")
        if find_queue(self._org, arn) is None:
            raise DeliveryFailed("NO_RESOURCE", f"The dead-letter queue {arn} does not exist.")
        self._authorise(
            rule, caller, Need("sqs:SendMessage", arn, arn.split(":")[4]), {"aws:SourceAccount": rule.account}
        )
        deliver(self._org, caller, arn, json.dumps(arrived.event), attributes)


def failure_of(error: ApiError) -> DeliveryFailed:
    """What an error of the target's service means for the delivery."""
    if error.code in ("QueueDoesNotExist", "ResourceNotFoundException"):
        return DeliveryFailed("NO_RESOURCE", error.message)
    if "AccessDenied" in error.code:
        return DeliveryFailed("NO_PERMISSIONS", error.message)
    if error.status == 429:
        return DeliveryFailed("THROTTLING", error.message, again=True)
    if error.status >= 500:
        return DeliveryFailed("ERROR_FROM_TARGET", error.message, again=True)
    return DeliveryFailed("SDK_CLIENT_ERROR", f"{error.code}: {error.message}")
