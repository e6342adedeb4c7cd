"""Role trust policies: who may become a role, with the bound that stops a confused deputy.

Sources: dg/security-confused-deputy-prevention (the wildcard form is the one that works for Studio),
lambda lambda-permissions, eventbridge eb-use-identity-based, IAM id_credentials_temp_control-access_monitor
(source identity).
"""

from __future__ import annotations

from collections.abc import Sequence

from blueprint.limits import Document
from blueprint.names import partition_of
from blueprint.organisation import Organisation
from blueprint.policies.conditions import SOURCE_IDENTITY
from blueprint.policies.documents import Statement, both, document, one_or_many

ASSUME = "sts:AssumeRole"


def sagemaker(region: str, account: str) -> Statement:
    """SageMaker, working for this account in this region."""
    source = f"arn:{partition_of(region)}:sagemaker:{region}:{account}:*"
    return _trust(
        "SageMakerWorks",
        {"Service": "sagemaker.amazonaws.com"},
        {"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": account}},
    )


def rules(rule_arns: Sequence[str], account: str) -> Statement:
    """EventBridge, for these rules."""
    return _trust(
        "RulesForward",
        {"Service": "events.amazonaws.com"},
        {"ArnEquals": {"aws:SourceArn": one_or_many(rule_arns)}, "StringEquals": {"aws:SourceAccount": account}},
    )


def flow_logs(region: str, account: str) -> Statement:
    """The flow logs of this account (vpc flow-logs-iam-role: a flow log's id is known only after it is made)."""
    source = f"arn:{partition_of(region)}:ec2:{region}:{account}:vpc-flow-log/*"
    return _trust(
        "FlowLogsAreWritten",
        {"Service": "vpc-flow-logs.amazonaws.com"},
        {"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": account}},
    )


def function() -> Statement:
    """Lambda. It sends no source key when it assumes an execution role, so nothing narrows this but who may pass it."""
    return _trust("LambdaRuns", {"Service": "lambda.amazonaws.com"}, {})


def functions_of(organisation: Organisation, roles: Sequence[str]) -> Statement:
    """The hub's functions, by their roles: the hub's root narrowed to these ARNs, as a role that is made anew would
    lose a grant to itself.
    """
    condition: dict[str, dict[str, object]] = {"ArnEquals": {"aws:PrincipalArn": one_or_many(roles)}}
    if organisation.id is not None:
        condition["StringEquals"] = {"aws:PrincipalOrgID": organisation.id}
    return _trust("HubFunctionsRead", {"AWS": organisation.names.root_arn(organisation.hub)}, condition)


def people(sid: str, arn_patterns: Sequence[str], *, require_mfa: bool) -> Statement:
    """People's roles or users, who must say who they are: sessions without a source identity are refused.

    `arn_patterns` name an account each (`arn:aws:iam::111111111111:role/ModelRiskOfficer`, wildcards in the name).
    """
    accounts = {":".join(pattern.split(":")[:5]) for pattern in arn_patterns}
    condition = both(
        {"ArnLike": {"aws:PrincipalArn": one_or_many(arn_patterns)}, "StringLike": {SOURCE_IDENTITY: "?*"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}} if require_mfa else {},
    )
    return _trust(
        sid, {"AWS": one_or_many(f"{account}:root" for account in accounts)}, condition,
        [ASSUME, "sts:SetSourceIdentity"],
    )  # fmt: skip


def trust(*statements: Statement) -> Document:
    return document(*statements)


def _trust(
    sid: str, principal: object, condition: dict[str, dict[str, object]], actions: Sequence[str] = (ASSUME,)
) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": one_or_many(actions),
    }
    if condition:
        statement["Condition"] = condition
    return statement
