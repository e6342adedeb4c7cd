"""Amazon EventBridge: tags of buses and rules.

Source: API TagResource.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, resource_tags, serves
from rehearsal.organisation.delivery.buses import DEFAULT, buses
from rehearsal.organisation.services.events.buses import SOURCE


def _find(org: Organisation, arn: str) -> dict[str, str] | None:
    _, _, _, region, account, path = arn.split(":", 5)
    kind, _, name = path.partition("/")
    store = buses(org, account, region)
    if kind == "event-bus":
        return store[name].tags if name in store else None
    bus, _, rule = name.rpartition("/")
    found = store[bus or DEFAULT].rules.get(rule) if (bus or DEFAULT) in store else None
    return found.tags if found else None


@resource_tags("events")
def tags_of(org: Organisation, arn: str, account: str, region: str) -> Mapping[str, str] | None:
    return _find(org, arn)


def _needs(org: Organisation, call: Call) -> Iterable[Need]:
    arn = call.params["ResourceARN"]
    yield Need(f"events:{call.operation}", arn, arn.split(":")[4])


@serves(
    "events", "TagResource", "UntagResource", "ListTagsForResource", source=f"{SOURCE}/API_TagResource", needs=_needs
)
def tags(org: Organisation, call: Call) -> Params:
    found = _find(org, call.params["ResourceARN"])
    if found is None:
        raise ApiError("ResourceNotFoundException", f"{call.params['ResourceARN']} does not exist.")
    if call.operation == "ListTagsForResource":
        return {"Tags": [{"Key": key, "Value": value} for key, value in found.items()]}
    found |= {tag["Key"]: tag["Value"] for tag in call.params.get("Tags", [])}
    for key in call.params.get("TagKeys", []):
        found.pop(key, None)
    return {}
