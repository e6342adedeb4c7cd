"""Every layer of policies by itself.

Sources: docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html (an Allow at
every level), orgs_manage_policies_scps.html and orgs_manage_policies_rcps.html (whom they don't restrict);
docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html (no session policy, no permissions).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from access.case import Case, Levels, Policies
from access.principals import Kind, Reach
from access.request import Request
from access.services import RCP_EXEMPT_ACTIONS, RCP_SERVICES, root_overrides_resource_policy

Layer = Literal["identity", "boundary", "session", "scp", "rcp", "resource", "trust", "grants", "endpoint"]
Verdict = Literal["allowed", "denied", "silent", "absent"]


@dataclass(frozen=True, slots=True)
class LayerDecision:
    """What one layer says by itself.

    `allowed`: one of its statements allows. `denied`: one denies explicitly. `silent`: it is there and neither allows
    nor denies. `absent`: there is no such policy, or it doesn't apply to this request. `by` names the statement, or
    says what was lacking. `reach` tells how closely a resource policy, trust or grant names the caller.
    """

    layer: Layer
    decision: Verdict
    by: str = ""
    reach: Reach = Reach.NONE


_ABSENT: dict[Layer, LayerDecision] = {layer: LayerDecision(layer, "absent") for layer in get_args(Layer)}


def layers(case: Case) -> tuple[LayerDecision, ...]:
    """Every layer alone, in the order of :data:`Layer`.

    `resource`, `trust` and `grants` are judged as if the identity side allowed.
    """
    return (
        _identity(case),
        _boundary(case),
        _session(case),
        _scp(case),
        _rcp(case),
        _resource(case),
        _trust(case),
        _grants(case),
        _endpoint(case),
    )


def _scan(
    policies: Policies, request: Request, *, bounded: bool = False, deny_only: bool = False
) -> tuple[str | None, str | None, Reach]:
    """(the first statement that denies, the one that allows most closely, how closely)."""
    resource, context, who = request.resource, request.context, request.principal
    allowed: str | None = None
    closest = Reach.NONE
    for named in policies:
        for statement in named.policy.speaking_of(request.action_key):
            if statement.allows and (deny_only or closest is Reach.DIRECT):
                continue
            reach = statement.reach(who, bounded=bounded)
            if reach is Reach.NONE or (statement.allows and reach <= closest):
                continue
            if statement.covers(resource, context):
                if not statement.allows:
                    return named.statement(statement), None, Reach.NONE
                allowed, closest = named.statement(statement), reach
    return None, allowed, closest


def _judged(
    layer: Layer, policies: Policies, request: Request, lacking: str, *, bounded: bool = False
) -> LayerDecision:
    denied, allowed, reach = _scan(policies, request, bounded=bounded)
    if denied is not None:
        return LayerDecision(layer, "denied", denied)
    if allowed is not None:
        return LayerDecision(layer, "allowed", allowed, reach)
    return LayerDecision(layer, "silent", lacking)


def _identity(case: Case) -> LayerDecision:
    who = case.request.principal
    if not who.has_identity:
        return _ABSENT["identity"]
    found = _judged("identity", case.identity_policies, case.request, f"no identity policy of {who.short}")
    if who.kind is Kind.ROOT and found.decision != "denied":
        return LayerDecision("identity", "allowed", f"{who.short}, who has full access,", Reach.DIRECT)
    if not case.identity_policies and found.decision == "silent":
        return LayerDecision("identity", "absent", f"{who.short} has no identity policy")
    return found


def _boundary(case: Case) -> LayerDecision:
    if case.permissions_boundary is None:
        return _ABSENT["boundary"]
    lacking = f"no statement of the permissions boundary of {case.request.principal.short}"
    return _judged("boundary", (case.permissions_boundary,), case.request, lacking)


def _session(case: Case) -> LayerDecision:
    if case.session_policies is not None:
        return _judged("session", case.session_policies, case.request, "no statement of the session policy")
    if case.request.principal.kind is Kind.FEDERATED_USER:
        return LayerDecision("session", "silent", "no session policy was passed for the federated user, so nothing")
    return _ABSENT["session"]


def _scp(case: Case) -> LayerDecision:
    who = case.request.principal
    exempt = not who.has_identity or who.is_service_linked_role or who.account == case.management_account
    if exempt or not case.service_control_policies:
        return _ABSENT["scp"]
    return _every_level(case.service_control_policies, case.request)


def _every_level(levels: Levels, request: Request) -> LayerDecision:
    allowed, silent = "", ""
    for number, level in enumerate(levels):
        denied, allows, _ = _scan(level, request)
        if denied is not None:
            return LayerDecision("scp", "denied", denied)
        if allows is None:
            silent = silent or f"no service control policy at level {number}"
        else:
            allowed = allows
    return LayerDecision("scp", "silent", silent) if silent else LayerDecision("scp", "allowed", allowed)


def _rcp(case: Case) -> LayerDecision:
    request = case.request
    exempt = (
        request.service not in RCP_SERVICES
        or request.action_key in RCP_EXEMPT_ACTIONS
        or request.principal.is_service_linked_role
        or ":role/aws-service-role/" in request.resource
        or request.resource_account == case.management_account
    )
    if exempt or not case.resource_control_policies:
        return _ABSENT["rcp"]
    for level in case.resource_control_policies:
        denied, _, _ = _scan(level, request, deny_only=True)
        if denied is not None:
            return LayerDecision("rcp", "denied", denied)
    return LayerDecision("rcp", "allowed", "RCPFullAWSAccess, which can't be detached")


def _resource(case: Case) -> LayerDecision:
    request = case.request
    governed = request.service != "kms" or request.uses_key
    if case.resource_policies is None or not governed:
        return _ABSENT["resource"]
    name = "key policy" if request.uses_key else "resource policy"
    found = _judged(
        "resource", case.resource_policies, request, f"no statement of the {name}",
        bounded=case.permissions_boundary is not None,
    )  # fmt: skip
    owner_root = request.principal.kind is Kind.ROOT and request.same_account
    if found.decision == "denied" and owner_root and root_overrides_resource_policy(request.action_key):
        return LayerDecision("resource", "silent", f"the {name}, which can't keep its owner's root user out,")
    return found


def _trust(case: Case) -> LayerDecision:
    request = case.request
    if not request.assumes_role or case.role_trust is None:
        return _ABSENT["trust"]
    return _judged("trust", (case.role_trust,), request, f"no statement of the trust of {request.resource}")


def _grants(case: Case) -> LayerDecision:
    request = case.request
    if not case.grants or not request.uses_key:
        return _ABSENT["grants"]
    best, by = Reach.NONE, ""
    for grant in case.grants:
        reach = grant.reach(
            request.principal, request.action_key, request.resource, request.encryption_context, request.context
        )
        if reach > best:
            best, by = reach, f"grant {grant.name}"
    if best is Reach.NONE:
        return LayerDecision("grants", "silent", "no grant")
    return LayerDecision("grants", "allowed", by, best)


def _endpoint(case: Case) -> LayerDecision:
    if case.vpc_endpoint_policy is None:
        return _ABSENT["endpoint"]
    return _judged(
        "endpoint", (case.vpc_endpoint_policy,), case.request, "no statement of the VPC endpoint's policy",
        bounded=case.permissions_boundary is not None,
    )  # fmt: skip
