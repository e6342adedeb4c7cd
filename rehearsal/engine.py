"""Call the real Pulumi engine: the one way in which the rehearsal, its tests and its benchmarks run stacks.

Each call is one run of the CLI as a subprocess, in an environment of its own: a file backend, a project-local
PULUMI_HOME, none of the user's AWS configuration. What happened is read from the engine's event log (one JSON
object a line, `sdk/go/common/apitype/events.go` of Pulumi), never from the text that people read.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.engine_events import Outcome, read_outcome
from rehearsal.subprocesses import Interrupted, run_lines

ROOT = Path(__file__).resolve().parents[1]
TOOLCHAIN_FILE = Path(".pulumi", "toolchain.json")
TAIL_LINES = 40
PARALLEL_OPERATIONS = 8
DEFAULT_TIMEOUT_SECONDS = 600.0
# The state of a rehearsal is thrown away: its passphrase protects nothing, it only has to stay the same.
PASSPHRASE = "rehearsal"  # noqa: S105  # see above

_MARKUP = re.compile(r"<\{%[^%]*%\}>")
"""Colours as the engine's events carry them (`<{%reset%}>`)."""

_EMPTY = re.compile(r"error: (update|preview|destroy|refresh) failed")


class EngineError(Exception):
    """A command of the CLI failed. `output` is all it printed, `outcome` what it did before, where known."""

    def __init__(self, message: str, output: str = "", outcome: Outcome | None = None) -> None:
        super().__init__(message)
        self.output = output
        self.outcome = outcome

    @property
    def brief(self) -> str:
        """The engine's own error messages, without those that only say that there are some; else the whole message."""
        messages = self.outcome.messages if self.outcome else ()
        errors = [_MARKUP.sub("", text) for text in messages if text.startswith("error: ")]
        telling = [text for text in errors if not _EMPTY.fullmatch(text)]
        return "\n".join(telling) or str(self)


@dataclass(frozen=True, slots=True)
class Toolchain:
    """The CLI that the set-up found or built, and the folders in which it finds language host and plugins."""

    cli: Path
    home: Path
    binaries: tuple[Path, ...]

    @classmethod
    def installed(cls, root: Path = ROOT) -> Toolchain:
        """What the set-up wrote to `.pulumi/toolchain.json`: {"cli": absolute path, or relative to the root}.

        Raises EngineError where the set-up hasn't run.
        """
        try:
            cli = root / json.loads((root / TOOLCHAIN_FILE).read_text("utf-8"))["cli"]
        except FileNotFoundError:
            raise EngineError(
                f"{root / TOOLCHAIN_FILE} is missing: no Pulumi CLI is set up here. Run `make rehearse` once."
            ) from None
        return cls(cli=cli, home=root / ".pulumi" / "home", binaries=(cli.parent, root / ".venv" / "bin"))


class Engine:
    """One project folder, one backend: `Engine(project_dir, home, backend_dir, environment).up("hub")`.

    `project_dir` holds Pulumi.yaml; commands may write `Pulumi.<stack>.yaml` there, so give a copy. `home`
    is PULUMI_HOME (None: the one that the set-up installed the plugins into). `backend_dir` takes the state
    and is made where missing. `environment` is added to each command's (AWS_ENDPOINT_URL, AWS_* credentials,
    …). `on_line` gets each line that the CLI prints, as it prints it. Without `checkpoints` the state is
    written once, at the end of an operation, failed or not: a third faster, but a killed engine leaves none.
    """

    def __init__(
        self,
        project_dir: Path,
        home: Path | None,
        backend_dir: Path,
        environment: Mapping[str, str] | None = None,
        *,
        toolchain: Toolchain | None = None,
        on_line: Callable[[str], None] | None = None,
        checkpoints: bool = True,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> None:
        self._toolchain = toolchain or Toolchain.installed()
        self._project_dir = project_dir
        self._home = home or self._toolchain.home
        self._backend_dir = backend_dir
        self._environment = dict(environment or {})
        self._on_line = on_line
        self._checkpoints = checkpoints
        self._timeout_seconds = timeout_seconds
        backend_dir.mkdir(parents=True, exist_ok=True)

    def init(self, stack: str) -> None:
        """Make an empty stack. Raises EngineError where it exists."""
        self.run(["stack", "init", stack, "--no-select"])

    def preview(
        self,
        stack: str,
        expect_no_changes: bool = False,
        *,
        diff: bool = False,
        policy_pack: Path | None = None,
        policy_config: Path | None = None,
    ) -> Outcome:
        """What an `up` would do. With `expect_no_changes` changes raise EngineError, naming each.

        `policy_pack`: the folder of rules to hold the resources against; a mandatory one that is broken raises
        EngineError, whose outcome has all objections. `policy_config`: the pack's configuration, a JSON file.
        """
        options = ["--diff"] if diff else []
        options += ["--policy-pack", str(policy_pack)] if policy_pack is not None else []
        options += ["--policy-pack-config", str(policy_config)] if policy_config is not None else []
        outcome = self._operate("preview", stack, options)
        if expect_no_changes and outcome.steps:
            changes = "\n".join(f"  {step}" for step in outcome.steps)
            raise EngineError(
                f"a preview of stack {stack} should show no change, but has {len(outcome.steps)}:\n{changes}",
                outcome.output,
                outcome,
            )
        return outcome

    def up(self, stack: str, *, refresh: bool = False) -> Outcome:
        """Bring a stack up, without a preview; with `refresh` read the real state of all first."""
        return self._operate("up", stack, ["--yes", "--skip-preview", *(["--refresh"] if refresh else [])])

    def refresh(self, stack: str) -> Outcome:
        """Read the real state of each resource into the stack; the steps are what had drifted."""
        return self._operate("refresh", stack, ["--yes", "--skip-preview"])

    def destroy(self, stack: str) -> Outcome:
        """Delete what the stack holds. What is kept on purpose (`retain_on_delete`) leaves the state only."""
        return self._operate("destroy", stack, ["--yes", "--skip-preview"])

    def remove(self, stack: str, *, force: bool = False) -> None:
        """Remove an empty stack from the backend; with `force` also one that still holds resources."""
        self.run(["stack", "rm", "--yes", "--preserve-config", "--stack", stack, *(["--force"] if force else [])])

    def export(self, stack: str) -> dict[str, Any]:
        """The stack's state, as `pulumi stack export` gives it; secrets stay encrypted."""
        return self._object(["stack", "export", "--stack", stack])

    def outputs(self, stack: str, *, show_secrets: bool = False) -> dict[str, Any]:
        """The stack's outputs by name; secret ones are "[secret]" unless `show_secrets`."""
        options = ["--show-secrets"] if show_secrets else []
        return self._object(["stack", "output", "--json", "--stack", stack, *options])

    def run(self, arguments: Sequence[str], *, echo: bool = False) -> str:
        """Run any command of the CLI in this environment and return what it printed to standard output.

        Raises EngineError, with the tail of all it printed, on any exit status but 0.
        """
        lines: list[str] = []
        errors: list[str] = []
        on_line = self._on_line if echo else None

        def take(stream: str, line: str) -> None:
            (lines if stream == "stdout" else errors).append(line)
            if on_line is not None:
                on_line(line)

        command = [str(self._toolchain.cli), "--non-interactive", "--color", "never", *arguments]
        try:
            status = run_lines(
                command,
                directory=self._project_dir,
                environment=self.environment(),
                on_line=take,
                timeout_seconds=self._timeout_seconds,
            )
        except Interrupted as interruption:
            raise EngineError(f"{_line(arguments)}: {interruption}\n{_tail(lines + errors)}") from None
        if status != 0:
            printed = lines + errors
            raise EngineError(
                f"`{_line(arguments)}` in {self._project_dir} exited with status {status}:\n{_tail(printed)}",
                "\n".join(printed),
            )
        return "\n".join(lines)

    def environment(self) -> dict[str, str]:
        """The whole environment of a command: nothing of the user's but PATH, locale and temporary folder."""
        once = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        path = os.pathsep.join([*map(str, self._toolchain.binaries), os.environ.get("PATH", os.defpath)])
        return {
            **kept,
            "PATH": path,
            "HOME": str(self._home),
            "PULUMI_HOME": str(self._home),
            "PULUMI_BACKEND_URL": self._backend_dir.resolve().as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_COMMANDS": "true",  # admits --event-log, as Pulumi's Automation API does
            "NO_COLOR": "1",
            # Whatever reaches AWS must be what the caller passes: no profile, no instance role.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **({} if self._checkpoints else once),
            **self._environment,
        }

    def _operate(self, verb: str, stack: str, options: Sequence[str]) -> Outcome:
        """Run preview, up, refresh or destroy, and read what happened from the event log."""
        with tempfile.TemporaryDirectory(prefix="pulumi-events-") as folder:
            log = Path(folder, "events.jsonl")
            log.touch()
            started = time.monotonic()
            command = [
                verb,
                "--stack",
                stack,
                "--event-log",
                str(log),
                "--parallel",
                str(PARALLEL_OPERATIONS),
            ]
            command += ["--suppress-permalink=true", "--suppress-progress", *options]
            try:
                output = self.run(command, echo=True)
            except EngineError as error:
                error.outcome = read_outcome(log, error.output, time.monotonic() - started)
                raise
            return read_outcome(log, output, time.monotonic() - started)

    def _object(self, arguments: Sequence[str]) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.run(arguments))
        return value


def _line(arguments: Sequence[str]) -> str:
    return " ".join(["pulumi", *arguments])


def _tail(lines: Sequence[str]) -> str:
    return "\n".join(lines[-TAIL_LINES:]) or "(it printed nothing)"
