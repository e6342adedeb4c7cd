"""Policies of the hub's image repositories: who pulls, what stays, what goes.

Sources: AmazonECR userguide repository-policies (a statement has no Resource), repository-policy-examples,
image-tag-mutability, LifecyclePolicies; botocore ecr RepositoryPolicyText, LifecyclePolicyText.
"""

from __future__ import annotations

from blueprint.limits import REPOSITORY_POLICY, Document
from blueprint.organisation import Organisation
from blueprint.policies.documents import Form, Statement, admit, allow, deny, document, tightest

PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
LOGIN_ACTIONS = ("ecr:GetAuthorizationToken",)
"""It has no resource type, and no repository's policy can grant it (Service Authorization Reference)."""

UNTAGGED_DAYS = 14


def repository(organisation: Organisation) -> Document:
    """Policy of each repository: the spokes' serving roles pull, nobody deletes an image.

    Nobody outside the hub pushes: an image is made by a pipeline of the hub's own account, whose principals need no
    grant here. Tags are immutable, but a tag whose image is deleted could be given to another one: hence the refusal,
    the hub's administrators included, as long as this policy stands. What ECR's own lifecycle rules expire isn't
    deleted by a principal. Raises PolicyTooLarge.
    """
    return tightest(organisation, REPOSITORY_POLICY, lambda form: _repository(organisation, form))


def _repository(organisation: Organisation, form: Form) -> Document:
    statements = [deny("NeverDeleted", ["ecr:BatchDeleteImage"], ["*"], principal="*")]
    if organisation.spokes:
        principal, condition = admit(organisation, organisation.spokes, ["serving"], form)
        statements.append(allow("ServingRolesPull", PULL_ACTIONS, ["*"], principal=principal, condition=condition))
    return document(*(_of_the_repository(statement) for statement in statements))


def _of_the_repository(statement: Statement) -> Statement:
    """ECR refuses a Resource: a repository's policy is about the repository."""
    return {key: value for key, value in statement.items() if key != "Resource"}


def lifecycle() -> Document:
    """What never got a tag goes after two weeks. A version that names such an image couldn't scale out then: whatever
    is registered has to be pushed with a tag.
    """
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": "Images that never got a tag",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": UNTAGGED_DAYS,
                },
                "action": {"type": "expire"},
            }
        ]
    }
