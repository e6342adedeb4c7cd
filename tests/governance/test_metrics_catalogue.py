"""The catalogue against AWS's pages, the reader's page, and the names that configuration adds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from governance.errors import SettingError
from governance.metrics_catalogue import IDENTITY, QUALITY_NAMES, Kind, Metric, catalogue, parse_quality_names

NAMESPACE = "MLGovernance/Quality"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
ALL = catalogue(NAMESPACE)
EVERY = [metric for kind in Kind for metric in ALL.of(kind)]

PUBLISHED = {
    ("AWS/SageMaker", "Invocations"): {"Sum"},
    ("AWS/SageMaker", "ModelLatency"): {"Average", "Sum", "Minimum", "Maximum", "SampleCount"},
    ("AWS/SageMaker", "OverheadLatency"): {"Average", "Sum", "Minimum", "Maximum", "SampleCount"},
    ("AWS/SageMaker", "Invocation4XXErrors"): {"Average", "Sum"},
    ("AWS/SageMaker", "Invocation5XXErrors"): {"Average", "Sum"},
    ("AWS/SageMaker", "InvocationModelErrors"): {"Average", "Sum"},
}
"""Valid statistics as sagemaker/latest/dg/monitoring-cloudwatch writes them; it names none for utilization."""

INSTANCES = {"CPUUtilization", "MemoryUtilization", "DiskUtilization", "GPUUtilization", "GPUMemoryUtilization"}
COMPONENTS = {f"{name}Normalized" for name in INSTANCES - {"DiskUtilization"}}


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: f"{metric.namespace} {metric.name}")
def test_m1_s7_names_namespaces_and_statistics_are_those_that_sagemaker_publishes(metric: Metric) -> None:
    """M1, S7 of the reference system: `invocations`, `latency` and a namespace where DiskUtilization isn't."""
    if metric.namespace == "AWS/SageMaker":
        assert metric.statistic in PUBLISHED[metric.namespace, metric.name]
    elif metric.namespace == "/aws/sagemaker/Endpoints":
        assert metric.name in INSTANCES
    elif metric.namespace == "/aws/sagemaker/InferenceComponents":
        assert metric.name in COMPONENTS
    else:
        assert (metric.namespace, metric.unit) == (NAMESPACE, "None")
        assert metric.name in QUALITY_NAMES


def test_m1_the_reference_systems_columns_keep_their_names() -> None:
    """Guards: a dashboard of the reference system whose columns are gone."""
    columns = {metric.column for metric in ALL.variant}
    assert columns >= {
        "cpuutilization", "invocations", "modellatency", "diskutilization", "precision", "accuracy", "f2score",
        "totalviolations",
    }  # fmt: skip


@pytest.mark.parametrize("kind", Kind)
def test_a_column_takes_one_metric(kind: Kind) -> None:
    """Guards: two metrics of one row of which the last wins (M7)."""
    columns = [*IDENTITY, *(metric.column for metric in ALL.of(kind))]
    assert len(set(columns)) == len(columns)
    assert all(re.fullmatch(r"[a-z][a-z0-9]*", column) for column in columns), "Athena takes no other without quotes"


def test_the_readers_page_lists_what_is_collected() -> None:
    """Guards: documentation of another unit or statistic than the column holds."""
    text = PAGE.read_text(encoding="utf-8")
    rows = {tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in text.splitlines() if "|" in line}
    for metric in EVERY:
        row = (metric.column, metric.namespace, metric.name, metric.statistic, metric.unit)
        assert row in {cells[:5] for cells in rows}, row
    for column in IDENTITY:
        assert any(cells[0] == column for cells in rows), column


def test_further_quality_metrics_get_columns() -> None:
    """Guards: a name that is configured and never asked for."""
    names = parse_quality_names('["Recall", "AUC"]')
    added = set(catalogue(NAMESPACE, names).variant) - set(ALL.variant)
    assert {(metric.namespace, metric.name, metric.column, metric.statistic) for metric in added} == {
        (NAMESPACE, "Recall", "recall", "Average"), (NAMESPACE, "AUC", "auc", "Average"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "Recall", "{}", "[1]", '[""]', '["a b"]', '["1st"]', '["précision"]', '["Accuracy"]', '["accuracy"]',
     '["Timestamp"]', '["Invocations"]', '["Recall", "recall"]', '["' + "a" * 65 + '"]',
     "[" + ", ".join(f'"q{n}"' for n in range(21)) + "]"],
)  # fmt: skip
def test_names_without_a_column_of_their_own_are_refused(text: str) -> None:
    """Guards: two metrics in one column; a column that Athena can't name; a bill without bound."""
    with pytest.raises(SettingError, match="QUALITY_METRICS"):
        parse_quality_names(text)
