"""Folded resources as templates for cfn-lint: its schemas, its IAM schemas, its data on what services accept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cfnlint.api import lint
from cfnlint.config import ManualArgs

from tests.components.answers import REGION
from tests.schemas.folding import Folded

OTHER_POLICIES = {
    "AWS::Oam::Sink": "Policy",
    "AWS::EC2::VPCEndpoint": "PolicyDocument",
    "AWS::Events::EventBusPolicy": "Statement",
}
"""Policies whose place cfn-lint has no IAM rule for. They are held against its schema of resource policies as if they
were a queue's."""


DISGUISED = "PolicyOf"
SERVICE_OF_ACTIONS = "W3037"

OF_THE_TEMPLATE = {
    "E3010": "a template has 500 resources at most, a stack of Pulumi's any number",
    "E3019": "names are unique in one template; several stacks are in it here (test_resources.py looks at each)",
}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What cfn-lint says, and of which type and property path."""

    rule: str
    cfn: str
    path: str
    of: str
    message: str

    def __str__(self) -> str:
        return f"{self.of} ({self.cfn} {self.path}): {self.rule} {self.message}"


def problems(resources: Iterable[Folded]) -> list[Problem]:
    """Everything that cfn-lint objects to. What several stacks have alike is looked at once: a call takes seconds."""
    distinct = {(one.cfn, json.dumps(one.properties, sort_keys=True)): one for one in resources}
    # Logical ids as CloudFormation allows them: letters and digits.
    named = {f"Resource{number}": one for number, one in enumerate(distinct.values())}
    template = {name: {"Type": one.cfn, "Properties": one.properties} for name, one in named.items()}
    template |= _other_policies(named)
    text = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": template})
    matches = lint(text, config=ManualArgs(regions=[REGION]))
    return sorted(
        _problem(match, named)
        for match in matches
        if match.rule.id not in OF_THE_TEMPLATE and not _of_the_disguise(match)
    )


def _of_the_disguise(match: Any) -> bool:
    """Whether it is only said since the policy was held against the schema as if it were a queue's."""
    return match.rule.id == SERVICE_OF_ACTIONS and str(match.path[1]).startswith(DISGUISED)


def _other_policies(named: dict[str, Folded]) -> dict[str, Any]:
    found = {}
    for name, one in named.items():
        key = OTHER_POLICIES.get(one.cfn)
        policy = one.properties.get(key) if key else None
        if policy is not None:
            document = policy if "Statement" in policy else {"Version": "2012-10-17", "Statement": [policy]}
            found[f"{DISGUISED}{name}"] = {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {"Queues": ["https://sqs.eu-west-1.amazonaws.com/1/q"], "PolicyDocument": document},
            }
    return found


def _problem(match: Any, named: dict[str, Folded]) -> Problem:
    logical, *rest = match.path[1:]
    own = named[logical.removeprefix(DISGUISED)]
    path = ".".join(str(part) for part in rest[1:])
    return Problem(match.rule.id, own.cfn, path, own.of, match.message)
