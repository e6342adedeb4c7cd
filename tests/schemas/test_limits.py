"""What is registered is within the limits that AWS counts by, up to 1,000 spokes.

`blueprint/sizes.py` refuses a configuration that would grow over one before anything is registered; this looks at what
the components then register, so that no policy, name or environment escapes it. cfn-lint's schemas (test_resources.py)
hold every name against its length and pattern.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from blueprint.limits import (
    BUCKET_POLICY,
    BUS_POLICY,
    ENVIRONMENT_BYTES,
    KEY_POLICY,
    QUEUE_POLICY,
    ROLE_POLICIES,
    TOPIC_POLICY,
    TRUST_POLICY,
    PolicyLimit,
    compact,
    stored_size,
)
from blueprint.sizes import oversize
from tests.blueprint.samples import STAGES, fleet
from tests.components.programs import hub_program, hub_settings
from tests.components.recorder import run
from tests.schemas.folding import Folded, Stack, fold
from tests.schemas.stacks import STACKS, folded
from tests.schemas.statements import POLICIES

SPOKES = 1_000
FLEET = "hub of 1,000 spokes"
LABELS = (*STACKS, FLEET)

ENDPOINT_POLICY = PolicyLimit("endpoint policy", 20_480)
"""vpc/latest/privatelink vpc-endpoints-access: 20,480 characters with white space."""

PERMISSION_TEMPLATE = PolicyLimit("template of a RAM permission", 6_144)
"""RAM gives no limit; a managed policy's of IAM, which is the strictest of AWS's for documents of its kind."""

REPOSITORY = PolicyLimit("image repository policy", 10_240)
"""botocore ecr RepositoryPolicyText."""

SINK_POLICY = PolicyLimit("sink policy", 10_240)
"""OAM gives no limit; that of a bus, the strictest of resource policies that we make of its size."""

LIMITS = {
    "AWS::EC2::VPCEndpoint": ENDPOINT_POLICY,
    "AWS::ECR::Repository": REPOSITORY,
    "AWS::Events::EventBusPolicy": BUS_POLICY,
    "AWS::IAM::Role": TRUST_POLICY,
    "AWS::IAM::RolePolicy": ROLE_POLICIES,
    "AWS::KMS::Key": KEY_POLICY,
    "AWS::Oam::Sink": SINK_POLICY,
    "AWS::RAM::Permission": PERMISSION_TEMPLATE,
    "AWS::S3::BucketPolicy": BUCKET_POLICY,
    "AWS::SNS::TopicPolicy": TOPIC_POLICY,
    "AWS::SQS::QueuePolicy": QUEUE_POLICY,
}
"""The largest policy of each type, in characters of compact JSON."""

TARGETS_OF_A_RULE = 5  # eventbridge eb-quota
RULES_OF_A_BUS = 300  # eventbridge eb-quota
TAGS = 50  # tagging/latest/userguide: of a resource


@cache
def stack(label: str) -> Stack:
    if label != FLEET:
        return folded(label)
    root = "arn:aws:organizations::999999999999:ou/o-a1b2c3d4e5/ou-ab12-"
    stages = tuple(replace(stage, units=(f"{root}{index:08}",)) for index, stage in enumerate(STAGES))
    settings = replace(hub_settings(), organisation=fleet(SPOKES, stages=stages))
    assert oversize(settings.organisation) == []
    return fold(run(hub_program(settings)).resources)


def _policies(label: str) -> Iterator[tuple[Folded, int]]:
    for resource in stack(label).resources:
        policy = resource.registered.inputs.get("policy") if resource.cfn == "AWS::Events::EventBusPolicy" else None
        if policy is not None:
            yield resource, len(policy)
            continue
        for key in POLICIES:
            if isinstance(resource.properties.get(key), dict):
                yield resource, stored_size(resource.properties[key])


@pytest.mark.parametrize("label", LABELS)
def test_every_policy_is_within_its_limit(label: str) -> None:
    """Guards: a policy that AWS refuses halfway through an `up`, and one of a kind whose limit nobody looked up."""
    found = list(_policies(label))
    assert {resource.cfn for resource, _ in found} <= LIMITS.keys(), "look up the limit, with its source"
    assert [f"{resource.of}: {size}" for resource, size in found if size > LIMITS[resource.cfn].characters] == []


@pytest.mark.parametrize("label", LABELS)
def test_a_role_s_inline_policies_are_within_the_limit_together(label: str) -> None:
    """Guards: single policies that fit, and a role that IAM gives none more."""
    together: dict[str, int] = defaultdict(int)
    for resource, size in _policies(label):
        if resource.cfn == "AWS::IAM::RolePolicy":
            together[resource.properties["RoleName"]] += size
    assert together
    assert [role for role, size in together.items() if size > ROLE_POLICIES.characters] == []


@pytest.mark.parametrize("label", LABELS)
def test_what_is_counted_is_within_the_quotas(label: str) -> None:
    """Guards: an environment, a rule's targets, a bus's rules or tags over what the service takes."""
    made = stack(label).resources
    environments = {
        one.of: sum(len(name) + len(text) for name, text in one.properties["Environment"]["Variables"].items())
        for one in made
        if one.cfn == "AWS::Lambda::Function"
    }
    assert [of for of, size in environments.items() if size > ENVIRONMENT_BYTES] == []
    rules = [one for one in made if one.cfn == "AWS::Events::Rule"]
    assert len(rules) <= RULES_OF_A_BUS
    assert [one.of for one in rules if len(one.properties["Targets"]) > TARGETS_OF_A_RULE] == []
    assert [one.of for one in made if len(one.properties.get("Tags", ())) > TAGS] == []


def test_policies_are_sent_as_they_are_counted() -> None:
    """Guards: white space that IAM doesn't count but queues, buses and endpoints do."""
    texts = {
        resource.of: text
        for label in LABELS
        for resource, _ in _policies(label)
        if (text := resource.registered.inputs.get("policy")) is not None
    }
    assert [of for of, text in texts.items() if text != compact(json.loads(text))] == []
