"""The program, and single components, on the recording engine."""

from __future__ import annotations

import functools
import json
import runpy
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blueprint.contracts import HubContract
from blueprint.names import Function
from blueprint.organisation import Organisation
from blueprint.packages import Package, build_all, build_inference
from blueprint.settings import HubSettings, Settings, SpokeSettings
from blueprint.stateful import Stateful
from tests.blueprint.samples import CONFIGURATION, configuration, organisation
from tests.components.recorder import Run, run

ROOT = Path(__file__).resolve().parents[2]
HUB_STACK = "organization/ml-governance/hub"
WORKPLACE = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": 1,
    "aws:ec2/subnet:Subnet": 2,
    "aws:ec2/vpc:Vpc": 1,
    "aws:sagemaker/domain:Domain": 1,
    "aws:sagemaker/space:Space": 1,
    "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig": 1,
    "aws:sagemaker/userProfile:UserProfile": 1,
}
"""Studio and its network, of one person, with the defaults."""


def hub_settings(stateful: Stateful = "protect", **changes: Any) -> HubSettings:
    """Settings of the example's hub; `changes` are those of its organisation."""
    parsed = Settings.parse({**configuration(), "statefulResources": stateful}, "hub")
    assert isinstance(parsed, HubSettings)
    return replace(parsed, organisation=organisation(**changes)) if changes else parsed


def spoke_settings(stack: str, **changes: Any) -> SpokeSettings:
    parsed = Settings.parse(configuration(), stack)
    assert isinstance(parsed, SpokeSettings)
    return replace(parsed, organisation=organisation(**changes)) if changes else parsed


def hub_program(settings: HubSettings) -> Callable[[], None]:
    """The hub component alone, exporting its contract."""

    def program() -> None:
        import pulumi

        from components.hub import Hub, HubArgs

        args = HubArgs(settings=settings, root=ROOT, packages=packages(settings.organisation))
        for name, value in Hub("hub", args).contract.export().items():
            pulumi.export(name, value)

    return program


def spoke_program(settings: SpokeSettings, hub: Mapping[str, Any]) -> Callable[[], None]:
    def program() -> None:
        import pulumi

        from components.spoke import Spoke, SpokeArgs

        contract = HubContract.read(
            hub, hub_stack=settings.hub_stack, organisation=settings.organisation, spoke=settings.spoke
        )
        package = None if settings.inference is None else inference_package()
        args = SpokeArgs(settings=settings, hub=contract, root=ROOT, inference_package=package)
        made = Spoke(settings.stack, args)
        for name, value in made.contract.export().items():
            pulumi.export(name, value)

    return program


@functools.cache
def packages(of: Organisation) -> dict[Function, Package]:
    """The functions' packages, built once for all tests of an organisation."""
    return build_all(ROOT, of)


@functools.cache
def inference_package() -> Package:
    return build_inference(ROOT)


@functools.cache
def hub_run() -> Run:
    """The example's hub, brought up once for all tests that only look at it."""
    return run(hub_program(hub_settings()))


@functools.cache
def spoke_run(stack: str) -> Run:
    return run(spoke_program(spoke_settings(stack), hub_run().exports), stack=stack)


def whole_program(
    monkeypatch: pytest.MonkeyPatch,
    stack: str,
    *,
    values: Mapping[str, Any] | None = None,
    outputs_of: Mapping[str, Mapping[str, Any]] | None = None,
    preview: bool = False,
) -> Run:
    """`__main__.py` with this configuration, as the engine hands it over: every value as text."""
    given = {"statefulResources": "protect", **CONFIGURATION} | dict(values or {})
    texts = {
        key if ":" in key else f"ml-governance:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in given.items()
    }
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(texts))
    return run(
        lambda: void(runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")),
        stack=stack,
        outputs_of=outputs_of,
        preview=preview,
    )


def void(_: object) -> None:
    """Programs return nothing."""
