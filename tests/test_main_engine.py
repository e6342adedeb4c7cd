"""The program under the real engine: what is wrong is one message, before anything is registered.

`tests/test_main.py` tries every kind of mistake with a recorder in the engine's place; here a few go the whole way,
from a user's files to what the CLI prints.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from blueprint.contracts import HubContract
from blueprint.settings import PROJECT
from rehearsal.engine import ROOT, Engine, EngineError
from rehearsal.scenario.workspace import copy_program

Documents = dict[str, Any]
Workbench = Callable[..., Engine]

HUB_STACK = f"organization/{PROJECT}/hub"


@pytest.fixture
def engine(tmp_path: Path) -> Workbench:
    """`engine(changes of the organisation, stack=its configuration)`: the engine over a copy of the program."""

    def make(changes: Mapping[str, Any] | None = None, **stack_files: Documents) -> Engine:
        program = copy_program(ROOT, tmp_path / "program")
        project = yaml.safe_load((program / "Pulumi.yaml").read_text(encoding="utf-8"))
        organisation = project["config"][f"{PROJECT}:organisation"]["default"]
        for path, value in (changes or {}).items():
            *parents, last = path.split(".")
            target = organisation
            for parent in parents:
                target = target[parent]
            target[last] = value
        (program / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
        for stack, config in stack_files.items():
            namespaced = {f"{PROJECT}:{key}": value for key, value in config.items()}
            (program / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": namespaced}), encoding="utf-8")
        return Engine(program, None, tmp_path / "state")

    return make


def refusal(engine: Engine, stack: str) -> str:
    """What a preview of a new stack fails with; only the stack itself may be in it, and no traceback."""
    engine.init(stack)
    with pytest.raises(EngineError) as caught:
        engine.preview(stack)
    assert caught.value.outcome is not None
    assert {step.type for step in caught.value.outcome.steps} <= {"pulumi:pulumi:Stack"}
    assert "Traceback" not in caught.value.output
    assert sum(text.startswith("error: ") for text in caught.value.outcome.messages) == 1, "more than one message"
    return caught.value.brief


def hub_with(engine: Engine, outputs: Documents, folder: Path) -> None:
    """A hub's stack that has these outputs, as if an `up` had left them."""
    engine.init("hub")
    state = engine.export("hub")
    urn = f"urn:pulumi:hub::{PROJECT}::pulumi:pulumi:Stack::{PROJECT}-hub"
    root = {"urn": urn, "custom": False, "type": "pulumi:pulumi:Stack", "outputs": outputs}
    state["deployment"]["resources"] = [root]
    file = folder / "hub.json"
    file.write_text(json.dumps(state), encoding="utf-8")
    engine.run(["stack", "import", "--stack", "hub", "--file", str(file)])


def test_all_mistakes_of_the_organisation_are_one_message(engine: Workbench) -> None:
    """Guards: one mistake a run, and a leading zero that YAML swallowed."""
    mistakes = {
        "accounts.dev.account": "22222222222",
        "accounts.test.account": 333333333333,
        "accounts.test.stage": "nowhere",
        "accounts.dev.region": "eu-central-1",
        "modelPackageGroups": ["Model_Credit_Risk"],
    }
    told = refusal(engine(mistakes), "hub")
    assert "stack hub: 5 problems in the configuration; nothing was deployed" in told
    assert "organisation.accounts.dev.account is '22222222222'" in told
    assert "organisation.accounts.test.account is the number 333333333333; quote it" in told
    assert "organisation.accounts.test.stage is 'nowhere', which is no stage; known: dev, test, prod" in told
    assert "organisation.accounts.dev.region is 'eu-central-1', the organisation's region is 'eu-west-1'" in told
    assert "organisation.modelPackageGroups[0] is 'Model_Credit_Risk'" in told


def test_a_stack_file_that_redefines_the_organisation_is_refused(engine: Workbench) -> None:
    """Guards: stacks that disagree about who is who; found beside the stack's other mistakes."""
    own = {"organisation": {"prefix": "other"}, "statefulResources": "keep"}
    told = refusal(engine(dev=own), "dev")
    assert "stack dev: 2 problems in the configuration" in told
    assert "run `pulumi config rm ml-governance:organisation --stack dev`" in told
    assert "statefulResources is 'keep'" in told


def test_a_spoke_before_its_hub_says_which_command_comes_first(engine: Workbench) -> None:
    """Guards: the engine's own "unknown stack" as the last word."""
    told = refusal(engine(), "dev")
    assert f"stack {HUB_STACK} can't be read" in told
    assert f"Run `pulumi up --stack {HUB_STACK}` first" in told


def test_an_older_hub_is_named_with_key_and_command(engine: Workbench, tmp_path: Path) -> None:
    """Guards: a contract of another version, read as if it were this one."""
    spoke = engine()
    hub_with(spoke, {"contractVersion": 0}, tmp_path)
    told = refusal(spoke, "dev")
    assert (
        f"stack {HUB_STACK} exports version 0 (key contractVersion), this program reads version {HubContract.version}"
        in told
    )
    assert f"run `pulumi up --stack {HUB_STACK}` with this program" in told
