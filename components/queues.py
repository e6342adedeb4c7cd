"""The hub's queues: each function's with its redrive dead-letter queue, and the rules' own dead-letter queue.

Two kinds of dead-letter queue, since they hold two kinds of loss: what EventBridge couldn't deliver (rules), and what
a function couldn't handle (redrive). All are encrypted with the governance key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import sqs

from blueprint.functions import FUNCTION_SPECS, SCHEDULED
from blueprint.limits import compact
from blueprint.names import Queue
from blueprint.organisation import Organisation
from blueprint.policies.queues import fed_by_rules
from blueprint.rules import hub_rules, schedule_arns
from components.options import child

RECEIVES_BEFORE_REDRIVE = 5
KEPT_SECONDS = 14 * 24 * 3600
"""The longest that SQS keeps a message: no loss over a long week-end."""

REDRIVE_SECONDS = 360
"""How long who redrives a dead-letter queue holds a message: to send it again and delete it here."""

DATA_KEY_REUSE_SECONDS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuesArgs:
    organisation: Organisation
    key_arn: pulumi.Input[str]


class Queues(pulumi.ComponentResource):
    """`made`: every queue. `admitted`: queue policies by queue; a rule that finds no permission drops its event."""

    made: dict[Queue, sqs.Queue]
    admitted: dict[Queue, pulumi.Resource]

    def __init__(self, name: str, args: QueuesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:capture:Queues", name, None, opts)
        organisation = args.organisation
        self.made = {"rules-dlq": self._queue(name, "rules-dlq", args, REDRIVE_SECONDS)}
        for spec in FUNCTION_SPECS:
            dead = self._queue(name, spec.dead_letters, args, REDRIVE_SECONDS)
            self.made[spec.dead_letters] = dead
            self.made[spec.queue] = self._queue(name, spec.queue, args, spec.visibility_seconds, dead)
        events = {f"Rule{rule.rule.title()}Sends": rule.arn(organisation) for rule in hub_rules(organisation)}
        schedules = {f"Schedule{function.title()}Sends": arn for function, arn in schedule_arns(organisation).items()}
        self.admitted = {
            "capture": self._admit(name, "capture", args, events),
            "rules-dlq": self._admit(name, "rules-dlq", args, events | schedules),
        }
        for spec in SCHEDULED:
            sid = f"Schedule{spec.function.title()}Sends"
            self.admitted[spec.queue] = self._admit(name, spec.queue, args, {sid: schedules[sid]})
        self.register_outputs({"urls": {queue: made.url for queue, made in self.made.items()}})  # fmt: skip

    def _queue(
        self,
        name: str,
        queue: Queue,
        args: QueuesArgs,
        visibility_seconds: int,
        dead: sqs.Queue | None = None,
    ) -> sqs.Queue:
        """A queue; with `dead`, SQS moves there what failed too often."""
        redrive = None if dead is None else dead.arn.apply(_redrive)
        return sqs.Queue(
            f"{name}-{queue}",
            name=args.organisation.names.queue(queue),
            kms_master_key_id=args.key_arn,
            kms_data_key_reuse_period_seconds=DATA_KEY_REUSE_SECONDS,
            message_retention_seconds=KEPT_SECONDS,
            visibility_timeout_seconds=visibility_seconds,
            redrive_policy=redrive,
            opts=child(self),
        )

    def _admit(self, name: str, queue: Queue, args: QueuesArgs, rules: Mapping[str, str]) -> sqs.QueuePolicy:
        names, hub = args.organisation.names, args.organisation.hub
        document = fed_by_rules(names.queue_arn(hub, names.queue(queue)), hub, rules)
        return sqs.QueuePolicy(
            f"{name}-{queue}", queue_url=self.made[queue].url, policy=compact(document), opts=child(self)
        )


def _redrive(arn: str) -> str:
    return json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES_BEFORE_REDRIVE})
