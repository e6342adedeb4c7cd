"""Who writes an account's flow logs, and with which key.

Sources: vpc/latest/userguide flow-logs-iam-role (the role's trust and rights), AmazonCloudWatch/logs
encrypt-log-data-kms (the key's principal and its encryption context).
"""

from __future__ import annotations

from blueprint.limits import Document
from blueprint.organisation import Organisation
from blueprint.policies import trust
from blueprint.policies.documents import allow, document
from blueprint.policies.roles import RoleSpec


def flow_logs_role(organisation: Organisation, stack: str, account: str) -> RoleSpec:
    """The role of the flow logs: writes to their group and to no other.

    Of the rights on the page's list, CreateLogGroup isn't given: the group stands before the flow log, with retention
    and key, and one that AWS makes would have neither.
    """
    names = organisation.names
    group = names.flow_logs_group_arn(account, stack)
    # A right on a group's streams has the resource `<group>:*` (Service Authorization Reference, CloudWatch Logs).
    return RoleSpec(
        name=names.flow_logs_role(stack),
        description=f"Write the flow logs of {stack}'s network, nothing else",
        trust=trust.trust(trust.flow_logs(organisation.region, account)),
        policies={
            "write": document(
                allow(
                    "WriteFlowLogs", ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    [f"{group}:*"],
                ),
                # It has no resource type that a group could narrow.
                allow("FindTheGroup", ["logs:DescribeLogGroups"], ["*"]),
            )
        },
    )  # fmt: skip


def flow_logs_key(organisation: Organisation, stack: str, account: str) -> Document:
    """Policy of the key of the flow logs: CloudWatch Logs uses it for their group, nobody else does."""
    names = organisation.names
    return document(
        allow("AccountAdministers", ["kms:*"], ["*"], principal={"AWS": names.root_arn(account)}),
        allow(
            "LogsOfTheNetwork",
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            ["*"],
            principal={"Service": f"logs.{organisation.region}.amazonaws.com"},
            condition={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": names.flow_logs_group_arn(account, stack)}},
        ),
    )
