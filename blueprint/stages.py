"""The stages that a model version passes, in order.

A stack stage (`dev`) is where accounts belong to; its lifecycle stage (`Development`) is what SageMaker's
`ModelLifeCycle.Stage` says. The first stage publishes and registers; the later ones validate and serve.
"""

from __future__ import annotations

from dataclasses import dataclass

from blueprint.stateful import Stateful

REQUEST_SOURCE = "mlgov.requests"
"""Event source of the requests for a stage. EventBridge refuses `aws.*` in PutEvents, so it can't be mistaken."""

REQUEST_DETAIL_TYPE = "Stage Requested"

OPEN_STATUSES = ("PendingApproval", "InProgress")
"""`ModelLifeCycle.StageStatus` that an author may write. Free text in SageMaker, so it is an allow-list, never a
deny-list: `approved` isn't `Approved` (dg/model-registry-staging-construct-set-up)."""

DECIDED_STATUSES = ("Approved", "Rejected", "OnHold", "Retired")
"""What an approver may write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage: who asks for it, who decides on it.

    `asked_by`: stack stages whose execution roles may post a request for this one.
    `approvers`: ARN patterns of roles or users that may assume the approver role.
    `users`: names of roles of the stage's own accounts that may assume its execution roles, beside SageMaker.
    `deployers`: names of roles of the stage's own accounts, or ARN patterns, that may assume its deployer roles;
    without any there is no such role.
    `units`: ARNs of the organisational units of the stage's accounts, with which the registry is shared as a whole.
    `stateful`: what becomes of what can't be made anew, where the stack's own configuration doesn't say.
    `studio`: whether people work in its accounts through SageMaker Studio.
    """

    name: str
    lifecycle: str
    asked_by: tuple[str, ...]
    approvers: tuple[str, ...]
    require_mfa: bool = False
    users: tuple[str, ...] = ()
    deployers: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    stateful: Stateful | None = None
    studio: bool = True
