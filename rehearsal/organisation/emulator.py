"""The emulated organisation: state, identity, authorisation and services of all accounts, behind one loopback
port.
"""

from __future__ import annotations

import importlib
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rehearsal.organisation import core
from rehearsal.organisation.accounts import Accounts
from rehearsal.organisation.authoriser import Authoriser, Verdict
from rehearsal.organisation.bridge import LOCK, Moto
from rehearsal.organisation.clock import VirtualClock
from rehearsal.organisation.codes import denial
from rehearsal.organisation.core import (
    Account,
    ApiError,
    Call,
    Caller,
    Clock,
    Component,
    Credentials,
    Document,
    Need,
    NotEmulated,
    Params,
)
from rehearsal.organisation.faults import Faults
from rehearsal.organisation.identity import Identity, account_of, name_of
from rehearsal.organisation.log import Log
from rehearsal.organisation.loopback import require_loopback, require_loopback_environment
from rehearsal.organisation.pipeline import Pipeline
from rehearsal.organisation.resolve import generic_needs, owner_of
from rehearsal.organisation.settings import OrganisationSettings
from rehearsal.organisation.trail.recorder import Recorder

if TYPE_CHECKING:
    from rehearsal.organisation.server import Server

MODULES = {
    "lambda": "lambda_",
    "resourcegroupstaggingapi": "tagging",
    "tag": "tagging",
}
"""Service names whose module has another name (`lambda` is a keyword)."""


LOADING = threading.RLock()


