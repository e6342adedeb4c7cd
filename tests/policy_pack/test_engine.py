"""The pack as reviewers run it: the real engine, its own process, a preview of a stack that isn't up yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from blueprint.settings import PROJECT
from policy_pack.pack import NOT_KNOWN_YET
from policy_pack.rules import RULES
from rehearsal.engine import ROOT, Engine, EngineError
from rehearsal.engine_events import Outcome
from rehearsal.organisation.control import Control
from rehearsal.organisation.core import Account
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.settings import OrganisationSettings
from rehearsal.setup import launchers
from tests.blueprint.samples import configuration
from tests.policy_pack.programs import BREAKS_ALL, BREAKS_NONE, VIOLATIONS, WAITING

STACK = "prod"
ACCOUNT = "444444444444"
PACK = ROOT / "policy_pack"
SETTINGS = OrganisationSettings(
    id="o-a1b2c3d4e5",
    region="eu-west-1",
    accounts=(Account("management", "999999999999"), Account(STACK, ACCOUNT)),
    management="management",
    units={},
    placed={},
    service_control_policies={},
)


@dataclass(frozen=True, slots=True)
class Bench:
    """An engine and its project's folder."""

    engine: Engine
    folder: Path


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A project with our organisation's configuration and an empty stack of production; each test brings a program."""
    launchers.install(ROOT)
    folder = tmp_path_factory.mktemp("project")
    organisation: dict[str, Any] = configuration()["organisation"]
    organisation["accounts"][STACK] = {"account": ACCOUNT, "stage": "prod"}
    manifest = {
        "name": PROJECT,
        "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}},
        "config": {f"{PROJECT}:organisation": {"type": "object", "default": organisation}},
    }
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(manifest), "utf-8")
    with Emulator(SETTINGS) as emulator:
        credentials = Control(emulator.endpoint).credentials(STACK)
        environment = {
            "AWS_ENDPOINT_URL": emulator.endpoint,
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_SESSION_TOKEN": credentials.session_token or "",
        }
        made = Engine(folder, None, tmp_path_factory.mktemp("state"), environment)
        made.init(STACK)
        yield Bench(made, folder)


def preview(bench: Bench, program: str, policy_config: dict[str, Any] | None = None) -> Outcome:
    """What a preview with the pack says; raises EngineError where a mandatory rule is broken."""
    (bench.folder / "__main__.py").write_text(program, "utf-8")
    file = bench.folder / "policy.json"
    file.write_text(json.dumps(policy_config or {}), "utf-8")
    return bench.engine.preview(STACK, policy_pack=PACK, policy_config=file)


def refused(bench: Bench, program: str) -> Outcome:
    with pytest.raises(EngineError) as caught:
        preview(bench, program)
    assert caught.value.outcome is not None, str(caught.value)
    return caught.value.outcome


def test_a_program_that_breaks_every_rule_is_told_each_violation_and_no_other(bench: Bench) -> None:
    """Guards: a rule that the engine never asks, that doesn't stop the preview, or that cries wolf."""
    outcome = refused(bench, BREAKS_ALL)
    mandatory = {(one.policy, one.name) for one in outcome.objections if one.level == "mandatory"}
    assert mandatory == VIOLATIONS
    assert {rule for rule, _ in VIOLATIONS} == {rule.name for rule in RULES}, "every rule is broken once"
    remedies = {rule.name: rule.remedy for rule in RULES}
    assert all(remedies[one.policy] in one.message for one in outcome.objections if one.policy in remedies)
    assert not any("hunter2" in one.message for one in outcome.objections), "a secret is named, never shown"


def test_a_program_that_keeps_every_rule_passes_and_is_told_what_only_the_update_can_check(bench: Bench) -> None:
    """Guards: unknown values that crash a rule, that pass in silence, or that are called violations."""
    outcome = preview(bench, BREAKS_NONE)
    assert {one.level for one in outcome.objections} == {"advisory"}
    assert {one.policy for one in outcome.objections} == {NOT_KNOWN_YET}
    told = {one.message.partition(" ")[0]: one.message for one in outcome.objections}
    assert told.keys() == WAITING.keys()
    for rule, names in WAITING.items():
        assert all(f"{name} (" in told[rule] for name in names), told[rule]
        assert told[rule].endswith("checked at update.")


def test_configuration_makes_rules_advisory_turns_them_off_and_exempts_resources(bench: Bench) -> None:
    """Guards: an emergency in which a rule can only be got round by leaving out the whole pack."""
    exempt = {"aws:sqs/queue:Queue::plain": "holds test messages only", "chatty": "no user of this account reads it"}
    outcome = preview(
        bench,
        BREAKS_ALL,
        {
            "all": "advisory",
            "stateful-protected": "disabled",
            "encrypted-with-our-key": {"exempt": exempt},
            "inline-secret": {"enforcementLevel": "mandatory", "exempt": exempt},
        },
    )
    left_out = {"stateful-protected", "encrypted-with-our-key", "inline-secret"}
    assert {(one.policy, one.name) for one in outcome.objections if one.policy != NOT_KNOWN_YET} == {
        (rule, name) for rule, name in VIOLATIONS if rule not in left_out
    }
    assert {one.level for one in outcome.objections} == {"advisory"}


def test_the_pack_s_own_file_names_the_project_s_environment() -> None:
    """Guards: a pack that Pulumi's own language host runs with another Python than the program."""
    manifest = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text("utf-8"))
    options = manifest["runtime"]["options"]
    assert (PACK / options["virtualenv"]).resolve() == (ROOT / ".venv").resolve()
    assert Path(ROOT, "requirements.txt").is_file()
