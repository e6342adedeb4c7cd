"""The decision: every layer by itself, then what they say together.

Sources (docs.aws.amazon.com/IAM/latest/UserGuide/): reference_policies_evaluation-logic_policy-eval-denyallow.html,
reference_policies_evaluation-logic-cross-account.html, access_policies_boundaries.html,
access_policies-cross-account-resource-access.html;
docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html;
docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html.

1. An explicit deny of any layer that applies decides.
2. SCP (every level) and VPC endpoint policy must allow; an RCP only ever denies, since RCPFullAWSAccess can't be
   detached.
3. In one account, the identity side (identity policy, and boundary and session policy where there are) or the
   resource policy must allow. What the resource policy says to the session, the user or `*` needs nothing else; what
   it says to the role is limited by boundary and session policy; what it says to the account delegates to the
   identity side.
4. A KMS key and a role's trust must allow in any case; for them the identity side counts only where they delegate.
5. Across accounts both sides must allow. A grant of KMS stands for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from access.case import Case, Levels, Policies, Request
from access.principals import Kind, Reach
from access.services import (
    ANONYMOUS_SERVICES,
    NEVER_DENIED,
    RCP_EXEMPT_ACTIONS,
    RCP_SERVICES,
    root_overrides_resource_policy,
    works_across_accounts,
)

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


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the request is allowed, why, and by which statement; by which layer where something was lacking."""

    allowed: bool
    reason: str
    by: str

    @property
    def decision(self) -> Literal["allowed", "denied"]:
        return "allowed" if self.allowed else "denied"


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


def decide(case: Case) -> Decision:
    """Whether AWS would allow the request, as far as the case tells."""
    request = case.request
    what = f"{request.action} on {request.resource}"
    if request.action_key in NEVER_DENIED:
        return Decision(True, f"{request.action} needs no permission and can't be denied", request.action)
    found = layers(case)
    for one in found:
        if one.decision == "denied":
            return Decision(False, f"explicit deny in {one.by}", one.by)
    identity, boundary, session, scp, _, resource, trust, grants, endpoint = found
    for gate in (scp, endpoint):
        if gate.decision == "silent":
            return Decision(False, f"{gate.by} allows {what}", gate.layer)
    side = trust if request.assumes_role else resource
    if not request.principal.has_identity:
        return _without_identity(case, side, grants, what)
    return _with_identity(case, (identity, boundary, session), side, grants, what)


def _without_identity(case: Case, side: LayerDecision, grants: LayerDecision, what: str) -> Decision:
    """Services, identity providers and anonymous callers: only the resource's side can allow."""
    who = case.request.principal
    if who.kind is Kind.ANONYMOUS and case.request.service not in ANONYMOUS_SERVICES:
        served = ", ".join(sorted(ANONYMOUS_SERVICES))
        return Decision(False, f"{case.request.service} takes no anonymous request (only {served} do)", side.layer)
    for one in (side, grants):
        if one.decision == "allowed":
            return Decision(True, f"{one.by} allows {who.short} {what}", one.by)
    return Decision(False, f"{_lacking(case, side)} allows {who.short} {what}", side.layer)


def _with_identity(
    case: Case,
    identity_side: tuple[LayerDecision, LayerDecision, LayerDecision],
    side: LayerDecision,
    grants: LayerDecision,
    what: str,
) -> Decision:
    request = case.request
    who = request.principal
    identity, boundary, session = identity_side
    unlimited = boundary.decision != "silent" and session.decision != "silent"
    itself = identity.decision == "allowed" and unlimited
    gated = request.assumes_role or request.uses_key
    across = not request.same_account
    if across and not works_across_accounts(request.action_key):
        reason = f"{request.action} has no effect across accounts, and {request.resource} is another account's"
        return Decision(False, reason, side.layer)

    if grants.reach is Reach.ACCOUNT and itself:
        return Decision(True, f"{identity.by} and {grants.by} allow {what}", f"{identity.by} and {grants.by}")
    for one in (grants,) if across else (side, grants):
        if one.reach is Reach.DIRECT or (one.reach is Reach.ROLE and unlimited):
            return Decision(True, f"{one.by} allows {who.short} {what}", one.by)
    if itself and side.reach is not Reach.NONE:
        return Decision(True, f"{identity.by} and {side.by} allow {what}", f"{identity.by} and {side.by}")
    if itself and not across and not gated:
        return Decision(True, f"{identity.by} allows {what}", identity.by)

    missing: list[tuple[str, str]] = []
    if identity.decision != "allowed" and (across or side.reach is not Reach.ROLE):
        missing.append((f"no identity policy of {who.short} allows {what}", identity.layer))
    missing += [
        (f"{limit.by} allows {what}", limit.layer) for limit in (boundary, session) if limit.decision == "silent"
    ]
    if (across or gated) and side.reach is Reach.NONE:
        missing.append((f"{_lacking(case, side)} allows {who.short} {what}", side.layer))
    reason = "; ".join(text for text, _ in missing)
    return Decision(False, reason, missing[0][1])


