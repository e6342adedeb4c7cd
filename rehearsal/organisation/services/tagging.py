"""The tagging API of our own: the tags of named resources, found by each service."""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.organisation import core
from rehearsal.organisation.core import Call, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.identity import account_of


def _tags_of(org: Organisation, arn: str, call: Call) -> Mapping[str, str] | None:
    service = arn.split(":")[2]
    org.load(service)
    find = core.RESOURCE_TAGS.get(service)
    if find is None:
        raise NotEmulated(f"tagging:GetResources for {arn} (no service finds its tags)")
    region = arn.split(":")[3] or call.region
    return find(org, arn, account_of(arn) or call.caller.account, region)


takes("resourcegroupstaggingapi", "GetResources", members=["ResourceARNList"])


@serves(
    "resourcegroupstaggingapi",
    "GetResources",
    source="resourcegroupstagging/latest/APIReference/API_GetResources",
    fidelity="emulated",
    note="only with ResourceARNList: there is no index of all resources",
)
def get_resources(org: Organisation, call: Call) -> Params:
    if not call.params.get("ResourceARNList"):
        raise NotEmulated("tagging:GetResources without ResourceARNList")
    rows = []
    for arn in call.params["ResourceARNList"]:
        own = account_of(arn) in ("", call.caller.account)
        tags = _tags_of(org, arn, call) if own else None
        if tags:
            shown = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
            rows.append({"ResourceARN": arn, "Tags": shown})
    return {"PaginationToken": "", "ResourceTagMappingList": rows}
