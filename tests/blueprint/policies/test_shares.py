"""RAM permissions: what a share grants, by level."""

from __future__ import annotations

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
