"""An IAM role with its inline policies, one per purpose.

Owns the role and its policies. Refuses managed policies: nothing of AWS's (`AmazonSageMakerFullAccess`) is attached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from blueprint.limits import compact
from blueprint.policies.roles import RoleSpec
from components.documents import policy
from components.options import child

UNKNOWN_YET = "arn:aws:kms:unknown"
"""Stands for late values where a spec is only asked for names, descriptions and trust, which depend on none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleArgs:
    """`build` makes the spec from the late values; which policies there are mustn't depend on them."""

    build: Callable[..., RoleSpec]
    late: tuple[pulumi.Input[str], ...] = ()
    boundary_arn: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionalRoleArgs:
    """As RoleArgs. `build` makes None where the configuration names nobody for the role."""

    build: Callable[..., RoleSpec | None]
    late: tuple[pulumi.Input[str], ...] = ()
    boundary_arn: str | None = None


class Role(pulumi.ComponentResource):
    """`ready` are the policies: what uses the role at once depends on them."""

    arn: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: RoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:iam:Role", name, None, opts)
        build = args.build
        spec = build(*(UNKNOWN_YET for _ in args.late))
        role = iam.Role(
            name,
            name=spec.name,
            description=spec.description,
            assume_role_policy=compact(spec.trust),
            permissions_boundary=args.boundary_arn,
            opts=child(self),
        )
        self.ready = [
            iam.RolePolicy(
                f"{name}-{purpose}",
                name=purpose,
                role=role.name,
                policy=policy(lambda *late, purpose=purpose: build(*late).policies[purpose], *args.late),
                opts=child(self),
            )
            for purpose in sorted(spec.policies)
        ]
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def optional_role_arn(name: str, args: OptionalRoleArgs, opts: pulumi.ResourceOptions) -> pulumi.Input[str]:
    """Make a role that the configuration may leave out; its ARN, "" where it does."""
    if args.build(*(UNKNOWN_YET for _ in args.late)) is None:
        return ""

    def build(*late: str) -> RoleSpec:
        spec = args.build(*late)
        assert spec is not None, "whether there is a role mustn't depend on late values"  # noqa: S101
        return spec

    return Role(name, RoleArgs(build=build, late=args.late, boundary_arn=args.boundary_arn), opts).arn
