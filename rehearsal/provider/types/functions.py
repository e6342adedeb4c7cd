"""aws.lambda_: Function. Id: the function's name. Packages are zip archives or objects in S3; images aren't served."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.provider.archives import zipped
from rehearsal.provider.clients import Clients, NeverReady, wait_until
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import LAMBDA_TAGS
from rehearsal.provider.values import UNKNOWN, Archive, Props, without_none

VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
"""botocore's pattern of lambda.EnvironmentVariableName; it holds for a map's keys, which have no path of their own."""

UNRESERVED = -1
"""What the Terraform provider says for a function without reserved concurrency."""

CODE = ("code", "s3Bucket", "s3Key", "s3ObjectVersion", "sourceCodeHash", "architectures")
CONFIGURATION = {
    "description": "Description", "handler": "Handler", "kmsKeyArn": "KMSKeyArn", "layers": "Layers",
    "memorySize": "MemorySize", "role": "Role", "runtime": "Runtime", "timeout": "Timeout",
}  # fmt: skip
LOGGING = {
    "applicationLogLevel": "ApplicationLogLevel", "logFormat": "LogFormat", "logGroup": "LogGroup",
    "systemLogLevel": "SystemLogLevel",
}  # fmt: skip
BLOCKS = ("deadLetterConfig", "environment", "ephemeralStorage", "loggingConfig", "tracingConfig")
CHANGES_ANYTHING = (*CODE, *CONFIGURATION, *BLOCKS)


def _package(args: Props) -> Props:
    """The code of a create or update call, from the archive or from S3."""
    code = args.get("code")
    if isinstance(code, Archive):
        return {"ZipFile": zipped(code)}
    names = {"s3Bucket": "S3Bucket", "s3Key": "S3Key", "s3ObjectVersion": "S3ObjectVersion"}
    return {api: args[name] for name, api in names.items() if args.get(name)}


def _configuration(args: Props) -> Props:
    """The parameters that CreateFunction and UpdateFunctionConfiguration share."""
    letters, environment = args.get("deadLetterConfig") or {}, args.get("environment") or {}
    logging = args.get("loggingConfig") or {}
    return {
        **{api: args.get(name) for name, api in CONFIGURATION.items()},
        "DeadLetterConfig": {"TargetArn": letters["targetArn"]} if letters else None,
        "Environment": {"Variables": environment["variables"]} if environment.get("variables") else None,
        "EphemeralStorage": {"Size": args["ephemeralStorage"]["size"]} if args.get("ephemeralStorage") else None,
        "LoggingConfig": {api: logging[key] for key, api in LOGGING.items() if logging.get(key)} or None,
        "TracingConfig": {"Mode": args["tracingConfig"]["mode"]} if args.get("tracingConfig") else None,
    }


def _create(aws: Clients, args: Props) -> str:
    aws.call(
        "lambda", "create_function",
        FunctionName=args["name"], Code=_package(args), PackageType=args["packageType"], Publish=args["publish"],
        Architectures=args.get("architectures"), CodeSigningConfigArn=args.get("codeSigningConfigArn"),
        Tags=args.get("tagsAll") or None, **_configuration(args),
    )  # fmt: skip
    name: str = args["name"]
    return name


def _describe(aws: Clients, name: str) -> Props:
    found: Props = aws.call("lambda", "get_function_configuration", FunctionName=name)
    return found


def _wait(aws: Clients, name: str) -> None:
    """Until the function is Active and its last update is through; both may be absent in an old answer."""

    def ready() -> bool:
        found = _describe(aws, name)
        states = {found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")}
        if "Failed" in states:
            reason = found.get("StateReason") or found.get("LastUpdateStatusReason")
            raise NeverReady(f"the function {name} failed: {reason}")
        return not states & {"Pending", "InProgress"}

    wait_until(ready, f"the function {name} didn't become Active")


def _configure(aws: Clients, physical_id: str, args: Props) -> None:
    _wait(aws, physical_id)
    if args["reservedConcurrentExecutions"] != UNRESERVED:
        _reserve(aws, physical_id, args["reservedConcurrentExecutions"])


def _reserve(aws: Clients, name: str, executions: int) -> None:
    if executions == UNRESERVED:
        aws.call("lambda", "delete_function_concurrency", FunctionName=name)
    else:
        aws.call("lambda", "put_function_concurrency", FunctionName=name, ReservedConcurrentExecutions=executions)


def _invoke_arn(region: str, arn: str) -> str:
    return f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"


def _version(aws: Clients, name: str) -> str:
    """The newest published version, `$LATEST` without one (terraform-provider-aws function.go)."""
    versions = aws.pages("lambda", "list_versions_by_function", "Versions", FunctionName=name)
    return str(versions[-1]["Version"]) if versions else "$LATEST"


def _blocks(found: Props) -> dict[str, Any]:
    variables = found.get("Environment", {}).get("Variables")
    letters = found.get("DeadLetterConfig", {}).get("TargetArn")
    logging = {key: found.get("LoggingConfig", {}).get(api) for key, api in LOGGING.items()}
    return {
        "environment": {"variables": variables} if variables else None,
        "deadLetterConfig": {"targetArn": letters} if letters else None,
        "ephemeralStorage": {"size": found["EphemeralStorage"]["Size"]} if found.get("EphemeralStorage") else None,
        "loggingConfig": without_none(logging) or None,
        "tracingConfig": {"mode": found["TracingConfig"]["Mode"]} if found.get("TracingConfig") else None,
    }


def _read(aws: Clients, physical_id: str, known: Props) -> Props:
    answer = aws.call("lambda", "get_function", FunctionName=physical_id)
    found = answer["Configuration"]
    arn = found["FunctionArn"]
    version = _version(aws, physical_id)
    layers = [layer["Arn"] for layer in found.get("Layers") or ()]
    given_hash = known.get("sourceCodeHash")
    return {
        "name": found["FunctionName"],
        "arn": arn,
        "invokeArn": _invoke_arn(aws.region, arn),
        "version": version,
        "qualifiedArn": f"{arn}:{version}",
        "qualifiedInvokeArn": _invoke_arn(aws.region, f"{arn}:{version}"),
        "lastModified": found["LastModified"],
        "sourceCodeSize": found["CodeSize"],
        "codeSha256": found["CodeSha256"],
        "sourceCodeHash": found["CodeSha256"] if given_hash in (None, UNKNOWN) else given_hash,
        "packageType": found.get("PackageType", "Zip"),
        "architectures": found.get("Architectures", ["x86_64"]),
        "reservedConcurrentExecutions": answer.get("Concurrency", {}).get("ReservedConcurrentExecutions", UNRESERVED),
        **{key: found.get(api) or None for key, api in CONFIGURATION.items() if key != "layers"},
        "layers": layers or None,
        "signingJobArn": found.get("SigningJobArn", ""),
        "signingProfileVersionArn": found.get("SigningProfileVersionArn", ""),
        **_blocks(found),
    }


def _update_configuration(aws: Clients, name: str, old: Props, new: Props) -> None:
    changed = [key for key in (*CONFIGURATION, *BLOCKS) if new.get(key) != old.get(key)]
    if not changed:
        return
    emptied = {
        "Description": "",
        "Layers": [],
        "KMSKeyArn": "",
        "Environment": {},
        "DeadLetterConfig": {"TargetArn": ""},
    }
    wanted = _configuration(new)
    for key in changed:  # what was removed from the program is emptied: Lambda keeps what isn't sent
        api = CONFIGURATION.get(key, f"{key[0].upper()}{key[1:]}")
        if wanted.get(api) is None and api in emptied:
            wanted[api] = emptied[api]
    aws.call("lambda", "update_function_configuration", FunctionName=name, **wanted)
    _wait(aws, name)


def _same_code(old: Props, new: Props) -> bool:
    before, after = old.get("code"), new.get("code")
    if isinstance(before, Archive) and isinstance(after, Archive) and before.hash != after.hash:
        return False
    return all(old.get(key) == new.get(key) for key in CODE if key != "code" and new.get(key) is not None)


def _update(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    _update_configuration(aws, physical_id, old, new)
    if not _same_code(old, new) or ("code" in new and "code" not in old):
        architectures = new.get("architectures")
        aws.call(
            "lambda", "update_function_code", FunctionName=physical_id, Architectures=architectures, **_package(new)
        )  # fmt: skip
        _wait(aws, physical_id)
    if new["reservedConcurrentExecutions"] != old.get("reservedConcurrentExecutions"):
        _reserve(aws, physical_id, new["reservedConcurrentExecutions"])
    if new["publish"] and any(new.get(key) != old.get(key) for key in CHANGES_ANYTHING if new.get(key) is not None):
        aws.call("lambda", "publish_version", FunctionName=physical_id)
        _wait(aws, physical_id)


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    if not state.get("skipDestroy"):
        aws.call("lambda", "delete_function", FunctionName=physical_id)


def _check(args: Props) -> list[tuple[str, str]]:
    found = []
    if ("code" in args) == ("s3Bucket" in args):
        found.append(("code", "set exactly one of code (an archive) and s3Bucket: a function has one package"))
    if ("s3Bucket" in args) != ("s3Key" in args):
        found.append(("s3Key", "s3Bucket and s3Key must be set together"))
    found += [
        (key, f"{key} must be set when packageType is Zip") for key in ("handler", "runtime") if not args.get(key)
    ]
    return found


FUNCTION = ResourceType(
    pulumi_type="aws:lambda/function:Function",
    cfn="AWS::Lambda::Function",
    name=AutoName(limit=64),
    arguments={
        "architectures": Argument(cfn="Architectures", shape="lambda.ArchitecturesList"),
        "code": Argument(kept=True),
        "codeSigningConfigArn": Argument(cfn="CodeSigningConfigArn", kept=True),
        "deadLetterConfig": Argument(),
        "deadLetterConfig.targetArn": Argument(cfn="DeadLetterConfig.TargetArn", shape="lambda.ResourceArn"),
        "description": Argument(cfn="Description"),
        "environment": Argument(),
        "environment.variables": Argument(cfn="Environment.Variables"),
        "ephemeralStorage": Argument(),
        "ephemeralStorage.size": Argument(cfn="EphemeralStorage.Size"),
        "handler": Argument(cfn="Handler", shape="lambda.Handler"),
        "kmsKeyArn": Argument(cfn="KmsKeyArn"),
        "layers": Argument(cfn="Layers"),
        "loggingConfig": Argument(),
        "loggingConfig.applicationLogLevel": Argument(cfn="LoggingConfig.ApplicationLogLevel", computed=True),
        "loggingConfig.logFormat": Argument(cfn="LoggingConfig.LogFormat"),
        "loggingConfig.logGroup": Argument(cfn="LoggingConfig.LogGroup", computed=True),
        "loggingConfig.systemLogLevel": Argument(cfn="LoggingConfig.SystemLogLevel", computed=True),
        "memorySize": Argument(cfn="MemorySize", default=128),
        "name": Argument(cfn="FunctionName"),
        "packageType": Argument(cfn="PackageType", default="Zip"),
        "publish": Argument(default=False, kept=True),
        "reservedConcurrentExecutions": Argument(default=UNRESERVED),
        "role": Argument(cfn="Role"),
        "runtime": Argument(cfn="Runtime", shape="lambda.Runtime"),
        "s3Bucket": Argument(cfn="Code.S3Bucket", kept=True),
        "s3Key": Argument(cfn="Code.S3Key", kept=True),
        "s3ObjectVersion": Argument(cfn="Code.S3ObjectVersion", kept=True),
        "skipDestroy": Argument(default=False, kept=True),
        "sourceCodeHash": Argument(),
        "timeout": Argument(cfn="Timeout", shape="lambda.Timeout", default=3),
        "tracingConfig": Argument(),
        "tracingConfig.mode": Argument(cfn="TracingConfig.Mode", shape="lambda.TracingMode"),
    },
    tags=LAMBDA_TAGS,
    check=_check,
    create=_create,
    configure=_configure,
    read=_read,
    update=_update,
    delete=_delete,
    gone=("ResourceNotFoundException",),
    recomputed={
        **dict.fromkeys(("codeSha256", "sourceCodeSize", "sourceCodeHash"), CODE[:5]),
        "lastModified": CHANGES_ANYTHING,
    },
)

TYPES = (FUNCTION,)
