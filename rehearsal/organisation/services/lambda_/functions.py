"""AWS Lambda: functions, their code, configuration, concurrency and tags.

Sources: botocore's lambda model, the Lambda API reference. Versions and aliases are not emulated: `$LATEST` only.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Need,
    NotEmulated,
    Organisation,
    Params,
    pass_role,
    resource_policy,
    resource_tags,
    serves,
)
from rehearsal.organisation.runtime.functions import Function, find_function, functions, split_name
from rehearsal.organisation.runtime.pool import ACCOUNT_CONCURRENCY, LAMBDA
from rehearsal.organisation.services.lambda_.packages import (
    check_role,
    check_settings,
    invalid,
    read_package,
    use_environment_key,
)

SOURCE = "lambda/api"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
LEAST_UNRESERVED = 100
"""Concurrency that an account must keep unreserved (lambda/configuration-concurrency)."""

KEPT = (
    "Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize", "DeadLetterConfig", "Environment",
    "KMSKeyArn", "TracingConfig", "Architectures", "EphemeralStorage", "LoggingConfig",
)  # fmt: skip


def function_of(org: Organisation, call: Call) -> Function:
    """The function that a call names, by name or ARN.

    Raises ApiError (ResourceNotFoundException), NotEmulated (a version or alias).
    """
    if call.params.get("Qualifier", "$LATEST") != "$LATEST":
        raise NotEmulated(f"lambda: version or alias {call.params['Qualifier']}")
    return find_function(org, call.params["FunctionName"], call.caller.account, call.region)


def needs(org: Organisation, call: Call) -> Iterable[Need]:
    """The action named as the operation, on the function's ARN."""
    given = call.params.get("FunctionName") or call.params.get("Resource", "*")
    account, region, name, _ = split_name(given, call.caller.account, call.region)
    action = {"Invoke": "InvokeFunction"}.get(call.operation, call.operation)
    arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
    if "event-source-mapping" in given:
        arn, account = given, given.split(":")[4]
    yield Need(f"lambda:{action}", arn, account)
    if call.operation == "CreateFunction" and call.params.get("Tags"):
        yield Need("lambda:TagResource", arn, account)
    if call.operation in ("CreateFunction", "UpdateFunctionConfiguration") and "Role" in call.params:
        yield pass_role(call.params["Role"], LAMBDA)


@resource_policy("lambda")
def policy_of(org: Organisation, arn: str, account: str, region: str) -> Mapping[str, Any] | None:
    function = _by_arn(org, arn)
    return {"Version": "2012-10-17", "Statement": function.statements} if function and function.statements else None


@resource_tags("lambda")
def tags_of(org: Organisation, arn: str, account: str, region: str) -> Mapping[str, str] | None:
    function = _by_arn(org, arn)
    return function.tags if function else None


def _by_arn(org: Organisation, arn: str) -> Function | None:
    parts = arn.split(":")
    return functions(org, parts[4], parts[3]).get(parts[6]) if parts[5] == "function" else None


@serves(
    "lambda",
    "CreateFunction",
    source=f"{SOURCE}/API_CreateFunction",
    needs=needs,
    fidelity="emulated",
    note="active at once",
)
def create_function(org: Organisation, call: Call) -> Params:
    params = call.params
    account, region, name, _ = split_name(params["FunctionName"], call.owner, call.region)
    if params.get("Publish"):
        raise NotEmulated("lambda: CreateFunction with Publish")
    if not NAME.fullmatch(name):
        raise invalid(f"The function name {name} must be 1 to 64 letters, digits, '-' or '_'")
    if name in functions(org, account, region):
        raise ApiError("ResourceConflictException", f"Function already exist: {name}", 409, Type="User")
    check_settings(org, params, event="create")
    code = read_package(org, call, params["Code"])
    check_role(org, params["Role"], name)
    if key := params.get("KMSKeyArn"):
        use_environment_key(org, call, key, "kms:CreateGrant", "kms:Encrypt", "kms:Decrypt")
    settings = {key: params[key] for key in KEPT if params.get(key) not in (None, "", {})}
    function = Function(
        name, account, region, settings, code, org.clock.now(), str(uuid.uuid4()), dict(params.get("Tags", {}))
    )
    functions(org, account, region)[name] = function
    return configuration(org, call, function)


