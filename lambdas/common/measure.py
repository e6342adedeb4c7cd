"""The functions' own metrics in CloudWatch: what alarms watch beyond what AWS measures by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.common.aws import code_of
from lambdas.common.log import Log

NAMESPACE = "MLGovernance"
"""The one namespace that a function's role may put to (condition `cloudwatch:namespace`)."""

LARGEST_BATCH = 1000
"""Metrics of one PutMetricData (botocore's cloudwatch model: "up to 1000 different metrics")."""

INSTALLATION = "Installation"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number. `unit` is a StandardUnit of CloudWatch (`Count`, `Seconds`, `None` …); `dimensions` come beside the
    installation's, such as `{"Function": "reconcile"}`.
    """

    name: str
    value: float
    unit: str = "Count"
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measures:
    """Puts measures. `client` is a boto3 cloudwatch client; `prefix` names the installation."""

    client: Any
    prefix: str
    log: Log = field(default_factory=Log)

    def put(self, measures: Iterable[Measure]) -> None:
        """Put what was measured. A failure is logged and no more: what was recorded is worth more than its measure,
        and a missing heartbeat is an alarm of its own.
        """
        data = [self._datum(measure) for measure in measures]
        for start in range(0, len(data), LARGEST_BATCH):
            try:
                self.client.put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + LARGEST_BATCH])
            except (ClientError, BotoCoreError) as problem:
                self.log.warning("measures not put", code=code_of(problem), count=len(data) - start)
                return

    def _datum(self, measure: Measure) -> dict[str, Any]:
        dimensions = {INSTALLATION: self.prefix, **measure.dimensions}
        return {
            "MetricName": measure.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "Value": float(measure.value),
            "Unit": measure.unit,
        }
