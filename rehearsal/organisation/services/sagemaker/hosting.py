"""The store of models, endpoint configurations and endpoints, one per account and region, and their common parts.

Error words as callers met them: "Cannot create already existing model …", "Could not find endpoint …". ARNs keep the
names' case here; endpoint events carry them lower-cased, as the documented sample does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from rehearsal.organisation.core import Call, Need, Needs, NotEmulated, Organisation, Params, condition_keys

from .needs import Context, own_tag_keys
from .registry import SERVICE, invalid, paged, tags_of

Kind = Literal["model", "endpoint-config", "endpoint"]
WORDS: Mapping[Kind, str] = {"model": "model", "endpoint-config": "endpoint configuration", "endpoint": "endpoint"}
_NAMES: Mapping[Kind, str] = {
    "model": "ModelName",
    "endpoint-config": "EndpointConfigName",
    "endpoint": "EndpointName",
}

condition_keys(
    "sagemaker", "sagemaker:NetworkIsolation", "sagemaker:VpcSubnets", "sagemaker:VpcSecurityGroupIds",
    "sagemaker:InstanceTypes", "sagemaker:ModelArn",
)  # fmt: skip


@dataclass(slots=True)
class Hosted:
    """A model, configuration or endpoint. `record` holds the members that its Describe answers."""

    arn: str
    record: Params
    tags: dict[str, str]


@dataclass(slots=True)
class Hosting:
    kinds: dict[Kind, dict[str, Hosted]] = field(
        default_factory=lambda: {"model": {}, "endpoint-config": {}, "endpoint": {}}
    )


def hosting(org: Organisation, account: str, region: str) -> Hosting:
    found: Hosting = org.state(SERVICE, account, region).setdefault("hosting", Hosting())
    return found


def hosted_arn(account: str, region: str, kind: Kind, name: str) -> str:
    return f"arn:aws:sagemaker:{region}:{account}:{kind}/{name}"


def at_arn(org: Organisation, arn: str) -> Hosted | None:
    """What an ARN of one of the three kinds names, if it exists."""
    parts = arn.split(":", 5)
    kind, _, name = parts[5].partition("/")
    if kind not in WORDS:
        return None
    for known, held in hosting(org, parts[4], parts[3]).kinds.items():
        if known == kind:
            return held.get(name)
    return None


def find(org: Organisation, call: Call, kind: Kind, name: str) -> Hosted:
    found = hosting(org, call.owner, call.region).kinds[kind].get(name)
    if found is None:
        raise invalid(f'Could not find {WORDS[kind]} "{hosted_arn(call.owner, call.region, kind, name)}".')
    return found


def add(org: Organisation, call: Call, kind: Kind, record: Params) -> Hosted:
    """Keep a new one under its name; a taken name is refused."""
    name = record[_NAMES[kind]]
    held = hosting(org, call.owner, call.region).kinds[kind]
    arn = hosted_arn(call.owner, call.region, kind, name)
    if name in held:
        raise invalid(f'Cannot create already existing {WORDS[kind]} "{arn}".')
    held[name] = Hosted(arn, record, tags_of(call.params))
    return held[name]


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
    """A List answer: filtered by name and time, sorted by creation (newest first unless asked otherwise), paged."""
    params = call.params
    name = _NAMES[kind]
    rows = [one.record for one in hosting(org, call.owner, call.region).kinds[kind].values()]
    rows = [
        row
        for row in rows
        if (params.get("NameContains") or "").lower() in row[name].lower()
        and params.get("StatusEquals") in (None, row.get("EndpointStatus"))
        and (params.get("CreationTimeAfter") is None or row["CreationTime"] > params["CreationTimeAfter"])
        and (params.get("CreationTimeBefore") is None or row["CreationTime"] < params["CreationTimeBefore"])
    ]
    for unserved in ("LastModifiedTimeAfter", "LastModifiedTimeBefore"):
        if params.get(unserved):
            raise NotEmulated(f"sagemaker:{call.operation} with {unserved}")
    by = name if params.get("SortBy") == "Name" else "CreationTime"
    rows.sort(key=lambda row: row[by], reverse=params.get("SortOrder") != "Ascending")
    return paged(member, [{key: row[key] for key in summary if key in row} for row in rows], params)
