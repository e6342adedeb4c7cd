"""Small Pulumi projects in a temporary folder, run by the CLI and the language host that the set-up installed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.engine import ROOT, Engine

ProjectMaker = Callable[..., Engine]

MANIFEST = """\
name: {name}
runtime: {{name: python, options: {{toolchain: pip, virtualenv: {virtualenv}}}}}
{extra}
"""


def configure(engine: Engine, stack: str, key: str, value: str, *options: str) -> None:
    """Set one configuration value, as by `pulumi config set` with its options (`--secret`, `--path`)."""
    engine.run(["config", "set", "--stack", stack, *options, "--", key, value])


@pytest.fixture
def project(tmp_path: Path) -> ProjectMaker:
    """Make a project from its program's text, and an engine for it. Projects of one test share a backend."""

    def make(
        program: str,
        *,
        name: str = "probe",
        virtualenv: str = ".venv",
        extra: str = "",
        files: dict[str, str] | None = None,
        timeout_seconds: float = 120.0,
    ) -> Engine:
        folder = tmp_path / name
        folder.mkdir()
        manifest = MANIFEST.format(name=name, virtualenv=virtualenv, extra=extra)
        texts = {"Pulumi.yaml": manifest, "__main__.py": program, **(files or {})}
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(textwrap.dedent(text), "utf-8")
        (folder / ".venv").symlink_to(ROOT / ".venv")
        return Engine(folder, None, tmp_path / "state", timeout_seconds=timeout_seconds)

    return make
