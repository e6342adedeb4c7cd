"""What happens when an app starts: SageMaker takes the execution role, and its lifecycle script really runs.

The space's volume is a folder that stays until the space goes; the script runs there as the home folder, with the
role's session as its only credentials, within five minutes; one that fails fails the app. Sources: developer guide,
jl-lcc (JupyterLab lifecycle configurations), studio-lifecycle-configurations-debug (five minutes).
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.organisation.clock import virtual
from rehearsal.organisation.core import Call, Organisation, component
from rehearsal.organisation.services.sagemaker.registry import now

from .store import TRANSITION_SECONDS, Held, at_arn, move

MOST_SECONDS = 300
SHOWN_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Launch:
    """An app that starts: in which space, with which credentials and script."""

    app: Held
    space: Held
    credentials: Any
    lifecycle_config: str | None
    region: str


@component("studio-apps")
class Launches:
    """Runs lifecycle scripts, each in a thread of its own; their folders go with the organisation."""

    def __init__(self, org: Organisation) -> None:
        self._org = org
        self._root: Path | None = None
        self._running = 0
        self._changed = threading.Condition()
        virtual(org.clock).settle_with(self.settle)

    def start(self, launch: Launch) -> None:
        """After the time that an instance takes to come up."""
        with self._changed:
            self._running += 1
        virtual(self._org.clock).after(
            TRANSITION_SECONDS,
            lambda: threading.Thread(target=self._launch, args=(launch,), name="studio-app", daemon=True).start(),
            f"start of {launch.app.arn}",
        )

    def _launch(self, launch: Launch) -> None:
        try:
            problem = self._script(launch)
            with self._org.lock:
                if launch.app.record["Status"] == "Pending":
                    move(self._org, launch.app, "Failed" if problem else "InService")
                    if problem:
                        launch.app.record["FailureReason"] = problem
                    launch.app.record["LastHealthCheckTimestamp"] = now(self._org)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _script(self, launch: Launch) -> str | None:
        """Run it; why the app fails, or None."""
        home = self._home(launch.space)
        if launch.lifecycle_config is None:
            return None
        config = at_arn(self._org, launch.lifecycle_config)
        if config is None:
            return f"StudioLifecycleConfig [{launch.lifecycle_config}] does not exist."
        script = base64.b64decode(config.record["StudioLifecycleConfigContent"])
        try:
            done = subprocess.run(
                ["/bin/bash", "-s"], input=script, cwd=home, env=self._environment(launch, home), capture_output=True,
                timeout=MOST_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"LifecycleConfig execution timed out after {MOST_SECONDS} seconds ({launch.lifecycle_config})."
        said = done.stderr.decode(errors="replace").strip()
        self._org.note(
            "lifecycle-script", app=launch.app.arn, lifecycle_config=launch.lifecycle_config, status=done.returncode,
            output=(done.stdout.decode(errors="replace") + said)[-SHOWN_CHARACTERS:],
        )  # fmt: skip
        if done.returncode == 0:
            return None
        return f"LifecycleConfig execution failed with status {done.returncode}: {said[-SHOWN_CHARACTERS:]}"

    def _environment(self, launch: Launch, home: Path) -> dict[str, str]:
        """What the image gives a script: Python with boto3 on the path, a home folder, the role's credentials."""
        return {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "AWS_ENDPOINT_URL": self._org.endpoint,
            "AWS_ACCESS_KEY_ID": launch.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": launch.credentials.secret_key,
            "AWS_SESSION_TOKEN": launch.credentials.session_token,
            "AWS_REGION": launch.region,
            "AWS_DEFAULT_REGION": launch.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _home(self, space: Held) -> Path:
        with self._changed:
            if space.home is None:
                if self._root is None:
                    self._root = Path(tempfile.mkdtemp(prefix="rehearsal-studio-"))
                space.home = Path(tempfile.mkdtemp(dir=self._root))
            return space.home

    def pending(self) -> int:
        return self._running

    def settle(self, timeout_seconds: float = 30.0) -> bool:
        """Wait for scripts that run; whether there were none."""
        with self._changed:
            if not self._running:
                return True
            return not self._changed.wait_for(lambda: not self._running, timeout_seconds)

    def stop(self) -> None:
        self.settle(1.0)
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)


def launch(org: Organisation, call: Call, one: Launch) -> None:
    apps: Launches = org.component("studio-apps")
    apps.start(one)
