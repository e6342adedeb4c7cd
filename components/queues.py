"""The hub's queues: each working queue with its redrive dead-letter queue, and the rules' own dead-letter queue.

Two kinds of dead-letter queue, since they hold two kinds of loss: what EventBridge couldn't deliver (rules), and what
a function couldn't handle (redrive). All are encrypted with the governance key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import sqs

from blueprint.limits import compact
from blueprint.names import HubRule, Queue
from blueprint.organisation import Organisation
from blueprint.policies.queues import fed_by_rules
from components.options import child

VISIBILITY_SECONDS = 6 * 60
"""Six times the functions' timeout, as Lambda asks for (lambda/latest/dg/services-sqs-configure)."""

RECEIVES_BEFORE_REDRIVE = 5
KEPT_SECONDS = 14 * 24 * 3600
"""The longest that SQS keeps a message: no loss over a long week-end."""

DATA_KEY_REUSE_SECONDS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuesArgs:
    """`rules`: ARN by name of the rules that may send to the capture queue and to the rules' dead-letter queue."""

    organisation: Organisation
    key_arn: pulumi.Input[str]
    rules: dict[HubRule, str]


class Queues(pulumi.ComponentResource):
    """`admitted` are the queue policies: a rule that finds no permission drops its event at once."""

    capture: sqs.Queue
    capture_dlq: sqs.Queue
    approvals: sqs.Queue
    approvals_dlq: sqs.Queue
    rules_dlq: sqs.Queue
    admitted: list[pulumi.Resource]

    def __init__(self, name: str, args: QueuesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:capture:Queues", name, None, opts)
        self.capture, self.capture_dlq = self._working(name, "capture", "capture-dlq", args)
        self.approvals, self.approvals_dlq = self._working(name, "approvals", "approvals-dlq", args)
        self.rules_dlq = self._queue(name, "rules-dlq", args, None)
        self.admitted = [
            self._admit(name, "capture", self.capture, args),
            self._admit(name, "rules-dlq", self.rules_dlq, args),
        ]
        self.register_outputs({"capture": self.capture.url, "approvals": self.approvals.url})

    def _working(self, name: str, queue: Queue, dlq: Queue, args: QueuesArgs) -> tuple[sqs.Queue, sqs.Queue]:
        """A queue, and the one to which SQS moves what failed too often."""
        dead = self._queue(name, dlq, args, None)
        redrive = dead.arn.apply(
            lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES_BEFORE_REDRIVE})
        )
        return self._queue(name, queue, args, redrive), dead

    def _queue(self, name: str, queue: Queue, args: QueuesArgs, redrive: pulumi.Output[str] | None) -> sqs.Queue:
        return sqs.Queue(
            f"{name}-{queue}",
            name=args.organisation.names.queue(queue),
            kms_master_key_id=args.key_arn,
            kms_data_key_reuse_period_seconds=DATA_KEY_REUSE_SECONDS,
            message_retention_seconds=KEPT_SECONDS,
            visibility_timeout_seconds=VISIBILITY_SECONDS,
            redrive_policy=redrive,
            opts=child(self),
        )

    def _admit(self, name: str, queue: Queue, made: sqs.Queue, args: QueuesArgs) -> sqs.QueuePolicy:
        names, hub = args.organisation.names, args.organisation.hub
        statements = {f"Rule{rule.title()}Sends": arn for rule, arn in args.rules.items()}
        document = fed_by_rules(names.queue_arn(hub, names.queue(queue)), hub, statements)
        return sqs.QueuePolicy(f"{name}-{queue}", queue_url=made.url, policy=compact(document), opts=child(self))
