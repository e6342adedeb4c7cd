"""AddTags, ListTags and DeleteTags for the SageMaker resources that are emulated.

Versions of a group have no tags of their own: they use the group's (CreateModelPackage in the botocore model).
"""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, Organisation, Params, serves
from rehearsal.organisation.services.paging import page

from .names import group_of
from .needs import own_tag_keys
from .registry import Group, invalid, registry, tags_of

_MODEL = "botocore sagemaker service-2: "
_MOST_TAGS = 50


def _group(org: Organisation, arn: str) -> Group:
    where = group_of(arn)
    if where is None or ":model-package-group/" not in arn:
        raise invalid(f"Tags of {arn} are not available: only model package groups carry tags here.")
    account, region, name = where
    group = registry(org, account, region).groups.get(name)
    if group is None:
        raise invalid(f"ModelPackageGroup {arn} does not exist.")
    return group


def _need(org: Organisation, call: Call) -> Iterator[Need]:
    arn = call.params["ResourceArn"]
    yield Need(f"sagemaker:{call.operation}", arn, call.owner, own_tag_keys(_group(org, arn).tags))


@serves(
    "sagemaker", "AddTags", needs=_need, fidelity="emulated", source=_MODEL + "AddTags",
    note="model package groups only; sagemaker:TaggingAction is not set",
)  # fmt: skip
def add_tags(org: Organisation, call: Call) -> Params:
    group = _group(org, call.params["ResourceArn"])
    merged = group.tags | tags_of(call.params)
    if len(merged) > _MOST_TAGS:
        raise invalid(f"{len(merged)} tags on {group.arn}: a resource carries at most {_MOST_TAGS}.")
    group.tags = merged
    return {"Tags": _listed(group)}


@serves(
    "sagemaker", "ListTags", needs=_need, fidelity="emulated", source=_MODEL + "ListTags",
    note="model package groups only",
)  # fmt: skip
def list_tags(org: Organisation, call: Call) -> Params:
    rows, token = page(
        _listed(_group(org, call.params["ResourceArn"])), call.params.get("NextToken"), call.params.get("MaxResults"),
        default=_MOST_TAGS, invalid=invalid("Invalid NextToken: it must be the token of an earlier answer."),
    )  # fmt: skip
    return {"Tags": rows} | ({"NextToken": token} if token else {})


@serves(
    "sagemaker", "DeleteTags", needs=_need, fidelity="emulated", source=_MODEL + "DeleteTags",
    note="model package groups only",
)  # fmt: skip
def delete_tags(org: Organisation, call: Call) -> Params:
    group = _group(org, call.params["ResourceArn"])
    for key in call.params["TagKeys"]:
        group.tags.pop(key, None)
    return {}


def _listed(group: Group) -> list[Params]:
    return [{"Key": key, "Value": value} for key, value in sorted(group.tags.items())]
