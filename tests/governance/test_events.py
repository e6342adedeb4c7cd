"""Parsing: each documented shape, and each way an event can be wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.errors import BadField, EventError, MissingField, NotAnEvent, UnknownEvent
from governance.events import EndpointEvent, LifeCycle, PackageEvent, StageRequest, parse_event
from tests.governance.samples import (
    ARTIFACT_URL,
    DEV,
    HUB,
    START,
    arn_of,
    endpoint_event,
    envelope,
    package_detail,
    stage,
)

GUIDE_SAMPLE = json.dumps(
    {
        "version": "0",
        "id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "detail-type": "SageMaker Model Package State Change",
        "account": "111122223333",
        "time": "2021-02-24T17:00:14Z",
        "region": "us-east-2",
        "resources": ["arn:aws:sagemaker:us-east-2:111122223333:model-package/versionedmp-p-idy6c3e1fiqj/2"],
        "source": ["aws.sagemaker"],
        "detail": {
            "ModelPackageGroupName": "versionedmp-p-idy6c3e1fiqj",
            "ModelPackageVersion": 2,
            "ModelPackageArn": "arn:aws:sagemaker:us-east-2:111122223333:model-package/versionedmp-p-idy6c3e1fiqj/2",
            "CreationTime": "2021-02-24T17:00:14Z",
            "InferenceSpecification": {
                "Containers": [
                    {
                        "Image": "257758044811.dkr.ecr.us-east-2.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3",
                        "ImageDigest": "sha256:4dc8a7e4a010a19bb9e0a6b063f355393f6e623603361bd8b105f554d4f0c004",
                        "ModelDataUrl": "s3://sagemaker-project-p/output/model.tar.gz",
                    }
                ],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "CertifyForMarketplace": False,
            "ModelApprovalStatus": "Rejected",
            "MetadataProperties": {"GeneratedBy": "arn:aws:sagemaker:us-east-2:111122223333:pipeline/p/execution/4"},
            "ModelLifeCycle": {
                "Stage": "Development", "StageStatus": "Approved", "StageDescription": "StageDescription"
            },
            "UpdatedModelPackageFields": ["ModelLifeCycle", "sourceUri"],
            "LastModifiedTime": "2021-02-24T17:00:14Z",
        },
    }
)  # fmt: skip


def package(**detail: Any) -> PackageEvent:
    event = parse_event(envelope(package_detail(**detail)))
    assert isinstance(event, PackageEvent)
    return event


def test_the_guides_package_sample_parses() -> None:
    """Guards: the shape that AWS publishes (its source written as a list, one field in camelCase) is refused."""
    event = parse_event(GUIDE_SAMPLE)
    assert isinstance(event, PackageEvent)
    assert (event.group, event.version, event.status) == ("versionedmp-p-idy6c3e1fiqj", 2, "Completed")
    assert event.lifecycle == LifeCycle("Development", "Approved", "StageDescription")
    assert event.changed == ("ModelLifeCycle", "SourceUri")
    assert event.artifact.image_digest == "sha256:4dc8a7e4a010a19bb9e0a6b063f355393f6e623603361bd8b105f554d4f0c004"
    assert not event.is_creation


def test_b5_iso_and_epoch_creation_times_both_parse() -> None:
    """B5 of the reference system: an ISO CreationTime raised TypeError and the event was lost."""
    assert package(created="2026-03-01T09:00:00.000Z").created.at == START
    assert package(created=START.timestamp() * 1000).created.at == START
    assert package(created=str(int(START.timestamp() * 1000))).created.at == START


def test_a_version_that_nobody_changed_is_a_creation() -> None:
    """Guards: a registration taken for a change, or the other way round."""
    assert package().is_creation
    assert not package(modified="2026-03-01T09:05:00.000Z").is_creation
    assert not package(changed=("ModelApprovalStatus",)).is_creation


def test_an_event_without_last_modified_time_is_as_old_as_its_version() -> None:
    """Guards: the first event of a version is refused because nothing modified it yet."""
    detail = package_detail()
    del detail["LastModifiedTime"]
    event = parse_event(envelope(detail))
    assert isinstance(event, PackageEvent)
    assert event.modified.at == START


def test_extra_fields_pass() -> None:
    """Guards: a field that AWS adds tomorrow stops the capture."""
    assert package(SomethingNew={"deep": [1.5]}).arn == arn_of()


def test_an_uncompressed_artifact_is_found_in_its_data_source() -> None:
    """Guards: artifacts given by ModelDataSource are recorded as none."""
    source = {"S3DataSource": {"S3Uri": ARTIFACT_URL, "S3DataType": "S3Object", "CompressionType": "Gzip", "ETag": "e"}}
    event = package(InferenceSpecification={"Containers": [{"Image": "i", "ModelDataSource": source}]})
    assert (event.artifact.url, event.artifact.etag) == (ARTIFACT_URL, "e")


def test_an_endpoint_event_keeps_its_account_and_lower_cased_arn() -> None:
    """Guards: endpoints of equal names in two accounts are taken for one."""
    event = parse_event(endpoint_event("IN_SERVICE", 5))
    assert isinstance(event, EndpointEvent)
    assert event.arn == f"arn:aws:sagemaker:eu-west-1:{DEV}:endpoint/credit-risk"
    assert (event.envelope.account, event.name, event.status) == (DEV, "Credit-Risk", "IN_SERVICE")
    assert event.variants == ("AllTraffic",)


def test_an_endpoint_events_envelope_time_in_milliseconds_parses() -> None:
    """Guards: the guide's endpoint sample, whose envelope `time` is `"1583831889050"`."""
    event = parse_event(endpoint_event("CREATING", 0).replace("2026-03-01T09:00:01Z", "1583831889050"))
    assert event.envelope.time.year == 2020


