"""Calls of the engine: what they return, what they raise, what they keep from the user's environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rehearsal.engine import Engine, EngineError, Toolchain
from rehearsal.engine_events import Step
from tests.rehearsal.projects import ProjectMaker, configure, project

__all__ = ["project"]

STASH = """
import pulumi
stash = pulumi.Stash("kept", input=pulumi.Config().get("value") or "first")
pulumi.export("value", stash.output)
"""
URN = "urn:pulumi:dev::probe::pulumi:index:Stash::kept"


def test_the_life_of_a_stack(project: ProjectMaker) -> None:
    """Guards: steps, counts, outputs or state that don't say what the engine did."""
    engine = project(STASH)
    engine.init("dev")

    planned = engine.preview("dev")
    done = engine.up("dev")

    assert planned.counts == done.counts == {"create": 2}
    assert [(step.op, step.name) for step in done.steps] == [("create", "probe-dev"), ("create", "kept")]
    assert done.resources == 2
    assert engine.outputs("dev") == {"value": "first"}
    assert engine.preview("dev", expect_no_changes=True).counts == {"same": 2}
    assert engine.refresh("dev").steps == (), "nothing has drifted"
    assert [item["urn"] for item in engine.export("dev")["deployment"]["resources"]][-1] == URN

    destroyed = engine.destroy("dev")
    assert destroyed.counts == {"delete": 2}
    assert "resources" not in engine.export("dev")["deployment"]
    engine.remove("dev")
    with pytest.raises(EngineError, match="no stack named 'dev' found"):
        engine.export("dev")


def test_an_unexpected_change_is_named(project: ProjectMaker) -> None:
    """Guards: "there were changes" without saying which resource and which property."""
    engine = project(STASH)
    engine.init("dev")
    engine.up("dev")
    configure(engine, "dev", "value", "second")

    with pytest.raises(EngineError) as caught:
        engine.preview("dev", expect_no_changes=True)

    assert "stack dev should show no change, but has 1" in str(caught.value)
    assert "update pulumi:index:Stash kept [input]" in str(caught.value)
    assert caught.value.outcome is not None
    assert caught.value.outcome.steps == (Step("update", URN, "pulumi:index:Stash", ("input",)),)


def test_without_checkpoints_a_failed_up_still_says_what_there_is(project: ProjectMaker, tmp_path: Path) -> None:
    """Guards: the fast way losing track of what a failed `up` had made, so that nothing destroys it."""
    project(STASH + "\nstash.output.apply(lambda _: 1 / 0)\n")
    engine = Engine(tmp_path / "probe", None, tmp_path / "state", checkpoints=False)
    engine.init("dev")
    with pytest.raises(EngineError, match="division by zero"):
        engine.up("dev")
    assert [item["urn"] for item in engine.export("dev")["deployment"]["resources"]][-1] == URN
    assert engine.destroy("dev").counts == {"delete": 2}


def test_lines_arrive_while_the_command_runs(project: ProjectMaker, tmp_path: Path) -> None:
    """Guards: progress that shows up only when all is over."""
    lines: list[str] = []
    project(STASH)
    engine = Engine(tmp_path / "probe", None, tmp_path / "state", on_line=lines.append)
    engine.init("dev")
    assert lines == [], "only operations are echoed"
    outcome = engine.up("dev")
    assert "Updating (dev):" in lines
    assert "\n".join(lines) == outcome.output


def test_nothing_of_the_users_reaches_the_program(project: ProjectMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a rehearsal that runs with somebody's AWS profile, or against their Pulumi backend."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "token")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    environment = project(STASH).environment()
    assert not environment.keys() & {"AWS_PROFILE", "PULUMI_ACCESS_TOKEN", "HTTPS_PROXY"}
    assert environment["AWS_CONFIG_FILE"] == os.devnull
    assert environment["PULUMI_BACKEND_URL"].startswith("file://")
    assert environment["HOME"] == environment["PULUMI_HOME"]


def test_a_stack_made_twice_is_refused(project: ProjectMaker) -> None:
    """Guards: a command's failure without the command, or without what the CLI said."""
    engine = project(STASH)
    engine.init("dev")
    with pytest.raises(EngineError, match=r"`pulumi stack init dev --no-select`(?s:.)*already exists"):
        engine.init("dev")


def test_a_checkout_without_set_up_says_what_to_run(tmp_path: Path) -> None:
    """Guards: a FileNotFoundError in place of the remedy."""
    with pytest.raises(EngineError, match=r"toolchain\.json is missing.*make rehearse"):
        Toolchain.installed(tmp_path)


def test_a_users_own_cli_is_found_outside_the_checkout(tmp_path: Path) -> None:
    """Guards: an absolute path of a user's CLI taken for one inside the checkout."""
    (tmp_path / ".pulumi").mkdir()
    (tmp_path / ".pulumi" / "toolchain.json").write_text('{"cli": "/opt/pulumi/bin/pulumi"}', "utf-8")
    toolchain = Toolchain.installed(tmp_path)
    assert toolchain.cli == Path("/opt/pulumi/bin/pulumi")
    assert toolchain.binaries[0] == Path("/opt/pulumi/bin")
    assert toolchain.home == tmp_path / ".pulumi" / "home", "plugins are the checkout's own all the same"
