"""What passes a private network's endpoints, judged by the evaluator."""

from __future__ import annotations

from typing import Any

import pytest

from access import Case, decide
from blueprint.limits import Document
from blueprint.organisation import Organisation
from blueprint.policies.documents import allow, document
from blueprint.policies.endpoints import endpoints
from tests.blueprint.samples import DEV, HUB, ORGANISATION_ID, OUTSIDER, REGION, TEST, organisation, statement

EVERYTHING = document(allow("Everything", ["*"], ["*"]))
OURS = {"aws:PrincipalOrgID": ORGANISATION_ID}
IMAGE = f"arn:aws:ecr:{REGION}:{HUB}:repository/models/*"


def policies(of: Organisation | None = None, stack: str = "dev", account: str = DEV) -> dict[str, Document]:
    of = of or organisation(image_repositories=(IMAGE,))
    return {spec.name: spec.policy for spec in endpoints(of, stack, account, tracks=True)}


def passes(
    endpoint: Document, action: str, resource: str, owner: str, *, caller: str = DEV, context: dict[str, Any] = OURS
) -> bool:
    """Whether a role with every right of an account passes the endpoint to a resource that admits everybody."""
    everybody = {**allow("Everybody", ["*"], ["*"]), "Principal": "*"}
    case = {
        "request": {
            "principal": f"arn:aws:iam::{caller}:role/any", "action": action, "resource": resource,
            "resource_account": owner, "context": context,
        },
        "identity_policies": [EVERYTHING],
        "resource_policy": document(everybody),
        "vpc_endpoint_policy": endpoint,
    }  # fmt: skip
    return decide(Case.from_dict(case)).allowed


HUB_OBJECT = f"arn:aws:s3:::mlgov-artifacts-{HUB}-{REGION}/artifacts/dev/G/x/model.tar.gz"
LAYER = f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/layer"


@pytest.mark.parametrize(
    ("action", "resource", "owner", "caller", "context", "expected"),
    [
        ("s3:GetObject", HUB_OBJECT, HUB, DEV, OURS, True),
        ("s3:PutObject", HUB_OBJECT, HUB, DEV, OURS, True),
        ("s3:ListBucket", f"arn:aws:s3:::mlgov-artifacts-{HUB}-{REGION}", HUB, DEV, OURS, True),
        ("s3:GetObject", f"arn:aws:s3:::mlgov-notebooks-{HUB}-{REGION}/notebooks/x", HUB, DEV, OURS, True),
        ("s3:GetObject", f"arn:aws:s3:::mlgov-anchors-{HUB}-{REGION}/x", HUB, DEV, OURS, False),
        ("s3:PutObject", "arn:aws:s3:::training-of-dev/x", DEV, DEV, OURS, True),
        ("s3:PutObject", "arn:aws:s3:::training-of-test/x", TEST, DEV, OURS, False),
        ("s3:PutObject", "arn:aws:s3:::loot/x", OUTSIDER, DEV, OURS, False),
        ("s3:PutObject", "arn:aws:s3:::training-of-dev/x", DEV, OUTSIDER, {"aws:PrincipalOrgID": "o-other"}, False),
        ("s3:GetObject", LAYER, OUTSIDER, OUTSIDER, {}, True),
        ("s3:PutObject", LAYER, OUTSIDER, DEV, OURS, False),
    ],
)  # fmt: skip
def test_s3_passes_to_hub_own_buckets_and_layers_alone(
    action: str, resource: str, owner: str, caller: str, context: dict[str, Any], expected: bool
) -> None:
    """Guards: data that leaves by an outsider's bucket or credentials; images that can't be pulled."""
    assert passes(policies()["s3"], action, resource, owner, caller=caller, context=context) is expected


def test_other_services_pass_for_callers_of_the_organisation_alone() -> None:
    """Guards: an outsider's credentials that work from inside the network."""
    table = f"arn:aws:dynamodb:{REGION}:{DEV}:table/t"
    found = policies()
    for name in ("sagemaker-api", "sagemaker-runtime", "sts", "logs", "monitoring", "events", "ecr-api", "ecr-dkr"):
        assert passes(found[name], "logs:DescribeLogGroups", "*", DEV)
        assert not passes(found[name], "logs:DescribeLogGroups", "*", OUTSIDER, caller=OUTSIDER, context={})
    assert passes(found["dynamodb"], "dynamodb:GetItem", table, DEV)
    assert not passes(found["dynamodb"], "dynamodb:GetItem", table.replace(DEV, OUTSIDER), OUTSIDER)


def test_studio_s_pages_are_those_of_the_account() -> None:
    """Guards: another account's Studio, opened from inside the network to take things along."""
    profile = f"arn:aws:sagemaker:{REGION}:{DEV}:user-profile/d-0123456789ab/ada"
    found = policies()["studio"]
    assert passes(found, "sagemaker:CreatePresignedDomainUrl", profile, DEV)
    other = profile.replace(DEV, OUTSIDER)
    assert not passes(found, "sagemaker:CreatePresignedDomainUrl", other, OUTSIDER)


def test_without_an_organisation_the_account_and_the_hub_pass() -> None:
    """Guards: a condition on an organisation's id that nobody has, which locks everybody out."""
    found = policies(organisation(id=None))["sts"]
    condition = statement(found, "OurCallers")["Condition"]
    assert condition == {"StringEquals": {"aws:PrincipalAccount": [HUB, DEV]}}
    assert passes(found, "logs:DescribeLogGroups", "*", DEV, context={})
    assert not passes(found, "logs:DescribeLogGroups", "*", TEST, caller=TEST, context={})


def test_the_endpoints_are_those_that_studio_needs_and_those_in_use() -> None:
    """Guards: an endpoint that is missed on the first day, or paid for and used by nobody."""
    all_in_use = endpoints(organisation(image_repositories=(IMAGE,)), "dev", DEV, tracks=True)
    services = {spec.name: spec.service for spec in all_in_use}
    assert services == {
        "s3": f"com.amazonaws.{REGION}.s3",
        "dynamodb": f"com.amazonaws.{REGION}.dynamodb",
        "sagemaker-api": f"com.amazonaws.{REGION}.sagemaker.api",
        "sagemaker-runtime": f"com.amazonaws.{REGION}.sagemaker.runtime",
        "studio": f"aws.sagemaker.{REGION}.studio",
        "sts": f"com.amazonaws.{REGION}.sts",
        "logs": f"com.amazonaws.{REGION}.logs",
        "monitoring": f"com.amazonaws.{REGION}.monitoring",
        "experiments": f"aws.sagemaker.{REGION}.experiments",
        "events": f"com.amazonaws.{REGION}.events",
        "ecr-api": f"com.amazonaws.{REGION}.ecr.api",
        "ecr-dkr": f"com.amazonaws.{REGION}.ecr.dkr",
    }
    fewer = {spec.name for spec in endpoints(organisation(), "hub", HUB, tracks=False)}
    assert services.keys() - fewer == {"events", "ecr-api", "ecr-dkr", "experiments"}
    own = {spec.name for spec in endpoints(organisation(repositories=("own",)), "hub", HUB, tracks=False)}
    assert own - fewer == {"ecr-api", "ecr-dkr"}
