"""The program as the engine runs it: settings and the hub's contract first, resources after."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from blueprint.contracts import HubContract
from blueprint.functions import FUNCTION_SPECS
from tests.blueprint.samples import CONFIGURATION, configuration
from tests.components import recorder
from tests.components.programs import HUB_STACK, ROOT, hub_run, whole_program


@pytest.fixture(autouse=True)
def example_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare with the tests' own configuration, so that the shipped one may change."""
    monkeypatch.setattr("components.engine.declared_once", lambda _: CONFIGURATION)


def refusal(monkeypatch: pytest.MonkeyPatch, stack: str, **given: Any) -> str:
    """The one message with which the program stops; nothing may have been registered before."""
    registered: list[str] = []
    register = recorder.Recorder.RegisterResource

    def noting(self: recorder.Recorder, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            registered.append(request.type)
        return register(self, request)

    monkeypatch.setattr(recorder.Recorder, "RegisterResource", noting)
    with pytest.raises(pulumi.RunError) as caught:
        whole_program(monkeypatch, stack, **given)
    assert registered == [], "resources were registered before the refusal"
    return str(caught.value)


def test_hub_and_spokes_come_up_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a spoke that can't read what the hub exports."""
    hub = whole_program(monkeypatch, "hub")
    for stack in ("dev", "test"):
        spoke = whole_program(monkeypatch, stack, outputs_of={HUB_STACK: hub.exports})
        assert spoke.exports["stage"] == stack
        assert {f"{stack}-execution", f"{stack}-serving", f"{stack}-reader"} <= {made.name for made in spoke.custom()}


def test_a_bad_configuration_stops_before_anything_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: half a hub, made with half a configuration."""
    raw = configuration("organisation.accounts.dev.stage", "nowhere")
    monkeypatch.setattr("components.engine.declared_once", lambda _: raw)
    message = refusal(monkeypatch, "hub", values={**raw, "statefulResources": "keep"})
    assert "2 problems in the configuration; nothing was deployed" in message
    assert "nowhere" in message


def test_a_stack_that_redefines_the_organisation_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a stack's own accounts, by stack file, `pulumi config set` or `--config`."""
    raw = configuration("organisation.prefix", "other")
    assert "redefines" in refusal(monkeypatch, "dev", values=raw)


def test_an_unknown_stack_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: `pulumi up` in a stack that nobody configured."""
    assert "known: hub, dev, test" in refusal(monkeypatch, "prod")


def test_a_missing_hub_stack_stops_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a traceback from the engine's lookup."""
    message = refusal(monkeypatch, "dev", outputs_of={})
    assert f"stack {HUB_STACK} can't be read (unknown stack" in message
    assert f"pulumi up --stack {HUB_STACK}" in message


def test_a_hub_that_isn_t_up_stops_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a spoke brought up before its hub."""
    message = refusal(monkeypatch, "dev", outputs_of={HUB_STACK: {}})
    assert f"Run `pulumi up --stack {HUB_STACK}` first" in message


def test_an_older_hub_stops_with_the_key_and_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a contract of another version, read as if it were this one."""
    older = {**hub_run().exports, "contractVersion": HubContract.version - 1}
    assert "contractVersion" in refusal(monkeypatch, "dev", outputs_of={HUB_STACK: older})


def test_a_hub_for_other_names_stops_with_both_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: roles that the hub's policies don't admit."""
    other = {**hub_run().exports, "prefix": "other"}
    message = refusal(monkeypatch, "dev", outputs_of={HUB_STACK: other})
    assert "'other'" in message
    assert "'mlgov'" in message


def test_a_package_that_can_t_be_built_stops_before_anything_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: half a hub, since a function's source is missing."""
    missing = replace(FUNCTION_SPECS[0], function="nothing")  # type: ignore[arg-type]  # a folder that isn't there
    monkeypatch.setattr("blueprint.packages.FUNCTION_SPECS", (missing,))
    assert "lambdas.nothing.handler is no module" in refusal(monkeypatch, "hub")


def test_the_hub_may_have_another_qualified_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a backend whose stacks belong to another organisation."""
    name = "acme/ml-governance/hub"
    made = whole_program(monkeypatch, "dev", values={"hubStack": name}, outputs_of={name: hub_run().exports})
    assert made.exports["account"] == "222222222222"


def test_only_the_modules_in_use_are_imported() -> None:
    """Guards: seconds of importing 390 MB of generated code at every preview."""
    code = (
        "import sys; sys.path.insert(0, '.'); from tests.components.programs import hub_run, spoke_run;"
        "hub_run(), spoke_run('dev'); loaded = (m.split('.') for m in sys.modules if m.startswith('pulumi_aws.'));"
        "print(*sorted({parts[1] for parts in loaded if len(parts) > 2}))"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(answer.stdout.split()) - {"config"} == {
        "cloudwatch", "dynamodb", "ec2", "iam", "kms", "lambda_", "oam", "ram", "s3", "sagemaker", "sns", "sqs",
    }  # fmt: skip
