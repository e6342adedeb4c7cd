"""What happens to each call: served table, validation, authorisation, dispatch, read-back, log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.organisation import core
from rehearsal.organisation.answers import read
from rehearsal.organisation.authoriser import Verdict
from rehearsal.organisation.bridge import Moto
from rehearsal.organisation.core import ApiError, Call, Caller, Need, NotEmulated, Params, Served
from rehearsal.organisation.left_out import refuse_left_out
from rehearsal.organisation.log import tell
from rehearsal.organisation.model import model
from rehearsal.organisation.validation import validate
from rehearsal.organisation.wire import Http

if TYPE_CHECKING:
    from rehearsal.organisation.emulator import Emulator


@dataclass(slots=True)
class Outcome:
    """A call's result: `params` in the model's shape, or `http` where moto's own answer can go out as it
    is.
    """

    params: Params | None = None
    http: Http | None = None


@dataclass(slots=True)
class Trace:
    """What the log will say of a call."""

    needs: list[Need] = field(default_factory=list)
    verdict: Verdict | None = None
    decision: str = "not reached"


class Pipeline:
    """The way of every call, from the wire or from within: validate, authorise, serve, log one row."""

    def __init__(self, org: Emulator, moto: Moto) -> None:
        self._org = org
        self._moto = moto

    def outside(self, call: Call, protocol: str) -> Outcome:
        """Answer a request that came by the wire. Raises ApiError; either way one row is logged."""
        return self._logged(call, protocol, None)

    def inside(
        self,
        caller: Caller,
        service: str,
        operation: str,
        params: Params,
        *,
        region: str,
        account: str | None,
    ) -> Params:
        """Make a call of the emulated AWS with a role's rights, through the same steps. Raises ApiError."""
        org = self._org
        org.load(service)
        params = deepcopy(params)
        for name in model(service).operation_model(operation).idempotent_members:
            params.setdefault(name, org.request_id())  # as the SDKs do
        owner = account or org.owner_of(service, params, caller.account)
        call = Call(
            caller, service, operation, region, owner, params, org.request_id(), org.clock.now(),
        )  # fmt: skip
        outcome = self._logged(call, None, "called by the emulated AWS with the role's rights")
        return outcome.params or {}

    def _logged(self, call: Call, protocol: str | None, reason: str | None) -> Outcome:
        trace = Trace()
        parent = self._org.current_call
        draft = self._org.trail.draft(call, by_aws=reason is not None)
        try:
            with self._org.answering(call):
                outcome = self._run(call, protocol, trace)
        except ApiError as error:
            self._record(call, trace, error.status, error.code, reason, parent)
            self._org.trail.failed(draft, trace.needs, error)
            raise
        except Exception as error:
            self._record(call, trace, 500, f"bug in the emulator: {error!r}", reason, parent)
            raise
        self._record(call, trace, outcome.http.status if outcome.http else 200, None, reason, parent)
        self._org.trail.succeeded(draft, trace.needs, lambda: _answered(call, outcome, protocol))
        return outcome

    def _run(self, call: Call, protocol: str | None, trace: Trace) -> Outcome:
        org = self._org
        row = self.row(call.service, call.operation)
        if protocol is not None:
            org.faults.throttle(call)
        validate(call.service, call.operation, call.params)
        refuse_left_out(call)
        with org.lock:
            trace.needs = list(row.needs(org, call)) if row.needs is not None else org.generic_needs(call)
            for need in trace.needs:
                trace.verdict = org.judge(call.caller, need, region=call.region)
                if not trace.verdict.allowed:
                    trace.decision = "denied"
                    raise org.denied(call.caller, trace.verdict, call.service)
        trace.decision = "allowed"
        with org.lock if row.locked else nullcontext():
            if row.handler is not None:
                return Outcome(row.handler(org, call))
            return self._by_moto(row, call, protocol)

    def row(self, service: str, operation: str) -> Served:
        """The served table's row. Raises NotEmulated for what isn't in it."""
        self._org.load(service)
        found = core.SERVED.get((service, operation))
        if found is None:
            raise NotEmulated(f"{service}:{operation}")
        return found

    def _by_moto(self, row: Served, call: Call, protocol: str | None) -> Outcome:
        org = self._org
        if row.before is not None:
            row.before(org, call)
        http, spoken = self._moto.answer(call, protocol)
        if http.status >= 300 or protocol != spoken or row.after is not None or row.read_back is not None:
            params = read(call.service, call.operation, http, spoken)
        else:
            return Outcome(http=http)
        plain = deepcopy(params) if row.after is not None else params
        if row.after is not None:
            row.after(org, call, params)
        if row.read_back is not None:
            _require_kept(call, row.read_back(org, call, params))
        return Outcome(params, http if protocol == spoken and plain == params else None)

    def record_need(
        self, caller: Caller, verdict: Verdict, *, region: str, via: str | None, reason: str
    ) -> None:  # fmt: skip
        """Log one authorisation of what AWS does on the caller's behalf, or as itself."""
        service, _, operation = verdict.need.action.partition(":")
        parent = self._org.current_call
        self._org.log.append(
            {
                "time": self._org.clock.now().isoformat(),
                "request_id": parent.request_id if parent is not None else self._org.request_id(),
                "account": caller.account,
                "principal": caller.arn,
                "service": service,
                "operation": operation,
                "region": region,
                "owner": verdict.need.resource_account,
                "parameters": {"resource": verdict.need.resource, **tell(dict(verdict.need.context))},
                "actions": [[verdict.need.action, verdict.need.resource]],
                **_told(verdict),
                "status": 200 if verdict.allowed else 403,
                "error": None if verdict.allowed else "AccessDenied",
                "on_behalf_of": caller.arn if via else None,
                "via": via,
                "reason": reason,
            }
        )

    def _record(
        self,
        call: Call,
        trace: Trace,
        status: int,
        error: str | None,
        reason: str | None,
        parent: Call | None,
    ) -> None:
        told = _told(trace.verdict) if trace.verdict is not None else {"decision": trace.decision}
        if trace.decision == "allowed":
            told["decision"] = "allowed"
        self._org.log.append(
            {
                "time": call.time.isoformat(),
                "request_id": call.request_id,
                "account": call.caller.account,
                "principal": call.caller.arn,
                "service": call.service,
                "operation": call.operation,
                "region": call.region,
                "owner": call.owner,
                "parameters": tell(call.params),
                "actions": [[need.action, need.resource] for need in trace.needs],
                **told,
                "status": status,
                "error": error,
                "on_behalf_of": parent.caller.arn if parent is not None and reason else None,
                "via": call.via,
                "reason": reason,
            }
        )


