"""Each rule alone, on plain properties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from policy_pack.pack import told
from policy_pack.resource import UNKNOWN, Facts, Resource
from policy_pack.rule import NotKnown, Rule, Violation
from policy_pack.rules import RULES
from tests.blueprint.samples import organisation
from tests.policy_pack.cases import HUB, LEFT_ALONE, OBJECTED, ROLE_POLICY, SPOKE, WAITING, allow, document, made

BY_NAME = {rule.name: rule for rule in RULES}
SPOKES = tuple(replace(spoke, stack="prod", account=SPOKE, stage="prod") for spoke in organisation().spokes[:1])
PRODUCTION = Facts(stack="prod", organisation=organisation(spokes=SPOKES))


def test_every_rule_has_cases() -> None:
    """Guards: a rule that was added without anybody trying it."""
    assert OBJECTED.keys() == LEFT_ALONE.keys() == BY_NAME.keys()
    assert WAITING.keys() == BY_NAME.keys() - {"stateful-protected"}
    assert len(BY_NAME) == len(RULES)


@pytest.mark.parametrize(
    ("rule", "resource", "words"), [(name, *case) for name, cases in OBJECTED.items() for case in cases]
)
def test_a_rule_says_what_is_wrong(rule: str, resource: Resource, words: str) -> None:
    """Guards: a rule that passes what it was written against."""
    messages = told(BY_NAME[rule].check(resource, PRODUCTION))
    assert any(words in message for message in messages), messages


@pytest.mark.parametrize(("rule", "resource"), [(name, one) for name, found in LEFT_ALONE.items() for one in found])
def test_a_rule_leaves_alone_what_is_right(rule: str, resource: Resource) -> None:
    """Guards: a rule that objects to what it may not."""
    assert list(BY_NAME[rule].check(resource, PRODUCTION)) == []


@pytest.mark.parametrize(
    ("rule", "resource", "path"), [(name, *case) for name, cases in WAITING.items() for case in cases]
)
def test_an_unknown_value_is_neither_right_nor_wrong(rule: str, resource: Resource, path: str) -> None:
    """Guards: an output of a resource that isn't made yet, which crashes a rule or passes it in silence."""
    found = list(BY_NAME[rule].check(resource, PRODUCTION))
    assert NotKnown(path) in found
    assert not any(isinstance(one, Violation) for one in found)


def _with_each_part_unknown(value: Any) -> Iterator[Any]:
    """The value with each of its parts in turn unknown, itself included."""
    yield UNKNOWN
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: changed} for changed in _with_each_part_unknown(inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for changed in _with_each_part_unknown(inner):
                yield [*value[:index], changed, *value[index + 1 :]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_rule_crashes_whatever_part_of_a_resource_is_unknown(rule: Rule) -> None:
    """Guards: an exception in a rule, which the engine takes for a broken pack, so that nothing is judged."""
    cases = [case for found in (OBJECTED, WAITING) for some in found.values() for case, _ in some]
    cases += [resource for found in LEFT_ALONE.values() for resource in found]
    for resource in cases:
        for props in _with_each_part_unknown(dict(resource.props)):
            if props is not UNKNOWN:
                blind = replace(resource, props=props)
                list(rule.check(blind, Facts(stack="x")))
                list(rule.check_stack([blind, resource], PRODUCTION))


def test_who_may_approve_depends_on_the_stack() -> None:
    """Guards: the hub's own approver roles forbidden, or a stack that isn't ours taken for the hub."""
    approver = made(ROLE_POLICY, policy=document(allow("sagemaker:UpdateModelPackage")))
    rule = BY_NAME["no-approval-by-spokes"]
    assert told(rule.check(approver, Facts(stack="hub", organisation=PRODUCTION.organisation))) == []
    assert told(rule.check(approver, Facts(stack="hub.eu-central-1"))) == []
    assert told(rule.check(approver, Facts(stack="somewhere")))


def test_what_is_stateful_is_protected_in_production_and_in_the_hub_only() -> None:
    """Guards: a trial in dev that can't be destroyed, or a hub that can."""
    bucket = made("aws:s3/bucket:Bucket")
    rule = BY_NAME["stateful-protected"]
    assert told(rule.check(bucket, Facts(stack="hub", organisation=organisation())))
    assert told(rule.check(bucket, Facts(stack="dev", organisation=organisation()))) == []


def test_a_bucket_needs_its_guards_and_a_function_its_log_group() -> None:
    """Guards: what is wrong because something is missing, which no resource shows alone."""
    bucket = Resource(type="aws:s3/bucket:Bucket", name="one", urn="urn:bucket", props={"bucket": UNKNOWN})
    late = frozenset({"urn:bucket"})
    function = made("aws:lambda/function:Function", "f", name="f")
    unguarded = [bucket, function]
    guards = [
        Resource(type=type_, name="guard", props={"bucket": UNKNOWN}, depends={"bucket": late})
        for type_ in ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws:s3/bucketPolicy:BucketPolicy")
    ]
    group = made("aws:cloudwatch/logGroup:LogGroup", "logs", name="/aws/lambda/f")
    for rule, wrong in (("public-bucket", bucket), ("tls-only", bucket), ("log-retention", function)):
        check = BY_NAME[rule].check_stack
        assert [one for one, _ in check(unguarded, PRODUCTION)] == [wrong]
        assert list(check([*unguarded, *guards, group], PRODUCTION)) == []


def test_the_stack_s_account_comes_from_the_configuration() -> None:
    """Guards: a provider of another account that passes since nobody compares."""
    assert PRODUCTION.account == SPOKE
    assert Facts(stack="hub", organisation=PRODUCTION.organisation).account == HUB
    assert Facts(stack="hub").account is None
    assert Facts.read("p", "hub", {"p:organisation": "{"}).organisation is None
    assert Facts.read("p", "hub", {"p:organisation": '{"accounts": 3}'}).organisation is None
