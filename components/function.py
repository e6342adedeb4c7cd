"""A Lambda function fed by a queue: package, role, log group with retention, event source mapping.

Owns all four. The package is built from the sources at each run and is byte-identical for equal sources, so a preview
shows a change only where code changed. The log group is made here, with retention and key: a function that made its own
would keep its log for ever, unencrypted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_aws import cloudwatch, lambda_, sqs

from blueprint.functions import FunctionSpec
from blueprint.organisation import Organisation
from blueprint.packages import Package
from blueprint.policies.hub_roles import FUNCTION_ROLES
from blueprint.policies.roles import KeyArns
from components.kms import Keys
from components.options import child
from components.roles import Role, RoleArgs

RUNTIME = "python3.11"
"""The interpreter that the rehearsal runs with."""

PACKAGE_FOLDER = Path("build", "functions")


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionArgs:
    """`spec` says what it is; its handler is `lambdas.<function>.handler.handler`. `root` is the project's folder.

    `ready`: what its first run needs beside its rights.
    """

    organisation: Organisation
    root: Path
    spec: FunctionSpec
    package: Package
    environment: Mapping[str, pulumi.Input[str]]
    queue: sqs.Queue
    keys: Keys
    log_retention_days: int
    ready: Sequence[pulumi.Resource] = ()
    boundary_arn: str | None = None


class Function(pulumi.ComponentResource):
    arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:lambda:Function", name, None, opts)
        names, spec = args.organisation.names, args.spec
        build_role = FUNCTION_ROLES[spec.function]
        role = Role(
            name,
            RoleArgs(
                build=lambda *arns: build_role(args.organisation, KeyArns(*arns)),
                late=args.keys.arns,
                boundary_arn=args.boundary_arn,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        logs = cloudwatch.LogGroup(
            name,
            name=names.log_group(spec.function),
            retention_in_days=args.log_retention_days,
            kms_key_id=args.keys.governance_arn,
            opts=child(self),
        )
        function = lambda_.Function(
            name,
            name=names.function(spec.function),
            description=spec.description,
            role=role.arn,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=f"lambdas.{spec.function}.handler.handler",
            code=pulumi.FileArchive(written(args.root, spec.function, args.package.content)),
            source_code_hash=args.package.sha256_base64,
            memory_size=spec.memory_mb,
            timeout=spec.timeout_seconds,
            reserved_concurrent_executions=spec.reserved_concurrency,
            environment=lambda_.FunctionEnvironmentArgs(variables=dict(args.environment)),
            logging_config=lambda_.FunctionLoggingConfigArgs(log_format="Text", log_group=logs.name),
            opts=child(self, after=[*role.ready, logs, *args.ready]),
        )
        lambda_.EventSourceMapping(
            name,
            event_source_arn=args.queue.arn,
            function_name=function.name,
            batch_size=spec.batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.EventSourceMappingScalingConfigArgs(maximum_concurrency=spec.maximum_concurrency),
            opts=child(self),
        )
        self.arn = function.arn
        self.role_arn = role.arn
        self.register_outputs({"arn": self.arn, "role_arn": self.role_arn})


def written(root: Path, function: str, content: bytes) -> str:
    """The package's path relative to the project, which is where the engine runs the program; written whole or not."""
    path = PACKAGE_FOLDER / f"{function}.zip"
    target = root / path
    if not target.is_file() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(target)
    return path.as_posix()
