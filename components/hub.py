"""The hub: registry, artifacts, keys, ledger, capture, and the roles of those who decide.

Makes no stack reference: it knows the spokes from the configuration alone. Studio, MLflow, metrics and dashboards join
here as components of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi

from blueprint.contracts import HubContract, admitted_roles
from blueprint.names import Function
from blueprint.packages import Package
from blueprint.policies.hub_roles import approver_role, execution_role
from blueprint.settings import HubSettings
from blueprint.stages import Stage
from components.artifacts import Artifacts, ArtifactsArgs
from components.capture import Capture, CaptureArgs
from components.events import Bus, BusArgs
from components.kms import Keys, KeysArgs
from components.registry import Registry, RegistryArgs
from components.roles import Role, RoleArgs
from components.tables import Tables, TablesArgs


@dataclass(frozen=True, kw_only=True, slots=True)
class HubArgs:
    """`root` is the project's folder, under which the functions' packages are written."""

    settings: HubSettings
    root: Path
    packages: Mapping[Function, Package]


class Hub(pulumi.ComponentResource):
    contract: HubContract

    def __init__(self, name: str, args: HubArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:hub:Hub", name, None, opts)
        settings = args.settings
        organisation, stateful = settings.organisation, settings.stateful
        inside = pulumi.ResourceOptions(parent=self)
        keys = Keys(
            name,
            KeysArgs(organisation=organisation, deletion_days=settings.key_deletion_days, stateful=stateful),
            inside,
        )
        registry = Registry(name, RegistryArgs(organisation=organisation, stateful=stateful), inside)
        artifacts = Artifacts(
            f"{name}-artifacts",
            ArtifactsArgs(organisation=organisation, key_arn=keys.artifact_arn, stateful=stateful),
            inside,
        )
        tables = Tables(
            name, TablesArgs(organisation=organisation, key_arn=keys.governance_arn, stateful=stateful), inside
        )
        bus = Bus(name, BusArgs(organisation=organisation), inside)
        Capture(
            name,
            CaptureArgs(
                settings=settings,
                root=args.root,
                packages=args.packages,
                artifact_bucket=artifacts.bucket,
                artifact_key_arn=keys.artifact_arn,
                governance_key_arn=keys.governance_arn,
                bus_name=bus.bus_name,
                tables=tables.names,
            ),
            inside,
        )
        self._roles(name, settings, keys)
        self.contract = HubContract(
            account=organisation.hub,
            region=organisation.region,
            prefix=organisation.prefix,
            organisation=organisation.id or "",
            artifact_bucket=artifacts.bucket,
            artifact_bucket_arn=artifacts.bucket_arn,
            artifact_key_arn=keys.artifact_arn,
            governance_bus_arn=bus.arn,
            model_package_groups=registry.groups,
            shares=registry.shares,
            admitted_roles={spoke.stack: admitted_roles(organisation, spoke) for spoke in organisation.spokes},
            tables={table: tables.names[table] for table in tables.names},
        )
        self.register_outputs(self.contract.export())

    def _roles(self, name: str, settings: HubSettings, keys: Keys) -> None:
        """The hub's own execution role, and one approver role per stage."""
        organisation, inside = settings.organisation, pulumi.ResourceOptions(parent=self)

        def approver(stage: Stage) -> RoleArgs:
            return RoleArgs(
                build=lambda artifact_key, governance_key: approver_role(
                    organisation, stage, artifact_key, governance_key
                ),
                late=(keys.artifact_arn, keys.governance_arn),
                boundary_arn=settings.boundary_arn,
            )

        execution = RoleArgs(
            build=lambda artifact_key: execution_role(organisation, artifact_key),
            late=(keys.artifact_arn,),
            boundary_arn=settings.boundary_arn,
        )
        Role(f"{name}-execution", execution, inside)
        for stage in organisation.stages:
            Role(f"{name}-approver-{stage.name}", approver(stage), inside)
