"""A stack's registered resources folded into resources of CloudFormation, and into the calls that have none there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.components.recorder import Registered
from tests.schemas.shapes import Props, Unmapped, merge, shaped
from tests.schemas.types import TYPES, Part, Request, Whole

ID_BEGINS = {
    "DomainId": "d-",
    "DestinationSecurityGroupId": "sg-",
    "GroupId": "sg-",
    "ResourceId": "vpc-",
    "RouteTableId": "rtb-",
    "SecurityGroup": "sg-",
    "SecurityGroupId": "sg-",
    "SourceSecurityGroupId": "sg-",
    "SubnetId": "subnet-",
    "VpcId": "vpc-",
}
"""How the ids begin that a property of this name holds, alone or in a list with an s more."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A resource of CloudFormation: `of` is what the program calls it."""

    of: str
    cfn: str
    properties: Props
    registered: Registered


@dataclass(frozen=True, slots=True)
class Called:
    """A resource without a type of CloudFormation: the parameters of the call that makes it."""

    of: str
    service: str
    operation: str
    parameters: Props


@dataclass(slots=True)
class Stack:
    resources: list[Folded] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)


def fold(registered: Sequence[Registered]) -> Stack:
    """All resources of the provider. Raises Unmapped for a type or argument that tests/schemas/types.py lacks, and for
    a part without an owner.
    """
    stack = Stack()
    owners: dict[tuple[str, str, str], Folded] = {}
    ours = [resource for resource in registered if resource.type.startswith("aws:")]
    for resource in ours:
        check = TYPES.get(resource.type)
        what = f"{resource.type} {resource.name}"
        if check is None:
            raise Unmapped(f"{what}: nothing says how to check its type: add it to tests/schemas/types.py")
        if isinstance(check, Whole):
            properties = shaped(what, check.shape, resource.inputs)
            properties.update(check.more(resource.inputs))
            made = Folded(what, check.cfn, properties, resource)
            stack.resources.append(made)
            for key in _names_of(resource):
                owners[(resource.type, *key)] = made
        elif isinstance(check, Request):
            parameters = shaped(what, check.shape, resource.inputs)
            stack.calls.append(Called(what, check.service, check.operation, parameters))
    for resource in ours:
        check = TYPES[resource.type]
        if isinstance(check, Part):
            _lay(resource, check, owners)
    for folded in stack.resources:
        folded.properties.update(_with_ids(folded.properties))
    return stack


def _with_ids(value: Any, begins: str = "") -> Any:
    """The recording engine's ids as AWS would have made them, where a schema knows their form."""
    if isinstance(value, dict):
        return {key: _with_ids(inner, ID_BEGINS.get(key.removesuffix("s"), "")) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_ids(item, begins) for item in value]
    return begins + hashlib.sha256(value.encode()).hexdigest()[:17] if begins and isinstance(value, str) else value


def _names_of(resource: Registered) -> list[tuple[str, str]]:
    """How a part may name this resource: by each of its texts, and by its outputs."""
    known = {**resource.inputs, **resource.outputs}
    return [(key, value) for key, value in known.items() if isinstance(value, str)]


def _lay(resource: Registered, check: Part, owners: Mapping[tuple[str, str, str], Folded]) -> None:
    """Lay a part over its owner."""
    named = resource.inputs[check.key]
    owner = owners.get((check.of, check.owner_key or check.key, named))
    if owner is None:
        raise Unmapped(f"{resource.type} {resource.name}: no {check.of} of the stack is called {named}")
    rest: dict[str, Any] = {key: value for key, value in resource.inputs.items() if key != check.key}
    properties = shaped(f"{resource.type} {resource.name}", check.shape, rest)
    merge(owner.properties, {check.at: [properties]} if check.at else properties)
