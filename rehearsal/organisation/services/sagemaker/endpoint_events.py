"""The two kinds of endpoint events: the endpoint's state, and the course of a deployment.

Source: developer guide, automating-sagemaker-with-eventbridge: status UPPER_SNAKE, ARN lower-cased, times as epoch
milliseconds, tags as a map; in state events variants by desired weight and count only, in deployment events with names,
current values and VariantStatus, and the pending deployment. FailureReason was seen in working consumers.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from rehearsal.organisation.core import Call, Organisation, Params

from .hosting import Hosted
from .package_events import SOURCE

STATE = "SageMaker Endpoint State Change"
DEPLOYMENT = "SageMaker Endpoint Deployment State Change"
_NUMBERS = ("DesiredWeight", "DesiredInstanceCount")
_DEPLOYED = ("VariantName", "CurrentWeight", "DesiredWeight", "CurrentInstanceCount", "DesiredInstanceCount")


def upper_snake(status: str) -> str:
    """`InService` as the events spell it: `IN_SERVICE`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


def announce_state(org: Organisation, call: Call, endpoint: Hosted) -> None:
    """Tell the endpoint's status. Variants that don't serve yet are those of the pending deployment."""
    record = endpoint.record
    variants = record.get("ProductionVariants") or record.get("PendingDeploymentSummary", {}).get("ProductionVariants")
    shown = [{member: float(one[member]) for member in _NUMBERS if member in one} for one in variants or []]
    detail = _common(endpoint, shown)
    if record.get("FailureReason"):
        detail["FailureReason"] = record["FailureReason"]
    _emit(org, call, endpoint, STATE, detail)


def announce_deployment(org: Organisation, call: Call, endpoint: Hosted) -> None:
    """Tell how far the deployment under way is: of a new configuration, or of new capacity of the variants."""
    record = endpoint.record
    detail = _common(endpoint, [_deployed(one) for one in record.get("ProductionVariants") or []])
    summary = record.get("PendingDeploymentSummary")
    if summary:
        detail["PendingDeploymentSummary"] = {
            "EndpointConfigName": summary["EndpointConfigName"],
            "StartTime": milliseconds(summary["StartTime"]),
            "ProductionVariants": [_deployed(one) for one in summary["ProductionVariants"]],
        }
    _emit(org, call, endpoint, DEPLOYMENT, detail)


def _deployed(variant: Params) -> Params:
    shown: Params = {member: variant[member] for member in _DEPLOYED if member in variant}
    if variant.get("VariantStatus"):
        shown["VariantStatus"] = [
            {**status, "StartTime": milliseconds(status["StartTime"])} for status in variant["VariantStatus"]
        ]
    return shown


def _common(endpoint: Hosted, variants: list[Params]) -> Params:
    record = endpoint.record
    return {
        "EndpointName": record["EndpointName"],
        "EndpointArn": endpoint.arn.lower(),
        "EndpointConfigName": record["EndpointConfigName"],
        "ProductionVariants": variants,
        "EndpointStatus": upper_snake(record["EndpointStatus"]),
        "CreationTime": milliseconds(record["CreationTime"]),
        "LastModifiedTime": milliseconds(record["LastModifiedTime"]),
        "Tags": dict(endpoint.tags),
    }


def _emit(org: Organisation, call: Call, endpoint: Hosted, detail_type: str, detail: dict[str, Any]) -> None:
    org.emit(call.owner, call.region, SOURCE, detail_type, detail, [endpoint.arn.lower()])


def milliseconds(time: datetime) -> float:
    return float(round(time.timestamp() * 1000))
