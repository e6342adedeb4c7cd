"""The Pulumi CLI: the user's own where it is complete and new enough, else one built from `tools/go.mod`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rehearsal.setup.errors import SetupError
from rehearsal.setup.pins import cli_version, digest, go_version, version_of
from rehearsal.setup.progress import Progress, run_tool

STEP = "Pulumi CLI"
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
LANGUAGE_HOST = "pulumi-language-python"
# From this version on the go command fetches a newer toolchain itself where go.mod asks for one.
FETCHES_TOOLCHAINS = (1, 21)
# What an empty build cache has to compile, counted; only shown, so that the end is in sight.
PACKAGES = 1650
GO_REMEDY = "install Go (https://go.dev/doc/install), or Pulumi's own CLI (https://www.pulumi.com/docs/install/)"


@dataclass(frozen=True, slots=True)
class OwnCli:
    """A `pulumi` on the user's PATH, with what tells whether it has changed since it was looked at."""

    path: Path
    size: int
    modified_ns: int

    @classmethod
    def on_path(cls, excluded: Path) -> OwnCli | None:
        """The first `pulumi` of the PATH that isn't the one in the folder `excluded`."""
        folders = [part for part in os.get_exec_path() if Path(part).resolve() != excluded.resolve()]
        found = shutil.which("pulumi", path=os.pathsep.join(folders))
        if found is None:
            return None
        status = Path(found).stat()
        return cls(Path(found).absolute(), status.st_size, status.st_mtime_ns)

    def refusal(self, wanted: str) -> str | None:
        """Why it can't be used, or None: it must be at least `wanted`, and have its Python language host."""
        beside = self.path.resolve().with_name(LANGUAGE_HOST)
        if not beside.is_file() and shutil.which(LANGUAGE_HOST) is None:
            return f"has no {LANGUAGE_HOST} beside it or on the PATH"
        environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        answer = subprocess.run([self.path, "version"], capture_output=True, text=True, check=False, env=environment)
        try:
            version = version_of(answer.stdout)
        except ValueError:
            return f"answers {answer.stdout.strip()!r} to `pulumi version`"
        if version < version_of(wanted):
            return f"is {answer.stdout.strip()}, older than {wanted}"
        return None


class PulumiCli:
    """The CLI that a checkout uses; `.pulumi/toolchain.json` says which, for `rehearsal/engine.py`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tools = root / "tools"
        self._folder = root / ".pulumi" / "bin"
        self._stamp = root / ".pulumi" / "toolchain.json"
        self._own = OwnCli.on_path(self._folder)

    def current(self) -> bool:
        """Whether the CLI that was chosen is still there, and would be chosen again."""
        try:
            stamp = json.loads(self._stamp.read_text("utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        same: bool = stamp.get("for") == self._question()
        return same and (self._root / stamp["cli"]).is_file()

    def install(self, progress: Progress) -> None:
        """Choose the user's CLI, or build ours. Raises SetupError with the remedy where neither works."""
        wanted = cli_version(self._tools / "go.mod")
        if self._own is None:
            refusal: str | None = "there is none on the PATH"
        else:
            refusal = self._own.refusal(wanted)
        if self._own is not None and refusal is None:
            progress.say(f"set-up: {STEP}: using {self._own.path}")
            self._choose(self._own.path)
            return
        if self._own is not None:
            progress.say(f"set-up: {STEP}: {self._own.path} {refusal}; building {wanted}")
        self._build(wanted, progress)
        self._choose((self._folder / "pulumi").relative_to(self._root))

    def _build(self, wanted: str, progress: Progress) -> None:
        source = digest(self._tools / "go.mod", self._tools / "go.sum")
        built_from = self._folder / "built-from"
        binary = self._folder / "pulumi"
        if binary.is_file() and built_from.is_file() and built_from.read_text("utf-8") == source:
            return
        go = self._go(wanted)
        self._folder.mkdir(parents=True, exist_ok=True)
        compiled = 0

        def count(line: str) -> None:
            nonlocal compiled
            compiled += not line.startswith("go: ")
            what = f"{compiled} of at most {PACKAGES} packages compiled" if compiled else "fetching sources"
            progress.note(STEP, what)

        progress.note(STEP, "building: 3 to 5 minutes the first time")
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="build-") as folder:
            output = Path(folder, "pulumi")
            run_tool(
                [
                    *(go, "build", "-v", "-mod=readonly", "-buildvcs=false"),
                    *("-ldflags", f"-s -w -X {VERSION_VARIABLE}={wanted}", "-o", output, PACKAGE),
                ],
                directory=self._tools,
                environment={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
                failure="the Pulumi CLI couldn't be built. See Go's output above: most often its proxy "
                "can't be reached (set GOPROXY).",
                on_line=count,
            )
            output.replace(binary)
        built_from.write_text(source, "utf-8")

    def _go(self, wanted: str) -> str:
        """The go command. Raises SetupError where there is none, or one too old to build the CLI."""
        go = shutil.which("go")
        if go is None:
            raise SetupError(f"There is no Pulumi CLI {wanted} and no Go to build it with: {GO_REMEDY}.")
        # Asked outside of any module, so that no newer toolchain is fetched only to answer.
        answer = subprocess.run(
            [go, "env", "GOVERSION", "GOTOOLCHAIN"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tempfile.gettempdir(),
        )
        version, _, toolchain = answer.stdout.strip().partition("\n")
        needed = go_version(self._tools / "go.mod")
        have = version_of(version) if answer.returncode == 0 else (0,)
        if have >= needed or (have >= FETCHES_TOOLCHAINS and toolchain != "local"):
            return go
        raise SetupError(
            f"{go} is {version or 'broken'}, but building the Pulumi CLI {wanted} takes "
            f"Go {'.'.join(map(str, needed))} or newer: {GO_REMEDY}."
        )

    def _question(self) -> dict[str, object]:
        """All that the choice depends on."""
        own = self._own
        return {
            "pins": digest(self._tools / "go.mod", self._tools / "go.sum"),
            "own": [str(own.path), own.size, own.modified_ns] if own else None,
        }

    def _choose(self, cli: Path) -> None:
        self._stamp.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"cli": str(cli), "for": self._question()}, indent=2)
        self._stamp.write_text(f"{text}\n", "utf-8")
