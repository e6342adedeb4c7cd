"""Roles as resources."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.components.programs import hub_program, hub_run, hub_settings, spoke_run
from tests.components.recorder import run

ROLE = "aws:iam/role:Role"


def test_no_role_has_a_managed_policy() -> None:
    """Guards: AmazonSageMakerFullAccess on an execution role."""
    for made in (hub_run(), spoke_run("dev"), spoke_run("test")):
        for role in made.of(ROLE):
            assert not role.inputs.get("managedPolicyArns")
        assert not [resource for resource in made.resources if "PolicyAttachment" in resource.type]


def test_every_role_carries_the_configured_boundary() -> None:
    """Guards: a role outside the company's permissions boundary."""
    settings = replace(hub_settings(), permissions_boundary="Company")
    for role in run(hub_program(settings)).of(ROLE):
        assert role.inputs["permissionsBoundary"] == "arn:aws:iam::111111111111:policy/Company"
    assert not any("permissionsBoundary" in role.inputs for role in hub_run().of(ROLE))


def test_the_policies_hold_the_keys_that_were_made() -> None:
    """Guards: the stand-in for a late value left in a policy."""
    for made in (hub_run(), spoke_run("dev")):
        for policy in made.of("aws:iam/rolePolicy:RolePolicy"):
            assert "unknown" not in policy.inputs["policy"]
            assert json.loads(policy.inputs["policy"])["Version"] == "2012-10-17"
