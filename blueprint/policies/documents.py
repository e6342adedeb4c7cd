"""Building blocks: statements, conditions, and the three forms in which a resource policy admits spokes.

Principals are account roots narrowed by `aws:PrincipalArn`, never role ARNs: a role that doesn't exist yet is refused
as a principal, and a role that is deleted and made anew loses the grant, as AWS stores its unique id
(IAM reference_policies_elements_principal). A root delegates: the role's own policy must allow the call too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from blueprint.errors import PolicyTooLarge
from blueprint.limits import Document, PolicyLimit, stored_size
from blueprint.names import Purpose
from blueprint.organisation import Organisation, Spoke

VERSION = "2012-10-17"

Condition = Mapping[str, Mapping[str, Any]]
Statement = dict[str, Any]


class Form(Enum):
    """How a resource policy names spokes, from the tightest to the widest.

    EXACT: account roots and exact role ARNs. LISTED: account roots and a pattern of our role names.
    ORGANISATION: any account of the organisation but the hub, and a pattern that holds the stage;
    docs/configuration.md says what that loosens and which SCP protects the names.
    """

    EXACT = "exact"
    LISTED = "listed"
    ORGANISATION = "organisation"


def document(*statements: Statement) -> Document:
    """A policy document of these statements."""
    return {"Version": VERSION, "Statement": list(statements)}


def allow(
    sid: str,
    actions: Iterable[str],
    resources: Iterable[str],
    *,
    principal: Any = None,
    condition: Condition | None = None,
) -> Statement:
    """An Allow; `principal` only in resource policies."""
    return _statement("Allow", sid, actions, resources, principal, condition)


def deny(
    sid: str,
    actions: Iterable[str],
    resources: Iterable[str],
    *,
    principal: Any = None,
    condition: Condition | None = None,
) -> Statement:
    """A Deny; `principal` only in resource policies."""
    return _statement("Deny", sid, actions, resources, principal, condition)


def deny_all_but(sid: str, actions: Iterable[str]) -> Statement:
    """A Deny of every other action, on everything: what holds whatever another policy of the role allows."""
    return {"Sid": sid, "Effect": "Deny", "NotAction": one_or_many(actions), "Resource": "*"}


def deny_elsewhere(sid: str, actions: Iterable[str], resources: Iterable[str]) -> Statement:
    """A Deny of these actions on everything but these resources."""
    return {"Sid": sid, "Effect": "Deny", "Action": one_or_many(actions), "NotResource": one_or_many(resources)}


def _statement(
    effect: str,
    sid: str,
    actions: Iterable[str],
    resources: Iterable[str],
    principal: Any,
    condition: Condition | None,
) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": effect}
    if principal is not None:
        statement["Principal"] = principal
    statement["Action"] = one_or_many(actions)
    statement["Resource"] = one_or_many(resources)
    if condition:
        statement["Condition"] = {operator: dict(keys) for operator, keys in condition.items()}
    return statement


def one_or_many(values: Iterable[str]) -> str | list[str]:
    """As AWS gives it back: sorted, and a single value without brackets (fewer characters, no drift)."""
    unique = sorted(set(values))
    return unique[0] if len(unique) == 1 else unique


def both(*conditions: Condition) -> dict[str, dict[str, Any]]:
    """All conditions together. The same operator and key twice is a mistake here: the later would hide the first."""
    merged: dict[str, dict[str, Any]] = {}
    for condition in conditions:
        for operator, keys in condition.items():
            target = merged.setdefault(operator, {})
            for key, value in keys.items():
                if target.get(key, value) != value:
                    raise ValueError(f"{operator} {key} is given twice: {target[key]!r} and {value!r}")
                target[key] = value
    return merged


def camel(*words: str) -> str:
    """A Sid of these words: letters and digits only, as IAM demands, and distinct for distinct lower-case words."""
    parts = [part for word in words for part in word.split("-")]
    return "".join(f"X{part}" if part[0].isdigit() else part[0].upper() + part[1:] for part in parts)


def name_pattern(organisation: Organisation, purpose: Purpose, stages: Sequence[str] | None) -> list[str]:
    """ARN patterns of our roles in any account.

    With `stages`, only stacks named after them (`dev`, `dev-…`): the organisation form has nothing else that tells the
    stage, so Settings demands such names there.
    """
    names = organisation.names
    stacks = ["*"] if stages is None else [form for stage in stages for form in (stage, f"{stage}-*")]
    return [names.role_arn("*", f"{organisation.prefix}-{stack}-{purpose}") for stack in stacks]


def admit(
    organisation: Organisation,
    spokes: Sequence[Spoke],
    purposes: Sequence[Purpose],
    form: Form,
) -> tuple[Any, dict[str, dict[str, Any]]]:
    """Principal and condition that admit roles of these spokes, in this form.

    `aws:PrincipalOrgID` stands only where an organisation is configured: the key is absent for principals of an
    account in none, which would be locked out (IAM reference_policies_condition-keys).
    """
    names = organisation.names
    if form is Form.EXACT:
        arns = [names.role_arn(s.account, names.role(s.stack, purpose)) for s in spokes for purpose in purposes]
    else:
        stages = sorted({spoke.stage for spoke in spokes}) if form is Form.ORGANISATION else None
        arns = [arn for purpose in purposes for arn in name_pattern(organisation, purpose, stages)]
    condition: dict[str, dict[str, Any]] = {"ArnLike": {"aws:PrincipalArn": one_or_many(arns)}}
    if organisation.id is not None:
        condition["StringEquals"] = {"aws:PrincipalOrgID": organisation.id}
    if form is Form.ORGANISATION:
        condition["StringNotEquals"] = {"aws:PrincipalAccount": organisation.hub}
        return "*", condition
    return {"AWS": one_or_many(names.root_arn(spoke.account) for spoke in spokes)}, condition


def tightest(organisation: Organisation, limit: PolicyLimit, build: Callable[[Form], Document]) -> Document:
    """The tightest form of a policy that fits its limit.

    Raises PolicyTooLarge where only the organisation form would fit, and no organisation is configured or a stack's
    name doesn't tell its stage.
    """
    sizes = []
    for form in Form:
        if form is Form.ORGANISATION and (organisation.id is None or organisation.same_account):
            continue
        if form is Form.ORGANISATION and (unclear := _stage_unclear(organisation)):
            sizes.append(unclear)
            continue
        policy = build(form)
        size = stored_size(policy)
        if size <= limit.characters:
            return policy
        sizes.append(f"{size:,} characters in the {form.value} form")
    raise PolicyTooLarge(
        f"the {limit.what} for {len(organisation.spokes)} spokes is too large: AWS allows {limit.characters:,}"
        f" characters; {', '.join(sizes)}"
    )


def _stage_unclear(organisation: Organisation) -> str | None:
    """Why role names can't tell stages apart, which the organisation form rests on."""
    stages = [stage.name for stage in organisation.stages]
    for stage in stages:
        if any(other.startswith(f"{stage}-") for other in stages):
            return f"the organisation form is out, as stage {stage} begins another stage's name"
    for spoke in organisation.spokes:
        if spoke.stack != spoke.stage and not spoke.stack.startswith(f"{spoke.stage}-"):
            return f"the organisation form is out, as stack {spoke.stack} isn't named {spoke.stage} or {spoke.stage}-…"
    return None
