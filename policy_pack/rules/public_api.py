"""No API that answers who hasn't proved who they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from policy_pack.resource import UNKNOWN, Facts, Resource
from policy_pack.rule import Finding, NotKnown, Rule, Violation

AUTHORISATION = {
    "aws:apigatewayv2/route:Route": "authorizationType",
    "aws:apigateway/method:Method": "authorization",
    "aws:lambda/functionUrl:FunctionUrl": "authorizationType",
}
"""Where each type says how callers are known; absent or NONE is everybody."""

NARROWED_BY = ("principalOrgId", "sourceAccount", "sourceArn")


def _authorised(resource: Resource) -> Iterator[Finding]:
    key = AUTHORISATION[resource.type]
    value = resource.at(key)
    if value is UNKNOWN:
        yield NotKnown(key)
    elif value in (None, "", "NONE"):
        yield Violation(f"{key} is {value or 'absent'}: everybody may call")


def _permission(resource: Resource) -> Iterator[Finding]:
    """A function's permission for everybody, with nothing that narrows it."""
    principal = resource.at("principal")
    narrowed = [resource.at(key) for key in NARROWED_BY if resource.at(key) is not None]
    if principal is UNKNOWN:
        yield NotKnown("principal")
    elif principal == "*" and not narrowed:
        yield Violation("principal is * and nothing narrows it: everybody may invoke the function")


def _quick_api(resource: Resource) -> Iterator[Finding]:
    """An HTTP API with a target makes its own default route, without authorisation (API CreateApi, Target)."""
    if resource.at("target") is not None:
        yield Violation("target makes a default route that everybody may call")


CHECKS: dict[str, Callable[[Resource], Iterator[Finding]]] = {
    **dict.fromkeys(AUTHORISATION, _authorised),
    "aws:lambda/permission:Permission": _permission,
    "aws:apigatewayv2/api:Api": _quick_api,
}


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    judge = CHECKS.get(resource.type)
    if judge is not None:
        yield from judge(resource)


RULE = Rule(
    name="public-api",
    description="Every route and function URL asks who calls.",
    remedy="set the authorisation to AWS_IAM, or to JWT with an authorizer",
    check=check,
)
