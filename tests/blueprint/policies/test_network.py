"""Who writes the flow logs of a network."""

from __future__ import annotations

from blueprint.policies.network import flow_logs_key, flow_logs_role
from tests.blueprint.samples import DEV, REGION, grants, organisation, statement

GROUP = f"arn:aws:logs:{REGION}:{DEV}:log-group:/aws/vpc/mlgov-dev-flow-logs"


def test_the_flow_logs_role_writes_to_its_group_and_nothing_else() -> None:
    """Guards: a role that any service may use to write any log; one that can't write its own."""
    role = flow_logs_role(organisation(), "dev", DEV)
    assert role.name == "mlgov-dev-flow-logs"
    assert grants(role.policies["write"]) == {
        "WriteFlowLogs": (
            {"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
            {f"{GROUP}:*"},
        ),
        "FindTheGroup": ({"logs:DescribeLogGroups"}, {"*"}),
    }
    trust = statement(role.trust, "FlowLogsAreWritten")
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{REGION}:{DEV}:vpc-flow-log/*"},
        "StringEquals": {"aws:SourceAccount": DEV},
    }


def test_the_flow_logs_key_encrypts_their_group_alone() -> None:
    """Guards: CloudWatch Logs may use the key for any log group of the account, or for none."""
    found = statement(flow_logs_key(organisation(), "dev", DEV), "LogsOfTheNetwork")
    assert found["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    assert found["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": GROUP}}
