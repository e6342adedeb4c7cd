"""Which Python runs a program, and what is installed for it: Pulumi's `pip` toolchain.

Follows `sdk/python/toolchain/pip.go` of Pulumi 3.250.0: the option `virtualenv` is a folder relative to the
project's root; without it the interpreter of the PATH is used.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

SUPPORTED_TOOLCHAIN = "pip"


class ToolchainError(Exception):
    """The program can't be run with the interpreter that its options name; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Package:
    """An installed distribution: its normalised name (PEP 503) and version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class PluginRequirement:
    """A resource plugin that an installed package asks for in its `pulumi-plugin.json`."""

    name: str
    version: str
    server: str


@dataclass(frozen=True, slots=True)
class Virtualenv:
    """The interpreter of a program. `folder` is None where the options name none: then PATH decides."""

    root: Path
    folder: Path | None

    @classmethod
    def of(cls, root: Path, options: Mapping[str, Any]) -> Virtualenv:
        """Read `runtime.options` of a project whose root is `root`.

        Raises ToolchainError for a toolchain that this host doesn't know (poetry, uv).
        """
        toolchain = options.get("toolchain") or SUPPORTED_TOOLCHAIN
        if toolchain != SUPPORTED_TOOLCHAIN:
            raise ToolchainError(
                f"runtime.options.toolchain is {toolchain!r} in {root / 'Pulumi.yaml'}; this language "
                f"host knows {SUPPORTED_TOOLCHAIN!r} only. Set that, or install Pulumi's own CLI."
            )
        named = options.get("virtualenv")
        return cls(root, root / named if named else None)

    @property
    def exists(self) -> bool:
        """Whether there is an interpreter to run with."""
        return self.folder is None or self._interpreter(self.folder).is_file()

    def python(self) -> Path:
        """The interpreter. Raises ToolchainError, with the command that makes it, where there is none."""
        if self.folder is None:
            return ambient_python()
        interpreter = self._interpreter(self.folder)
        if not interpreter.is_file():
            raise ToolchainError(
                f"runtime.options.virtualenv names {self.folder}, which is no virtual environment. "
                f"Run `pulumi install` in {self.root} to make it and to install requirements.txt into it."
            )
        return interpreter

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """`base` with the virtual environment activated, as its `activate` script does."""
        environment = dict(base)
        if self.folder is not None:
            environment["VIRTUAL_ENV"] = str(self.folder)
            environment["PATH"] = os.pathsep.join([str(self.folder / "bin"), environment.get("PATH", "")])
            environment.pop("PYTHONHOME", None)
        return environment

    def packages(self) -> list[Package]:
        """The installed distributions, by name; empty where the virtual environment isn't made yet."""
        found = {normalised(item.name): item.version for item in self._distributions()}
        return [Package(name, version) for name, version in sorted(found.items())]

    def plugins(self) -> list[PluginRequirement]:
        """The resource plugins that the installed packages ask for (as `pulumi_aws/pulumi-plugin.json`)."""
        required = {
            PluginRequirement(manifest["name"], manifest.get("version", ""), manifest.get("server", ""))
            for folder in self._site_packages()
            for path in folder.glob("*/pulumi-plugin.json")
            if (manifest := json.loads(path.read_text("utf-8"))).get("resource")
        }
        return sorted(required, key=lambda plugin: plugin.name)

    def _distributions(self) -> Iterator[Distribution]:
        return iter(distributions(path=[str(folder) for folder in self._site_packages()]))

    def _site_packages(self) -> list[Path]:
        if self.folder is None:
            return []
        return sorted(self.folder.glob("lib/python3*/site-packages"))

    @staticmethod
    def _interpreter(folder: Path) -> Path:
        return folder / "bin" / "python"


def ambient_python() -> Path:
    """The PATH's `python3`, or the one that PULUMI_PYTHON_CMD names. Raises ToolchainError without one."""
    wanted = os.environ.get("PULUMI_PYTHON_CMD")
    for command in [wanted] if wanted else ["python3", "python"]:
        if found := shutil.which(command):
            return Path(found)
    raise ToolchainError(
        f"there is no {wanted or 'python3'} on the PATH: install Python 3.11 or newer, "
        "or name a virtual environment in runtime.options.virtualenv"
    )


def normalised(name: str) -> str:
    """A distribution's name in its one spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
