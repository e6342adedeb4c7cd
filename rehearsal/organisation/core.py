"""What the gateway and the services agree on: callers, calls, errors, the served table, the organisation's
surface.

A service module `services/<botocore service>.py` (`lambda_`, `tagging` where the name can't be a module's)
registers its operations with :func:`serves` (answered by our own code) or :func:`moto_serves` (answered by
moto, with the checks that moto leaves out). Whatever is registered nowhere is refused by name. Beside
operations it may register how to find a resource's policy (:func:`resource_policy`), its tags
(:func:`resource_tags`), which of the service's condition keys its needs carry (:func:`condition_keys`) and
background work (:func:`component`). Modules are imported at the first request that concerns their service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from rehearsal.organisation.identity import Identity
    from rehearsal.organisation.settings import OrganisationSettings
    from rehearsal.organisation.trail.recorder import Recorder

Params = dict[str, Any]
Document = Mapping[str, Any]
Fidelity = Literal["faithful", "emulated"]


class ApiError(Exception):
    """An error that the emulated service answers, as AWS words it.

    `code` is the wire code (`ValidationException`, `NoSuchBucket`, …), `status` the HTTP status, `fields`
    further members of the error shape (`CancellationReasons`, …).
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


class NotEmulated(ApiError):
    """What the rehearsal can't do faithfully: refused by name, never answered with an empty success.

    HTTP 400, so that no SDK retries it.
    """

    def __init__(self, what: str) -> None:
        super().__init__("NotEmulated", f"{what} is not emulated by the rehearsal; see rehearsal/COVERAGE.md", 400)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a role session, an IAM user, an account's root, or an AWS service.

    `arn` is the ARN as `aws:userid`-free text: `arn:aws:sts::<acct>:assumed-role/<role>/<session>`, a user's
    or root's ARN, or a service principal's name (`events.amazonaws.com`), in which case `account` is "".
    """

    arn: str
    account: str
    user_id: str = ""
    role_arn: str | None = None
    access_key: str = ""
    session_policy: Document | None = None
    source_identity: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_service(self) -> bool:
        return not self.arn.startswith("arn:")


@dataclass(frozen=True, slots=True)
class Need:
    """One authorisation that a call needs: an IAM action on one resource, with the service's own condition
    keys.

    `context` holds only what the service adds (`s3:ExistingObjectTag/dev`, `sagemaker:ModelApprovalStatus`,
    …); the global keys are added by the authoriser. Values are strings or lists of strings.
    """

    action: str
    resource: str
    resource_account: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """One parsed, validated request.

    `owner` is the account whose resource it concerns (the caller's own, unless an ARN, URL or bucket says
    otherwise). `params` are keyed as in botocore's model, blobs as bytes, timestamps as datetime. `via` names
    the service through which AWS makes the call on the caller's behalf (`s3.eu-west-1.amazonaws.com`).
    """

    caller: Caller
    service: str
    operation: str
    region: str
    owner: str
    params: Params
    request_id: str
    time: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    via: str | None = None


def pass_role(role_arn: str, service: str) -> Need:
    """The need of a call that hands a role to a service (`lambda.amazonaws.com`): iam:PassRole on the role.

    Source: iam/id_roles_use_passrole (iam:PassedToService is the service principal the role is passed to).
    """
    return Need("iam:PassRole", role_arn, role_arn.split(":")[4], {"iam:PassedToService": service})


Handler = Callable[["Organisation", Call], Params]
Needs = Callable[["Organisation", Call], Iterable[Need]]
Check = Callable[["Organisation", Call], None]
After = Callable[["Organisation", Call, Params], None]
ReadBack = Callable[["Organisation", Call, Params], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Served:
    """A row of the served table.

    `source` cites the AWS rule that the answer follows; `note` says what is left out (empty for faithful
    ones). `locked`: the handler runs under the organisation's lock, so its reads and writes of state are one
    step. A handler that waits (Invoke, a long poll) must be registered with `locked=False` and take
    `org.lock` around its state only.
    """

    service: str
    operation: str
    by: Literal["own", "moto"]
    fidelity: Fidelity
    source: str
    note: str = ""
    handler: Handler | None = None
    needs: Needs | None = None
    before: Check | None = None
    after: After | None = None
    read_back: ReadBack | None = None
    locked: bool = True


FindPolicy = Callable[["Organisation", str, str, str], Document | None]
FindTags = Callable[["Organisation", str, str, str], Mapping[str, str] | None]
FindOwner = Callable[["Organisation", Params], str | None]
Make = Callable[["Organisation"], "Component"]
F = TypeVar("F", FindPolicy, FindTags, FindOwner, Make)

SERVED: dict[tuple[str, str], Served] = {}
RESOURCE_POLICIES: dict[str, FindPolicy] = {}
RESOURCE_TAGS: dict[str, FindTags] = {}
OWNERS: dict[str, FindOwner] = {}
CONDITION_KEYS: dict[str, set[str]] = {}
TAKEN: dict[tuple[str, str], frozenset[str]] = {}
COMPONENTS: dict[str, Make] = {}


def _register(row: Served) -> None:
    key = (row.service, row.operation)
    if key in SERVED:
        raise RuntimeError(f"{row.service}:{row.operation} is registered twice")
    SERVED[key] = row


def serves(
    service: str,
    *operations: str,
    source: str,
    fidelity: Fidelity = "faithful",
    note: str = "",
    needs: Needs | None = None,
    locked: bool = True,
) -> Callable[[Handler], Handler]:
    """Register a handler of our own for operations of a botocore service (`sagemaker`, `CreateModelPackage`).

    The gateway has parsed, validated and authorised the call before the handler runs; the handler returns the
    output in the model's shape. `needs` overrides the generic mapping from operation to action, resource and
    context (`[*org.generic_needs(call), pass_role(…)]` adds to it). `locked`: see :class:`Served`.
    """

    def register(handler: Handler) -> Handler:
        for operation in operations:
            row = Served(service, operation, "own", fidelity, source, note, handler=handler, needs=needs, locked=locked)
            _register(row)
        return handler

    return register


def moto_serves(
    service: str,
    *operations: str,
    source: str,
    fidelity: Fidelity = "faithful",
    note: str = "",
    needs: Needs | None = None,
    before: Check | None = None,
    after: After | None = None,
    read_back: ReadBack | None = None,
) -> None:
    """Let moto answer these operations.

    `before` raises ApiError for what moto accepts and AWS doesn't. `after` runs on success (events,
    bookkeeping). `read_back(org, call, answer)` returns, keyed like `call.params`, what a Describe shows
    afterwards: every parameter that was sent must be there with the value sent, else the call fails, naming
    the dropped parameter. moto gets the request made anew from `call.params` and is sent to `call.owner`'s
    account: what `before` changes in them is what moto sees. moto's calls are serialised: an operation that
    waits (a long poll) must not be moto's.
    """
    for operation in operations:
        _register(
            Served(
                service, operation, "moto", fidelity, source, note,
                needs=needs, before=before, after=after, read_back=read_back,
            )
        )  # fmt: skip


def takes(service: str, *operations: str, members: Iterable[str]) -> None:
    """Refuse by name whatever the operations are sent beside these parameters (single ones: `left_out.py`)."""
    for operation in operations:
        TAKEN[service, operation] = frozenset(members)


def resource_policy(service: str) -> Callable[[FindPolicy], FindPolicy]:
    """Register how a service finds the resource policy of an ARN: `(org, arn, account, region) -> document or
    None`.

    `service` is the ARN's service part (`s3`, `kms`, `sqs`, `lambda`, `events`, `sagemaker`, …). The ARN is
    the need's resource: for S3 a bucket's or an object's.
    """
    return _registrar(RESOURCE_POLICIES, service)


def resource_tags(service: str) -> Callable[[FindTags], FindTags]:
    """Register how a service finds a resource's tags: `(org, arn, account, region) -> tags`; None: no such
    resource.

    Feeds `aws:ResourceTag/<key>` and the tagging service. Where a service registers none, a policy that asks
    for its resources' tags is an error by name.
    """
    return _registrar(RESOURCE_TAGS, service)


def owner(service: str) -> Callable[[FindOwner], FindOwner]:
    """Register whose resource a service's calls concern: `(org, params) -> account id`, None: the caller's
    own.

    Without it the account of an ARN or queue URL among the parameters decides (S3 has neither: a bucket's
    owner is looked up by its name).
    """
    return _registrar(OWNERS, service)


def condition_keys(prefix: str, *keys: str) -> None:
    """Declare which condition keys of a service (IAM prefix, `s3`) its needs carry whenever AWS would send
    them.

    A key may end in `*` (`s3:ExistingObjectTag/*`). A policy statement that matches an action and asks for a
    key of that action which no one declared is an error by name, since its condition would be judged on a key
    that is missing only here.
    """
    CONDITION_KEYS.setdefault(prefix, set()).update(key.lower() for key in keys)


def component(name: str) -> Callable[[Make], Make]:
    """Register a factory of background work (`events`, `pollers`), made once per organisation at first
    use.
    """
    return _registrar(COMPONENTS, name)


def _registrar(table: dict[str, F], name: str) -> Callable[[F], F]:
    def register(function: F) -> F:
        if name in table:
            raise RuntimeError(f"{name} is registered twice")
        table[name] = function
        return function

    return register


@dataclass(frozen=True, slots=True)
class Credentials:
    access_key: str
    secret_key: str
    session_token: str
    expires: datetime
    arn: str


@dataclass(frozen=True, slots=True)
class Account:
    """An emulated account. `in_organisation` is False for the outsider."""

    name: str
    id: str
    in_organisation: bool = True


class Clock(Protocol):
    """The organisation's clock: real time plus what was skipped."""

    def now(self) -> datetime: ...

    def advance(self, by: timedelta) -> None: ...


