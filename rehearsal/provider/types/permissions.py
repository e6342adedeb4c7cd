"""aws.lambda_: Permission, one statement of a function's policy. Id: the statement's id.

An import takes `function/statement` or `function:qualifier/statement`. The API has no call that changes a statement, so
every change replaces it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.values import Props

PLAIN = {
    "function": "FunctionName", "action": "Action", "principal": "Principal", "sourceArn": "SourceArn",
    "sourceAccount": "SourceAccount", "principalOrgId": "PrincipalOrgID", "qualifier": "Qualifier",
    "eventSourceToken": "EventSourceToken", "functionUrlAuthType": "FunctionUrlAuthType",
    "invokedViaFunctionUrl": "InvokedViaFunctionUrl",
}  # fmt: skip
CONDITIONS = {
    "sourceArn": ("ArnLike", "AWS:SourceArn"),
    "sourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "principalOrgId": ("StringEquals", "aws:PrincipalOrgID"),
    "eventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "functionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
}
"""Under which operator and key of the statement's condition an argument is found again."""


def _create(aws: Clients, args: Props) -> str:
    statement: str = args.get("statementId") or f"{args['statementIdPrefix']}{uuid.uuid4().hex[:26]}"
    aws.call(
        "lambda", "add_permission", StatementId=statement, **{api: args.get(name) for name, api in PLAIN.items()}
    )  # fmt: skip
    return statement


def _place(physical_id: str, known: Props) -> tuple[str, str | None, str]:
    """`(function, qualifier, statement id)`."""
    if "function" in known:
        return known["function"], known.get("qualifier"), physical_id
    function, _, statement = physical_id.rpartition("/")
    name, _, qualifier = function.partition(":")
    return name, qualifier or None, statement


def _read(aws: Clients, physical_id: str, known: Props) -> Props | None:
    function, qualifier, sid = _place(physical_id, known)
    answer = aws.call("lambda", "get_policy", FunctionName=function, Qualifier=qualifier)
    statements = json.loads(answer["Policy"])["Statement"]
    found = next((one for one in statements if one["Sid"] == sid), None)
    if found is None:
        return None
    condition = found.get("Condition", {})
    via_url = condition.get("Bool", {}).get("lambda:InvokedViaFunctionUrl")
    return {
        "statementId": sid,
        "statementIdPrefix": known.get("statementIdPrefix"),
        "function": function,
        "qualifier": qualifier,
        "action": found["Action"],
        "principal": _principal(found["Principal"], known.get("principal")),
        **{name: condition.get(operator, {}).get(key) for name, (operator, key) in CONDITIONS.items()},
        "invokedViaFunctionUrl": None if via_url is None else str(via_url).lower() == "true",
    }


def _principal(shown: Any, given: str | None) -> str:
    """Who is admitted; an account that was given by its number is shown as its root's ARN."""
    who = str(next(iter(shown.values()))) if isinstance(shown, Mapping) else str(shown)
    return given if given is not None and who == f"arn:aws:iam::{given}:root" else who


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    function, qualifier, sid = _place(physical_id, state)
    aws.call("lambda", "remove_permission", FunctionName=function, StatementId=sid, Qualifier=qualifier)


def _check(args: Props) -> list[tuple[str, str]]:
    if args.get("statementId") and args.get("statementIdPrefix"):
        return [("statementIdPrefix", "statementId and statementIdPrefix conflict: set one of them")]
    return []


PERMISSION = ResourceType(
    pulumi_type="aws:lambda/permission:Permission",
    cfn="AWS::Lambda::Permission",
    name=AutoName("statementId", limit=100),
    arguments={
        "action": Argument(cfn="Action"),
        "eventSourceToken": Argument(cfn="EventSourceToken"),
        "function": Argument(cfn="FunctionName"),
        "functionUrlAuthType": Argument(cfn="FunctionUrlAuthType"),
        "invokedViaFunctionUrl": Argument(cfn="InvokedViaFunctionUrl"),
        "principal": Argument(cfn="Principal"),
        "principalOrgId": Argument(cfn="PrincipalOrgID"),
        # CloudFormation makes the statement's id itself and knows no qualifier: a statement has no update call.
        "qualifier": Argument(shape="lambda.NumericLatestPublishedOrAliasQualifier", replaces=True),
        "sourceAccount": Argument(cfn="SourceAccount"),
        "sourceArn": Argument(cfn="SourceArn"),
        "statementId": Argument(shape="lambda.StatementId", replaces=True),
        "statementIdPrefix": Argument(shape="lambda.StatementId", replaces=True, kept=True),
    },
    check=_check,
    create=_create,
    read=_read,
    delete=_delete,
    gone=("ResourceNotFoundException",),
)

TYPES = (PERMISSION,)
