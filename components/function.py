"""A Lambda function fed by a queue: package, role, log group with retention, event source mapping.

Owns all four. The package is built from the sources at each run and is byte-identical for equal sources, so a preview
shows a change only where code changed. The log group is made here, with retention and key: a function that made its own
would keep its log for ever, unencrypted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_aws import cloudwatch, lambda_, sqs

from blueprint.names import Function as FunctionName
from blueprint.organisation import Organisation
from blueprint.packages import Package
from blueprint.policies.roles import RoleSpec
from components.options import child
from components.roles import Role, RoleArgs

RUNTIME = "python3.11"
"""The interpreter that the rehearsal runs with."""

TIMEOUT_SECONDS = 60
MEMORY_MB = 256
BATCH_SIZE = 10
MAXIMUM_CONCURRENCY = 5
"""Of one mapping: more writers only contend for the same package's chain."""

PACKAGE_FOLDER = Path("build", "functions")


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionArgs:
    """`function` names it; its handler is `lambdas.<function>.handler.handler`. `root` is the project's folder.

    `batch_size`: messages of an invocation. `maximum_concurrency`: invocations at once by the mapping.
    `reserved_concurrency`: invocations at once whoever invokes, None for no reservation; the account's quota must leave
    100 unreserved (lambda configuration-concurrency). `build_role` makes the role's spec from the late values
    `role_late`.
    """

    organisation: Organisation
    root: Path
    function: FunctionName
    package: Package
    description: str
    environment: Mapping[str, pulumi.Input[str]]
    queue: sqs.Queue
    build_role: Callable[..., RoleSpec]
    role_late: tuple[pulumi.Input[str], ...]
    log_key_arn: pulumi.Input[str]
    log_retention_days: int
    batch_size: int = BATCH_SIZE
    maximum_concurrency: int = MAXIMUM_CONCURRENCY
    reserved_concurrency: int | None = None
    boundary_arn: str | None = None


class Function(pulumi.ComponentResource):
    arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:lambda:Function", name, None, opts)
        names = args.organisation.names
        role = Role(
            name,
            RoleArgs(build=args.build_role, late=args.role_late, boundary_arn=args.boundary_arn),
            pulumi.ResourceOptions(parent=self),
        )
        logs = cloudwatch.LogGroup(
            name,
            name=names.log_group(args.function),
            retention_in_days=args.log_retention_days,
            kms_key_id=args.log_key_arn,
            opts=child(self),
        )
        function = lambda_.Function(
            name,
            name=names.function(args.function),
            description=args.description,
            role=role.arn,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=f"lambdas.{args.function}.handler.handler",
            code=pulumi.FileArchive(_written(args.root, args.function, args.package.content)),
            source_code_hash=args.package.sha256_base64,
            memory_size=MEMORY_MB,
            timeout=TIMEOUT_SECONDS,
            reserved_concurrent_executions=args.reserved_concurrency,
            environment=lambda_.FunctionEnvironmentArgs(variables=dict(args.environment)),
            logging_config=lambda_.FunctionLoggingConfigArgs(log_format="Text", log_group=logs.name),
            opts=child(self, after=[*role.ready, logs]),
        )
        lambda_.EventSourceMapping(
            name,
            event_source_arn=args.queue.arn,
            function_name=function.name,
            batch_size=args.batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.EventSourceMappingScalingConfigArgs(maximum_concurrency=args.maximum_concurrency),
            opts=child(self),
        )
        self.arn = function.arn
        self.role_arn = role.arn
        self.register_outputs({"arn": self.arn, "role_arn": self.role_arn})


def _written(root: Path, function: FunctionName, content: bytes) -> str:
    """The package's path relative to the project, which is where the engine runs the program; written whole or not."""
    path = PACKAGE_FOLDER / f"{function}.zip"
    target = root / path
    if not target.is_file() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(target)
    return path.as_posix()