def test_a_stage_request_parses_as_a_claim() -> None:
    """Guards: custom events of the requesting accounts are refused as unknown."""
    body = envelope(
        {"ModelPackageArn": arn_of(), "Stage": "Staging", "Reason": "passed validation"},
        source="mlgov.requests",
        account=DEV,
        **{"detail-type": "Stage Requested"},
    )
    event = parse_event(body)
    assert isinstance(event, StageRequest)
    assert (event.stage, event.reason, event.envelope.account) == ("Staging", "passed validation", DEV)


@pytest.mark.parametrize(
    ("source", "detail_type"),
    [
        ("aws.sagemaker", "SageMaker Training Job State Change"),
        ("aws.sagemaker", "Stage Requested"),
        ("mlgov.requests", "SageMaker Model Package State Change"),
        ("somebody.else", "SageMaker Model Package State Change"),
        (["aws.sagemaker", "x"], "SageMaker Model Package State Change"),
        (None, None),
    ],
)
def test_an_unknown_type_is_refused_with_the_events_id(source: object, detail_type: object) -> None:
    """Guards: a custom event that calls itself SageMaker's is recorded, or nobody knows which was refused."""
    body = envelope(package_detail(), event_id="e-77", source=source, **{"detail-type": detail_type})
    with pytest.raises(UnknownEvent, match="e-77") as refused:
        parse_event(body)
    assert refused.value.event_id == "e-77"


@pytest.mark.parametrize("field", ["ModelPackageArn", "CreationTime", "ModelPackageStatus", "ModelPackageVersion"])
def test_b7_a_missing_field_is_named_with_the_events_id(field: str) -> None:
    """B7 of the reference system: a missing ARN became the text N/A and was sent to DescribeModelPackage."""
    detail = package_detail()
    del detail[field]
    with pytest.raises(MissingField, match=f"event e-9: field detail.{field} is missing") as refused:
        parse_event(envelope(detail, event_id="e-9"))
    assert (refused.value.field, refused.value.event_id) == (f"detail.{field}", "e-9")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"ModelPackageArn": "N/A"}, "detail.ModelPackageArn"),
        ({"CreationTime": 1614186014}, "detail.CreationTime"),
        ({"LastModifiedTime": "soon"}, "detail.LastModifiedTime"),
        ({"ModelPackageVersion": "1"}, "detail.ModelPackageVersion"),
        ({"ModelPackageVersion": True}, "detail.ModelPackageVersion"),
        ({"ModelPackageVersion": 10**40}, "detail.ModelPackageVersion"),
        ({"ModelApprovalStatus": 1}, "detail.ModelApprovalStatus"),
        ({"ModelLifeCycle": "Development"}, "detail.ModelLifeCycle"),
        ({"InferenceSpecification": {"Containers": ["x"]}}, "detail.InferenceSpecification.Containers"),
        ({"UpdatedModelPackageFields": "ModelLifeCycle"}, "detail.UpdatedModelPackageFields"),
    ],
)
def test_a_malformed_field_is_named_with_its_value(more: dict[str, Any], field: str) -> None:
    """Guards: rubbish in one field becomes a fact, or fails deep inside with a message that names nothing."""
    with pytest.raises(BadField) as refused:
        parse_event(envelope(package_detail() | more, event_id="e-5"))
    assert refused.value.field == field
    assert "e-5" in str(refused.value)
    assert "allowed:" in str(refused.value)


@pytest.mark.parametrize("field", ["ModelApprovalStatus", "ModelLifeCycle"])
def test_a_change_whose_value_is_absent_is_refused(field: str) -> None:
    """Guards: an approval recorded as "changed to nothing"."""
    with pytest.raises(MissingField, match=field):
        parse_event(envelope(package_detail(changed=(field,), approval=None)))


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '"x"', "{}", '{"id": ""}', '{"id": 7}', '{"id": "x", "a": NaN}', "[" * 9999]
)
def test_what_is_no_event_is_refused(body: str) -> None:
    """Guards: a stray message on the queue stops its batch."""
    with pytest.raises(NotAnEvent):
        parse_event(body)


def test_a_text_that_is_no_unicode_is_refused() -> None:
    """Guards: a lone surrogate that no table can store makes its message return for ever."""
    with pytest.raises(NotAnEvent):
        parse_event(envelope(package_detail(ModelPackageDescription="\ud800")))


def test_an_unversioned_package_parses_without_a_group() -> None:
    """Guards: packages outside any group, which are not governed, fill the dead-letter queue."""
    detail = package_detail()
    del detail["ModelPackageGroupName"], detail["ModelPackageVersion"]
    event = parse_event(envelope(detail))
    assert isinstance(event, PackageEvent)
    assert (event.group, event.version) == (None, None)


def test_every_refusal_has_a_reason_of_its_own() -> None:
    """Guards: the dead-letter queue's `reason` that doesn't tell what to mend."""
    kinds: list[type[EventError]] = [NotAnEvent, UnknownEvent, MissingField, BadField]
    assert len({kind.reason for kind in kinds} | {EventError.reason}) == len(kinds) + 1


def test_a_life_cycle_change_carries_its_document() -> None:
    """Guards: the value of a stage change is lost between event and fact."""
    event = package(changed=("ModelLifeCycle",), lifecycle=stage("Staging"), modified="2026-03-01T10:00:00.000Z")
    assert dict(event.values)["ModelLifeCycle"] == {"Stage": "Staging", "StageStatus": "Approved"}
    assert event.envelope.account == HUB
