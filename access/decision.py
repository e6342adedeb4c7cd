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
   A user's permissions boundary limits even a trust that names the user (id_roles_update-role-trust-policy.html).
5. Across accounts both sides must allow. A grant of KMS stands for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from access.case import Case
from access.layers import LayerDecision, layers
from access.principals import Kind, Reach
from access.services import ANONYMOUS_SERVICES, NEVER_DENIED, works_across_accounts


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the request is allowed, why, and by which statement; by which layer where something was lacking."""

    allowed: bool
    reason: str
    by: str

    @property
    def decision(self) -> Literal["allowed", "denied"]:
        return "allowed" if self.allowed else "denied"


def decide(case: Case, found: tuple[LayerDecision, ...] | None = None) -> Decision:
    """Whether AWS would allow the request, as far as the case tells.

    `found`: the layers of the case, where they are known already.
    """
    request = case.request
    what = f"{request.action} on {request.resource}"
    if request.action_key in NEVER_DENIED:
        return Decision(True, f"{request.action} needs no permission and can't be denied", request.action)
    found = layers(case) if found is None else found
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

    if itself and not across and not gated:
        return Decision(True, f"{identity.by} allows {what}", identity.by)
    for one in (grants,) if across else (side, grants):
        limited = one.reach is Reach.ROLE or (request.assumes_role and who.kind is Kind.USER)
        if one.reach >= Reach.ROLE and (unlimited or not limited):
            return Decision(True, f"{one.by} allows {who.short} {what}", one.by)
    for one in (side, grants):
        if itself and one.reach is not Reach.NONE:
            return Decision(True, f"{identity.by} and {one.by} allow {what}", f"{identity.by} and {one.by}")

    missing: list[tuple[str, str]] = []
    if identity.decision != "allowed" and (across or side.reach < Reach.ROLE):
        missing.append((f"no identity policy of {who.short} allows {what}", identity.layer))
    missing += [
        (f"{limit.by} allows {what}", limit.layer) for limit in (boundary, session) if limit.decision == "silent"
    ]
    if (across or gated) and side.reach is Reach.NONE:
        missing.append((f"{_lacking(case, side)} allows {who.short} {what}", side.layer))
    reason = "; ".join(text for text, _ in missing)
    return Decision(False, reason, missing[0][1])


def _lacking(case: Case, side: LayerDecision) -> str:
    """What of the resource's side would have been needed: `no statement of the resource policy`."""
    request = case.request
    if request.assumes_role:
        name = f"trust of {request.resource}"
    else:
        name = "key policy" if request.uses_key else "resource policy"
    if side.decision == "absent":
        return f"no {name} is there that"
    inert = [
        statement.name
        for policy in case.resource_policies or ()
        for statement in policy.policy.statements
        if statement.inert
    ]
    note = f" (KMS ignores the statements without Action or Resource: {', '.join(inert)})" if inert else ""
    return f"no statement of the {name}{note}"
