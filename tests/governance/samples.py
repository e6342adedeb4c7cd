"""Events and read-backs as AWS documents them, for tests of the domain and of the functions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from governance.readback import ReadBack, read_back

HUB = "111111111111"
DEV = "222222222222"
REGION = "eu-west-1"
GROUP = "ModelCreditRisk"
SHA256 = "ab" * 32
BUCKET = f"mlgov-artifacts-{HUB}-{REGION}"
ARTIFACT_URL = f"s3://{BUCKET}/artifacts/dev/{GROUP}/{SHA256}/model.tar.gz"
IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
START = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
AUTHOR = f"arn:aws:sts::{DEV}:assumed-role/mlgov-dev-execution/ann"
APPROVER = f"arn:aws:sts::{HUB}:assumed-role/mlgov-hub-approver-test/bea"
SECRET = "the borrower's income explains most of it"

CARD: dict[str, Any] = {
    "model_overview": {"model_creator": "Credit risk team", "model_artifact": [ARTIFACT_URL]},
    "intended_uses": {"purpose_of_model": "Estimate defaults", "intended_uses": SECRET, "risk_rating": "Medium"},
    "business_details": {"line_of_business": "Consumer Lending"},
    "evaluation_details": [
        {
            "name": "held-out",
            "metric_groups": [{"name": "binary", "metric_data": [{"name": "auc", "type": "number", "value": 0.78}]}],
        },
        {"name": "drift", "metric_groups": []},
    ],
    "additional_information": {
        "custom_details": {"UseCaseId": "CREDIT-001", "UseCaseName": "Credit Risk", "UseCaseStage": "Development"}
    },
}


def arn_of(version: int = 1, group: str = GROUP) -> str:
    return f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/{group}/{version}"


def moment(minutes: float) -> datetime:
    """A time of the story, minutes after its start."""
    return START + timedelta(minutes=minutes)


def iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def package_detail(
    *,
    version: int = 1,
    created: object = iso(START),
    modified: object = None,
    changed: tuple[str, ...] = (),
    approval: str | None = "PendingManualApproval",
    lifecycle: dict[str, str] | None = None,
    status: str = "Completed",
    artifact_url: str = ARTIFACT_URL,
    **more: Any,
) -> dict[str, Any]:
    """The detail of a model package event in the documented shape; `modified` defaults to `created`."""
    detail: dict[str, Any] = {
        "ModelPackageGroupName": GROUP,
        "ModelPackageVersion": version,
        "ModelPackageArn": arn_of(version),
        "CreationTime": created,
        "InferenceSpecification": {
            "Containers": [{"Image": IMAGE, "ImageDigest": "sha256:" + "c" * 64, "ModelDataUrl": artifact_url}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        "ModelPackageStatus": status,
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": False,
        "LastModifiedTime": created if modified is None else modified,
    }
    if approval is not None:
        detail["ModelApprovalStatus"] = approval
    if lifecycle is not None:
        detail["ModelLifeCycle"] = lifecycle
    if changed:
        detail["UpdatedModelPackageFields"] = list(changed)
    return detail | more


def envelope(detail: dict[str, Any], *, event_id: str = "event-1", **more: Any) -> str:
    """The event's JSON text around a detail."""
    event = {
        "version": "0",
        "id": event_id,
        "detail-type": "SageMaker Model Package State Change",
        "source": "aws.sagemaker",
        "account": HUB,
        "time": "2026-03-01T09:00:01Z",
        "region": REGION,
        "resources": [detail.get("ModelPackageArn") or detail.get("EndpointArn")],
        "detail": detail,
    }
    return json.dumps(event | more)


def stage(name: str, status: str = "Approved", description: str | None = None) -> dict[str, str]:
    document = {"Stage": name, "StageStatus": status}
    return document | ({"StageDescription": description} if description else {})


def endpoint_event(
    status: str, minutes: float, *, account: str = DEV, event_id: str = "endpoint-1",
    time: str = "2026-03-01T09:00:01Z", **more: Any,
) -> str:  # fmt: skip
    """An endpoint event as a spoke's bus forwards it: UPPER_SNAKE status, lower-cased ARN."""
    detail = {
        "EndpointName": "Credit-Risk",
        "EndpointArn": f"arn:aws:sagemaker:{REGION}:{account}:endpoint/credit-risk",
        "EndpointConfigName": "Credit-Risk-1",
        "ProductionVariants": [{"VariantName": "AllTraffic", "DesiredWeight": 1.0}],
        "EndpointStatus": status,
        "CreationTime": START.timestamp() * 1000,
        "LastModifiedTime": moment(minutes).timestamp() * 1000,
        "Tags": {},
    }
    return envelope(
        detail | more,
        event_id=event_id,
        account=account,
        time=time,
        **{"detail-type": "SageMaker Endpoint State Change"},
    )


def answer(*, modified: datetime = START, card: object = CARD, **more: Any) -> dict[str, Any]:
    """An answer of DescribeModelPackage as boto3 gives it."""
    described: dict[str, Any] = {
        "ModelPackageArn": arn_of(),
        "ModelPackageGroupName": GROUP,
        "ModelPackageVersion": 1,
        "ModelPackageDescription": "Credit risk, XGBoost",
        "CreationTime": START,
        "LastModifiedTime": modified,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelLifeCycle": stage("Development", "PendingApproval"),
        "CreatedBy": {"IamIdentity": {"Arn": AUTHOR, "PrincipalId": "AROA1:ann", "SourceIdentity": "ann"}},
        "LastModifiedBy": {"IamIdentity": {"Arn": APPROVER, "PrincipalId": "AROA2:bea", "SourceIdentity": "bea"}},
        "ModelCard": {"ModelCardContent": json.dumps(card), "ModelCardStatus": "PendingReview"},
    }
    return described | more


def seen(**more: Any) -> ReadBack:
    return read_back(answer(**more))
