"""AWS Lambda: the resource policy of a function.

Source: API AddPermission, lambda/access-control-resource-based.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, condition_keys, serves
from rehearsal.organisation.runtime.functions import Function
from rehearsal.organisation.services.lambda_.functions import SOURCE, function_of, needs
from rehearsal.organisation.services.lambda_.packages import invalid

MAX_POLICY_BYTES = 20_480

condition_keys("lambda", "lambda:Principal", "lambda:FunctionUrlAuthType", "lambda:EventSourceToken")


@serves("lambda", "AddPermission", source=f"{SOURCE}/API_AddPermission", needs=needs)
def add_permission(org: Organisation, call: Call) -> Params:
    function, params = function_of(org, call), call.params
    for unknown in ("FunctionUrlAuthType", "InvokedViaFunctionUrl", "EventSourceToken"):
        if unknown in params:
            raise NotEmulated(f"lambda: AddPermission with {unknown}")
    if any(one["Sid"] == params["StatementId"] for one in function.statements):
        raise ApiError(
            "ResourceConflictException",
            f"The statement id ({params['StatementId']}) provided already exists. Please provide a new statement "
            "id, or remove the existing statement.",
            409,
            Type="User",
        )
    statement = _statement(function, params)
    if len(json.dumps([*function.statements, statement])) > MAX_POLICY_BYTES:
        raise ApiError(
            "PolicyLengthExceededException", "The final policy size is bigger than the limit (20480).", Type="User"
        )
    function.statements.append(statement)
    function.revision = str(uuid.uuid4())
    return {"Statement": json.dumps(statement)}


def _statement(function: Function, params: Params) -> dict[str, Any]:
    if not re.fullmatch(r"lambda:[*]|lambda:[a-zA-Z]+|[*]", params["Action"]):
        raise invalid(f"Action {params['Action']} is no action of Lambda")
    who = params["Principal"]
    principal: Any = {"AWS": f"arn:aws:iam::{who}:root"} if re.fullmatch(r"\d{12}", who) else {"AWS": who}
    if who == "*":
        principal = "*"
    elif who.endswith(".amazonaws.com"):
        principal = {"Service": who}
    elif not re.fullmatch(r"\d{12}|arn:aws:(iam|sts)::\d{12}:.+", who):
        raise invalid("The provided principal was invalid. Please check the principal and try again.")
    statement: dict[str, Any] = {
        "Sid": params["StatementId"], "Effect": "Allow", "Principal": principal, "Action": params["Action"],
        "Resource": function.arn,
    }  # fmt: skip
    conditions: dict[str, dict[str, str]] = {}
    if "SourceArn" in params:
        conditions.setdefault("ArnLike", {})["AWS:SourceArn"] = params["SourceArn"]
    if "SourceAccount" in params:
        conditions.setdefault("StringEquals", {})["AWS:SourceAccount"] = params["SourceAccount"]
    if "PrincipalOrgID" in params:
        conditions.setdefault("StringEquals", {})["aws:PrincipalOrgID"] = params["PrincipalOrgID"]
    return {**statement, "Condition": conditions} if conditions else statement


@serves("lambda", "RemovePermission", source=f"{SOURCE}/API_RemovePermission", needs=needs)
def remove_permission(org: Organisation, call: Call) -> Params:
    function, sid = function_of(org, call), call.params["StatementId"]
    kept = [one for one in function.statements if one["Sid"] != sid]
    if len(kept) == len(function.statements):
        raise ApiError(
            "ResourceNotFoundException", f"Statement {sid} is not found in resource policy.", 404, Type="User"
        )
    function.statements = kept
    return {}


@serves("lambda", "GetPolicy", source=f"{SOURCE}/API_GetPolicy", needs=needs)
def get_policy(org: Organisation, call: Call) -> Params:
    function = function_of(org, call)
    if not function.statements:
        raise ApiError("ResourceNotFoundException", "The resource you requested does not exist.", 404, Type="User")
    document = {"Version": "2012-10-17", "Id": "default", "Statement": function.statements}
    return {"Policy": json.dumps(document), "RevisionId": function.revision}
