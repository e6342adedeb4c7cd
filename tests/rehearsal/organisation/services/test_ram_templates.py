"""The policy templates of RAM's customer-managed permissions: what may stand in one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.organisation.core import ApiError
from rehearsal.organisation.services.ram.templates import read_template

GROUP = "sagemaker:model-package-group"
REGISTER: dict[str, Any] = {
    "Effect": "Allow",
    "Action": ["sagemaker:CreateModelPackage"],
    "Condition": {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
}


def refusal(template: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read_template(template if isinstance(template, str) else json.dumps(template), GROUP)
    return caught.value


def test_effect_action_and_condition_are_admitted() -> None:
    """Guards: the conditioned register permission, which the design rests on, is refused."""
    assert read_template(json.dumps(REGISTER), GROUP) == REGISTER


@pytest.mark.parametrize(
    "extra", [{"Principal": "*"}, {"Resource": "*"}, {"NotAction": "sagemaker:Search"}, {"Sid": "x"}]
)
def test_principal_and_resource_come_from_the_share(extra: dict[str, Any]) -> None:
    """Guards: a template names principals or resources (RAM user guide, create-customer-managed-permissions)."""
    assert refusal(REGISTER | extra).code == "MalformedPolicyTemplateException"


@pytest.mark.parametrize(
    "template", ["[]", "{", json.dumps([REGISTER]), {"Effect": "Allow"}, REGISTER | {"Effect": "Deny"}]
)
def test_one_allowing_statement_is_demanded(template: Any) -> None:
    """Guards: several statements or a Deny pass (managed-permission-considerations)."""
    assert refusal(template).code == "MalformedPolicyTemplateException"


@pytest.mark.parametrize(
    "operator",
    ["StringNotEquals", "StringNotLike", "ForAnyValue:StringEquals", "ForAllValues:StringLike", "StringEqualsIfExists",
     "Null", "NotIpAddress"],
)  # fmt: skip
def test_negating_and_set_operators_are_refused(operator: str) -> None:
    """Guards: "may never" is put into a permission, where only single non-negating operators work."""
    template = REGISTER | {"Condition": {operator: {"sagemaker:ModelApprovalStatus": "Approved"}}}
    error = refusal(template)
    assert error.code == "InvalidPolicyException"
    assert operator in error.message


@pytest.mark.parametrize(
    "key",
    ["aws:PrincipalOrgID", "aws:principalorgid", "aws:PrincipalOrgPaths", "aws:PrincipalAccount", "aws:SourceArn",
     "aws:SourceAccount", "aws:ResourceTag/aws:cloudformation:stack-name"],
)  # fmt: skip
def test_unusable_keys_are_refused(key: str) -> None:
    """Guards: a key that managed-permission-considerations lists as unsupported is accepted and means nothing."""
    error = refusal(REGISTER | {"Condition": {"StringEquals": {key: "x"}}})
    assert error.code == "InvalidPolicyException"


@pytest.mark.parametrize("action", ["sagemaker:Describe*", "*", "s3:GetObject", "sagemaker:CreateModelPakage"])
def test_actions_are_existing_actions_of_the_service(action: str) -> None:
    """Guards: a misspelt action is granted to nobody and nobody notices."""
    error = refusal(REGISTER | {"Action": [action]})
    assert error.code == "InvalidPolicyException"
    assert action in error.message
