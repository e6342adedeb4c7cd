"""The resource policy of a group and its versions: the union of what RAM shares grant on the group.

Source: RAM keeps one resource policy per resource, the union of all shares (RAM user guide, managed permissions);
developer guide model-registry-version: a group's policy covers the group's ARN and `model-package/<group>/*`.
PutModelPackageGroupPolicy is not served: it would be a second granting mechanism beside RAM, OR-ed with it.
"""

from __future__ import annotations

from rehearsal.organisation.core import Document, Organisation, resource_policy, resource_tags
from rehearsal.organisation.services.ram.sharing import register_shareable, shared_policy

from .hosting import at_arn
from .names import group_arn, group_of
from .registry import registry
from .studio import store


@resource_policy("sagemaker")
def registry_policy(org: Organisation, arn: str, account: str, region: str) -> Document | None:
    """The policy on a group's or a version's ARN; None where no share covers the group."""
    where = group_of(arn)
    if where is None:
        return None
    owner, place, name = where
    group = group_arn(owner, place, name)
    return shared_policy(org, group, resources=[group, f"arn:aws:sagemaker:{place}:{owner}:model-package/{name}/*"])


@resource_tags("sagemaker")
def registry_tags(org: Organisation, arn: str, account: str, region: str) -> dict[str, str] | None:
    """A group's tags, which its versions use too, or those of what is hosted or in Studio; None: no such resource."""
    where = group_of(arn)
    if where is not None:
        group = registry(org, where[0], where[1]).groups.get(where[2])
        return group.tags if group else None
    found = at_arn(org, arn) or store.at_arn(org, arn)
    return found.tags if found else None


def group_exists(org: Organisation, arn: str) -> bool:
    """Whether a model package group with this ARN exists, for RAM to share it."""
    where = group_of(arn)
    return where is not None and where[2] in registry(org, where[0], where[1]).groups


register_shareable(
    "sagemaker:model-package-group",
    r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package-group/[^/]+",
    group_exists,
)
