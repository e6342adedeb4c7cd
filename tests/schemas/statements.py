"""Every statement of every policy that a stack registers, wherever it stands, and what AWS's authorisation reference
says of it.

tests/blueprint/policies/test_iamdata.py asks the same of the policies in all their forms, as the blueprint makes them;
here nothing escapes that a component attaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.blueprint.policies.service_reference import Action, actions, as_list, fits, key_type
from tests.blueprint.policies.test_iamdata import (
    ANY_RESOURCE,
    GLOBAL_KEYS,
    NO_SUCH_KEY,
    OPERATORS,
    OTHER_RESOURCE,
    OTHER_TYPE,
)
from tests.components.answers import ACCOUNT, REGION
from tests.schemas.folding import Folded
from tests.schemas.shapes import Props
from tests.schemas.stacks import STACKS, folded

POLICIES = (
    "AssumeRolePolicyDocument",
    "KeyPolicy",
    "Policy",
    "PolicyDocument",
    "PolicyTemplate",
    "RepositoryPolicyText",
    "Statement",
)
"""Properties that hold policies, or one statement."""

ITSELF = {
    "AWS::IAM::Role": (f"arn:aws:iam::{ACCOUNT}:role/one",),
    "AWS::KMS::Key": (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000",),
    "AWS::Oam::Sink": (f"arn:aws:oam:{REGION}:*:*",),
    "AWS::ECR::Repository": (f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/one",),
    "AWS::RAM::Permission": (
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/*",
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/*",
    ),
}
"""What the policies of these are about, which say `*` or nothing; updates of a sink's are of links."""


ENDPOINT = "AWS::EC2::VPCEndpoint"
"""Its policy grants nothing: it bounds by whose credentials and whose resources pass, so actions stay open there."""

MORE_GLOBAL_KEYS = GLOBAL_KEYS | {"aws:ResourceAccount": "String"}

ALSO_SUITS = {
    ("kms:EncryptionContext:aws:logs:arn", "ArnEquals"): (
        "the form of CloudWatch Logs' own page (logs encrypt-log-data-kms): the context's value is an ARN"
    ),
    **OTHER_TYPE,
}
"""Key and operator that the reference's types don't pair, and why they are a pair."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement, of which resource, and what it is about."""

    of: str
    cfn: str
    statement: Props

    @property
    def name(self) -> str:
        return f"{self.of} {self.statement.get('Sid', '')}".strip()

    @property
    def named(self) -> list[str]:
        """The resources that it names itself."""
        given = self.statement.get("Resource", self.statement.get("NotResource"))
        return [] if given is None or (given == "*" and self.cfn in ITSELF) else as_list(given)

    @property
    def resources(self) -> list[str]:
        """What it is about, or about everything but."""
        return self.named or list(ITSELF[self.cfn])

    @property
    def meant(self) -> list[tuple[str, tuple[Action, ...]]]:
        """Each pattern of its actions, and the actions that it means."""
        return [
            (pattern, actions(pattern))
            for pattern in as_list(self.statement.get("Action") or self.statement.get("NotAction") or [])
        ]

    @property
    def keys(self) -> Iterator[tuple[str, str]]:
        for operator, keys in self.statement.get("Condition", {}).items():
            for key in keys:
                yield operator, key


def stated() -> list[Stated]:
    """All statements of all stacks."""
    return [one for label in STACKS for resource in folded(label).resources for one in _of(resource)]


def _of(resource: Folded) -> Iterator[Stated]:
    for key in POLICIES:
        policy = resource.properties.get(key)
        if isinstance(policy, dict):
            for statement in as_list(policy.get("Statement", policy)):
                yield Stated(resource.of, resource.cfn, statement)


def wrong_actions(one: Stated) -> Iterator[str]:
    yield from (f"{one.name}: AWS knows no {pattern}" for pattern, meant in one.meant if not meant and pattern != "*")


def wrong_resources(one: Stated) -> Iterator[str]:
    for pattern, meant in one.meant:
        if pattern == "*":
            continue
        if one.resources == ["*"]:
            bound = {action.name for action in meant if action.resources} - ANY_RESOURCE.keys()
            if one.statement["Effect"] == "Allow" and one.cfn != ENDPOINT:
                yield from (f"{one.name}: {name} on *" for name in sorted(bound))
        elif not any(_takes(action, resource) for action in meant for resource in one.resources):
            yield f"{one.name}: {pattern} takes none of {one.resources}"
    for resource in one.named:
        if resource != "*" and not any(
            pattern == "*" or _takes(action, resource) for pattern, meant in one.meant for action in meant or (None,)
        ):
            yield f"{one.name}: no action takes {resource}"


def _takes(action: Action | None, resource: str) -> bool:
    if action is None:
        return False
    kind = resource.rpartition(":")[2].partition("/")[0]
    return fits(action, resource) or (action.name, kind) in OTHER_RESOURCE


def wrong_conditions(one: Stated) -> Iterator[str]:
    for pattern, meant in one.meant:
        for operator, key in one.keys:
            if key in MORE_GLOBAL_KEYS:
                kinds = {MORE_GLOBAL_KEYS[key]}
            else:
                kinds = {str(kind) for action in meant if (kind := key_type(action, key))}
                if not kinds and pattern != "*" and (pattern, key) not in NO_SUCH_KEY:
                    yield f"{one.name}: {key} with {pattern}"
            if not all(_suits(operator, kind) for kind in kinds) and (key, operator) not in ALSO_SUITS:
                yield f"{one.name}: {operator} on {key} of type {', '.join(sorted(kinds))} with {pattern}"


def _suits(operator: str, kind: Any) -> bool:
    if operator == "Null":
        return True
    set_form, _, plain = operator.rpartition(":")
    single = kind.removeprefix("ArrayOf")
    return bool(set_form) == (single != kind) and single in OPERATORS[plain.removesuffix("IfExists")]
