"""The data plane: events and schedules fill queues, queues feed the functions that record, walk, collect and prove.

Owns queues, rules, schedules and functions; tables, buckets, keys and bus come in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from blueprint.functions import FUNCTION_SPECS
from blueprint.names import Bucket, Table
from blueprint.names import Function as FunctionName
from blueprint.packages import Package
from blueprint.settings import HubSettings
from components.environment import Surroundings
from components.events import Rules, RulesArgs
from components.function import Function, FunctionArgs
from components.kms import Keys
from components.queues import Queues, QueuesArgs


@dataclass(frozen=True, kw_only=True, slots=True)
class DataPlaneArgs:
    """`root` is the project's folder. `ready`: what the functions' first run needs beside their rights."""

    settings: HubSettings
    root: Path
    packages: Mapping[FunctionName, Package]
    buckets: Mapping[Bucket, pulumi.Input[str]]
    tables: Mapping[Table, pulumi.Input[str]]
    keys: Keys
    bus_name: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]


class DataPlane(pulumi.ComponentResource):
    queues: Queues

    def __init__(self, name: str, args: DataPlaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:capture:DataPlane", name, None, opts)
        settings = args.settings
        organisation = settings.organisation
        inside = pulumi.ResourceOptions(parent=self)
        queues = Queues(name, QueuesArgs(organisation=organisation, key_arn=args.keys.governance_arn), inside)
        Rules(
            name,
            RulesArgs(
                organisation=organisation,
                bus_name=args.bus_name,
                queues=queues,
                schedules=settings.data.schedules,
            ),
            inside,
        )
        surroundings = Surroundings(
            settings=settings,
            tables=args.tables,
            buckets=args.buckets,
            urls={queue: made.url for queue, made in queues.made.items()},
            signing_key_arn=args.keys.anchor_arn,
        )
        for spec in FUNCTION_SPECS:
            Function(
                f"{name}-{spec.function}",
                FunctionArgs(
                    organisation=organisation,
                    root=args.root,
                    spec=spec,
                    package=args.packages[spec.function],
                    environment=surroundings.variables(spec),
                    queue=queues.made[spec.queue],
                    keys=args.keys,
                    log_retention_days=settings.log_retention_days,
                    ready=args.ready,
                    boundary_arn=settings.boundary_arn,
                ),
                inside,
            )
        self.queues = queues
        self.register_outputs({"queue": queues.made["capture"].url})
