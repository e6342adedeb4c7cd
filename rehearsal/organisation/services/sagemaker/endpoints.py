"""Endpoints: created, updated and deleted over the organisation's clock, each transition with its event.

No container runs: an endpoint comes into service when the execution role of each of its models may read the artifacts,
else it fails with that reason. Source of the events: developer guide, automating-sagemaker-with-eventbridge: status
UPPER_SNAKE, ARN lower-cased, times as epoch milliseconds, tags as a map.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from datetime import datetime

from rehearsal.organisation.clock import virtual
from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, serves, takes

from .hosting import Hosted, add, find, hosted_arn, hosting, listed, named, need, with_tags
from .models import check_artifacts, execution_role
from .needs import anywhere
from .registry import invalid, now

_MODEL = "botocore sagemaker service-2: "
DETAIL_TYPE = "SageMaker Endpoint State Change"
TRANSITION_SECONDS = 1.0
"""How long creating, updating and deleting take on the organisation's clock; AWS takes minutes."""
_SERVED = frozenset({"EndpointName", "EndpointConfigName", "Tags"})
takes("sagemaker", "CreateEndpoint", "UpdateEndpoint", members=_SERVED)


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    """Both resource types are required: the endpoint and the configuration."""
    yield from with_tags(call, need(org, call, "endpoint", call.params["EndpointName"]))
    yield need(org, call, "endpoint-config", call.params["EndpointConfigName"])