class Emulator:
    """An organisation that answers AWS clients on loopback (`core.Organisation` is what services see of it).

    `start()` opens the port; `stop()` ends every thread and process. `log` and `events` are the request log
    and the event log. Credentials of the first administrator are `admin`; `accounts_api` signs in elsewhere.
    """

    def __init__(self, settings: OrganisationSettings, *, host: str = "127.0.0.1", port: int = 0) -> None:
        require_loopback(host, "the host to listen on")
        require_loopback_environment()
        self.settings = settings
        self.id = settings.id
        self.region = settings.region
        self.seed = settings.seed
        self.accounts: Mapping[str, Account] = {account.name: account for account in settings.accounts}
        self.accounts_by_id = {account.id: account for account in settings.accounts}
        self._clock = VirtualClock()
        self.clock: Clock = self._clock
        self.lock: AbstractContextManager[Any] = LOCK
        self.log: Log = Log()
        self.events: Log = Log()
        self.endpoint = ""
        self.stopped = threading.Event()
        self._host, self._port = host, port
        self._moto = Moto()
        self._state: dict[tuple[str, str, str], dict[str, Any]] = defaultdict(dict)
        self._components: dict[str, Component] = {}
        self._loaded: set[str] = set()
        self._server: Server | None = None
        self._here = threading.local()
        self.identity = Identity(lambda account: self.moto("iam", account, ""), list(self.accounts_by_id), self.clock)
        self.trail = Recorder(self, settings.trail)
        self.authoriser = Authoriser(self)
        self.pipeline = Pipeline(self, self._moto)
        self.faults = Faults(self)
        with self.lock:
            self.people: Accounts = Accounts(self)
            self.admin: Credentials = self.people.set_up()

    def start(self) -> Emulator:
        """Listen. Returns itself; `endpoint` is the URL for `AWS_ENDPOINT_URL`."""
        from rehearsal.organisation.server import Server

        if self.settings.hurry:
            self._clock.hurry()
        self._server = Server(self, self._host, self._port)
        self.endpoint = self._server.endpoint
        self._server.start()
        return self

    def stop(self) -> None:
        """End background work, timers, and the server. Safe to call twice."""
        for one in list(self._components.values()):
            one.stop()
        self._components.clear()
        self._clock.stop()
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._moto.forget()
        self.stopped.set()

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def drain(self, timeout_seconds: float = 30.0) -> None:
        """Wait until no background work is pending. Raises TimeoutError naming who still works."""
        deadline = time.monotonic() + timeout_seconds
        quiet = 0
        while quiet < 2:
            busy = {name: count for name, one in list(self._components.items()) if (count := one.pending())}
            quiet = 0 if busy else quiet + 1
            if busy and time.monotonic() > deadline:
                told = ", ".join(f"{name} ({count})" for name, count in sorted(busy.items()))
                raise TimeoutError(f"after {timeout_seconds:.0f} s work is still pending in: {told}")
            time.sleep(0.005)

    def load(self, service: str) -> None:
        """Import a service's module, which fills the served table; services without one serve nothing.

        One at a time: modules import each other in circles, and who imports such a circle beside somebody else gets
        modules that are only half run.
        """
        if service in self._loaded:
            return
        with LOADING:
            self._import(service)

    def _import(self, service: str) -> None:
        name = f"rehearsal.organisation.services.{MODULES.get(service, service.replace('-', '_'))}"
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
        self._loaded.add(service)

    def state(self, service: str, account: str, region: str) -> dict[str, Any]:
        return self._state[service, account, region]

    def moto(self, service: str, account: str, region: str) -> Any:
        return self._moto.backend(service, account, region)

    def component(self, name: str) -> Any:
        with self.lock:
            if name not in self._components:
                self.load(name)
                if name not in core.COMPONENTS:
                    raise NotEmulated(f"background work {name!r}, which no service module registers,")
                self._components[name] = core.COMPONENTS[name](self)
            return self._components[name]

    def owner_of(self, service: str, params: Params, caller_account: str) -> str:
        """The account whose resource a call concerns: the bucket's owner, an ARN's account, else the
        caller's.
        """
        find = core.OWNERS.get(service)
        if find is not None:
            return find(self, params) or caller_account
        if service == "s3":
            return self._moto.bucket_owner(params.get("Bucket", "")) or caller_account
        return owner_of(service, params, caller_account)

    def generic_needs(self, call: Call) -> list[Need]:
        return generic_needs(call)

    def emit(
        self, account: str, region: str, source: str, detail_type: str, detail: Mapping[str, Any],
        resources: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.component("events").emit(account, region, source, detail_type, detail, resources)

    def note(self, kind: str, **fields: Any) -> None:
        self.events.append({"time": self.clock.now().isoformat(), "kind": kind, **fields})

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
        return self.pipeline.inside(caller, service, operation, params, region=region, account=account)

    def authorise(
        self, caller: Caller, needs: Sequence[Need], *, region: str, via: str | None = None, reason: str = "",
        extra: Mapping[str, str | list[str]] | None = None,
    ) -> None:  # fmt: skip
        for need in needs:
            verdict = self.judge(caller, need, region=region, via=via, extra=extra)
            self.pipeline.record_need(caller, verdict, region=region, via=via, reason=reason)
            if not verdict.allowed:
                raise self.denied(caller, verdict)

    def judge(
        self, caller: Caller, need: Need, *, region: str, via: str | None = None,
        extra: Mapping[str, str | list[str]] | None = None, resource_policy: Document | None = None,
    ) -> Verdict:  # fmt: skip
        """Decide one need without recording it."""
        grants = None
        if need.action.startswith("kms:"):
            self.load("kms")
            from rehearsal.organisation.services.kms import grants_on

            grants = grants_on(self, need.resource)
        with self.lock:
            return self.authoriser.judge(
                caller, need, region=region, via=via, extra=extra, grants=grants, resource_policy=resource_policy,
                call=self.current_call if via is None else None,
            )  # fmt: skip

    def would_allow(self, caller: Caller, need: Need, *, region: str, resource_policy: Document | None = None) -> bool:
        return self.judge(caller, need, region=region, resource_policy=resource_policy).allowed

    def denied(self, caller: Caller, verdict: Verdict, service: str | None = None) -> ApiError:
        """The denial as the service of the current call words it."""
        call = self.current_call
        service = service or (call.service if call is not None else verdict.need.action.split(":")[0])
        try:
            code, status = denial(service)
        except NotEmulated:
            code, status = "AccessDenied", 403
        need = verdict.need
        return ApiError(
            code,
            f"User: {caller.arn} is not authorized to perform: {need.action} on resource: {need.resource}"
            f" because {verdict.reason}",
            status,
        )

    def key_arn(self, key: str, account: str, region: str) -> str:
        from rehearsal.organisation.services import kms

        return kms.key_arn(self, key, account, region)

    def use_key(
        self, key: str, action: str, caller: Caller, *, region: str, via: str | None,
        encryption_context: Mapping[str, str] | None = None, extra: Mapping[str, str | list[str]] | None = None,
        reason: str = "",
    ) -> None:  # fmt: skip
        self.load("kms")
        from rehearsal.organisation.services.kms import encryption_keys, require_usable

        context = encryption_keys(encryption_context or {})
        need = Need(action, key, account_of(key) or caller.account, context)
        self.authorise(caller, [need], region=region, via=via, reason=reason, extra=extra)
        with self.lock:
            require_usable(self, key)

    def service_session(
        self, service: str, role_arn: str, *, session_name: str, source_arn: str | None = None,
        source_account: str | None = None, duration_seconds: int = 3600,
    ) -> tuple[Credentials, Caller]:  # fmt: skip
        caller = Caller(service, "")
        role = self.identity.role(role_arn)
        extra: dict[str, str | list[str]] = {"sts:RoleSessionName": session_name}
        if source_arn:
            extra["aws:SourceArn"] = source_arn
        if source_account:
            extra["aws:SourceAccount"] = source_account
        need = Need("sts:AssumeRole", role_arn, account_of(role_arn))
        if role is None:
            raise ApiError("AccessDenied", f"{service} can't assume {role_arn}: no such role exists", 403)
        verdict = self.judge(caller, need, region=self.region, extra=extra)
        reason = f"{service} assumes {name_of(role_arn)}"
        self.pipeline.record_need(caller, verdict, region=self.region, via=None, reason=reason)
        if not verdict.allowed:
            raise self.denied(caller, verdict)
        session = self.identity.issue(role, session_name, duration_seconds)
        return session.credentials, session.caller

    @property
    def current_call(self) -> Call | None:
        """The request that this thread is answering, for the wording of errors and the link between log
        rows.
        """
        stack: list[Call] = getattr(self._here, "calls", [])
        return stack[-1] if stack else None

    @contextmanager
    def answering(self, call: Call) -> Iterator[None]:
        stack: list[Call] = self._here.__dict__.setdefault("calls", [])
        stack.append(call)
        try:
            yield
        finally:
            stack.pop()

    def request_id(self) -> str:
        return str(uuid.uuid4())

    def now(self) -> datetime:
        return self.clock.now()
