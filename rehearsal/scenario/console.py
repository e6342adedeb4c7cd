"""The `governance` command, run as its users run it: a process of its own with the usual AWS environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from blueprint.organisation import Organisation
from rehearsal.engine import ROOT
from rehearsal.scenario.cast import Actor

SECONDS = 120

SETTLED = "0.2"
"""Seconds for which a queue must stay empty to count as worked off: the emulated SQS counts exactly and at once."""


class ConsoleFailed(Exception):
    """A command that had to succeed didn't; the message is all it printed."""


class Console:
    """Runs `python -m console` from `folder`, told the installation as a user's environment would."""

    def __init__(self, folder: Path, organisation: Organisation, tried: list[tuple[str, ...]]) -> None:
        """`tried`: where the arguments of each command are noted."""
        self._folder, self._tried = folder, tried
        stages = [{"stage": stage.name, "lifecycle": stage.lifecycle} for stage in organisation.stages]
        self._installation = {"GOVERNANCE_PREFIX": organisation.prefix, "GOVERNANCE_STAGES": json.dumps(stages)}

    def run(self, *arguments: str, actor: Actor | None) -> str:
        """Run a command that has to succeed; return what it printed."""
        status, printed = self.try_run(*arguments, actor=actor)
        if status != 0:
            raise ConsoleFailed(f"`governance {' '.join(arguments)}` exited with status {status}:\n{printed}")
        return printed

    def try_run(
        self, *arguments: str, actor: Actor | None, profiles: Mapping[str, Actor] | None = None
    ) -> tuple[int, str]:
        """Run a command; its status and all that it printed. `profiles`: actors that AWS profiles stand for."""
        self._tried.append(arguments)
        config = self._folder / "aws-profiles"
        config.write_text("".join(_profile(name, each) for name, each in (profiles or {}).items()), encoding="utf-8")
        environment = {
            "AWS_CONFIG_FILE": str(config),
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
            "COLUMNS": "200",
            **self._installation,
            **(actor.environment() if actor else {}),
        }
        done = subprocess.run(
            [sys.executable, "-m", "console", *arguments],
            cwd=self._folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, done.stdout


def _profile(name: str, actor: Actor) -> str:
    """A section of an AWS configuration file."""
    keys = actor.keys
    lines = {
        "aws_access_key_id": keys.access_key,
        "aws_secret_access_key": keys.secret_key,
        "aws_session_token": keys.session_token,
        "region": actor.region,
        "endpoint_url": actor.endpoint,
    }
    return f"[profile {name}]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items() if value)
