"""All roles of a spoke, for whoever looks at every one: sizes, checks, proofs."""

from __future__ import annotations

from blueprint.organisation import Organisation, Spoke
from blueprint.policies.data_roles import reader_role
from blueprint.policies.deployer_role import deployer_role
from blueprint.policies.roles import RoleSpec
from blueprint.policies.spoke_roles import execution_role, forwarder_role, serving_role
from blueprint.policies.tracking_roles import tracking_role
from blueprint.tracking_settings import TrackingKind, TrackingSettings


def spoke_roles(
    organisation: Organisation, spoke: Spoke, artifact_key_arn: str, tracking: TrackingKind | None = None
) -> tuple[RoleSpec, ...]:
    """The roles that a spoke's stack makes; in same-account mode none that shows the account to the hub.

    `tracking`: the stack's MLflow, None for what it has where nothing is configured.
    """
    tracking = tracking or TrackingSettings().resolved(organisation, spoke.stack)
    deployer = deployer_role(organisation, spoke)
    watched = (
        () if organisation.same_account else (forwarder_role(organisation, spoke), reader_role(organisation, spoke))
    )
    return (
        execution_role(organisation, spoke, artifact_key_arn, tracking),
        serving_role(organisation, spoke, artifact_key_arn),
        *(() if deployer is None else (deployer,)),
        *(() if tracking == "none" else (tracking_role(organisation, spoke.stack, spoke.account),)),
        *watched,
    )
