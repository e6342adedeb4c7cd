"""Search, so far that who may not use it is refused by IAM: model packages and groups of the account, unfiltered.

Source: botocore sagemaker service-2: Search; `sagemaker:Search` has no resource type (Service Authorization Reference)
and shows what Describe would.
"""

from __future__ import annotations

import copy

from rehearsal.organisation.core import Call, NotEmulated, Organisation, Params, serves

from .needs import anywhere
from .registry import paged, registry

_SERVED = ("ModelPackage", "ModelPackageGroup")


@serves(
    "sagemaker", "Search", needs=anywhere, fidelity="emulated", source="botocore sagemaker service-2: Search",
    note="ModelPackage and ModelPackageGroup of the own account, without expression, order or visibility conditions; "
    "sagemaker:SearchVisibilityCondition is not set",
)  # fmt: skip
def search(org: Organisation, call: Call) -> Params:
    params = call.params
    if params["Resource"] not in _SERVED:
        raise NotEmulated(f"sagemaker:Search of {params['Resource']}")
    for member in ("SearchExpression", "SortBy", "SortOrder", "VisibilityConditions"):
        if params.get(member):
            raise NotEmulated(f"sagemaker:Search with {member}")
    if params.get("CrossAccountFilterOption") == "CrossAccount":
        raise NotEmulated("sagemaker:Search with CrossAccountFilterOption CrossAccount")
    groups = registry(org, call.caller.account, call.region).groups.values()
    if params["Resource"] == "ModelPackageGroup":
        found = [copy.deepcopy(group.record) for group in groups]
    else:
        found = [copy.deepcopy(package.record) for group in groups for package in group.packages.values()]
    return paged("Results", [{params["Resource"]: record} for record in found], params)
