"""The Pulumi CLI as an operator's command calls it: the one on the PATH, in the operator's own environment."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from console.errors import FOUND, UNUSABLE, CommandError

TAIL_LINES = 15


class Pulumi:
    """One stack of one project. Whatever the CLI refuses is a CommandError that quotes it."""

    def __init__(self, project: Path, stack: str) -> None:
        """Raises CommandError where there is no CLI, or no project in the folder."""
        found = shutil.which("pulumi")
        if found is None:
            raise CommandError("no `pulumi` on the PATH: install Pulumi, or add the folder that holds it", UNUSABLE)
        if not (project / "Pulumi.yaml").is_file():
            raise CommandError(f"{project} holds no Pulumi.yaml: name the project's folder by --project", UNUSABLE)
        self._command, self._project, self._stack = found, project, stack

    def mend_files(self) -> list[str]:
        """Take away what a killed engine half wrote in a backend of files; what was done, a line each.

        Pulumi replaces a state file as a whole, but not its sidecar of content types, nor its backup.
        """
        backend = json.loads(self.run("whoami", "--output", "json", of_stack=False)).get("url") or ""
        if not backend.startswith("file://"):
            return []
        folder = Path(backend.removeprefix("file://")).expanduser() / ".pulumi"
        states = [file for file in folder.glob(f"stacks/**/{self._name}.json*") if file.is_file()]
        done = []
        for file in [*states, *folder.glob("locks/**/*.attrs")]:
            if file.suffix == ".attrs" and not _is_json(file):
                file.unlink()
                done.append(f"{file} was cut off while written, and is taken away: it holds no state")
        for file in states:
            whole = file.with_name(f"{file.name}.bak")
            if file.suffix == ".json" and not _is_json(file) and whole.exists() and _is_json(whole):
                shutil.copyfile(whole, file)
                done.append(f"{file} was cut off while written; the version before it is taken")
        return done

    def export(self) -> dict[str, Any]:
        """The stack's state, as `pulumi stack export` gives it; secrets stay encrypted."""
        state: dict[str, Any] = json.loads(self.run("stack", "export"))
        return state

    def replace_state(self, state: dict[str, Any]) -> None:
        """Make this the stack's state. The engine checks it first: parents before children, no id twice."""
        with tempfile.TemporaryDirectory(prefix="governance-resume-") as folder:
            file = Path(folder, "state.json")
            file.write_text(json.dumps(state), encoding="utf-8")
            self.run("stack", "import", "--file", str(file))

    def run(self, *arguments: str, of_stack: bool = True) -> str:
        """What a command printed to standard output. Without `of_stack` it concerns no stack."""
        done = subprocess.run(
            self._line(arguments, of_stack=of_stack), cwd=self._project, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            printed = (done.stdout + done.stderr).strip().splitlines()[-TAIL_LINES:]
            raise CommandError(f"`pulumi {' '.join(arguments)}` failed:\n" + "\n".join(printed), FOUND)
        return done.stdout

    def show(self, *arguments: str) -> None:
        """Run a command that prints for itself, as it goes."""
        status = subprocess.run(self._line(arguments), cwd=self._project, check=False).returncode
        if status != 0:
            raise CommandError(f"`pulumi {' '.join(arguments)}` ended with status {status}: see above", FOUND)

    @property
    def _name(self) -> str:
        """The stack's own name: `test` of `organization/ml-governance/test`."""
        return self._stack.rpartition("/")[2]

    def _line(self, arguments: Sequence[str], *, of_stack: bool = True) -> list[str]:
        return [self._command, "--non-interactive", *arguments, *(["--stack", self._stack] if of_stack else [])]


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except ValueError:
        return False
    return True
