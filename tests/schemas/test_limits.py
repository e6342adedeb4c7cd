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
from hypothesis import given, settings
from hypothesis import strategies as st

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
from blueprint.organisation import Organisation
from blueprint.sizes import oversize
from tests.blueprint.policies.test_iamdata import _documents
from tests.blueprint.samples import HUB, ORGANISATION_ID, STAGES, fleet
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

PATTERN_OF_A_RULE = 2_048  # eventbridge eb-quota, characters
TARGETS_OF_A_RULE = 5  # eventbridge eb-quota
RULES_OF_A_BUS = 300  # eventbridge eb-quota
TAGS = 50  # tagging/latest/userguide: of a resource


@cache
def stack(label: str) -> Stack:
    if label != FLEET:
        return folded(label)
    root = "arn:aws:organizations::999999999999:ou/o-a1b2c3d4e5/ou-ab12-"
    stages = tuple(replace(stage, units=(f"{root}{index:08}",)) for index, stage in enumerate(STAGES))
    of = replace(hub_settings(), organisation=fleet(SPOKES, stages=stages))
    assert oversize(of.organisation) == []
    return fold(run(hub_program(of)).resources)


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
def test_what_is_registered_is_within_the_limits(label: str) -> None:
    """Guards: a policy, a role's policies together, an environment, a rule's targets, a bus's rules or tags that AWS
    refuses halfway through an `up`; and a policy of a kind whose limit nobody looked up.
    """
    _each_policy(label)
    _a_role_s_together(label)
    _quotas(label)


def _each_policy(label: str) -> None:
    found = list(_policies(label))
    assert {resource.cfn for resource, _ in found} <= LIMITS.keys(), "look up the limit, with its source"
    assert [f"{resource.of}: {size}" for resource, size in found if size > LIMITS[resource.cfn].characters] == []


def _a_role_s_together(label: str) -> None:
    together: dict[str, int] = defaultdict(int)
    for resource, size in _policies(label):
        if resource.cfn == "AWS::IAM::RolePolicy":
            together[resource.properties["RoleName"]] += size
    assert together
    assert [role for role, size in together.items() if size > ROLE_POLICIES.characters] == []


def _quotas(label: str) -> None:
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
    assert [one.of for one in rules if len(one.registered.inputs.get("eventPattern") or "") > PATTERN_OF_A_RULE] == []
    assert [one.of for one in made if len(one.properties.get("Tags", ())) > TAGS] == []


def test_policies_are_sent_as_they_are_counted() -> None:
    """Guards: white space that IAM doesn't count but queues, buses and endpoints do."""
    texts = {
        resource.of: text
        for label in STACKS
        for resource, _ in _policies(label)
        if (text := resource.registered.inputs.get("policy")) is not None
    }
    assert [of for of, text in texts.items() if text != compact(json.loads(text))] == []


KINDS = {
    "alarms": TOPIC_POLICY,
    "bucket": BUCKET_POLICY,
    "bus": BUS_POLICY,
    "key": KEY_POLICY,
    "queue": QUEUE_POLICY,
    "repository": REPOSITORY,
    "sink": SINK_POLICY,
}
"""The limit by the last word of a document's name."""

REPOSITORIES = f"arn:aws:ecr:eu-west-1:{HUB}:repository/"

organisations = st.builds(
    lambda spokes, alone, groups, images, approvers: fleet(
        spokes,
        id=None if alone else ORGANISATION_ID,
        groups=tuple(f"{'G' * 59}{number:04}" for number in range(groups)),
        image_repositories=tuple(f"{REPOSITORIES}{'r' * 100}{number:04}" for number in range(images)),
        stages=tuple(
            replace(stage, approvers=tuple(f"arn:aws:iam::{HUB}:role/Officer{n:04}" for n in range(approvers)))
            for stage in STAGES
        ),
    ),
    spokes=st.sampled_from([1, 2, 30, 150, 280, 320, 700, 1_000]),
    alone=st.booleans(),
    groups=st.integers(1, 12),
    images=st.integers(0, 60),
    approvers=st.integers(1, 40),
)


@given(organisations)
@settings(max_examples=20)
def test_whatever_would_be_too_large_is_refused_before_anything_is_registered(of: Organisation) -> None:
    """Guards: a policy that grows with the configuration and that blueprint/sizes.py doesn't look at."""
    if oversize(of):
        return
    together: dict[str, dict[str, int]] = defaultdict(dict)
    for name, document, _ in _documents(of):
        size = stored_size(document)
        role, separator, purpose = name.partition("/")
        if separator:
            together[role][purpose] = max(size, together[role].get(purpose, 0))
        elif name.startswith("trust of "):
            assert size <= TRUST_POLICY.characters, name
        elif name.startswith("permission "):
            assert size <= PERMISSION_TEMPLATE.characters, name
        else:
            assert size <= KINDS[name.rpartition(" ")[2]].characters, name
    sums = {role: sum(sizes.values()) for role, sizes in together.items()}
    assert max(sums.values()) <= ROLE_POLICIES.characters, sums


def test_the_organisations_are_some_that_fit_and_some_that_do_not() -> None:
    """Guards the property above: a generator whose organisations are all refused would prove nothing."""
    assert oversize(fleet(1_000, groups=tuple(f"{'G' * 59}{number:04}" for number in range(3)))) == []
    assert oversize(fleet(320, id=None))
    assert oversize(fleet(1, groups=tuple(f"{'G' * 59}{number:04}" for number in range(12))))
