"""Groups and shares."""

from __future__ import annotations

import json

from tests.blueprint.samples import DEV, TEST
from tests.components.programs import hub_program, hub_run, hub_settings
from tests.components.recorder import run

SHARE = "aws:ram/resourceShare:ResourceShare"


def test_shares_stay_inside_the_organisation() -> None:
    """Guards: allow_external_principals, which lets a share leave the organisation."""
    assert [share.inputs["allowExternalPrincipals"] for share in hub_run().of(SHARE)] == [False] * 3
    outside = run(hub_program(hub_settings(id=None)))
    assert [share.inputs["allowExternalPrincipals"] for share in outside.of(SHARE)] == [True] * 3


def test_principals_are_bare_account_ids_by_level() -> None:
    """Guards: an account root as RAM principal, which is refused; a test account that may register."""
    associated = {
        association.name: association.inputs["principal"]
        for association in hub_run().of("aws:ram/principalAssociation:PrincipalAssociation")
    }
    assert associated == {
        "hub-consumer-test": TEST,
        "hub-contributor-read-dev": DEV,
        "hub-contributor-register-dev": DEV,
    }


def test_each_share_carries_the_permission_of_its_level_alone() -> None:
    """Guards: two permissions of one type in a share, which RAM refuses; fixed names that can't be replaced."""
    for permission in hub_run().of("aws:ram/permission:Permission"):
        template = json.loads(permission.inputs["policyTemplate"])
        assert template["Effect"] == "Allow"
        assert permission.inputs["resourceType"] == "sagemaker:model-package-group"
        assert len(permission.inputs["name"]) <= 36
    for share in hub_run().of(SHARE):
        assert len(share.inputs["permissionArns"]) == 1


def test_a_permission_is_replaced_before_the_old_one_goes() -> None:
    """Guards: the delete of a permission that a share still uses."""
    assert not any(p.delete_before_replace for p in hub_run().of("aws:ram/permission:Permission"))
