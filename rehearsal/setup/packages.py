"""The virtual environment `.venv`, and what the hash-pinned requirement files put into it.

uv does the work (4 s instead of 75 s for the rehearsal's packages on 2 cores); it is itself installed by pip
from a hash-pinned file. Where it can't be had, or the user's pip configuration says something that has no
counterpart in uv, pip does it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from rehearsal.setup.errors import SetupError
from rehearsal.setup.index import NotTranslatable, uv_environment
from rehearsal.setup.pins import digest, requirements
from rehearsal.setup.progress import Progress, run_tool

STEP = "Python packages"
STAMP = "set-up.json"
Command = list[str | Path]

NOT_YET = ""
"""What the stamp says of a file that was asked for and isn't installed yet."""

FILES = {"rehearsal": "requirements-rehearsal.txt", "dev": "requirements-dev.txt"}


class Packages:
    """The packages of one requirement set, `rehearsal` or `dev`, in `.venv` of a checkout.

    A set that was asked for once stays: `make rehearse` installs `dev` anew where `make test` has had it, instead of
    taking away what the next `make test` would install again. Who wants it gone removes `.venv`.
    """

    def __init__(self, root: Path, name: str) -> None:
        self._root = root
        self._file = root / FILES[name]
        self._venv = root / ".venv"
        self._uv = root / ".pulumi" / "uv"
        self._asked = {self._file.name, *self._read_stamp()}

    def current(self) -> bool:
        """Whether `.venv` holds exactly what the requirement file pins, by content."""
        return self._read_stamp().get(self._file.name) == self._wanted(self._file)

    def install(self, progress: Progress) -> None:
        """Make `.venv` where it is missing or broken, and install. Raises SetupError with the remedy."""
        if not self._usable():
            progress.note(STEP, "making .venv")
            self._make()
        self._file = self._largest()
        self._stamp(dict.fromkeys(self._asked, NOT_YET))  # whoever is interrupted still knows what was asked for
        count = len(requirements(self._file))
        try:
            environment = {**os.environ, **uv_environment(self._pip_configuration(), os.environ)}
            progress.note(STEP, "fetching uv")
            uv = self._install_uv()
            progress.note(STEP, f"installing {count} packages")
            self._sync(uv, environment)
        except (SetupError, NotTranslatable) as reason:
            progress.say(f"set-up: {STEP}: with pip, which takes a minute or two ({reason})")
            progress.note(STEP, f"installing {count} packages with pip")
            self._pip_install(progress)
        self._write_stamp()

    def _largest(self) -> Path:
        """The file to install: the largest of those asked for that holds all pins of the one wanted now."""
        wanted = requirements(self._file)
        asked = (self._root / name for name in self._asked)
        return max((file for file in asked if wanted <= requirements(file)), key=lambda file: len(requirements(file)))

    @property
    def _python(self) -> Path:
        return self._venv / "bin" / "python"

    @property
    def _stamp_path(self) -> Path:
        return self._venv / STAMP

    def _usable(self) -> bool:
        """Whether `.venv` is a virtual environment of Python 3.11 or newer, with pip."""
        if not self._python.is_file():
            return False
        probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
        return subprocess.run([self._python, "-c", probe], capture_output=True, check=False).returncode == 0

    def _make(self) -> None:
        run_tool(
            [sys.executable, "-m", "venv", "--clear", self._venv],
            directory=self._root,
            environment=os.environ,
            failure=f"{sys.executable} can't make a virtual environment. Install its venv module (Debian, "
            f"Ubuntu: `apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv`) and try again.",
        )

    def _install_uv(self) -> Path:
        """Install the pinned uv into `.pulumi/uv`, once. Returns its path."""
        pins = self._root / "requirements-setup.txt"
        binary, stamp = self._uv / "bin" / "uv", self._uv / "stamp"
        if not binary.is_file() or not stamp.is_file() or stamp.read_text("utf-8") != digest(pins):
            run_tool(
                [*self._pip("install"), "--upgrade", "--target", self._uv, "--require-hashes", "-r", pins],
                directory=self._root,
                environment=os.environ,
                failure="uv couldn't be installed",
            )
            stamp.write_text(digest(pins), "utf-8")
        return binary

    def _sync(self, uv: Path, environment: Mapping[str, str]) -> None:
        command: Command = [uv, "pip", "sync", "--require-hashes", "--python", self._python, self._file]
        run_tool(command, directory=self._root, environment=environment, failure="uv failed")

    def _pip_install(self, progress: Progress) -> None:
        run_tool(
            [*self._pip("install"), "--require-hashes", "-r", self._file],
            directory=self._root,
            environment=os.environ,
            failure=f"pip couldn't install {self._file.name}. See its output above: most often the package "
            "index can't be reached (set it as for every pip: PIP_INDEX_URL or `pip config`).",
            on_line=lambda line: progress.note(STEP, line.strip()[:60]),
        )

    def _pip(self, command: str) -> Command:
        return [self._python, "-m", "pip", "--disable-pip-version-check", "--no-input", command]

    def _pip_configuration(self) -> str:
        answer = subprocess.run([*self._pip("config"), "list"], capture_output=True, text=True, check=False)
        return answer.stdout

    def _wanted(self, file: Path) -> str:
        """What a stamp says of a file: its content, and the Python that it was resolved for."""
        return f"{digest(file)} {self._python_version()}"

    def _python_version(self) -> str:
        """The version line of `pyvenv.cfg`, which changes when the environment is made anew."""
        try:
            lines = (self._venv / "pyvenv.cfg").read_text("utf-8").splitlines()
        except FileNotFoundError:
            return "none"
        return next((line for line in lines if line.startswith("version")), "unknown")

    def _read_stamp(self) -> dict[str, str]:
        try:
            stamp: dict[str, str] = json.loads(self._stamp_path.read_text("utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return {name: said for name, said in stamp.items() if name in FILES.values()} if self._python.exists() else {}

    def _write_stamp(self) -> None:
        """Note this set, and each other one whose pins it holds: `dev` brings `rehearsal` with it."""
        have = requirements(self._file)
        files = [self._root / name for name in FILES.values()]
        self._stamp({file.name: self._wanted(file) for file in files if requirements(file) <= have})

    def _stamp(self, said: Mapping[str, str]) -> None:
        self._stamp_path.write_text(json.dumps(said, indent=2) + "\n", "utf-8")
