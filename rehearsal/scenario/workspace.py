"""The folder in which the engine works: a copy of the program, so that the checkout stays as it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from blueprint.settings import PROJECT

PROGRAM = ("blueprint", "components", "governance", "lambdas", "notebooks")
FILES = ("__main__.py", "requirements.txt")


def copy_program(root: Path, target: Path) -> Path:
    """Copy what the engine runs from `root` to the new folder `target`; dependencies are shared, not copied."""
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    for folder in PROGRAM:
        shutil.copytree(root / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in [*(root / name for name in FILES), *sorted(root.glob("Pulumi*.yaml"))]:
        shutil.copy2(file, target / file.name)
    for file in target.glob("Pulumi.*.yaml"):
        _make_trial(file)
    (target / ".venv").symlink_to((root / ".venv").resolve())
    return target


def _make_trial(stack_file: Path) -> None:
    """The rehearsed stacks are trials: what is stateful goes with them. Everything else stays as configured.

    Only the configuration is taken over: how the checkout's own stack keeps its secrets (`encryptionsalt`,
    `secretsprovider`, written by `pulumi stack init`) belongs to a passphrase or key that the rehearsal doesn't have.
    """
    content: dict[str, Any] = yaml.safe_load(stack_file.read_text(encoding="utf-8")) or {}
    config = content.get("config") or {}
    trial = {"config": config | {f"{PROJECT}:statefulResources": "destroy"}}
    stack_file.write_text(yaml.safe_dump(trial), encoding="utf-8")
