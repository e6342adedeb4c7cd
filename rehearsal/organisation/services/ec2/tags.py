"""Tags of everything in EC2, by ids.

Source: AWSEC2 API_CreateTags (overwrites), API_DeleteTags (a value that is given must be the tag's), API_DescribeTags.
"""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.ec2.needs import needs
from rehearsal.organisation.services.ec2.store import Thing, missing, network_of
from rehearsal.organisation.services.ec2.vpcs import SOURCE

MOST_TAGS = 50

takes("ec2", "CreateTags", "DeleteTags", members=("Resources", "Tags"))
takes("ec2", "DescribeTags", members=("Filters",))


def _things(org: Organisation, call: Call) -> list[Thing]:
    by_id = {thing.id: thing for _, thing in network_of(org, call).all()}
    for identifier in call.params["Resources"]:
        if identifier not in by_id:
            raise missing(identifier)
    return [by_id[identifier] for identifier in call.params["Resources"]]


@serves("ec2", "CreateTags", source=f"{SOURCE}/API_CreateTags", needs=needs)
def create_tags(org: Organisation, call: Call) -> Params:
    for thing in _things(org, call):
        merged = thing.tags | {tag["Key"]: tag.get("Value", "") for tag in call.params["Tags"]}
        if any(key.lower().startswith("aws:") for key in merged):
            raise ApiError("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
        if len(merged) > MOST_TAGS:
            raise ApiError(
                "TagLimitExceeded", f"The maximum number of Tags for a resource has been reached: {thing.id}"
            )
        thing.tags = merged
    return {}


@serves("ec2", "DeleteTags", source=f"{SOURCE}/API_DeleteTags", needs=needs)
def delete_tags(org: Organisation, call: Call) -> Params:
    for thing in _things(org, call):
        for tag in call.params.get("Tags", [{"Key": key} for key in thing.tags]):
            if tag.get("Value") in (None, thing.tags.get(tag["Key"])):
                thing.tags.pop(tag["Key"], None)
    return {}


@serves("ec2", "DescribeTags", source=f"{SOURCE}/API_DescribeTags", needs=needs, fidelity="emulated",
        note="one page; the filter resource-id")  # fmt: skip
def describe_tags(org: Organisation, call: Call) -> Params:
    rows = [
        {"ResourceId": thing.id, "ResourceType": kind, "Key": key, "Value": value}
        for kind, thing in network_of(org, call).all()
        for key, value in sorted(thing.tags.items())
    ]
    for one in call.params.get("Filters", []):
        if one["Name"] != "resource-id":
            raise NotEmulated(f"ec2:DescribeTags with the filter {one['Name']}")
        rows = [row for row in rows if row["ResourceId"] in one["Values"]]
    return {"Tags": rows}
