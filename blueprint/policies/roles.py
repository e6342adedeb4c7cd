"""What a role is here: a name, who may become it, and named inline policies, one per purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from blueprint.limits import ROLE_POLICIES, TRUST_POLICY, Document, stored_size
from blueprint.organisation import Organisation
from blueprint.policies.conditions import existing_tag
from blueprint.policies.documents import Statement, allow, deny_all_but

READ_VERSIONS = ("sagemaker:DescribeModelPackage",)
DESCRIBE_GROUP = ("sagemaker:DescribeModelPackageGroup",)
LISTS = ("sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages")
DECIDE = ("sagemaker:UpdateModelPackage",)
DESTROY_EVIDENCE = (
    "sagemaker:DeleteModelPackage",
    "sagemaker:DeleteModelPackageGroup",
    "sagemaker:DeleteModelPackageGroupPolicy",
    "sagemaker:PutModelPackageGroupPolicy",
)
SEARCH = ("sagemaker:Search",)
"""Returns what Describe would, without the group's resource as a bound."""


@dataclass(frozen=True, slots=True)
class KeyArns:
    """ARNs of the installation's keys: of artifacts, of tables, queues and logs, and of what signs the anchors."""

    artifacts: str
    governance: str
    anchors: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSpec:
    """A role to make. `policies` maps inline policy names to documents."""

    name: str
    description: str
    trust: Document
    policies: Mapping[str, Document]

    def oversize(self) -> list[str]:
        """What of it is over IAM's limits, as sentences."""
        problems = []
        trust = stored_size(self.trust)
        if trust > TRUST_POLICY.characters:
            problems.append(
                f"the trust policy of role {self.name} has {trust:,} characters, IAM allows"
                f" {TRUST_POLICY.characters:,}: name fewer principals, or use a pattern"
            )
        together = sum(stored_size(policy) for policy in self.policies.values())
        if together > ROLE_POLICIES.characters:
            problems.append(
                f"the inline policies of role {self.name} have {together:,} characters, IAM allows"
                f" {ROLE_POLICIES.characters:,} a role: configure fewer model package groups"
            )
        return problems


def group_arns(organisation: Organisation) -> list[str]:
    return [organisation.names.group_arn(organisation.hub, group) for group in organisation.groups]


def version_arns(organisation: Organisation) -> list[str]:
    return [organisation.names.versions_arn(organisation.hub, group) for group in organisation.groups]


def read_registry(organisation: Organisation) -> list[Statement]:
    """Describe the governed groups and versions, and list.

    The lists take `*`: ListModelPackageGroups has no resource type, ListModelPackages an optional one that its request
    doesn't name (Service Authorization Reference); what they show of another account is decided by the shares.
    """
    return [
        allow("DescribeGroups", DESCRIBE_GROUP, group_arns(organisation)),
        allow("DescribeVersions", READ_VERSIONS, version_arns(organisation)),
        allow("List", LISTS, ["*"]),
    ]


def nothing_else(policies: Iterable[Document]) -> Statement:
    """Whatever another policy of the role says: no action but those that these policies allow."""
    allowed: set[str] = set()
    for policy in policies:
        for statement in policy["Statement"]:
            actions = statement["Action"]
            allowed |= {actions} if isinstance(actions, str) else set(actions)
    return deny_all_but("NothingElse", allowed)


def tags_of(stages: Iterable[str]) -> list[str]:
    return [existing_tag(stage) for stage in stages]