def _lacking(case: Case, side: LayerDecision) -> str:
    """`no statement of the resource policy`: what of the resource's side would have been needed."""
    request = case.request
    if request.assumes_role:
        name = f"the trust of {request.resource}"
    elif request.uses_key:
        name = "the key policy"
    else:
        name = "the resource policy"
    if side.decision == "absent":
        return f"{name} (there is none) neither names nor delegates: nothing of account {request.resource_account}"
    inert = [
        statement.name
        for policy in case.resource_policies or ()
        for statement in policy.policy.statements
        if statement.inert
    ]
    note = f" (KMS ignores the statements without Action or Resource: {', '.join(inert)})" if inert else ""
    return f"no statement of {name}{note}"


def _scan(
    policies: Policies, request: Request, *, bounded: bool = False, deny_only: bool = False
) -> tuple[str | None, str | None, Reach]:
    """(the first statement that denies, the one that allows most closely, how closely)."""
    action, resource, context, who = request.action_key, request.resource, request.context, request.principal
    allowed: str | None = None
    closest = Reach.NONE
    for named in policies:
        for statement in named.policy.statements:
            if statement.allows and (deny_only or closest is Reach.DIRECT):
                continue
            reach = statement.reach(who, bounded=bounded)
            if reach is Reach.NONE or (statement.allows and reach <= closest):
                continue
            if statement.covers(action, resource, context):
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
        return LayerDecision("identity", "absent")
    found = _judged("identity", case.identity_policies, case.request, f"no identity policy of {who.short}")
    if who.kind is Kind.ROOT and found.decision != "denied":
        return LayerDecision("identity", "allowed", f"{who.short}, who has full access,", Reach.DIRECT)
    if not case.identity_policies and found.decision == "silent":
        return LayerDecision("identity", "absent", f"{who.short} has no identity policy")
    return found


def _boundary(case: Case) -> LayerDecision:
    if case.permissions_boundary is None:
        return LayerDecision("boundary", "absent")
    lacking = f"no statement of the permissions boundary of {case.request.principal.short}"
    return _judged("boundary", (case.permissions_boundary,), case.request, lacking)


def _session(case: Case) -> LayerDecision:
    if case.session_policies is not None:
        return _judged("session", case.session_policies, case.request, "no statement of the session policy")
    if case.request.principal.kind is Kind.FEDERATED_USER:
        return LayerDecision("session", "silent", "no session policy was passed for the federated user, so nothing")
    return LayerDecision("session", "absent")


def _scp(case: Case) -> LayerDecision:
    who = case.request.principal
    exempt = not who.has_identity or who.is_service_linked_role or who.account == case.management_account
    if exempt or not case.service_control_policies:
        return LayerDecision("scp", "absent")
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
        return LayerDecision("rcp", "absent")
    for level in case.resource_control_policies:
        denied, _, _ = _scan(level, request, deny_only=True)
        if denied is not None:
            return LayerDecision("rcp", "denied", denied)
    return LayerDecision("rcp", "allowed", "RCPFullAWSAccess, which can't be detached")


def _resource(case: Case) -> LayerDecision:
    request = case.request
    governed = request.service != "kms" or request.uses_key
    if case.resource_policies is None or not governed:
        return LayerDecision("resource", "absent")
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
        return LayerDecision("trust", "absent")
    return _judged("trust", (case.role_trust,), request, f"no statement of the trust of {request.resource}")


def _grants(case: Case) -> LayerDecision:
    request = case.request
    if not case.grants or not request.uses_key:
        return LayerDecision("grants", "absent")
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
        return LayerDecision("endpoint", "absent")
    return _judged(
        "endpoint", (case.vpc_endpoint_policy,), case.request, "no statement of the VPC endpoint's policy",
        bounded=case.permissions_boundary is not None,
    )  # fmt: skip


def decide_all(cases: Iterable[Case]) -> list[Decision]:
    """Decide several cases."""
    return [decide(case) for case in cases]
