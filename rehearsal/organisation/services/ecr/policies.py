"""ECR: policies of repositories, and their lifecycle rules.

Sources: AmazonECR userguide repository-policies (a statement has no Resource), LifecyclePolicies (parameters); API
SetRepositoryPolicy, PutLifecyclePolicy.
"""

from __future__ import annotations

import json
from typing import Any

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.grammar import check_grammar, check_principals
from rehearsal.organisation.policies import document_of, listed, statements
from rehearsal.organisation.services.ecr.needs import needs
from rehearsal.organisation.services.ecr.repositories import SOURCE
from rehearsal.organisation.services.ecr.store import Repository, repository_of

INVALID = "InvalidParameterException"
REFUSED = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
RULE_KEYS = frozenset({"rulePriority", "description", "selection", "action"})
SELECTION_KEYS = frozenset(
    {"tagStatus", "tagPrefixList", "tagPatternList", "countType", "countUnit", "countNumber", "storageClass"}
)

takes("ecr", "SetRepositoryPolicy", members=("registryId", "repositoryName", "policyText"))


def _named(repository: Repository, **more: Any) -> Params:
    return {"registryId": repository.account, "repositoryName": repository.name, **more}


@serves("ecr", "SetRepositoryPolicy", source=f"{SOURCE}/API_SetRepositoryPolicy", needs=needs)
def set_repository_policy(org: Organisation, call: Call) -> Params:
    repository, text = repository_of(org, call), call.params["policyText"]
    document = document_of(text, INVALID, "PolicyText")
    for statement in statements(document):
        actions = [
            str(action).lower() for action in listed(statement.get("Action")) + listed(statement.get("NotAction"))
        ]
        if "Resource" in statement or "NotResource" in statement or not statement.get("Principal"):
            raise ApiError(INVALID, REFUSED)
        if any(not action.startswith("ecr:") for action in actions):
            raise ApiError(INVALID, REFUSED)
    whole = {**document, "Statement": [{**one, "Resource": "*"} for one in statements(document)]}
    check_grammar(whole, "resource", INVALID)
    check_principals(org, document, INVALID)
    repository.policy = text
    return _named(repository, policyText=text)


@serves("ecr", "GetRepositoryPolicy", "DeleteRepositoryPolicy", source=f"{SOURCE}/API_GetRepositoryPolicy", needs=needs)
def repository_policy(org: Organisation, call: Call) -> Params:
    repository = repository_of(org, call)
    if repository.policy is None:
        raise ApiError(
            "RepositoryPolicyNotFoundException",
            f"Repository policy does not exist for the repository with name '{repository.name}' in the registry with id"
            f" '{repository.account}'",
        )
    text = repository.policy
    if call.operation == "DeleteRepositoryPolicy":
        repository.policy = None
    return _named(repository, policyText=text)


@serves("ecr", "PutLifecyclePolicy", source=f"{SOURCE}/API_PutLifecyclePolicy", needs=needs, fidelity="emulated",
        note="kept and shown; nothing expires")  # fmt: skip
def put_lifecycle_policy(org: Organisation, call: Call) -> Params:
    repository, text = repository_of(org, call), call.params["lifecyclePolicyText"]
    try:
        rules = json.loads(text)["rules"]
    except (ValueError, TypeError, KeyError) as error:
        raise ApiError(INVALID, "Invalid parameter at 'LifecyclePolicyText': JSON with rules is needed") from error
    if not isinstance(rules, list) or not rules:
        raise ApiError(INVALID, "Invalid parameter at 'LifecyclePolicyText': a list of rules is needed")
    priorities = [rule.get("rulePriority") for rule in rules]
    if len(set(priorities)) < len(rules):
        raise ApiError(INVALID, "Invalid parameter at 'LifecyclePolicyText': rulePriority must be unique")
    for rule in rules:
        _check_rule(rule)
    repository.lifecycle = text
    return _named(repository, lifecyclePolicyText=text)


def _check_rule(rule: Params) -> None:
    selection = rule.get("selection", {})
    unknown = sorted((rule.keys() - RULE_KEYS) | (selection.keys() - SELECTION_KEYS))
    status, counted = selection.get("tagStatus"), selection.get("countType")
    wrong = (
        unknown
        or rule.get("action", {}).get("type") not in ("expire", "transition")
        or status not in ("tagged", "untagged", "any")
        or counted not in ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
        or (counted == "sinceImagePushed") is not (selection.get("countUnit") == "days")
        or not isinstance(selection.get("countNumber"), int)
        or (status == "tagged") is not bool(selection.get("tagPrefixList") or selection.get("tagPatternList"))
    )
    if rule.get("action", {}).get("type") == "transition":
        raise NotEmulated("ecr: a lifecycle rule that moves images to another storage class")
    if wrong:
        raise ApiError(INVALID, f"Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: {rule}")


@serves("ecr", "GetLifecyclePolicy", "DeleteLifecyclePolicy", source=f"{SOURCE}/API_GetLifecyclePolicy", needs=needs)
def lifecycle_policy(org: Organisation, call: Call) -> Params:
    repository = repository_of(org, call)
    if repository.lifecycle is None:
        raise ApiError(
            "LifecyclePolicyNotFoundException",
            f"Lifecycle policy does not exist for the repository with name '{repository.name}' in the registry with id"
            f" '{repository.account}'",
        )
    text = repository.lifecycle
    if call.operation == "DeleteLifecyclePolicy":
        repository.lifecycle = None
    return _named(repository, lifecyclePolicyText=text)
