"""What API Gateway leaves of a request: a line of the access log, metrics, and the organisation's request log.

Sources: http-api-logging-variables, http-api-metrics. No body, no header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.organisation.authoriser import Verdict
from rehearsal.organisation.core import Caller, Organisation
from rehearsal.organisation.services.apigatewayv2.stages import log_group_of
from rehearsal.organisation.services.apigatewayv2.store import Api
from rehearsal.organisation.services.execute_api.request import Match, Request
from rehearsal.organisation.services.logs.groups import Event, groups, milliseconds

_VARIABLE = re.compile(r"\$context\.(?P<name>[A-Za-z0-9_.]+)")
NAMESPACE = "AWS/ApiGateway"
DENIED = 403


@dataclass(slots=True)
class Trace:
    """What is known of a request when it was answered."""

    api: Api
    request: Request
    match: Match | None = None
    caller: Caller | None = None
    verdict: Verdict | None = None
    status: int = 0
    length: int = 0
    latency_ms: float = 0.0
    integration_ms: float | None = None
    error: str = ""
    integration_error: str = ""
    actions: list[list[str]] = field(default_factory=list)


def write_access_log(org: Organisation, trace: Trace) -> None:
    """One line in the stage's log group, in the stage's format; what isn't known is `-`."""
    stage = trace.match.stage if trace.match is not None else None
    place = None if stage is None else log_group_of(stage)
    if stage is None or place is None:
        return
    account, region, name = place
    values = _variables(trace)
    line = _VARIABLE.sub(
        lambda found: values.get(found["name"], "-") or "-", stage["AccessLogSettings"]["Format"]
    )  # fmt: skip
    with org.lock:
        group = groups(org, account, region).get(name)
        if group is None:
            org.note("lost-logs", function=trace.api.arn, group=name, lines=1, reason="the log group doesn't exist")
            return
        now = milliseconds(org.clock.now())
        stream = f"{trace.api.id}-access"
        group.streams.setdefault(stream, now)
        group.events.append(Event(now, line, now, stream, f"{len(group.events):056d}"))


def _variables(trace: Trace) -> Mapping[str, str]:
    request, match, caller = trace.request, trace.match, trace.caller
    integration = "" if trace.integration_ms is None else str(round(trace.integration_ms))
    return {
        "accountId": trace.api.account,
        "apiId": trace.api.id,
        "domainName": request.host,
        "domainPrefix": request.host.partition(".")[0],
        "error.message": trace.error,
        "extendedRequestId": request.id,
        "httpMethod": request.method,
        "identity.accountId": caller.account if caller else "",
        "identity.caller": caller.user_id if caller else "",
        "identity.sourceIp": request.source_ip,
        "identity.user": caller.user_id if caller else "",
        "identity.userAgent": request.headers.get("user-agent", ""),
        "identity.userArn": caller.arn if caller else "",
        "integrationErrorMessage": trace.integration_error,
        "integrationLatency": integration,
        "path": request.path,
        "protocol": "HTTP/1.1",
        "requestId": request.id,
        "requestTime": f"{request.time:%d/%b/%Y:%H:%M:%S +0000}",
        "requestTimeEpoch": str(int(request.time.timestamp())),
        "responseLatency": str(round(trace.latency_ms)),
        "responseLength": str(trace.length),
        "routeKey": str(match.route["RouteKey"]) if match else "",
        "stage": str(match.stage["StageName"]) if match else "",
        "status": str(trace.status),
    }


def measure(org: Organisation, trace: Trace) -> None:
    """The API's metrics, by the API and by its stage."""
    values: dict[str, tuple[float, str]] = {
        "Count": (1.0, "Count"),
        "4xx": (float(400 <= trace.status < 500), "Count"),
        "5xx": (float(trace.status >= 500), "Count"),
        "Latency": (trace.latency_ms, "Milliseconds"),
        "DataProcessed": (float(len(trace.request.body) + trace.length), "Bytes"),
    }
    if trace.integration_ms is not None:
        values["IntegrationLatency"] = (trace.integration_ms, "Milliseconds")
    cloudwatch = org.component("cloudwatch")
    names = [{"ApiId": trace.api.id}]
    if trace.match is not None:
        names.append({"ApiId": trace.api.id, "Stage": str(trace.match.stage["StageName"])})
    for dimensions in names:
        cloudwatch.measure(trace.api.account, trace.api.region, NAMESPACE, dimensions, values)


def row(trace: Trace) -> dict[str, Any]:
    """The request's row of the organisation's request log."""
    caller, request, verdict = trace.caller, trace.request, trace.verdict
    told: dict[str, Any] = {"decision": "allowed" if trace.verdict is not None and trace.verdict.allowed else "refused"}
    if verdict is not None and not verdict.allowed:
        told = {
            "decision": "denied", "denied_by": verdict.by, "why": verdict.reason,
            "denied_action": verdict.need.action, "denied_resource": verdict.need.resource, "lacking": None,
            "layers": verdict.layers,
        }  # fmt: skip
    return {
        "time": request.time.isoformat(),
        "request_id": request.id,
        "account": caller.account if caller else "",
        "principal": caller.arn if caller else "",
        "service": "execute-api",
        "operation": "Invoke",
        "region": trace.api.region,
        "owner": trace.api.account,
        "parameters": {"method": request.method, "path": request.path, "bytes": len(request.body)},
        "actions": trace.actions,
        **told,
        "status": trace.status,
        "error": trace.error or None,
        "on_behalf_of": None,
        "via": None,
        "reason": None,
    }
