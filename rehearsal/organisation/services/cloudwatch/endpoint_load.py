"""The load of an emulated endpoint: a scenario says it, since no request reaches a model here and clients can't put it.

Source: sagemaker/monitoring-cloudwatch (the three namespaces, their metrics, units, and dimensions: EndpointName and
VariantName, or InferenceComponentName; the errors' sample count is that of the requests).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from rehearsal.organisation.core import ApiError, Organisation
from rehearsal.organisation.services.cloudwatch.store import Dimensions, Distribution, Metric, record
from rehearsal.organisation.services.sagemaker.hosting import Hosting, hosting

REQUESTS = "AWS/SageMaker"
INSTANCES = "/aws/sagemaker/Endpoints"
COMPONENTS = "/aws/sagemaker/InferenceComponents"
INVOCATIONS = "Invocations"
ERRORS = ("Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors")
UTILISATIONS = ("CPUUtilization", "MemoryUtilization", "DiskUtilization", "GPUUtilization", "GPUMemoryUtilization")
NORMALISED = (
    "CPUUtilizationNormalized", "MemoryUtilizationNormalized", "GPUUtilizationNormalized",
    "GPUMemoryUtilizationNormalized",
)  # fmt: skip
OF_REQUESTS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys((INVOCATIONS, *ERRORS), (REQUESTS, "None")),
    **dict.fromkeys(("ModelLatency", "OverheadLatency"), (REQUESTS, "Microseconds")),
}
UNITS: Mapping[str, tuple[str, str]] = {**OF_REQUESTS, **dict.fromkeys(UTILISATIONS, (INSTANCES, "Percent"))}
"""By metric of a variant: its namespace and unit."""

COMPONENT_UNITS: Mapping[str, tuple[str, str]] = {**OF_REQUESTS, **dict.fromkeys(NORMALISED, (COMPONENTS, "Percent"))}
"""By metric of an inference component: its namespace and unit."""

SERVING = ("InService", "Updating", "SystemUpdating", "RollingBack")


def put_load(
    org: Organisation, account: str, endpoint: str, variant: str, values: Mapping[str, float | Iterable[float]],
    *, component: str | None = None, ago_seconds: float = 0.0,
) -> int:  # fmt: skip
    """Give an endpoint's variant, or an inference component on it, a load, so long ago. Returns how many metrics were
    recorded.

    `values`: by metric a number or several; of Invocations and the errors it is how many there were. Raises ApiError
    for what has no load: an endpoint that isn't there or doesn't serve, another variant, component or metric.
    """
    hosted = hosting(org, account, org.region)
    _require_serving(hosted, account, endpoint, variant)
    dimensions: Dimensions = (("EndpointName", endpoint), ("VariantName", variant))
    known = UNITS
    if component is not None:
        _require_component(hosted, endpoint, variant, component)
        dimensions, known = (("InferenceComponentName", component),), COMPONENT_UNITS
    if unknown := sorted(set(values) - set(known)):
        raise ApiError("NoSuchMetric", f"there is no metric {unknown[0]!r} here; there are {', '.join(known)}")
    at = org.clock.now() - timedelta(seconds=ago_seconds)
    requests = _number(values.get(INVOCATIONS, 0.0))
    recorded = 0
    for name, given in values.items():
        distribution = _distribution(name, given, requests)
        if distribution is not None:
            namespace, unit = known[name]
            metric = Metric(namespace, name, dimensions)
            record(org, account, org.region, metric, at, unit, distribution)
            org.component("cloudwatch").told(account, org.region, metric)
            recorded += 1
    return recorded


def _require_serving(hosted: Hosting, account: str, endpoint: str, variant: str) -> None:
    found = hosted.kinds["endpoint"].get(endpoint)
    if found is None:
        raise ApiError("NoSuchEndpoint", f"account {account} has no endpoint {endpoint!r}: there is nothing to load")
    status = found.record.get("EndpointStatus")
    if status not in SERVING:
        raise ApiError("NotServing", f"endpoint {endpoint!r} is {status}: only one of {', '.join(SERVING)} has a load")
    shown = [*found.record.get("ProductionVariants", ()), *found.record.get("ShadowProductionVariants", ())]
    names = [one["VariantName"] for one in shown]
    if variant not in names:
        raise ApiError("NoSuchVariant", f"endpoint {endpoint!r} has the variants {', '.join(names)}, not {variant!r}")


def _require_component(hosted: Hosting, endpoint: str, variant: str, component: str) -> None:
    found = hosted.kinds["inference-component"].get(component)
    place = (endpoint, variant)
    if found is None or (found.record.get("EndpointName"), found.record.get("VariantName")) != place:
        raise ApiError(
            "NoSuchComponent", f"variant {variant!r} of endpoint {endpoint!r} has no component {component!r}"
        )


def _number(given: float | Iterable[float]) -> float:
    return float(given) if isinstance(given, int | float) else float(sum(given))


def _distribution(name: str, given: float | Iterable[float], requests: float) -> Distribution | None:
    """A metric's values; None where SageMaker sends none: without requests there is nothing to count or to time."""
    if name == INVOCATIONS:
        return Distribution.of_values({1.0: requests}) if requests > 0 else None
    if name in ERRORS:
        failed = _number(given)
        counts = {1.0: failed, 0.0: max(0.0, requests - failed)}
        known = {value: count for value, count in counts.items() if count > 0}
        return Distribution.of_values(known) if known else None
    counts = {}
    for value in [given] if isinstance(given, int | float) else given:
        counts[float(value)] = counts.get(float(value), 0.0) + 1.0
    return Distribution.of_values(counts) if counts else None
