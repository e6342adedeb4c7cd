"""What a role's policies allow and deny, for exact comparison."""

from __future__ import annotations

from blueprint.policies.function_parts import LOG_KEY_ACTIONS
from blueprint.policies.roles import RoleSpec
from tests.blueprint.samples import GOVERNANCE_KEY, HUB, REGION, grants

Rights = dict[str, tuple[set[str], set[str]]]

CONSUME = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
OWN_METRICS: Rights = {"PutOwnMetrics": ({"cloudwatch:PutMetricData"}, {"*"})}
GOVERNANCE: Rights = {
    "ReadTables": ({"kms:Decrypt"}, {GOVERNANCE_KEY}),
    "UseQueues": ({"kms:Decrypt", "kms:GenerateDataKey"}, {GOVERNANCE_KEY}),
}


def table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{HUB}:table/mlgov_{name}"


def queue(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{HUB}:mlgov-{name}"


def logs(function: str) -> Rights:
    return {
        "WriteOwnLog": (
            {"logs:CreateLogStream", "logs:PutLogEvents"},
            {f"arn:aws:logs:{REGION}:{HUB}:log-group:/aws/lambda/mlgov-{function}:*"},
        ),
        "GovernanceKeyThroughLogs": (set(LOG_KEY_ACTIONS), {GOVERNANCE_KEY}),
    }


def queues(consumed: str, *sent: str) -> Rights:
    return {
        "Consume": (CONSUME, {queue(consumed)}),
        "HandOn": ({"sqs:SendMessage"}, {queue(name) for name in sent}),
    }


def allowed(spec: RoleSpec) -> dict[str, Rights]:
    return {name: grants(policy) for name, policy in spec.policies.items() if grants(policy)}


def denied(spec: RoleSpec) -> Rights:
    return {sid: found for policy in spec.policies.values() for sid, found in grants(policy, "Deny").items()}
