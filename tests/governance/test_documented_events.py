"""Every event shape of the guide's page parses, or is refused by a named reason.

Page: sagemaker/latest/dg/automating-sagemaker-with-eventbridge (all its detail types), and other events that SageMaker
AI sends (eventbridge ref, events-ref-sagemaker).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.errors import EventError, UnknownEvent
from governance.events import CallEvent, CardEvent, EndpointEvent, PackageEvent, parse_event

ACCOUNT, REGION = "111122223333", "us-west-2"
ENDPOINT = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/sample-endpoint"

CARD: dict[str, Any] = {
    "ModelCardVersion": 2,
    "LastModifiedTime": "2022-12-03T00:09:44.893854735Z",
    "LastModifiedBy": {
        "DomainId": "us-east-1",
        "UserProfileArn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:user-profile/user",
        "UserProfileName": "user",
    },
    "CreationTime": "2022-12-03T00:09:33.084Z",
    "ModelCardName": "example-card",
    "ModelId": "example-model",
    "ModelCardStatus": "Draft",
    "AccountId": ACCOUNT,
    "SecurityConfig": {},
}
DEPLOYMENT: dict[str, Any] = {
    "EndpointName": "sample-endpoint",
    "EndpointArn": ENDPOINT,
    "EndpointConfigName": "sample-endpoint-config-1",
    "ProductionVariants": [{"VariantName": "AllTraffic", "CurrentWeight": 1, "CurrentInstanceCount": 3}],
    "EndpointStatus": "UPDATING",
    "CreationTime": 1635195148181,
    "LastModifiedTime": 1635195148181,
    "Tags": {},
    "PendingDeploymentSummary": {
        "EndpointConfigName": "sample-endpoint-config-2",
        "ProductionVariants": [{"VariantName": "AllTraffic", "VariantStatus": [{"Status": "Baking"}]}],
    },
}
ENDPOINT_STATE: dict[str, Any] = {
    "EndpointName": "MyEndpoint",
    "EndpointArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/myendpoint",
    "EndpointConfigName": "MyEndpointConfig",
    "ProductionVariants": [{"DesiredWeight": 1.0, "DesiredInstanceCount": 1.0}],
    "EndpointStatus": "IN_SERVICE",
    "CreationTime": 1592411992203.0,
    "LastModifiedTime": 1592411994287.0,
    "Tags": {},
}
PACKAGE: dict[str, Any] = {
    "ModelPackageGroupName": "versionedmp-p-idy6c3e1fiqj",
    "ModelPackageVersion": 2,
    "ModelPackageArn": f"arn:aws:sagemaker:us-east-2:{ACCOUNT}:model-package/versionedmp-p-idy6c3e1fiqj/2",
    "CreationTime": "2021-02-24T17:00:14Z",
    "InferenceSpecification": {"Containers": [{"Image": "image", "ModelDataUrl": "s3://b/k"}]},
    "ModelPackageStatus": "Completed",
    "ModelApprovalStatus": "Rejected",
    "ModelLifeCycle": {"Stage": "Development", "StageStatus": "Approved", "StageDescription": "StageDescription"},
    "UpdatedModelPackageFields": ["ModelLifeCycle"],
    "LastModifiedTime": "2021-02-24T17:00:14Z",
}
CALL: dict[str, Any] = {
    "eventVersion": "1.11",
    "eventID": "78478c6d-6742-4c0c-a3c7-d7a14d19402e",
    "eventTime": "2026-03-01T09:00:00Z",
    "eventSource": "sagemaker.amazonaws.com",
    "eventName": "DeleteModelPackage",
    "awsRegion": REGION,
    "recipientAccountId": ACCOUNT,
    "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s", "accountId": ACCOUNT},
    "requestParameters": {"modelPackageName": PACKAGE["ModelPackageArn"]},
    "responseElements": None,
}
RECORDED = {
    "SageMaker Model Package State Change": (PACKAGE, PackageEvent),
    "SageMaker Model Card State Change": (CARD, CardEvent),
    "SageMaker Endpoint State Change": (ENDPOINT_STATE, EndpointEvent),
    "SageMaker Endpoint Deployment State Change": (DEPLOYMENT, EndpointEvent),
    "AWS API Call via CloudTrail": (CALL, CallEvent),
}
REFUSED = (
    "SageMaker Model State Change", "SageMaker Endpoint Config State Change", "SageMaker Training Job State Change",
    "SageMaker HyperParameter Tuning Job State Change", "SageMaker Transform Job State Change",
    "SageMaker Processing Job State Change", "SageMaker Feature Group State Change", "SageMaker Image State Change",
    "SageMaker Image Version State Change", "SageMaker HyperPod Cluster State Change",
    "SageMaker HyperPod Cluster Node Health Event", "SageMaker HyperPod Cluster Event",
    "SageMaker Model Building Pipeline Execution Status Change",
    "SageMaker Model Building Pipeline Execution Step Status Change",
    "SageMaker Monitoring Schedule State Change", "SageMaker Model Card Export Job State Change",
)  # fmt: skip


def body(detail_type: str, detail: object, **more: object) -> str:
    event = {
        "version": "0", "id": "aa7a9c4f", "detail-type": detail_type, "source": "aws.sagemaker", "account": ACCOUNT,
        "time": "2022-11-30T00:00:00Z", "region": REGION, "resources": [], "detail": detail,
    }  # fmt: skip
    return json.dumps(event | more)


@pytest.mark.parametrize("detail_type", sorted(RECORDED))
def test_each_recorded_shape_of_the_guide_parses(detail_type: str) -> None:
    """Guards: an event as AWS documents it that ends in the dead-letter queue."""
    detail, kind = RECORDED[detail_type]
    assert isinstance(parse_event(body(detail_type, detail)), kind)


@pytest.mark.parametrize("detail_type", REFUSED)
def test_each_other_shape_of_the_guide_is_refused_by_name(detail_type: str) -> None:
    """Guards: an event that nobody records and that vanishes without a reason."""
    with pytest.raises(UnknownEvent) as refused:
        parse_event(body(detail_type, {}))
    assert (refused.value.reason, detail_type in str(refused.value)) == ("unknown-event", True)


def test_the_guide_s_endpoint_sample_writes_its_time_as_milliseconds() -> None:
    """Guards: the one sample whose envelope carries no ISO time."""
    event = parse_event(body("SageMaker Endpoint State Change", ENDPOINT_STATE, time="1583831889050"))
    assert isinstance(event, EndpointEvent)
    assert (event.name, event.status, event.variants) == ("MyEndpoint", "IN_SERVICE", ())


@pytest.mark.parametrize(
    ("detail_type", "field"),
    [(detail_type, field) for detail_type, fields in {
        "SageMaker Model Card State Change": ("ModelCardName", "ModelCardVersion", "LastModifiedTime"),
        "SageMaker Endpoint Deployment State Change": ("EndpointArn", "EndpointName", "EndpointStatus", "CreationTime"),
        "AWS API Call via CloudTrail": ("eventID", "eventName", "eventTime", "awsRegion"),
    }.items() for field in fields],
)  # fmt: skip
def test_a_shape_without_a_documented_field_is_refused_by_its_name(detail_type: str, field: str) -> None:
    """Guards: a KeyError that sends a message round the queue until it is lost."""
    detail, _ = RECORDED[detail_type]
    with pytest.raises(EventError, match=f"field detail.{field} is missing"):
        parse_event(body(detail_type, {name: value for name, value in detail.items() if name != field}))


def test_a_card_names_the_profile_that_changed_it() -> None:
    """Guards: a change of a card by nobody."""
    event = parse_event(body("SageMaker Model Card State Change", CARD))
    assert isinstance(event, CardEvent)
    assert (event.version, event.model, event.modified_by) == (
        2, "example-model", f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:user-profile/user",
    )  # fmt: skip


def test_a_record_on_the_bus_is_that_of_the_account_it_arose_in() -> None:
    """Guards: every record on the bus refused, since EventBridge's schema of these events has no recipientAccountId
    (only CloudTrail's own files always have one).
    """
    detail = {name: value for name, value in CALL.items() if name != "recipientAccountId"}
    event = parse_event(body("AWS API Call via CloudTrail", detail))
    assert isinstance(event, CallEvent)
    assert event.call.account == ACCOUNT