def configuration(org: Organisation, call: Call, function: Function) -> Params:
    """The function as the API shows it; its variables only to who may decrypt them."""
    settings = function.settings
    shown: Params = {
        "FunctionName": function.name, "FunctionArn": function.arn, "CodeSize": len(function.code),
        "Description": "", "Timeout": function.timeout_seconds, "MemorySize": function.memory_mb,
        "LastModified": f"{function.modified:%Y-%m-%dT%H:%M:%S}.{function.modified.microsecond // 1000:03d}+0000",
        "CodeSha256": function.code_sha256, "Version": "$LATEST", "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": function.revision, "State": "Active", "LastUpdateStatus": "Successful", "PackageType": "Zip",
        "Architectures": ["x86_64"], "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        **{name: value for name, value in settings.items() if name != "Environment"},
    }  # fmt: skip
    shown["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": function.log_group}
    if function.variables:
        shown["Environment"] = {"Variables": dict(function.variables)}
        if key := settings.get("KMSKeyArn"):
            try:
                use_environment_key(org, call, key, "kms:Decrypt")
            except NotEmulated:
                raise
            except ApiError as error:
                message = (
                    "Lambda was unable to decrypt your environment variables because the KMS access was "
                    f"denied: {error.message}"
                )
                shown["Environment"] = {"Error": {"ErrorCode": "AccessDeniedException", "Message": message}}
    return shown


@serves(
    "lambda",
    "GetFunction",
    source=f"{SOURCE}/API_GetFunction",
    needs=needs,
    fidelity="emulated",
    note="Code has no download link",
)
def get_function(org: Organisation, call: Call) -> Params:
    function = function_of(org, call)
    answer: Params = {"Configuration": configuration(org, call, function), "Code": {"RepositoryType": "S3"}}
    if function.tags:
        answer["Tags"] = dict(function.tags)
    if function.reserved_concurrency is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
    return answer


@serves("lambda", "GetFunctionConfiguration", source=f"{SOURCE}/API_GetFunctionConfiguration", needs=needs)
def get_function_configuration(org: Organisation, call: Call) -> Params:
    return configuration(org, call, function_of(org, call))


@serves("lambda", "ListFunctions", source=f"{SOURCE}/API_ListFunctions", fidelity="emulated", note="one page",
        needs=lambda org, call: [Need("lambda:ListFunctions", "*", call.caller.account)])  # fmt: skip
def list_functions(org: Organisation, call: Call) -> Params:
    found = functions(org, call.owner, call.region)
    if len(found) > call.params.get("MaxItems", 50):
        raise NotEmulated(f"lambda: ListFunctions beyond one page ({len(found)} functions)")
    return {"Functions": [configuration(org, call, found[name]) for name in sorted(found)]}


@serves("lambda", "ListVersionsByFunction", source=f"{SOURCE}/API_ListVersionsByFunction", needs=needs)
def list_versions(org: Organisation, call: Call) -> Params:
    return {"Versions": [configuration(org, call, function_of(org, call))]}


def _require_revision(call: Call, function: Function) -> None:
    if call.params.get("RevisionId", function.revision) != function.revision:
        raise ApiError(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API "
            "to retrieve the latest Revision Id",
            412,
        )


@serves("lambda", "UpdateFunctionCode", source=f"{SOURCE}/API_UpdateFunctionCode", needs=needs)
def update_function_code(org: Organisation, call: Call) -> Params:
    function, params = function_of(org, call), call.params
    _require_revision(call, function)
    if params.get("Publish"):
        raise NotEmulated("lambda: UpdateFunctionCode with Publish")
    check_settings(org, function.settings, event="update")
    code = read_package(org, call, params)
    if not params.get("DryRun"):
        function.code, function.modified, function.revision = code, org.clock.now(), str(uuid.uuid4())
        if "Architectures" in params:
            function.settings["Architectures"] = params["Architectures"]
    return configuration(org, call, function)


