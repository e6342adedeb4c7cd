"""What shares grant: the resource policy that RAM keeps for a shared resource, and what a caller sees as shared.

Sources: RAM keeps one resource policy per resource, the union of all its shares (user guide, managed permissions);
an account principal is the account's root, an organisation makes Principal `*` with `aws:PrincipalOrgID`, a unit with
`aws:PrincipalOrgPaths` (inferred: no page shows what a unit makes).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rehearsal.organisation.core import Caller, Document, Organisation, Params

from .principals import covers, read_principal
from .store import Share, find_permission, stores

ACTIVE = "ACTIVE"
ASSOCIATED = "ASSOCIATED"


@dataclass(frozen=True, slots=True)
class Shareable:
    """A resource type that can be shared: the form of its ARN, and whether one exists."""

    resource_type: str
    arn: re.Pattern[str]
    exists: Callable[[Organisation, str], bool]


SHAREABLE: dict[str, Shareable] = {}


def register_shareable(
    resource_type: str, arn: str, exists: Callable[[Organisation, str], bool]
) -> Callable[[Organisation, str], bool]:
    """Let resources whose ARN matches `arn` be shared as `resource_type` (spelt as ListResourceTypes does)."""
    SHAREABLE[resource_type] = Shareable(resource_type, re.compile(arn), exists)
    return exists


def shareable(arn: str) -> Shareable | None:
    return next((kind for kind in SHAREABLE.values() if kind.arn.fullmatch(arn)), None)


def shares_of(org: Organisation, region: str, resource: str) -> Iterator[Share]:
    for held in stores(org, region):
        for share in held.shares.values():
            if share.status == ACTIVE and resource in share.resources:
                yield share


def shared_policy(org: Organisation, resource: str, resources: Sequence[str]) -> Document | None:
    """The policy that all shares together put on `resource`, or None without a share that counts.

    `resources` are the ARN patterns that its statements name. Each statement's Sid names its share.
    """
    region = resource.split(":")[3]
    statements = [
        statement
        for share in shares_of(org, region, resource)
        for statement in _statements(org, share, resource, list(resources))
    ]
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


def _statements(org: Organisation, share: Share, resource: str, resources: list[str]) -> Iterator[Params]:
    kind = shareable(resource)
    attached = share.permissions.get(kind.resource_type) if kind else None
    principals = [read_principal(org, entity) for entity in _associated(share)]
    if attached is None or not principals:
        return
    template = find_permission(org, attached[0]).versions[attached[1]].template
    sid = "RamShare" + re.sub(r"[^A-Za-z0-9]", "", share.name)
    named = [arn for principal in principals for arn in principal.policy_principals()]
    if named:
        yield _statement(sid, {"AWS": named}, template, resources, {})
    if any(principal.kind == "organization" for principal in principals):
        everyone = {"StringEquals": {"aws:PrincipalOrgID": org.id}}
        yield _statement(sid + "Organization", "*", template, resources, everyone)
    paths = sorted(principal.path for principal in principals if principal.kind == "unit")
    if paths:
        within = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": [f"{path}*" for path in paths]}}
        yield _statement(sid + "Units", "*", template, resources, within)


def _statement(sid: str, principal: Params | str, template: Params, resources: list[str], extra: Params) -> Params:
    condition: Params = copy.deepcopy(template.get("Condition") or {})
    for operator, keys in extra.items():
        condition.setdefault(operator, {}).update(keys)
    statement: Params = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": template["Action"],
        "Resource": resources,
    }
    return statement | ({"Condition": condition} if condition else {})


def _associated(share: Share) -> list[str]:
    return [entity for entity, found in share.principals.items() if found.status == ASSOCIATED]


def shared_with(org: Organisation, caller: Caller, region: str) -> Iterator[Share]:
    """The active shares of other accounts whose principals cover the caller."""
    for held in stores(org, region):
        for share in held.shares.values():
            if share.status != ACTIVE or share.owner == caller.account:
                continue
            if any(covers(org, read_principal(org, entity), caller) for entity in _associated(share)):
                yield share


def shared_resources(org: Organisation, caller: Caller, region: str) -> list[str]:
    """The ARNs of the resources that other accounts share with the caller, each once, in order of sharing."""
    return list(dict.fromkeys(arn for share in shared_with(org, caller, region) for arn in share.resources))
