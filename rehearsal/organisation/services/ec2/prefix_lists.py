"""AWS's own prefix lists: the addresses of the services that have gateway endpoints.

Source: AWSEC2 API_DescribePrefixLists; vpc/latest/userguide working-with-aws-managed-prefix-lists. Ids differ by region
on AWS; here they follow from the name.
"""

from __future__ import annotations

import hashlib

from rehearsal.organisation.core import Call, Organisation, Params, serves, takes
from rehearsal.organisation.services.ec2.needs import needs

SOURCE = "AWSEC2/latest/APIReference"
GATEWAYS = ("s3", "dynamodb")
"""The only services with gateway endpoints (vpc/latest/privatelink gateway-endpoints)."""

takes("ec2", "DescribePrefixLists", members=("PrefixListIds", "Filters"))


def prefix_list_id(service: str) -> str:
    """The id of a service's list, by its full name (`com.amazonaws.eu-west-1.s3`)."""
    return f"pl-{hashlib.sha256(service.encode()).hexdigest()[:8]}"


def gateway_services(region: str) -> list[str]:
    return [f"com.amazonaws.{region}.{name}" for name in GATEWAYS]


@serves("ec2", "DescribePrefixLists", source=f"{SOURCE}/API_DescribePrefixLists", needs=needs, fidelity="emulated",
        note="S3 and DynamoDB, without their addresses")  # fmt: skip
def describe_prefix_lists(org: Organisation, call: Call) -> Params:
    rows = [(prefix_list_id(name), name) for name in gateway_services(call.region)]
    if call.params.get("PrefixListIds"):
        rows = [row for row in rows if row[0] in call.params["PrefixListIds"]]
    for one in call.params.get("Filters", []):
        place = {"prefix-list-id": 0, "prefix-list-name": 1}[one["Name"]]
        rows = [row for row in rows if row[place] in one["Values"]]
    return {"PrefixLists": [{"PrefixListId": key, "PrefixListName": name, "Cidrs": []} for key, name in rows]}
