"""RAM permissions: what a share grants, by level."""

from __future__ import annotations

from dataclasses import replace

from blueprint.organisation import Spoke
from blueprint.policies.shares import RESOURCE_TYPE, shares
from tests.blueprint.samples import organisation

READ = {"sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup", "sagemaker:ListModelPackages"}


def test_levels_grant_exactly_these_actions_to_these_spokes() -> None:
    """Guards: every spoke may create, update and delete versions, so dev approves its own model (duties)."""
    granted = {
        share.level: (set(share.template["Action"]), [spoke.stack for spoke in share.spokes])
        for share in shares(organisation())
    }
    assert granted == {
        "consumer": (READ | {"sagemaker:CreateModel"}, ["test"]),
        "contributor-read": (READ, ["dev"]),
        "contributor-register": ({"sagemaker:CreateModelPackage"}, ["dev"]),
    }


def test_registration_is_bound_to_pending_and_to_the_first_stage() -> None:
    """Guards: a spoke's administrator registers a version that is approved from birth."""
    register = next(share for share in shares(organisation()) if share.level == "contributor-register")
    assert register.template["Condition"] == {
        "StringEquals": {
            "sagemaker:ModelApprovalStatus": "PendingManualApproval",
            "sagemaker:ModelLifeCycle:Stage": "Development",
            "sagemaker:ModelLifeCycle:StageStatus": ["PendingApproval", "InProgress"],
        }
    }


def test_a_template_holds_what_ram_admits() -> None:
    """Guards: principals, resources or negated operators, which CreatePermission refuses."""
    for share in shares(organisation()):
        assert set(share.template) <= {"Effect", "Action", "Condition"}
        assert set(share.template.get("Condition", {})) <= {"StringEquals"}
    assert RESOURCE_TYPE == "sagemaker:model-package-group"


def test_same_account_mode_shares_nothing() -> None:
    """Guards: a share with oneself, which RAM doesn't know."""
    assert shares(organisation(same_account=True)) == ()


def test_a_level_that_nobody_needs_isn_t_made() -> None:
    """Guards: an empty share that waits for principals."""
    dev_only = organisation(spokes=organisation().spokes[:1])
    assert [share.level for share in shares(dev_only)] == ["contributor-read", "contributor-register"]


UNIT = "arn:aws:organizations::999999999999:ou/o-a1b2c3d4e5/ou-a1b2-dev00000"
OTHER_UNIT = "arn:aws:organizations::999999999999:ou/o-a1b2c3d4e5/ou-a1b2-later000"


def test_a_stage_with_units_is_shared_with_them_and_not_with_its_accounts() -> None:
    """Guards: a fleet whose hub asks for a thousand associations at every preview, or spokes that lose the registry."""
    first, second, third = organisation().stages
    stages = (replace(first, units=(UNIT,)), replace(second, units=(OTHER_UNIT,)), third)
    accounts = [f"{600_000_000_000 + number}" for number in range(50)]
    spokes = tuple(
        Spoke(stack=f"{stage.name}-{account}", account=account, stage=stage.name)
        for account, stage in zip(accounts, stages * 17, strict=False)
    )
    named = {
        share.level: [principal.identifier for principal in share.principals]
        for share in shares(organisation(stages=stages, spokes=spokes))
    }
    prod = sorted(spoke.account for spoke in spokes if spoke.stage == "prod")
    assert named["contributor-read"] == named["contributor-register"] == [UNIT]
    assert named["consumer"] == [OTHER_UNIT, *prod], "a unit of the first stage may not serve, nor the others register"


def test_each_principal_stands_once_and_in_order() -> None:
    """Guards: two stages of one unit that associate it twice, and a preview that reorders associations."""
    first, second, third = organisation().stages
    stages = (first, replace(second, units=(UNIT,)), replace(third, units=(OTHER_UNIT, UNIT)))
    spokes = tuple(Spoke(stack=stage.name, account=f"{place}" * 12, stage=stage.name) for place, stage in
                   enumerate(stages, 1))  # fmt: skip
    (consumer, *_) = shares(organisation(stages=stages, spokes=spokes))
    assert [principal.identifier for principal in consumer.principals] == sorted([UNIT, OTHER_UNIT])
    assert all(principal.label in principal.identifier for principal in consumer.principals)
