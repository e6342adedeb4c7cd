"""The pinned versions, read where they are pinned: requirement files, `tools/go.mod`."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

CLI_MODULE = "github.com/pulumi/pulumi/pkg/v3"

Version = tuple[int, ...]


def version_of(text: str) -> Version:
    """The first version in a text: "go1.26.8 linux" gives (1, 26, 8). Raises ValueError without one."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    if found is None:
        raise ValueError(f"{text!r} holds no version (digits with dots)")
    return tuple(int(part) for part in found[0].split("."))


def digest(*files: Path) -> str:
    """One SHA-256 over the contents of files, in the given order."""
    total = hashlib.sha256()
    for file in files:
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def requirements(file: Path) -> frozenset[str]:
    """The pins of a requirement file, each as `name==version`, environment markers left out."""
    return frozenset(re.findall(r"^([A-Za-z0-9._-]+==[^\s;\\]+)", file.read_text("utf-8"), re.MULTILINE))


def package_version(file: Path, package: str) -> str:
    """The version of one package in a requirement file. Raises ValueError where it isn't pinned there."""
    for pin in requirements(file):
        name, _, version = pin.partition("==")
        if name == package:
            return version
    raise ValueError(f"{file.name} pins no {package}: add it to pyproject.toml and run tools/lock")


def cli_version(go_mod: Path) -> str:
    """The version of the Pulumi CLI that `tools/go.mod` requires, as `v3.250.0`."""
    found = re.search(rf"^\s*(?:require )?{re.escape(CLI_MODULE)} (v\S+)", go_mod.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{go_mod} requires no {CLI_MODULE}: the Pulumi CLI has no pinned version")
    return found[1]


def go_version(go_mod: Path) -> Version:
    """The oldest Go that `tools/go.mod` admits."""
    found = re.search(r"^go (\S+)$", go_mod.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{go_mod} has no `go` line")
    return version_of(found[1])
