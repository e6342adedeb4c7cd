"""The model registry: model package groups, and their shares with the spokes by level.

One granting mechanism: RAM shares with customer-managed permissions, no group policy beside them, since RAM joins the
two by OR. Never owns a version or its status: approval isn't the program's. In one organisation there is no invitation
to accept; outside of one each spoke accepts within 12 hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import ram, sagemaker

from blueprint.adoption import NOTHING, Adoption
from blueprint.limits import compact
from blueprint.organisation import Organisation
from blueprint.policies.shares import RESOURCE_TYPE, Share, shares
from blueprint.stateful import Stateful
from components.options import stateful_child

DESCRIPTION = "Governed by ml-governance"
"""The same for ever: a group's description is create-only, and only an empty group can be deleted (botocore sagemaker,
DeleteModelPackageGroup)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryArgs:
    organisation: Organisation
    stateful: Stateful
    adopt: Adoption = NOTHING


class Registry(pulumi.ComponentResource):
    """`groups`: ARN by group name. `shares`: ARN by level."""

    groups: Mapping[str, pulumi.Output[str]]
    shares: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:registry:Registry", name, None, opts)
        self.groups = {group: self._group(name, group, args) for group in args.organisation.groups}
        self.shares = {share.level: self._share(name, share, args.organisation) for share in shares(args.organisation)}
        self.register_outputs({"groups": self.groups, "shares": self.shares})

    def _group(self, name: str, group: str, args: RegistryArgs) -> pulumi.Output[str]:
        adopted = group if group in args.adopt.groups else None
        options = stateful_child(self, args.stateful, adopted=adopted)
        if adopted is not None:
            # It has its maker's, for ever.
            options = pulumi.ResourceOptions.merge(
                options, pulumi.ResourceOptions(ignore_changes=["modelPackageGroupDescription"])
            )
        made = sagemaker.ModelPackageGroup(
            f"{name}-{group}",
            model_package_group_name=group,
            model_package_group_description=DESCRIPTION,
            opts=options,
        )
        arn: pulumi.Output[str] = made.arn
        return arn

    def _share(self, name: str, share: Share, organisation: Organisation) -> pulumi.Output[str]:
        names = organisation.names
        prefix = f"{name}-{share.level}"
        # Made before the old one is deleted, which a permission in use refuses: its name changes with its template.
        permission = ram.Permission(
            prefix,
            name=names.permission(share.level, share.digest),
            resource_type=RESOURCE_TYPE,
            policy_template=compact(share.template),
            opts=pulumi.ResourceOptions(parent=self),
        )
        made = ram.ResourceShare(
            prefix,
            name=names.share(share.level),
            permission_arns=[permission.arn],
            allow_external_principals=organisation.id is None,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for group, arn in self.groups.items():
            ram.ResourceAssociation(
                f"{prefix}-{group}",
                resource_arn=arn,
                resource_share_arn=made.arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        for principal in share.principals:
            ram.PrincipalAssociation(
                f"{prefix}-{principal.label}",
                principal=principal.identifier,
                resource_share_arn=made.arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return made.arn
