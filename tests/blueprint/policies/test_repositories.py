"""Image repositories: who pulls, what nobody may, in each form of size."""

from __future__ import annotations

import pytest

from access import Case, decide
from blueprint.errors import ConfigurationError, PolicyTooLarge
from blueprint.limits import REPOSITORY_POLICY, stored_size
from blueprint.organisation import Organisation
from blueprint.policies.documents import Form, allow, document
from blueprint.policies.repositories import PULL_ACTIONS, lifecycle, repository
from blueprint.policies.spoke_roles import serving_role
from blueprint.settings import Settings
from blueprint.sizes import oversize
from tests.blueprint.samples import (
    DEV,
    HUB,
    KEY,
    ORGANISATION_ID,
    OUTSIDER,
    REGION,
    SPOKES,
    TEST,
    configuration,
    fleet,
    grants,
    organisation,
    statements,
)

WITH = ("credit-risk", "models/fraud")
ARN = f"arn:aws:ecr:{REGION}:{HUB}:repository/mlgov/credit-risk"


def may(of: Organisation, principal: str, action: str, *, org_id: str | None = ORGANISATION_ID) -> bool:
    """Whether a role that its own account allows everything may do this on a repository."""
    case = {
        "request": {
            "principal": principal, "action": action, "resource": ARN, "resource_account": HUB,
            "context": {} if org_id is None else {"aws:PrincipalOrgID": org_id},
        },
        "identity_policies": [document(allow("Everything", ["*"], ["*"]))],
        "resource_policy": repository(of),
    }  # fmt: skip
    return decide(Case.from_dict(case)).allowed


def role(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def test_exactly_the_serving_roles_pull_and_nobody_else_does_anything() -> None:
    """Guards: a whole account that pulls, or pushes; a stage's people who put an image under an approved tag."""
    of = organisation(repositories=WITH)
    expected = {(role(s.account, f"mlgov-{s.stack}-serving"), action) for s in SPOKES for action in PULL_ACTIONS}
    principals = [
        role(account, f"mlgov-{stack}-{purpose}")
        for account, stack in ((DEV, "dev"), (TEST, "test"), (OUTSIDER, "dev"), (DEV, "test"))
        for purpose in ("execution", "serving", "forwarder", "reader", "deployer")
    ]
    writes = ("ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy")
    found = {
        (principal, action)
        for principal in principals
        for action in (*PULL_ACTIONS, *writes, "ecr:DescribeImages", "ecr:DeleteRepository")
        if may(of, principal, action)
    }
    assert found == expected
    assert not may(of, role(DEV, "mlgov-dev-serving"), PULL_ACTIONS[0], org_id=None), "of no organisation any more"


def test_the_hub_pushes_and_deletes_no_image() -> None:
    """Guards: an image that is deleted, so that its immutable tag is free for another one."""
    of = organisation(repositories=WITH)
    pipeline = role(HUB, "pipeline")
    assert may(of, pipeline, "ecr:PutImage")
    assert not may(of, pipeline, "ecr:BatchDeleteImage")


def test_no_statement_has_a_resource() -> None:
    """Guards: ECR's refusal, `Invalid repository policy provided` (AmazonECR repository-policies)."""
    assert all("Resource" not in found for found in statements(repository(organisation(repositories=WITH))))


@pytest.mark.parametrize(("size", "form"), [(3, Form.EXACT), (150, Form.LISTED), (1000, Form.ORGANISATION)])
def test_every_number_of_spokes_fits_in_the_tightest_form(size: int, form: Form) -> None:
    """Guards: a policy that ECR refuses in the middle of an `up`; a wide form where a tight one fits."""
    policy = repository(fleet(size, repositories=WITH))
    assert stored_size(policy) <= REPOSITORY_POLICY.characters
    (pull,) = [found for found in statements(policy) if found["Sid"] == "ServingRolesPull"]
    wide = pull["Principal"] == "*"
    patterns = any("*" in arn for arn in pull["Condition"]["ArnLike"]["aws:PrincipalArn"])
    assert (wide, patterns or "*" in str(pull["Condition"]["ArnLike"])) == (
        form is Form.ORGANISATION,
        form is not Form.EXACT,
    )


def test_too_many_spokes_without_an_organisation_are_told_before_anything_is_made() -> None:
    """Guards: repositories that fail after half of the hub is up."""
    many = fleet(400, id=None, repositories=WITH)
    with pytest.raises(PolicyTooLarge, match="image repository policy for 400 spokes"):
        repository(many)
    assert any("image repository policy" in problem for problem in oversize(many))
    assert not any("image repository policy" in problem for problem in oversize(fleet(400, id=None)))


def test_serving_roles_may_pull_what_the_repositories_admit() -> None:
    """Guards: one of the two sides alone, with which every endpoint of an own image fails."""
    images = grants(serving_role(organisation(repositories=WITH), SPOKES[0], KEY).policies["images"])
    assert images["PullAdmittedImages"] == (
        set(PULL_ACTIONS), {ARN, f"arn:aws:ecr:{REGION}:{HUB}:repository/mlgov/models/fraud"},
    )  # fmt: skip
    assert images["LogInToRegistries"] == ({"ecr:GetAuthorizationToken"}, {"*"})
    assert "images" not in serving_role(organisation(), SPOKES[0], KEY).policies


def test_only_what_never_got_a_tag_goes() -> None:
    """Guards: a rule that expires the image of an approved version."""
    (rule,) = lifecycle()["rules"]
    assert (rule["selection"]["tagStatus"], rule["selection"]["countNumber"]) == ("untagged", 14)


@pytest.mark.parametrize("name", ["Models", "x", "a//b", "-a", "a" * 201, "a:1"])
def test_a_name_that_ecr_refuses_is_refused(name: str) -> None:
    """Guards: CreateRepository's refusal in the middle of an `up`; names that nobody reads."""
    with pytest.raises(ConfigurationError, match=r"organisation\.repositories\[0\]"):
        Settings.parse(configuration("organisation.repositories", [name]), "hub")
    read = Settings.parse(configuration("organisation.repositories", list(reversed(WITH))), "hub")
    assert read.organisation.repositories == WITH
