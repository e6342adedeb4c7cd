"""All roles of a spoke, for whoever looks at every one: sizes, checks, proofs."""

from __future__ import annotations

from blueprint.organisation import Organisation, Spoke
from blueprint.policies.data_roles import reader_role
from blueprint.policies.deployer_role import deployer_role
from blueprint.policies.roles import RoleSpec
from blueprint.policies.spoke_roles import execution_role, forwarder_role, serving_role


def spoke_roles(organisation: Organisation, spoke: Spoke, artifact_key_arn: str) -> tuple[RoleSpec, ...]:
    """The roles that a spoke's stack makes; in same-account mode none that shows the account to the hub."""
    deployer = deployer_role(organisation, spoke)
    watched = (
        () if organisation.same_account else (forwarder_role(organisation, spoke), reader_role(organisation, spoke))
    )
    return (
        execution_role(organisation, spoke, artifact_key_arn),
        serving_role(organisation, spoke, artifact_key_arn),
        *(() if deployer is None else (deployer,)),
        *watched,
    )