class Component(Protocol):
    """Background work of a service: the event router, the queue pollers, the pool of function processes.

    The component named `events` has, besides, `emit(account, region, source, detail_type, detail,
    resources)`, to which `Organisation.emit` hands over.
    """

    def pending(self) -> int:
        """How many pieces of work aren't finished (0: drained). Called often: it must be cheap and not
        wait.
        """

    def stop(self) -> None:
        """End all threads and processes; called once, when the organisation stops."""


class Organisation(Protocol):
    """The surface that service modules use; `rehearsal.organisation.emulator.Emulator` is it."""

    id: str
    region: str
    accounts: Mapping[str, Account]
    clock: Clock
    endpoint: str
    seed: int
    lock: AbstractContextManager[Any]
    settings: OrganisationSettings
    identity: Identity
    """Roles, users, sessions: `identity.role(arn)`, `identity.exists(principal_arn)`,
    `identity.policies(caller)`.
    """
    trail: Recorder
    """CloudTrail's records of all accounts."""

    def load(self, service: str) -> None:
        """Import a service's module, so that its registrations are there; harmless where it has none."""

    def component(self, name: str) -> Any:
        """The background work registered under a name; made at first use."""

    def generic_needs(self, call: Call) -> list[Need]:
        """What the Service Authorization Reference says that a call needs (action, resource from the
        parameters).

        Raises NotEmulated where action or resource can't be resolved.
        """

    def state(self, service: str, account: str, region: str) -> dict[str, Any]:
        """The store of one of our own services, per account and region; mutate it in place."""

    def moto(self, service: str, account: str, region: str) -> Any:
        """moto's backend object (`moto.backends.get_backend(service)[account][region or 'aws']`)."""

    def authorise(
        self, caller: Caller, needs: Sequence[Need], *, region: str, via: str | None = None, reason: str = "",
        extra: Mapping[str, str | list[str]] | None = None,
    ) -> None:  # fmt: skip
        """Authorise what AWS does on the caller's behalf (or as a service principal), or raise AccessDenied.

        Each need is logged as a row of its own with `reason` (why AWS makes the call). `via` sets
        `kms:ViaService`, `aws:ViaAWSService`-like keys; `extra` adds context keys to every need
        (`aws:SourceArn`, `aws:SourceAccount`).
        """

    def would_allow(self, caller: Caller, need: Need, *, region: str, resource_policy: Document | None = None) -> bool:
        """Whether a need would be allowed, with another resource policy than the stored one; nothing is
        logged.
        """

    def key_arn(self, key: str, account: str, region: str) -> str:
        """The ARN of a KMS key given by id, alias, or ARN of either, as seen from an account and region.

        Raises ApiError NotFoundException.
        """

    def use_key(
        self, key: str, action: str, caller: Caller, *, region: str, via: str | None,
        encryption_context: Mapping[str, str] | None = None, extra: Mapping[str, str | list[str]] | None = None,
        reason: str = "",
    ) -> None:  # fmt: skip
        """Authorise a KMS call (`kms:Decrypt`, `kms:GenerateDataKey`, …) on a key ARN; refuses a disabled
        key.
        """

    def call(
        self,
        caller: Caller,
        service: str,
        operation: str,
        params: Params,
        *,
        region: str,
        account: str | None = None,
    ) -> Params:
        """Make a whole call as `caller` through validation, authorisation, serving and the log.

        Raises ApiError. Used for what AWS does with a role's rights (the poller's ReceiveMessage, …).
        """

    def service_session(
        self, service: str, role_arn: str, *, session_name: str, source_arn: str | None = None,
        source_account: str | None = None, duration_seconds: int = 3600,
    ) -> tuple[Credentials, Caller]:  # fmt: skip
        """Let an AWS service (`lambda.amazonaws.com`) assume a role: its trust must admit it."""

    def emit(
        self, account: str, region: str, source: str, detail_type: str, detail: Mapping[str, Any],
        resources: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Put an AWS service's event on the account's default bus (asynchronously)."""

    def note(self, kind: str, **fields: Any) -> None:
        """Append a row to the event log (`events.jsonl`): deliveries, retries, invocations, duplicates."""
