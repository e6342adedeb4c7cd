"""What an endpoint runs: the configuration that serves, as it was when it was deployed, and its variants.

A configuration or model may be deleted while the endpoint serves (botocore sagemaker service-2: DeleteEndpointConfig,
DeleteModel), so the fleet keeps its own copy; Describe still names both.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Organisation, Params

from .containers import Loaded, load
from .endpoint_configs import variants_of
from .hosting import find
from .registry import SERVICE, now

_SHOWN = ("ManagedInstanceScaling", "RoutingConfig")
RETAINED = {"DesiredInstanceCount": "InitialInstanceCount", "DesiredWeight": "InitialVariantWeight"}
"""Variant properties that an update can retain, and the configuration's member that each takes the place of."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the next deployment fails. `rollback_fails`: the endpoint is left in UpdateRollbackFailed."""

    reason: str
    rollback_fails: bool = False


@dataclass(slots=True)
class Fleet:
    """`config` is what serves, None until the first deployment succeeded; `containers` run it, by variant."""

    config: Params | None = None
    containers: dict[str, list[Loaded]] = field(default_factory=dict)
    fault: Fault | None = None

    def take_fault(self) -> Fault | None:
        fault, self.fault = self.fault, None
        return fault


def fleet(org: Organisation, account: str, region: str, name: str) -> Fleet:
    fleets: dict[str, Fleet] = org.state(SERVICE, account, region).setdefault("fleets", {})
    return fleets.setdefault(name, Fleet())


def forget(org: Organisation, account: str, region: str, name: str) -> None:
    org.state(SERVICE, account, region).setdefault("fleets", {}).pop(name, None)


def loaded(org: Organisation, call: Call, config: Params) -> tuple[dict[str, list[Loaded]], str | None]:
    """The containers that each variant would run, by its name, and why a model can't be loaded (None: all can)."""
    containers: dict[str, list[Loaded]] = {}
    try:
        for variant in variants_of(config):
            if variant.get("ModelName"):
                record = find(org, call, "model", variant["ModelName"]).record
                containers[variant["VariantName"]] = load(org, call, record)
    except ApiError as error:
        return containers, error.message
    return containers, None


def summaries(config: Params, containers: dict[str, list[Loaded]]) -> Params:
    """ProductionVariants and ShadowProductionVariants of DescribeEndpoint for a configuration that serves."""

    def images(variant: Params) -> list[Params]:
        return [one.deployed for one in containers.get(variant["VariantName"], []) if one.deployed]

    return _both(config, lambda variant: _serving(variant, images(variant)))


def pending(org: Organisation, config: Params, status: str, message: str) -> Params:
    """The PendingDeploymentSummary of a configuration that is being deployed, every variant in this status."""
    started = now(org)

    def show(variant: Params) -> Params:
        count = variant.get("InitialInstanceCount", 0)
        text = message.replace("X", str(count))
        shown = _wanted(variant) | {
            "VariantStatus": [{"Status": status, "StatusMessage": text, "StartTime": started}],
        }
        if variant.get("InstanceType"):
            shown |= {"InstanceType": variant["InstanceType"], "CurrentInstanceCount": 0, "CurrentWeight": 0.0}
        return shown

    return {"EndpointConfigName": config["EndpointConfigName"], "StartTime": started} | _both(config, show)


def retaining(config: Params, current: Params, excluded: set[str]) -> Params:
    """The configuration with what the endpoint's variants of the same names have now (RetainAllVariantProperties)."""
    kept = copy.deepcopy(config)
    held = {one["VariantName"]: one for one in current.get("ProductionVariants") or []}
    for variant in kept["ProductionVariants"]:
        before: Params = held.get(variant["VariantName"], {})
        for shown, member in RETAINED.items():
            if shown not in excluded and shown in before and member in variant:
                variant[member] = before[shown]
    return kept


def _both(config: Params, show: Callable[[Params], Params]) -> Params:
    made: dict[str, Any] = {"ProductionVariants": [show(one) for one in config["ProductionVariants"]]}
    if config.get("ShadowProductionVariants"):
        made["ShadowProductionVariants"] = [show(one) for one in config["ShadowProductionVariants"]]
    return made


def _wanted(variant: Params) -> Params:
    shown: Params = {"VariantName": variant["VariantName"], "DesiredWeight": variant["InitialVariantWeight"]}
    if variant.get("ServerlessConfig"):
        shown["DesiredServerlessConfig"] = copy.deepcopy(variant["ServerlessConfig"])
    else:
        shown["DesiredInstanceCount"] = variant["InitialInstanceCount"]
    return shown | {member: copy.deepcopy(variant[member]) for member in _SHOWN if member in variant}


def _serving(variant: Params, images: list[Params]) -> Params:
    shown = _wanted(variant) | {"CurrentWeight": variant["InitialVariantWeight"]}
    if images:
        shown["DeployedImages"] = copy.deepcopy(images)
    if variant.get("ServerlessConfig"):
        shown["CurrentServerlessConfig"] = copy.deepcopy(variant["ServerlessConfig"])
    else:
        shown["CurrentInstanceCount"] = variant["InitialInstanceCount"]
    return shown
