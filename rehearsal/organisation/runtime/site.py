"""The packages that the managed run time brings: boto3 and what it requires, and nothing else of this installation.

Source: lambda/lambda-python (the run time includes the SDK for Python); a function that imports anything else must have
it in its package.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

PROVIDED = "boto3"
CLOCK = "time-machine"
"""What shows a function the organisation's time. The managed run time has it not: it lies in a folder of its own."""


def make_site(folder: Path, package: str = PROVIDED) -> Path:
    """Fill a folder with links to a package and its requirements. Returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(_requirements(package)):
        for entry, location in _entries(name):
            (folder / entry).symlink_to(location)
    return folder


def interpreter() -> str:
    """What functions really run on, whatever run time they declare: `python3.11`, with boto3's version."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"python{version} with boto3 {metadata.version(PROVIDED)}"


def _requirements(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    found = {name}
    for line in metadata.requires(name) or []:
        wanted = re.match(r"[A-Za-z0-9._-]+", line)
        if wanted and "extra ==" not in line and wanted[0] not in seen | found:
            found |= _requirements(wanted[0], seen | found)
    return found


def _entries(name: str) -> Iterator[tuple[str, Path]]:
    """The top-level files and folders of an installed distribution, with their places."""
    distribution = metadata.distribution(name)
    tops = {file.parts[0] for file in distribution.files or [] if file.parts[0] not in ("..", "__pycache__")}
    for top in sorted(tops):
        yield top, Path(str(distribution.locate_file(top)))