@serves("lambda", "UpdateFunctionConfiguration", source=f"{SOURCE}/API_UpdateFunctionConfiguration", needs=needs)
def update_function_configuration(org: Organisation, call: Call) -> Params:
    function, params = function_of(org, call), call.params
    _require_revision(call, function)
    given = {key: value for key, value in params.items() if key not in ("FunctionName", "RevisionId")}
    settings = {**function.settings, **given}
    check_settings(org, settings, event="update")
    if "Role" in given:
        check_role(org, given["Role"], function.name)
    if key := settings.get("KMSKeyArn"):
        use_environment_key(org, call, key, "kms:CreateGrant", "kms:Encrypt", "kms:Decrypt")
    function.settings = {key: settings[key] for key in KEPT if settings.get(key) not in (None, "", {})}
    function.modified, function.revision = org.clock.now(), str(uuid.uuid4())
    return configuration(org, call, function)


@serves("lambda", "DeleteFunction", source=f"{SOURCE}/API_DeleteFunction", needs=needs)
def delete_function(org: Organisation, call: Call) -> Params:
    function = function_of(org, call)
    del functions(org, function.account, function.region)[function.name]
    org.component("lambda").pool.forget(function.arn)
    return {}


@serves(
    "lambda", "PutFunctionConcurrency", "GetFunctionConcurrency", "DeleteFunctionConcurrency",
    source=f"{SOURCE}/API_PutFunctionConcurrency", needs=needs,
)  # fmt: skip
def concurrency(org: Organisation, call: Call) -> Params:
    function = function_of(org, call)
    if call.operation == "DeleteFunctionConcurrency":
        function.reserved_concurrency = None
        return {}
    if call.operation == "PutFunctionConcurrency":
        wanted = call.params["ReservedConcurrentExecutions"]
        others = functions(org, function.account, function.region).values()
        reserved = sum(one.reserved_concurrency or 0 for one in others if one is not function)
        if ACCOUNT_CONCURRENCY - reserved - wanted < LEAST_UNRESERVED:
            raise invalid(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}]."
            )
        function.reserved_concurrency = wanted
    reserved_now = function.reserved_concurrency
    return {} if reserved_now is None else {"ReservedConcurrentExecutions": reserved_now}


@serves(
    "lambda", "PutFunctionEventInvokeConfig", "GetFunctionEventInvokeConfig", "DeleteFunctionEventInvokeConfig",
    source=f"{SOURCE}/API_PutFunctionEventInvokeConfig", needs=needs,
)  # fmt: skip
def event_invoke_config(org: Organisation, call: Call) -> Params:
    function = function_of(org, call)
    if call.operation == "PutFunctionEventInvokeConfig":
        given = {k: v for k, v in call.params.items() if k not in ("FunctionName", "Qualifier")}
        for one in given.get("DestinationConfig", {}).values():
            if one and one.get("Destination", "").split(":")[2:3] != ["sqs"]:
                raise NotEmulated(f"lambda: a destination other than a queue ({one.get('Destination')})")
        function.event_invoke = given
    if function.event_invoke is None:
        raise ApiError(
            "ResourceNotFoundException",
            f"The function {function.arn}:$LATEST doesn't have an EventInvokeConfig",
            404,
            Type="User",
        )
    shown = {"FunctionArn": f"{function.arn}:$LATEST", "LastModified": function.modified, **function.event_invoke}
    if call.operation == "DeleteFunctionEventInvokeConfig":
        function.event_invoke = None
        return {}
    return shown


@serves("lambda", "TagResource", "UntagResource", "ListTags", source=f"{SOURCE}/API_TagResource", needs=needs)
def tags(org: Organisation, call: Call) -> Params:
    if ":event-source-mapping:" in call.params["Resource"]:
        from rehearsal.organisation.services.lambda_.mappings import mapping_tags

        found = mapping_tags(org, call, call.params["Resource"].rsplit(":", 1)[-1])
    else:
        found = find_function(org, call.params["Resource"], call.owner, call.region).tags
    if call.operation == "ListTags":
        return {"Tags": dict(found)}
    found |= call.params.get("Tags", {})
    for key in call.params.get("TagKeys", []):
        found.pop(key, None)
    return {}
