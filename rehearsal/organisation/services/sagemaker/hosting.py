"""The store of what is hosted, one per account and region, and the common parts of its operations.

Models, endpoint configurations, endpoints, inference components, transform jobs. Error words as callers met them:
"Cannot create already existing model …", "Could not find endpoint …". ARNs keep the names' case here; endpoint events
carry them lower-cased, as the documented sample does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Need,
    Needs,
    NotEmulated,
    Organisation,
    Params,
    condition_keys,
)
from rehearsal.organisation.model import model

from .needs import Context, own_tag_keys
from .registry import SERVICE, invalid, paged, tags_of

Kind = Literal[
    "model", "endpoint-config", "endpoint", "inference-component", "transform-job", "mlflow-app",
    "mlflow-tracking-server",
]  # fmt: skip
WORDS: Mapping[Kind, str] = {
    "model": "model",
    "endpoint-config": "endpoint configuration",
    "endpoint": "endpoint",
    "inference-component": "inference component",
    "transform-job": "transform job",
    "mlflow-app": "MLflow App",
    "mlflow-tracking-server": "MLflow Tracking Server",
}
_NAMES: Mapping[Kind, str] = {
    "model": "ModelName",
    "endpoint-config": "EndpointConfigName",
    "endpoint": "EndpointName",
    "inference-component": "InferenceComponentName",
    "transform-job": "TransformJobName",
    "mlflow-app": "Name",
    "mlflow-tracking-server": "TrackingServerName",
}
STATUSES: Mapping[Kind, str] = {
    "endpoint": "EndpointStatus",
    "inference-component": "InferenceComponentStatus",
    "transform-job": "TransformJobStatus",
    "mlflow-app": "Status",
    "mlflow-tracking-server": "TrackingServerStatus",
}
_EQUAL = {"EndpointNameEquals": "EndpointName", "VariantNameEquals": "VariantName"}
_MATCH_ANY_CASE: frozenset[Kind] = frozenset({"endpoint"})
"""`The name is case-insensitive in CreateEndpoint` (botocore sagemaker service-2: CreateEndpointInput)."""

condition_keys(
    "sagemaker", "sagemaker:NetworkIsolation", "sagemaker:VpcSubnets", "sagemaker:VpcSecurityGroupIds",
    "sagemaker:InstanceTypes", "sagemaker:ModelArn", "sagemaker:ServerlessMaxConcurrency",
    "sagemaker:ServerlessMemorySize",
)  # fmt: skip


@dataclass(slots=True)
class Hosted:
    """One of them. `record` holds the members that its Describe answers."""

    arn: str
    record: Params
    tags: dict[str, str]


@dataclass(slots=True)
class Hosting:
    kinds: dict[Kind, dict[str, Hosted]] = field(default_factory=lambda: {kind: {} for kind in WORDS})


def hosting(org: Organisation, account: str, region: str) -> Hosting:
    found: Hosting = org.state(SERVICE, account, region).setdefault("hosting", Hosting())
    return found


def hosted_arn(account: str, region: str, kind: Kind, name: str) -> str:
    return f"arn:aws:sagemaker:{region}:{account}:{kind}/{name}"


def at_arn(org: Organisation, arn: str) -> Hosted | None:
    """What an ARN of one of the kinds names, if it exists."""
    parts = arn.split(":", 5)
    kind, _, name = parts[5].partition("/")
    for known, held in hosting(org, parts[4], parts[3]).kinds.items():
        if known == kind:
            return held.get(name)
    return None


def find(org: Organisation, call: Call, kind: Kind, name: str) -> Hosted:
    found = hosting(org, call.owner, call.region).kinds[kind].get(name)
    if found is None:
        arn = hosted_arn(call.owner, call.region, kind, name)
        raise _refusal(call, "ResourceNotFound", f'Could not find {WORDS[kind]} "{arn}".')
    return found


def add(org: Organisation, call: Call, kind: Kind, record: Params) -> Hosted:
    """Keep a new one under its name; a taken name is refused."""
    name = record[_NAMES[kind]]
    held = hosting(org, call.owner, call.region).kinds[kind]
    arn = hosted_arn(call.owner, call.region, kind, name)
    taken = {one.lower() for one in held} if kind in _MATCH_ANY_CASE else set(held)
    if (name.lower() if kind in _MATCH_ANY_CASE else name) in taken:
        raise _refusal(call, "ResourceInUse", f'Cannot create already existing {WORDS[kind]} "{arn}".')
    held[name] = Hosted(arn, record, tags_of(call.params))
    return held[name]


def remove(org: Organisation, call: Call, kind: Kind, name: str) -> None:
    hosting(org, call.owner, call.region).kinds[kind].pop(name, None)


def _refusal(call: Call, code: str, message: str) -> ApiError:
    """An error by the code that the operation's model lists, else ValidationException, as older operations have it."""
    known = {shape.name for shape in model(SERVICE).operation_model(call.operation).error_shapes}
    return ApiError(code, message) if code in known else invalid(message)


