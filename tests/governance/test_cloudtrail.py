"""CloudTrail's records: who changed what, by the shapes of the user guide's record contents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.cloudtrail import (
    ApiCall,
    approval_sent,
    endpoint_of,
    fields_sent,
    package_arn,
    read_record,
    reason_sent,
    token_of,
)
from governance.errors import EventError, MissingField
from tests.governance.samples import APPROVER, HUB, REGION, arn_of

LIFECYCLE = {"stage": "Staging", "stageStatus": "Approved", "stageDescription": "validated"}


def record(name: str = "UpdateModelPackage", request: object = None, **more: Any) -> str:
    content: dict[str, Any] = {
        "eventVersion": "1.11", "eventID": "e-1", "eventTime": "2026-03-01T09:05:00Z", "eventName": name,
        "eventSource": "sagemaker.amazonaws.com", "awsRegion": REGION, "recipientAccountId": HUB,
        "userIdentity": {
            "type": "AssumedRole", "arn": APPROVER, "accountId": HUB, "sessionContext": {"sourceIdentity": "bea"},
        },
        "requestParameters": request, "responseElements": None,
    }  # fmt: skip
    return json.dumps(content | more)


def call(name: str = "UpdateModelPackage", request: object = None, **more: Any) -> ApiCall:
    return read_record(record(name, request, **more), HUB)


def test_a_record_names_the_caller_and_the_person() -> None:
    """Guards: an approval by a role that many share, with nobody's name."""
    caller = call(request={}).caller
    assert (caller.arn, caller.account, caller.source_identity) == (APPROVER, HUB, "bea")


def test_the_owner_s_copy_names_only_the_account_and_shares_its_key() -> None:
    """Guards: one call told by two accounts that counts as two."""
    foreign = {"type": "AWSAccount", "accountId": "222222222222", "principalId": "AROA"}
    own = call(request={}, sharedEventID="shared")
    copy = call(request={}, sharedEventID="shared", eventID="e-2", userIdentity=foreign)
    assert own.key == copy.key == "shared"
    assert (copy.caller.arn, copy.caller.account) == (None, "222222222222")


@pytest.mark.parametrize(
    ("identity", "named"),
    [
        ({"type": "Root", "arn": f"arn:aws:iam::{HUB}:root", "accountId": HUB}, f"arn:aws:iam::{HUB}:root"),
        (
            {"type": "IAMUser", "arn": f"arn:aws:iam::{HUB}:user/bea", "sessionContext": None},
            f"arn:aws:iam::{HUB}:user/bea",
        ),
        ({"type": "AWSService", "invokedBy": "sagemaker.amazonaws.com"}, None),
        ({"type": "IdentityCenterUser", "accountId": HUB, "onBehalfOf": {"userId": "u"}}, None),
        (None, None),
    ],
)
def test_every_kind_of_caller_is_read_and_nobody_s_name_is_invented(identity: object, named: str | None) -> None:
    """Guards: a call by root, a service or a person of Identity Center that ends in the dead-letter queue."""
    assert call(request={}, userIdentity=identity).caller.arn == named


def test_the_fields_of_an_update_have_the_names_that_events_give_them() -> None:
    """Guards: the same change under two names, so recorded twice."""
    sent = fields_sent(
        call(
            request={
                "modelPackageArn": arn_of(), "modelApprovalStatus": "Approved", "approvalDescription": "measured",
                "modelLifeCycle": LIFECYCLE, "customerMetadataPropertiesToRemove": ["k"],
                "inferenceSpecification": {"containers": []}, "clientToken": "t",
            }
        )
    )  # fmt: skip
    assert {one.field: one.value for one in sent} == {
        "ModelApprovalStatus": "Approved",
        "ModelLifeCycle": {"Stage": "Staging", "StageStatus": "Approved", "StageDescription": "validated"},
        "CustomerMetadataProperties": None,
        "InferenceSpecification": None,
    }


def test_a_description_alone_is_a_change_and_beside_an_approval_its_reason() -> None:
    """Guards: a reason recorded as a change of metadata beside the approval that it belongs to."""
    alone = call(request={"approvalDescription": "measured"})
    assert [one.field for one in fields_sent(alone)] == ["ApprovalDescription"]
    assert reason_sent(alone) == "measured"


def test_a_hidden_value_is_unknown() -> None:
    """Guards: the words HIDDEN_DUE_TO_SECURITY_REASONS as somebody's reason or decision."""
    hidden = call(request={"modelApprovalStatus": "HIDDEN_DUE_TO_SECURITY_REASONS", "approvalDescription": "x"})
    assert (approval_sent(hidden), [one.field for one in fields_sent(hidden)]) == (None, ["ApprovalDescription"])


def test_parameters_that_were_left_out_can_not_be_guessed() -> None:
    """Guards: a record above 100 KB, whose parameters CloudTrail leaves out, taken for an update of nothing."""
    with pytest.raises(MissingField, match="requestParameters"):
        fields_sent(call(request=None))


@pytest.mark.parametrize(
    ("more", "arn"),
    [
        ({"responseElements": {"modelPackageArn": arn_of()}}, arn_of()),
        ({"resources": [{"ARN": arn_of(), "type": "AWS::SageMaker::ModelPackage"}]}, arn_of()),
        ({}, arn_of().lower()),
    ],
)
def test_the_answer_s_spelling_of_a_version_counts_before_the_request_s(more: dict[str, Any], arn: str) -> None:
    """Guards: a caller who writes the ARN in another case opens a second chain for the version."""
    assert package_arn(call(request={"modelPackageArn": arn_of().lower()}, **more)) == arn


def test_a_deletion_names_the_version_in_its_request_only() -> None:
    """Guards: a deletion, whose answer is empty, of nothing."""
    assert package_arn(call("DeleteModelPackage", {"modelPackageName": arn_of()})) == arn_of()
    assert package_arn(call("DeleteModelPackage", {"modelPackageName": "unversioned"})) is None


def test_refused_calls_are_known_as_such() -> None:
    """Guards: an attempt that AWS denied, recorded as a change."""
    assert call(request={}, errorCode="AccessDenied").failed
    assert not call(request={}).failed


def test_token_and_endpoint_are_read_where_the_call_has_them() -> None:
    """Guards: a repeated call counted twice; an endpoint that nobody looks at."""
    assert token_of(call(request={"clientToken": "t"})) == "t"
    assert endpoint_of(call("CreateInferenceComponent", {"endpointName": "e"})) == "e"
    assert endpoint_of(call("DeleteInferenceComponent", {"inferenceComponentName": "c"})) is None


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"eventID": "e"}'])
def test_what_is_no_record_is_refused(text: str) -> None:
    """Guards: one odd record that ends the reading of all others."""
    with pytest.raises(EventError):
        read_record(text, HUB)
