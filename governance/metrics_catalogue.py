"""Which metrics of endpoints are collected: where CloudWatch keeps each, by which statistic, into which column.

Namespaces, names, dimensions, units and valid statistics as in sagemaker/latest/dg/monitoring-cloudwatch ("SageMaker AI
endpoint metrics", "… endpoint invocation metrics", "… inference component metrics"). Units are documentation only: a
query never names one, since a query with a unit other than the stored one answers nothing (GetMetricData, MetricStat).
Quality metrics are the installation's own namespace: Model Monitor, which published the like, is closed to new
customers. `docs/metrics.md` lists the same table for readers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from governance.errors import SettingError

INVOCATIONS = "AWS/SageMaker"
INSTANCES = "/aws/sagemaker/Endpoints"
COMPONENTS = "/aws/sagemaker/InferenceComponents"

QUALITY_NAMES = ("Precision", "Accuracy", "F2Score", "TotalViolations")
"""Quality metrics that every installation collects."""

QUALITY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
"""A further quality metric's name: its lower-case form must be a column name that Athena takes without quotes."""

MOST_QUALITY_NAMES = 20
"""Each is one more query per variant and run, which is what CloudWatch charges for."""


class Kind(Enum):
    """What a metric is about. The value is the exact set of dimensions: a subset or superset is another metric."""

    VARIANT = ("EndpointName", "VariantName")
    COMPONENT = ("InferenceComponentName",)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric and the column that takes its statistic over a period."""

    namespace: str
    name: str
    statistic: str
    unit: str
    column: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The metrics of each kind."""

    variant: tuple[Metric, ...]
    component: tuple[Metric, ...]

    def of(self, kind: Kind) -> tuple[Metric, ...]:
        return self.variant if kind is Kind.VARIANT else self.component


INVOCATION_METRICS = (
    Metric(INVOCATIONS, "Invocations", "Sum", "None", "invocations"),
    Metric(INVOCATIONS, "ModelLatency", "Maximum", "Microseconds", "modellatency"),
    Metric(INVOCATIONS, "OverheadLatency", "Maximum", "Microseconds", "overheadlatencymicroseconds"),
    Metric(INVOCATIONS, "Invocation4XXErrors", "Sum", "None", "invocation4xxerrors"),
    Metric(INVOCATIONS, "Invocation5XXErrors", "Sum", "None", "invocation5xxerrors"),
    Metric(INVOCATIONS, "InvocationModelErrors", "Sum", "None", "invocationmodelerrors"),
)

INSTANCE_METRICS = (
    Metric(INSTANCES, "CPUUtilization", "Average", "Percent", "cpuutilization"),
    Metric(INSTANCES, "MemoryUtilization", "Average", "Percent", "memoryutilization"),
    Metric(INSTANCES, "DiskUtilization", "Maximum", "Percent", "diskutilization"),
    Metric(INSTANCES, "GPUUtilization", "Average", "Percent", "gpuutilization"),
    Metric(INSTANCES, "GPUMemoryUtilization", "Average", "Percent", "gpumemoryutilization"),
)

COMPONENT_METRICS = (
    Metric(COMPONENTS, "CPUUtilizationNormalized", "Average", "Percent", "cpuutilizationnormalized"),
    Metric(COMPONENTS, "MemoryUtilizationNormalized", "Average", "Percent", "memoryutilizationnormalized"),
    Metric(COMPONENTS, "GPUUtilizationNormalized", "Average", "Percent", "gpuutilizationnormalized"),
    Metric(COMPONENTS, "GPUMemoryUtilizationNormalized", "Average", "Percent", "gpumemoryutilizationnormalized"),
)

IDENTITY = (
    "endpointvariant", "timestamp", "expiresat", "schemaversion", "accountid", "endpointarn", "endpointname",
    "variantname", "componentname", "region", "periodseconds",
)  # fmt: skip
"""Columns of a row that hold no metric."""


def catalogue(quality_namespace: str, further: Iterable[str] = ()) -> Catalogue:
    """All metrics, with the quality metrics of `quality_namespace`; `further` names more of them."""
    quality = tuple(quality_metric(quality_namespace, name) for name in (*QUALITY_NAMES, *further))
    return Catalogue(
        variant=(*INVOCATION_METRICS, *INSTANCE_METRICS, *quality),
        component=(*INVOCATION_METRICS, *COMPONENT_METRICS, *quality),
    )


def quality_metric(namespace: str, name: str) -> Metric:
    """A quality metric. Several values in one period are averaged: the best of them would flatter the model. Violations
    are a count of one evaluation each, of which the highest is kept.
    """
    statistic = "Maximum" if name == "TotalViolations" else "Average"
    return Metric(namespace, name, statistic, "None", name.lower())


def parse_quality_names(text: str, setting: str = "QUALITY_METRICS") -> tuple[str, ...]:
    """Read the setting that names further quality metrics. Raises SettingError.

    A name whose column is taken is refused: two metrics in one column would hide each other.
    """
    form = f'a JSON list of at most {MOST_QUALITY_NAMES} names such as ["Recall"], each {QUALITY_NAME.pattern}'
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if (
        not isinstance(names, list)
        or len(names) > MOST_QUALITY_NAMES
        or not all(isinstance(name, str) and QUALITY_NAME.fullmatch(name) for name in names)
    ):
        raise SettingError(f"{setting} is {text[:80]!r}; wanted: {form}")
    taken = set(IDENTITY) | {metric.column for kind in Kind for metric in catalogue("any").of(kind)}
    for name in names:
        if name.lower() in taken:
            raise SettingError(f"{setting} names {name}: column {name.lower()} is taken; choose another name")
        taken.add(name.lower())
    return tuple(names)