def refuse_members(what: str, given: Params, served: frozenset[str]) -> None:
    """Refuse by name what the emulation would drop."""
    for member, value in given.items():
        if member not in served and value not in (None, [], {}):
            raise NotEmulated(f"sagemaker:{what} with {member}")


def need(org: Organisation, call: Call, kind: Kind, name: str, context: Context | None = None) -> Need:
    arn = hosted_arn(call.owner, call.region, kind, name)
    found = at_arn(org, arn)
    return Need(
        f"sagemaker:{call.operation}", arn, call.owner, (context or {}) | (own_tag_keys(found.tags) if found else {})
    )


def named(kind: Kind) -> Needs:
    """The needs of an operation on the one that the request names."""

    def needs(org: Organisation, call: Call) -> Iterator[Need]:
        yield need(org, call, kind, call.params[_NAMES[kind]])

    return needs


def with_tags(call: Call, first: Need) -> Iterator[Need]:
    """A create's need, and AddTags beside it where the request carries tags (Service Authorization Reference)."""
    yield first
    if call.params.get("Tags"):
        yield Need("sagemaker:AddTags", first.resource, first.resource_account, first.context)


def listed(org: Organisation, call: Call, kind: Kind, member: str, summary: tuple[str, ...]) -> Params:
    """A List answer: filtered, sorted by creation (newest first unless asked otherwise), paged by 10, at most 100."""
    params, name = call.params, _NAMES[kind]
    rows = [one.record for one in hosting(org, call.owner, call.region).kinds[kind].values()]
    rows = [row for row in rows if _asked_for(row, kind, params)]
    by = {"Name": name, "Status": STATUSES.get(kind, name)}.get(params.get("SortBy", ""), "CreationTime")
    rows.sort(key=lambda row: (row[by], row[name]), reverse=params.get("SortOrder") != "Ascending")
    return paged(member, [{key: row[key] for key in summary if key in row} for row in rows], params)


def _asked_for(row: Params, kind: Kind, params: Params) -> bool:
    return (
        (params.get("NameContains") or "").lower() in row[_NAMES[kind]].lower()
        and params.get("StatusEquals") in (None, row.get(STATUSES.get(kind, "")))
        and all(params.get(asked) in (None, row.get(held)) for asked, held in _EQUAL.items())
        and between(row["CreationTime"], params, "CreationTime")
        and between(row.get("LastModifiedTime", row["CreationTime"]), params, "LastModifiedTime")
    )


def between(time: object, params: Params, what: str) -> bool:
    """`…After` includes its moment, `…Before` doesn't (botocore sagemaker service-2: ListEndpoints, ListModels)."""
    after, before = params.get(f"{what}After"), params.get(f"{what}Before")
    return (after is None or time >= after) and (before is None or time < before)
