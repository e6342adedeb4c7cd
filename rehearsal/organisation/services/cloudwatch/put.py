"""PutMetricData.

Source: API PutMetricData and its types (limits of values, times, dimensions), cw/cloudwatch_limits (1,000 metrics and
1 MB a request, 150 values a metric). The size is measured before compression, so a program that needs compression to
stay below it is refused here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, condition_keys, serves, takes
from rehearsal.organisation.services.cloudwatch.store import MINUTE, Distribution, Metric, record

SOURCE = "AmazonCloudWatch/latest/APIReference"
MOST_METRICS = 1000
MOST_BYTES = 1_000_000
MOST_VALUES = 150
LARGEST = 2.0**360
OLDEST = timedelta(days=14)
NEWEST = timedelta(hours=2)


def invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValue", message)


def needs(org: Organisation, call: Call) -> Iterable[Need]:
    """cloudwatch:PutMetricData on `*`, with the namespace (sar/cloudwatch; the data set is optional there)."""
    yield Need("cloudwatch:PutMetricData", "*", call.caller.account, {"cloudwatch:namespace": call.params["Namespace"]})


condition_keys("cloudwatch", "cloudwatch:namespace")
takes("cloudwatch", "PutMetricData", members=["Namespace", "MetricData"])


@serves(
    "cloudwatch", "PutMetricData", source=f"{SOURCE}/API_PutMetricData", needs=needs, fidelity="emulated",
    note="readable at once, where AWS takes up to 15 minutes for a new metric; the size counts uncompressed",
)  # fmt: skip
def put_metric_data(org: Organisation, call: Call) -> Params:
    """All of a request is stored or none of it."""
    params = call.params
    namespace, data = params["Namespace"], params.get("MetricData", [])
    if namespace.startswith("AWS/"):
        raise invalid("The value AWS/ for parameter Namespace is invalid.")
    if not data:
        raise ApiError("MissingParameter", "The parameter MetricData is required.")
    if len({Metric.of(namespace, one["MetricName"], one.get("Dimensions", ())) for one in data}) > MOST_METRICS:
        raise invalid(f"The collection MetricData must not have a size greater than {MOST_METRICS}.")
    size = len(json.dumps(params, default=str).encode())
    if size > MOST_BYTES:
        raise ApiError("RequestEntityTooLarge", f"Request size {size} exceeded {MOST_BYTES} bytes", 413)
    now = org.clock.now()
    read = [(one, _time(one, now, place), _values(one, place)) for place, one in enumerate(data, 1)]
    for one, at, values in read:
        metric = Metric.of(namespace, one["MetricName"], one.get("Dimensions", ()))
        seconds = 1 if one.get("StorageResolution") == 1 else MINUTE
        record(org, call.owner, call.region, metric, at, one.get("Unit", "None"), values, seconds=seconds)
        org.component("cloudwatch").told(call.owner, call.region, metric)
    return {}


def _time(datum: Mapping[str, Any], now: datetime, place: int) -> datetime:
    at: datetime = datum.get("Timestamp", now)
    if not now - OLDEST <= at <= now + NEWEST:
        raise invalid(
            f"The parameter MetricData.member.{place}.Timestamp must specify a time no more than two weeks in the past "
            f"and no more than two hours in the future: it is {at.isoformat()}."
        )
    if "StorageResolution" in datum and datum["StorageResolution"] not in (1, MINUTE):
        raise invalid(f"The parameter MetricData.member.{place}.StorageResolution must be 1 or {MINUTE}.")
    _check_dimensions(datum.get("Dimensions", ()), place)
    return at


def _check_dimensions(dimensions: Iterable[Mapping[str, str]], place: int) -> None:
    """Names are distinct and start with no colon; both parts are ASCII and not blank (API Dimension)."""
    names = []
    for one in dimensions:
        for part in ("Name", "Value"):
            if not one[part].isascii() or not one[part].strip() or not one[part].isprintable():
                raise invalid(
                    f"The parameter MetricData.member.{place}.Dimensions has a {part} {one[part]!r}, which must be "
                    "printable ASCII with at least one non-blank character."
                )
        if one["Name"].startswith(":"):
            raise invalid(f"The parameter MetricData.member.{place}.Dimensions has a Name that starts with a colon.")
        names.append(one["Name"])
    if len(set(names)) < len(names):
        raise invalid(f"The parameter MetricData.member.{place}.Dimensions names a dimension twice.")


def _values(datum: Mapping[str, Any], place: int) -> Distribution:
    """The values of a datum: one value, a statistic set, or values with their counts."""
    given = [name for name in ("Value", "StatisticValues", "Values") if datum.get(name) not in (None, [])]
    if len(given) > 1:
        raise ApiError(
            "InvalidParameterCombination",
            f"The parameters MetricData.member.{place}.{given[0]} and MetricData.member.{place}.{given[1]} are "
            "mutually exclusive and you have specified both.",
        )
    if not given:
        raise ApiError(
            "MissingParameter",
            f"At least one of the parameters MetricData.member.{place}.Value, .Values or .StatisticValues must be "
            "specified.",
        )
    if "Counts" in datum and given != ["Values"]:
        raise ApiError("InvalidParameterCombination", f"MetricData.member.{place}.Counts goes with Values only.")
    if given == ["Value"]:
        return Distribution.of_values({_number(datum["Value"], place): 1.0})
    if given == ["StatisticValues"]:
        return _of_set(datum["StatisticValues"], place)
    values = [_number(value, place) for value in datum["Values"]]
    counts = [_number(count, place) for count in datum.get("Counts", [1.0] * len(values))]
    if len(values) > MOST_VALUES or len(values) != len(counts) or min(counts) <= 0:
        raise invalid(
            f"MetricData.member.{place} has {len(values)} Values and {len(counts)} Counts: at most {MOST_VALUES}, as "
            "many of the one as of the other, and counts above 0 are allowed."
        )
    merged: dict[float, float] = {}
    for value, count in zip(values, counts, strict=True):
        merged[value] = merged.get(value, 0.0) + count
    return Distribution.of_values(merged)


def _of_set(given: Mapping[str, float], place: int) -> Distribution:
    names = ("SampleCount", "Sum", "Minimum", "Maximum")
    count, total, low, high = (_number(given[name], place) for name in names)
    if count <= 0 or low > high:
        raise invalid(
            f"MetricData.member.{place}.StatisticValues has SampleCount {count:g}, Minimum {low:g}, Maximum {high:g}: "
            "SampleCount must be above 0 and Minimum at most Maximum."
        )
    return Distribution.of_set(count, total, low, high)


def _number(value: float, place: int) -> float:
    """Between -2^360 and 2^360; no NaN and no infinity (API MetricDatum)."""
    if math.isnan(value) or math.isinf(value) or abs(value) > LARGEST:
        raise invalid(
            f"The value {value} for MetricData.member.{place} is invalid: it must be between -2^360 and 2^360, not "
            "NaN or infinite."
        )
    return float(value)
