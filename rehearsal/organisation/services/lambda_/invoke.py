"""AWS Lambda: invoking functions.

Source: API Invoke; lambda/gettingstarted-limits (payload sizes).
"""

from __future__ import annotations

import base64
import json

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves
from rehearsal.organisation.services.lambda_.functions import SOURCE, function_of, needs

MAX_PAYLOAD_BYTES = 6_291_456
MAX_EVENT_BYTES = 1_048_576
TAIL_BYTES = 4096


@serves(
    "lambda", "Invoke", source=f"{SOURCE}/API_Invoke", needs=needs, locked=False, fidelity="emulated",
    note="on the Python that the rehearsal runs on, whatever run time is declared; its time is real, not the clock's;"
    " memory is the process's resident set; /tmp has no limit; a log event per line",
)  # fmt: skip
def invoke(org: Organisation, call: Call) -> Params:
    function, params = function_of(org, call), call.params
    for unknown in ("ClientContext", "TenantId", "DurableExecutionName"):
        if unknown in params:
            raise NotEmulated(f"lambda: Invoke with {unknown}")
    kind = params.get("InvocationType", "RequestResponse")
    payload = params.get("Payload") or b"{}"
    raw: bytes = payload.read() if hasattr(payload, "read") else payload
    if len(raw) > (MAX_EVENT_BYTES if kind == "Event" else MAX_PAYLOAD_BYTES):
        raise ApiError(
            "RequestTooLargeException", f"{len(raw)} byte payload is too large for the {kind} invocation type", 413
        )
    try:
        event = json.loads(raw)
    except ValueError as error:
        raise ApiError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}", Type="User"
        ) from error
    if kind == "DryRun":
        return {"StatusCode": 204, "Payload": b""}
    if kind == "Event":
        org.component("lambda").invoke_later(function.arn, event)
        return {"StatusCode": 202, "Payload": b""}
    outcome = org.component("lambda").invoke(function.arn, event)
    answer: Params = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": outcome.payload.encode()}
    if outcome.error:
        answer["FunctionError"] = "Unhandled"
    if params.get("LogType") == "Tail":
        tail = "\n".join(outcome.log).encode()[-TAIL_BYTES:]
        answer["LogResult"] = base64.b64encode(tail).decode()
    return answer
