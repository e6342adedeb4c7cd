"""The hub: registry, artifacts, keys, ledger, data plane, alarms, notebooks, and the roles of those who decide.

Makes no stack reference: it knows the spokes from the configuration alone. MLflow and dashboards join here as
components of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi

from blueprint.contracts import HubContract
from blueprint.library import facts_of, library
from blueprint.names import PURPOSES, Function
from blueprint.organisation import Organisation
from blueprint.packages import Package
from blueprint.policies.hub_roles import approver_role, execution_role
from blueprint.policies.people_roles import auditor_role, operator_role
from blueprint.policies.roles import KeyArns, RoleSpec
from blueprint.settings import HubSettings
from blueprint.stages import Stage
from components.artifacts import Artifacts, ArtifactsArgs
from components.data_plane import DataPlane, DataPlaneArgs
from components.events import Bus, BusArgs
from components.evidence import Evidence, EvidenceArgs
from components.images import ImagesArgs, repository_urls
from components.kms import Keys, KeysArgs
from components.library import Library, LibraryArgs
from components.observability import Observability, ObservabilityArgs
from components.registry import Registry, RegistryArgs
from components.roles import OptionalRoleArgs, Role, RoleArgs, optional_role_arn
from components.studio import Workplace, WorkplaceArgs
from components.tables import Tables, TablesArgs
from components.tracking import TrackingArgs, tracking_arn


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
        files = library(args.root)
        keys = Keys(
            name,
            KeysArgs(
                organisation=organisation,
                deletion_days=settings.key_deletion_days,
                stateful=stateful,
                adopt=settings.adopt,
            ),
            inside,
        )
        registry = Registry(
            name, RegistryArgs(organisation=organisation, stateful=stateful, adopt=settings.adopt), inside
        )
        artifacts = Artifacts(
            f"{name}-artifacts",
            ArtifactsArgs(
                organisation=organisation, key_arn=keys.artifact_arn, stateful=stateful, adopt=settings.adopt
            ),
            inside,
        )
        tables = Tables(
            name, TablesArgs(organisation=organisation, key_arn=keys.governance_arn, stateful=stateful), inside
        )
        bus = Bus(name, BusArgs(organisation=organisation), inside)
        evidence = Evidence(
            name,
            EvidenceArgs(
                organisation=organisation,
                key_arn=keys.governance_arn,
                retention=settings.data.anchor_retention,
                stateful=stateful,
                adopt=settings.adopt,
            ),
            inside,
        )
        plane = DataPlane(
            name,
            DataPlaneArgs(
                settings=settings,
                root=args.root,
                packages=args.packages,
                buckets={
                    "artifacts": artifacts.bucket,
                    "documents": evidence.documents,
                    "anchors": evidence.anchors,
                },
                tables=tables.names,
                keys=keys,
                bus_name=bus.bus_name,
                ready=evidence.ready,
            ),
            inside,
        )
        observability = Observability(name, ObservabilityArgs(settings=settings, key_arn=keys.governance_arn), inside)
        auditor_arn, operator_arn = self._roles(name, settings, keys)
        tracking_arn(f"{name}-tracking", TrackingArgs(settings=settings), inside)
        published = Library(
            f"{name}-notebooks",
            LibraryArgs(settings=settings, root=args.root, files=files, key_arn=keys.artifact_arn),
            inside,
        )
        facts = facts_of(organisation, files)
        execution = self._execution(name, settings, keys)
        workplace = Workplace(
            f"{name}-studio",
            WorkplaceArgs(
                settings=settings,
                root=args.root,
                execution_role_arn=execution.arn,
                execution_ready=execution.ready,
                library=facts,
            ),
            inside,
        )
        images = ImagesArgs(organisation=organisation, key_arn=keys.artifact_arn, stateful=stateful)
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
            spokes={spoke.stack: spoke.account for spoke in organisation.spokes},
            admitted_purposes=list(PURPOSES),
            tables={table: tables.names[table] for table in tables.names},
            documents_bucket=evidence.documents,
            anchors_bucket=evidence.anchors,
            signing_key_arn=keys.anchor_arn,
            queues={queue: made.url for queue, made in plane.queues.made.items()},
            alarm_topic_arn=observability.topic_arn,
            sink_arn=observability.sink_arn,
            auditor_role_arn=auditor_arn,
            operator_role_arn=operator_arn,
            repositories=repository_urls(f"{name}-images", images, inside),
            notebooks_bucket=published.bucket,
            notebooks=facts.files,
            domain_id=workplace.domain_id,
            user_profiles=workplace.profiles,
        )
        self.register_outputs(self.contract.export())

    def _execution(self, name: str, settings: HubSettings, keys: Keys) -> Role:
        """The hub's own execution role."""
        tracking = settings.tracking.resolved(settings.organisation, settings.stack)
        execution = RoleArgs(
            build=lambda artifact_key: execution_role(settings.organisation, artifact_key, tracking),
            late=(keys.artifact_arn,),
            boundary_arn=settings.boundary_arn,
        )
        return Role(f"{name}-execution", execution, pulumi.ResourceOptions(parent=self))

    def _roles(
        self, name: str, settings: HubSettings, keys: Keys
    ) -> tuple[pulumi.Input[str], pulumi.Input[str]]:  # fmt: skip
        """One approver role per stage, and the auditor's and operator's, whose ARNs it hands on."""
        organisation, inside = settings.organisation, pulumi.ResourceOptions(parent=self)

        def approver(stage: Stage) -> RoleArgs:
            return RoleArgs(
                build=lambda *arns: approver_role(organisation, stage, KeyArns(*arns)),
                late=keys.arns,
                boundary_arn=settings.boundary_arn,
            )

        for stage in organisation.stages:
            Role(f"{name}-approver-{stage.name}", approver(stage), inside)

        def of_people(
            purpose: str, build: Callable[[Organisation, KeyArns], RoleSpec | None]
        ) -> pulumi.Input[str]:  # fmt: skip
            args = OptionalRoleArgs(
                build=lambda *arns: build(organisation, KeyArns(*arns)),
                late=keys.arns,
                boundary_arn=settings.boundary_arn,
            )
            return optional_role_arn(f"{name}-{purpose}", args, inside)

        return of_people("auditor", auditor_role), of_people("operator", operator_role)