def _answered(call: Call, outcome: Outcome, protocol: str | None) -> Params:
    """The answer in the model's shape, read from moto's own where that goes out as it is."""
    if outcome.params is not None or outcome.http is None or protocol is None:
        return outcome.params or {}
    return read(call.service, call.operation, outcome.http, protocol)


def _told(verdict: Verdict) -> dict[str, Any]:
    if verdict.allowed:
        return {"decision": "allowed"}
    return {
        "decision": "denied",
        "denied_by": verdict.by,
        "why": verdict.reason,
        "denied_action": verdict.need.action,
        "denied_resource": verdict.need.resource,
        "lacking": _lacking(verdict),
        "layers": verdict.layers,
    }


def _lacking(verdict: Verdict) -> dict[str, Any] | None:
    """The statement that is missing, and in which layers; None where a statement denies explicitly."""
    silent = [layer for layer, decision, _ in verdict.layers if decision == "silent"]
    if not silent or any(decision == "denied" for _, decision, _ in verdict.layers):
        return None
    statement = {"Effect": "Allow", "Action": verdict.need.action, "Resource": verdict.need.resource}
    return {"layers": silent, "statement": statement}


def _require_kept(call: Call, shown: Mapping[str, Any]) -> None:
    """Refuse a create or update of which the answer kept less, or something else, than was sent."""
    for name, sent in call.params.items():
        if name not in shown or not same(sent, shown[name]):
            seen = repr(shown[name])[:200] if name in shown else "nothing"
            raise NotEmulated(
                f"{call.service}:{call.operation} with parameter {name} (sent {tell(sent, name)!r}, moto shows {seen})"
            )


def same(sent: Any, shown: Any) -> bool:
    """Whether what is shown holds what was sent: structures may show more, texts of JSON are compared as
    JSON.
    """
    if isinstance(sent, Mapping) and isinstance(shown, Mapping):
        return all(name in shown and same(value, shown[name]) for name, value in sent.items())
    if isinstance(sent, list | tuple) and isinstance(shown, list | tuple):
        return len(sent) == len(shown) and all(same(one, other) for one, other in zip(sent, shown, strict=True))
    if isinstance(sent, str) and isinstance(shown, str) and sent != shown and sent[:1] in "{[":
        try:
            return bool(json.loads(sent) == json.loads(shown))
        except ValueError:
            return False
    return bool(sent == shown)
