"""The three matrices: every principal and request, by the identity side alone, the resource side alone, and both.

`identity`: what boundary and identity policies say, as if every resource admitted. `resource`: what the resource's
side says, as if the identity side allowed everything. `both`: what AWS would answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from access import Case, Decision, LayerDecision, Request, decide, layers
from access.case import Policies
from access.policies import NamedPolicy, compile_policy
from access.services import policy_kind
from access.statements import PolicyKind
from blueprint.intent import Intent
from blueprint.intent.model import EVERYTHING, Ask, Facts, Parts, Principal
from blueprint.intent.roles import role_names, session
from blueprint.names import HUB
from blueprint.organisation import Organisation
from console.access.estate import Document, Estate, owner_of
from console.errors import CommandError

Says = Literal["allowed", "denied", "silent", "absent"]
"""Of one side: `denied` is an explicit refusal, `silent` grants nothing, `absent`: there is no such side."""

FULL: Policies = (NamedPolicy("everything", compile_policy(EVERYTHING, PolicyKind.IDENTITY)),)
WITH_ALL, NO_BOUNDARY = LayerDecision("identity", "allowed", "everything"), LayerDecision("boundary", "absent")
OPEN: Policies = (
    NamedPolicy(
        "of AWS, open to every account",
        compile_policy(
            {**EVERYTHING, "Statement": [{**EVERYTHING["Statement"][0], "Principal": "*"}]}, PolicyKind.RESOURCE
        ),
    ),
)
INVOKE_API = "execute-api:Invoke"
ADMITS_SERVICES = (
    "role/", "queue/", "forward-dlq@", "topic", "bus", "sink", "artifacts-key", "governance-key", "anchors-key",
    "function",
)  # fmt: skip
"""Things whose policies could admit one of AWS's services; all others have none, and a service has no policies."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One cell of the three matrices."""

    identity: Says
    resource: Says
    both: Literal["allowed", "refused"]


Key = tuple[str, str]
"""(principal's id, request's id)."""

Matrix = Mapping[Key, Answer]


@dataclass(frozen=True, slots=True)
class Cell:
    """A principal with a request: what is asked, without the policies."""

    principal: Principal
    ask: Ask
    request: Request

    @property
    def key(self) -> Key:
        return (self.principal.id, self.ask.id)


def facts_of(estate: Estate, organisation: Organisation, parts: Mapping[str, Parts], *, trial: bool = False) -> Facts:
    """What AWS named by itself. Raises CommandError where a key isn't there."""
    names = organisation.names

    def key(alias: str) -> str:
        found = estate.keys.get(alias)
        if found is None:
            raise CommandError(f"there is no key {alias}: is this the hub's export, and of prefix {names.prefix}?")
        return found

    return Facts(
        artifacts_key=key(names.alias("artifacts")),
        governance_key=key(names.alias("governance")),
        anchors_key=key(names.alias("anchors")),
        sink=estate.sinks[0] if estate.sinks else "",
        trial=trial,
        parts=parts,
    )


def roles_of(estate: Estate, organisation: Organisation) -> list[Principal]:
    """The estate's roles as principals; one whose name isn't ours has its name for id."""
    known: dict[str, tuple[str, str]] = {}
    homes = {HUB: organisation.hub} | {spoke.stack: spoke.account for spoke in organisation.spokes}
    for (stack, purpose), name in role_names(organisation).items():
        known[organisation.names.role_arn(homes[stack], name)] = (stack, purpose)
    by_account = {account: stack for stack, account in homes.items()}
    found = []
    for arn in estate.roles:
        account, name = arn.split(":")[4], arn.rpartition("/")[2]
        stack, purpose = known.get(arn, (by_account.get(account, account), name))
        found.append(Principal(id=f"{stack}/{purpose}", arn=session(organisation, account, name), stack=stack))
    return found


def cells(intent: Intent, roles: Iterable[Principal]) -> list[Cell]:
    """Every principal with every request that concerns it."""
    of = intent.organisation
    return [
        cell_of(of, principal, ask)
        for principal in (*roles, *intent.strangers)
        for ask in intent.asks
        if _concerns(of, principal, ask)
    ]


def cell_of(of: Organisation, principal: Principal, ask: Ask) -> Cell:
    return Cell(principal, ask, _request(of, principal, ask))


def _concerns(of: Organisation, principal: Principal, ask: Ask) -> bool:
    """Whether the cell is looked at: everybody about the hub's things, and each account's about its own and one
    neighbour's; whom the configuration doesn't know, about one account's.
    """
    if principal.id.startswith("service/") and not ask.thing.startswith(ADMITS_SERVICES):
        return False
    if not principal.stack and not ask.account:
        return False
    if HUB in (principal.stack, ask.stack) or principal.stack == ask.stack:
        return True
    stacks = [spoke.stack for spoke in of.spokes]
    if principal.id.startswith("service/"):
        return True
    if not principal.stack or principal.outside:
        return ask.stack == stacks[0] or ask.action == INVOKE_API
    return ask.stack == stacks[(stacks.index(principal.stack) + 1) % len(stacks)]


