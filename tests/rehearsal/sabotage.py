"""Patches that break the program on purpose, and what the rehearsal then has to name."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 400


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the one occurrence of `old` in a file."""

    path: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        file = root / self.path
        text = file.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, f"{self.path} holds {text.count(self.old)} times: {self.old}"
        file.write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Sabotage:
    """`culprits`: texts that the output must hold, all of them."""

    name: str
    edits: Sequence[Edit]
    culprits: Sequence[str]


def copy_source(target: Path) -> Path:
    """The source as a checkout has it, sharing what the set-up installed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for installed in (".venv", ".pulumi"):
        (target / installed).symlink_to(ROOT / installed)
    return target


def rehearse(root: Path) -> tuple[int, str]:
    """Run the real command there. Returns exit status and all that it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
    done = subprocess.run(
        ["make", "--silent", "rehearse"],
        cwd=root,
        env={**environment, "COLUMNS": "1000"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout
