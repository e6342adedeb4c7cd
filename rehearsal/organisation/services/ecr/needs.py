"""What ECR's calls need, and how to find a repository's policy and tags.

Source: Service Authorization Reference, Amazon Elastic Container Registry; AmazonECR userguide encryption-at-rest
(DescribeKey and two CreateGrant calls for the caller when a repository has a key).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rehearsal.organisation.core import (
    Call,
    Document,
    Need,
    Organisation,
    Params,
    condition_keys,
    owner,
    resource_policy,
    resource_tags,
)
from rehearsal.organisation.policies import parsed
from rehearsal.organisation.services.ecr.store import find, registry

PULLS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
EVERYBODY_PULLS: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": list(PULLS)}],
}
"""Of the repositories of AWS's own accounts, which every account pulls from (dg-ecr-paths)."""

condition_keys("ecr")


@owner("ecr")
def owner_of(org: Organisation, params: Params) -> str | None:
    if "resourceArn" in params:
        return str(params["resourceArn"]).split(":")[4]
    return params.get("registryId")


@resource_policy("ecr")
def policy_of(org: Organisation, arn: str, account: str, region: str) -> Document | None:
    """A repository's policy. A registry of no account of the organisation is taken as one of AWS's own."""
    if account and all(known.id != account for known in org.accounts.values()):
        return EVERYBODY_PULLS
    found = find(org, arn)
    return parsed(found.policy) if found is not None and found.policy else None


@resource_tags("ecr")
def tags_of(org: Organisation, arn: str, account: str, region: str) -> Mapping[str, str] | None:
    found = find(org, arn)
    return None if found is None else found.tags


def needs(org: Organisation, call: Call) -> Iterable[Need]:
    """The operation's action on the repository that it names; `*` where it names none or several."""
    action = f"ecr:{call.operation}"
    if "resourceArn" in call.params:
        yield Need(action, call.params["resourceArn"], call.params["resourceArn"].split(":")[4])
        return
    account, names = registry(call), call.params.get("repositoryNames") or []
    if "repositoryName" in call.params:
        names = [call.params["repositoryName"]]
    elif call.operation == "DescribeRepositories" and not names:
        names = ["*"]
    if not names:
        yield Need(action, "*", account)
    for name in names:
        yield Need(action, f"arn:aws:ecr:{call.region}:{account}:repository/{name}", account)
    if call.operation == "CreateRepository" and call.params.get("tags"):
        yield Need("ecr:TagResource", f"arn:aws:ecr:{call.region}:{account}:repository/{names[0]}", account)