@serves(
    "sagemaker", "CreateEndpoint", needs=_needs, fidelity="emulated",
    source=_MODEL + "CreateEndpoint; automating-sagemaker-with-eventbridge",
    note="no container runs and nothing can be invoked; in service after 5 s of the clock if the models' roles may "
    "read the artifacts, else Failed; no deployment configuration, no resolved images",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    config = find(org, call, "endpoint-config", params["EndpointConfigName"])
    time = now(org)
    record: Params = {
        "EndpointName": params["EndpointName"],
        "EndpointArn": hosted_arn(call.owner, call.region, "endpoint", params["EndpointName"]),
        "EndpointConfigName": params["EndpointConfigName"],
        "EndpointStatus": "Creating",
        "CreationTime": time,
        "LastModifiedTime": time,
    }
    endpoint = add(org, call, "endpoint", record)
    _announce(org, call, endpoint, config.record)
    _later(org, call, endpoint, config.record)
    return {"EndpointArn": endpoint.arn}


@serves(
    "sagemaker", "UpdateEndpoint", needs=_needs, fidelity="emulated", source=_MODEL + "UpdateEndpoint",
    note="a new configuration only; what can't be read leaves the former configuration in service, with the reason",
)  # fmt: skip
def update(org: Organisation, call: Call) -> Params:
    params = call.params
    endpoint = find(org, call, "endpoint", params["EndpointName"])
    config = find(org, call, "endpoint-config", params["EndpointConfigName"])
    _require_settled(endpoint)
    _move(org, endpoint, "Updating")
    _announce(org, call, endpoint, config.record)
    _later(org, call, endpoint, config.record)
    return {"EndpointArn": endpoint.arn}


@serves(
    "sagemaker",
    "DeleteEndpoint",
    needs=named("endpoint"),
    fidelity="emulated",
    source=_MODEL + "DeleteEndpoint",
    note="gone after 5 s of the clock",
)
def delete(org: Organisation, call: Call) -> Params:
    endpoint = find(org, call, "endpoint", call.params["EndpointName"])
    _require_settled(endpoint)
    _move(org, endpoint, "Deleting")
    _announce(org, call, endpoint, None)

    def gone() -> None:
        with org.lock:
            hosting(org, call.owner, call.region).kinds["endpoint"].pop(call.params["EndpointName"], None)

    virtual(org.clock).after(TRANSITION_SECONDS, gone, f"deletion of {endpoint.arn}")
    return {}


def _require_settled(endpoint: Hosted) -> None:
    if endpoint.record["EndpointStatus"] in ("Creating", "Updating", "Deleting"):
        raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _later(org: Organisation, call: Call, endpoint: Hosted, config: Params) -> None:
    """End a creation or update when its time has come."""
    first = endpoint.record["EndpointStatus"] == "Creating"

    def settle() -> None:
        with org.lock:
            failure = _failure(org, call, config)
            if failure is None:
                endpoint.record["EndpointConfigName"] = config["EndpointConfigName"]
                endpoint.record["ProductionVariants"] = [_variant(one) for one in config["ProductionVariants"]]
                endpoint.record.pop("FailureReason", None)
            else:
                endpoint.record["FailureReason"] = failure
            _move(org, endpoint, "Failed" if failure and first else "InService")
            _announce(org, call, endpoint, config)

    virtual(org.clock).after(TRANSITION_SECONDS, settle, f"deployment of {endpoint.arn}")


def _failure(org: Organisation, call: Call, config: Params) -> str | None:
    """Why the configuration can't be deployed, None if it can."""
    try:
        for variant in config["ProductionVariants"]:
            model = find(org, call, "model", variant["ModelName"]).record
            reader = execution_role(org, call, model["ExecutionRoleArn"], model["ModelName"])
            check_artifacts(org, call, model, reader)
    except ApiError as error:
        return error.message
    return None


def _variant(variant: Params) -> Params:
    weight, count = variant["InitialVariantWeight"], variant["InitialInstanceCount"]
    return {
        "VariantName": variant["VariantName"],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
        "CurrentInstanceCount": count,
        "DesiredInstanceCount": count,
    }


def _move(org: Organisation, endpoint: Hosted, status: str) -> None:
    endpoint.record["EndpointStatus"] = status
    endpoint.record["LastModifiedTime"] = max(now(org), endpoint.record["LastModifiedTime"])


def _announce(org: Organisation, call: Call, endpoint: Hosted, config: Params | None) -> None:
    record = endpoint.record
    shown = (config or {}).get("ProductionVariants") or []
    variants = [
        {
            "DesiredWeight": float(one["InitialVariantWeight"]),
            "DesiredInstanceCount": float(one["InitialInstanceCount"]),
        }
        for one in shown
    ] or [
        {"DesiredWeight": float(one["DesiredWeight"]), "DesiredInstanceCount": float(one["DesiredInstanceCount"])}
        for one in record.get("ProductionVariants", [])
    ]
    detail: Params = {
        "EndpointName": record["EndpointName"],
        "EndpointArn": endpoint.arn.lower(),
        "EndpointConfigName": (config or record)["EndpointConfigName"],
        "ProductionVariants": variants,
        "EndpointStatus": upper_snake(record["EndpointStatus"]),
        "CreationTime": _milliseconds(record["CreationTime"]),
        "LastModifiedTime": _milliseconds(record["LastModifiedTime"]),
        "Tags": dict(endpoint.tags),
    }
    if record.get("FailureReason"):
        detail["FailureReason"] = record["FailureReason"]
    org.emit(call.owner, call.region, "aws.sagemaker", DETAIL_TYPE, detail, [endpoint.arn.lower()])


def upper_snake(status: str) -> str:
    """`InService` as the events spell it: `IN_SERVICE`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


def _milliseconds(time: datetime) -> float:
    return float(round(time.timestamp() * 1000))


@serves(
    "sagemaker",
    "DescribeEndpoint",
    needs=named("endpoint"),
    fidelity="emulated",
    source=_MODEL + "DescribeEndpoint",
    note="no DeployedImages: no image is pulled",
)
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find(org, call, "endpoint", call.params["EndpointName"]).record)


@serves("sagemaker", "ListEndpoints", needs=anywhere, source=_MODEL + "ListEndpoints")
def list_endpoints(org: Organisation, call: Call) -> Params:
    summary = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
    return listed(org, call, "endpoint", "Endpoints", summary)