def _request(of: Organisation, principal: Principal, ask: Ask) -> Request:
    context: dict[str, object] = {"aws:SecureTransport": True, "aws:RequestedRegion": of.region, **principal.context}
    if of.id is not None and not principal.outside:
        context["aws:PrincipalOrgID"] = of.id
    context |= ask.context
    context = {key: _text(value) if isinstance(value, bool) else value for key, value in context.items()}
    request: dict[str, object] = {
        "principal": principal.arn, "action": ask.action, "resource": ask.resource, "context": context,
    }  # fmt: skip
    account = ask.account or principal.account
    if account:
        request["resource_account"] = account
    return Request.from_dict(request)


def _text(value: bool) -> str:
    return "true" if value else "false"


class Evaluator:
    """Answers cells by an estate's policies. Documents are compiled once; `evaluator.changed` shares the rest."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._identity: dict[str, Policies] = {}
        self._boundary: dict[str, NamedPolicy | None] = {}
        self._resource: dict[tuple[str, str], Policies | None] = {}
        self._trust: dict[str, NamedPolicy | None] = {}

    def case(self, cell: Cell) -> Case:
        """The case as the evaluator of `access` takes it."""
        request, principal = cell.request, cell.principal
        role = request.principal.role_arn or ""
        if principal.identity is None:
            identity, boundary = self._identity_of(role), self._boundary_of(role)
        else:
            identity, boundary = FULL if principal.identity else (), None
        return Case(
            request=request,
            identity_policies=identity,
            permissions_boundary=boundary,
            resource_policies=OPEN if cell.ask.open else None if request.assumes_role else self._resource_of(request),
            role_trust=self._trust_of(request.resource) if request.assumes_role else None,
        )

    def answer(self, cell: Cell) -> Answer:
        """The cell's answers. The layers are judged once; each side alone is put together of them."""
        if cell.ask.action == INVOKE_API and (without := self._without_identity(cell)) is not None:
            return without
        case = self.case(cell)
        found = layers(case)
        identity, boundary, _, _, _, resource, trust, *_ = found
        says: Says = identity.decision
        if says == "absent" and case.request.principal.has_identity:
            says = "silent"
        if boundary.decision in ("denied", "silent") and says == "allowed":
            says = boundary.decision
        alone = replace(case, identity_policies=FULL, permissions_boundary=None) if cell.principal.is_role else case
        unbound = (WITH_ALL, NO_BOUNDARY, *found[2:]) if cell.principal.is_role else found
        admitted = decide(alone, unbound).allowed
        refused = (trust if case.request.assumes_role else resource).decision == "denied"
        side: Says = "denied" if refused else "allowed" if admitted else "silent"
        return Answer(says, side, "allowed" if decide(case, found).allowed else "refused")

    def _without_identity(self, cell: Cell) -> Answer | None:
        """A route that asks for no identity of AWS: open to everybody, or to those who bring a token; else None."""
        authorization = self.estate.apis.get(cell.ask.resource, "AWS_IAM")
        if authorization == "AWS_IAM":
            return None
        says: Says = layers(self.case(cell))[0].decision
        return Answer(says, "allowed", "allowed") if authorization == "NONE" else Answer(says, "silent", "refused")

    def decide(self, cell: Cell) -> Decision:
        """What AWS would answer, and why."""
        return decide(self.case(cell))

    def _identity_of(self, role: str) -> Policies:
        if role not in self._identity:
            self._identity[role] = tuple(
                _named(slot.name, slot.document, PolicyKind.IDENTITY) for slot in self.estate.of("identity", role)
            )
        return self._identity[role]

    def _boundary_of(self, role: str) -> NamedPolicy | None:
        return _one(self.estate, "boundary", role, PolicyKind.BOUNDARY)

    def _trust_of(self, role: str) -> NamedPolicy | None:
        return _one(self.estate, "trust", role, PolicyKind.TRUST)

    def _resource_of(self, request: Request) -> Policies | None:
        if request.resource == "*":
            return None
        owner = owner_of(request.resource)
        place = (owner, request.service)
        if place not in self._resource:
            documents = self.estate.resource_documents(owner)
            kind = policy_kind(request.service)
            self._resource[place] = tuple(_named(name, document, kind) for name, document in documents) or None
        return self._resource[place]


def _one(estate: Estate, kind: Literal["boundary", "trust"], owner: str, policy: PolicyKind) -> NamedPolicy | None:
    slots = estate.of(kind, owner)
    return _named(slots[0].name, slots[0].document, policy) if slots else None


def _named(name: str, document: Document, kind: PolicyKind) -> NamedPolicy:
    return NamedPolicy(name, compile_policy(document, kind))


def compute(estate: Estate, asked: Iterable[Cell]) -> dict[Key, Answer]:
    """The matrix of an estate."""
    evaluator = Evaluator(estate)
    return {cell.key: evaluator.answer(cell) for cell in asked}
