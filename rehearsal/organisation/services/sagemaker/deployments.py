"""The transitions of an endpoint on the organisation's clock, each with its events.

Statuses and what each means: botocore sagemaker service-2, DescribeEndpointOutput (EndpointStatus); the steps of a
variant: ProductionVariantStatus and automating-sagemaker-with-eventbridge. No container runs yet: a deployment succeeds
when the execution role of each model may read its artifacts. A first one that doesn't ends as Failed; an update goes
back to the configuration that serves, InService with the reason.
"""

from __future__ import annotations

import copy

from rehearsal.organisation.core import Call, Organisation, Params

from .endpoint_events import announce_deployment, announce_state
from .fleets import Fault, fleet, forget, loaded, pending, summaries
from .hosting import Hosted, hosting, remove
from .registry import invalid, now
from .transitions import later, move

STEP = 0.5
"""Which part of a deployment's time each of its steps takes: creating the variants, activating their traffic."""
BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})


def require_settled(endpoint: Hosted, *, deleting: bool = False) -> None:
    """Refuse a change of an endpoint that is in transition; of a failed one all but its deletion."""
    status = endpoint.record["EndpointStatus"]
    if status in BUSY:
        raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    if status == "Failed" and not deleting:
        raise invalid(f'Cannot update failed endpoint "{endpoint.arn}": DeleteEndpoint is the only operation for it.')


def deploy(org: Organisation, call: Call, endpoint: Hosted, config: Params) -> None:
    """Deploy a configuration: its variants are created, get their traffic, and serve, or don't."""
    endpoint.record["PendingDeploymentSummary"] = pending(org, config, "Creating", "Launching X instance(s).")
    announce_state(org, call, endpoint)
    first = endpoint.record["EndpointStatus"] == "Creating"
    if not first:
        announce_deployment(org, call, endpoint)

    def activate() -> None:
        text = "Activating traffic on full capacity of X instance(s)."
        started = endpoint.record["PendingDeploymentSummary"]["StartTime"]
        summary = pending(org, config, "ActivatingTraffic", text) | {"StartTime": started}
        endpoint.record["PendingDeploymentSummary"] = summary
        if not first:
            announce_deployment(org, call, endpoint)
        later(org, endpoint, settle, STEP)

    def settle() -> None:
        _settle(org, call, endpoint, config, first=first)

    later(org, endpoint, activate, STEP)


def _settle(org: Organisation, call: Call, endpoint: Hosted, config: Params, *, first: bool) -> None:
    record = endpoint.record
    held = fleet(org, call.owner, call.region, record["EndpointName"])
    containers, failure = loaded(org, call, config)
    fault = held.take_fault() or (Fault(failure) if failure else None)
    record.pop("PendingDeploymentSummary")
    record.pop("FailureReason", None)
    if fault is None:
        held.config = config
        held.containers = containers
        record["EndpointConfigName"] = config["EndpointConfigName"]
        record.pop("ShadowProductionVariants", None)
        record.update(summaries(config, containers))
        _show_settings(record, config)
    else:
        record["FailureReason"] = fault.reason
    move(org, "endpoint", endpoint, _outcome(fault, first=first))
    announce_state(org, call, endpoint)


def _outcome(fault: Fault | None, *, first: bool) -> str:
    if fault is None:
        return "InService"
    if first:
        return "Failed"
    return "UpdateRollbackFailed" if fault.rollback_fails else "InService"


def _show_settings(record: Params, config: Params) -> None:
    record.pop("AsyncInferenceConfig", None)
    if config.get("AsyncInferenceConfig"):
        record["AsyncInferenceConfig"] = copy.deepcopy(config["AsyncInferenceConfig"])


def scale(org: Organisation, call: Call, endpoint: Hosted, wanted: dict[str, Params]) -> None:
    """Give variants new weights and counts (`wanted`: members of the summary by variant name), or roll them back."""
    record = endpoint.record
    before = copy.deepcopy(record["ProductionVariants"])
    for variant in record["ProductionVariants"]:
        if variant["VariantName"] in wanted:
            variant.update(wanted[variant["VariantName"]])
            variant["VariantStatus"] = [_updating(org, variant)]
    move(org, "endpoint", endpoint, "Updating")
    announce_state(org, call, endpoint)
    announce_deployment(org, call, endpoint)

    def settle() -> None:
        fault = fleet(org, call.owner, call.region, record["EndpointName"]).take_fault()
        if fault is None:
            record.pop("FailureReason", None)
            record["ProductionVariants"] = [_reached(one) for one in record["ProductionVariants"]]
            finish("InService")
        else:
            record["FailureReason"] = fault.reason
            record["ProductionVariants"] = before
            finish("RollingBack")
            later(org, endpoint, lambda: finish("InService"))

    def finish(status: str) -> None:
        move(org, "endpoint", endpoint, status)
        announce_state(org, call, endpoint)

    later(org, endpoint, settle)


def _updating(org: Organisation, variant: Params) -> Params:
    """The status of a variant that is scaled; only a scaling out has a documented message."""
    status: Params = {"Status": "Updating", "StartTime": now(org)}
    count = variant.get("DesiredInstanceCount", 0)
    if count > variant.get("CurrentInstanceCount", 0):
        status["StatusMessage"] = f"Scaling out desired instance count to {count}."
    return status


def _reached(variant: Params) -> Params:
    """A variant whose current values are the desired ones."""
    shown = {member: value for member, value in variant.items() if member != "VariantStatus"}
    for member in ("Weight", "InstanceCount", "ServerlessConfig"):
        if f"Desired{member}" in shown:
            shown[f"Current{member}"] = copy.deepcopy(shown[f"Desired{member}"])
    return shown


def maintain(org: Organisation, call: Call, endpoint: Hosted) -> None:
    """Let AWS maintain an endpoint: SystemUpdating, in which nothing can be changed, then InService as before."""
    require_settled(endpoint)
    before = endpoint.record["EndpointStatus"]

    def finish() -> None:
        move(org, "endpoint", endpoint, before)
        announce_state(org, call, endpoint)

    move(org, "endpoint", endpoint, "SystemUpdating")
    announce_state(org, call, endpoint)
    later(org, endpoint, finish)


def retire(org: Organisation, call: Call, endpoint: Hosted) -> None:
    """Delete an endpoint: Deleting, then gone."""
    name = endpoint.record["EndpointName"]

    def gone() -> None:
        remove(org, call, "endpoint", name)
        forget(org, call.owner, call.region, name)

    move(org, "endpoint", endpoint, "Deleting")
    announce_state(org, call, endpoint)
    later(org, endpoint, gone)


def components_on(org: Organisation, call: Call, endpoint: str) -> list[Hosted]:
    held = hosting(org, call.owner, call.region).kinds["inference-component"].values()
    return [one for one in held if one.record["EndpointName"] == endpoint]
