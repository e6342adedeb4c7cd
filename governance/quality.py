"""Publishing a model's quality: for the data scientist who evaluates a model that serves.

    import boto3
    from governance.quality import publish

    publish(boto3.client("cloudwatch"), "credit-risk", "AllTraffic", {"Accuracy": 0.93, "F2Score": 0.88})

The values go into the account's own CloudWatch, from where the hub collects them (docs/metrics.md). A metric that
wasn't evaluated is left out: 0 is a result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from governance.errors import GovernanceError
from governance.metrics_catalogue import QUALITY_NAME, Kind

NAMESPACE = "MLGovernance/Quality"

RATIOS = frozenset({"Precision", "Accuracy", "F2Score"})
"""Metrics that lie between 0 and 1, so that 93 (percent) is a mistake."""

NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
"""EndpointName, VariantName, InferenceComponentName of botocore's sagemaker model."""

LARGEST = 2.0**360
"""CloudWatch's largest value (boto3 cloudwatch MetricDatum: "in the range of -2^360 to 2^360")."""

OLDEST = timedelta(days=14)
NEWEST = timedelta(hours=2)
"""API_PutMetricData: time stamps from two weeks before to two hours after the current time."""


class QualityError(GovernanceError):
    """A quality metric that CloudWatch would refuse or that can't be what was meant. Nothing was published."""


def publish(
    client: Any,
    endpoint: str,
    variant: str,
    metrics: Mapping[str, float],
    *,
    component: str | None = None,
    at: datetime | None = None,
    namespace: str = NAMESPACE,
) -> None:
    """Publish what an evaluation of a variant measured, all metrics or none.

    `client`: boto3 cloudwatch client of the account and Region of the endpoint. `component`: the inference component
    that was evaluated, where the variant hosts several. `at`: when, with time zone; now if None. The hub collects
    values of the last hour; older ones need a `window` job. Raises QualityError, and the client's own errors.
    """
    now = datetime.now(UTC)
    moment = at or now
    if moment.tzinfo is None:
        raise QualityError(f"at is {moment!r}, without time zone: it would be another time elsewhere; give it one")
    if not now - OLDEST <= moment <= now + NEWEST:
        raise QualityError(f"at is {moment.isoformat()}; CloudWatch takes two weeks ago up to two hours ahead")
    if not metrics:
        raise QualityError("no metrics: there is nothing to publish; leave the call out")
    kind, values = (Kind.VARIANT, (endpoint, variant)) if component is None else (Kind.COMPONENT, (component,))
    for value in values:
        if not NAME.fullmatch(value):
            raise QualityError(f"{value!r} is no name of an endpoint, variant or component; allowed: {NAME.pattern}")
    dimensions = [{"Name": name, "Value": value} for name, value in zip(kind.value, values, strict=True)]
    client.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": dimensions,
                "Timestamp": moment,
                "Value": _checked(name, value),
                "Unit": "None",
            }
            for name, value in metrics.items()
        ],
    )


def _checked(name: str, value: float) -> float:
    if not QUALITY_NAME.fullmatch(name):
        raise QualityError(f"metric {name!r} has no column; allowed: {QUALITY_NAME.pattern}")
    if isinstance(value, bool) or not math.isfinite(value) or abs(value) > LARGEST:
        raise QualityError(f"{name} is {value!r}; allowed: a finite number. Leave out what could not be evaluated")
    if name in RATIOS and not 0 <= value <= 1:
        raise QualityError(f"{name} is {value!r}; allowed: 0 to 1. A percentage must be divided by 100")
    if name == "TotalViolations" and (value < 0 or value != int(value)):
        raise QualityError(f"{name} is {value!r}; allowed: a whole number from 0")
    return float(value)
