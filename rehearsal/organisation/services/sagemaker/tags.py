"""AddTags, ListTags and DeleteTags for the SageMaker resources that are emulated.

Versions of a group have no tags of their own: they use the group's (CreateModelPackage in the botocore model).
"""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, Organisation, Params, serves

from .hosting import Hosted, at_arn
from .names import group_of
from .needs import own_tag_keys
from .registry import Group, invalid, paged, registry, tags_of
from .studio import store
from .studio.store import Held

_MODEL = "botocore sagemaker service-2: "
_MOST_TAGS = 50


def _tagged(org: Organisation, arn: str) -> Group | Hosted | Held:
    """The group, model, configuration, endpoint, or part of Studio, that an ARN names."""
    where = group_of(arn) if ":model-package-group/" in arn else None
    found: Group | Hosted | Held | None = at_arn(org, arn) or store.at_arn(org, arn)
    if where is not None:
        found = registry(org, where[0], where[1]).groups.get(where[2])
    if found is None:
        raise invalid(f"Resource {arn} does not exist, or is of a type that carries no tags here.")
    return found


def _need(org: Organisation, call: Call) -> Iterator[Need]:
    arn = call.params["ResourceArn"]
    yield Need(f"sagemaker:{call.operation}", arn, call.owner, own_tag_keys(_tagged(org, arn).tags))


@serves(
    "sagemaker", "AddTags", needs=_need, fidelity="emulated", source=_MODEL + "AddTags",
    note="groups, what is hosted, Studio's parts; sagemaker:TaggingAction is set by creations of the latter only",
)  # fmt: skip
def add_tags(org: Organisation, call: Call) -> Params:
    found = _tagged(org, call.params["ResourceArn"])
    merged = found.tags | tags_of(call.params)
    if len(merged) > _MOST_TAGS:
        raise invalid(f"{len(merged)} tags on {found.arn}: a resource carries at most {_MOST_TAGS}.")
    found.tags = merged
    return {"Tags": _listed(found)}


@serves(
    "sagemaker", "ListTags", needs=_need, fidelity="emulated", source=_MODEL + "ListTags",
    note="groups, what is hosted, Studio's parts",
)  # fmt: skip
def list_tags(org: Organisation, call: Call) -> Params:
    return paged("Tags", _listed(_tagged(org, call.params["ResourceArn"])), call.params, default=_MOST_TAGS)


@serves(
    "sagemaker", "DeleteTags", needs=_need, fidelity="emulated", source=_MODEL + "DeleteTags",
    note="groups, what is hosted, Studio's parts",
)  # fmt: skip
def delete_tags(org: Organisation, call: Call) -> Params:
    found = _tagged(org, call.params["ResourceArn"])
    for key in call.params["TagKeys"]:
        found.tags.pop(key, None)
    return {}


def _listed(found: Group | Hosted | Held) -> list[Params]:
    return [{"Key": key, "Value": value} for key, value in sorted(found.tags.items())]
