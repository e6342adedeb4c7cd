"""The commands as a newcomer calls them, in copies that hold only what the set-up needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.setup.__main__ import main

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the set-up reads, sharing the packages and the CLI of this checkout."""
    root = tmp_path / "copy"
    shutil.copytree(ROOT / "rehearsal" / "setup", root / "rehearsal" / "setup")
    shutil.copy(ROOT / "rehearsal" / "__init__.py", root / "rehearsal")
    shutil.copytree(ROOT / "tools", root / "tools")
    for file in [*ROOT.glob("requirements*.txt"), ROOT / "Makefile"]:
        shutil.copy(file, root)
    return root


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command and capture what it says."""
    environment = {**os.environ, **variables}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_without_a_new_enough_python_one_line_says_what_to_do(copy: Path, tmp_path: Path) -> None:
    """Guards: a SyntaxError of Python 3.9 in place of the remedy."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "dirname").symlink_to(shutil.which("dirname") or "")
    for name in ("python3", "python"):
        (tools / name).write_text("#!/bin/sh\nexit 1\n")
        (tools / name).chmod(0o755)
    result = run("/bin/sh", copy / "tools" / "setup", "rehearsal", PATH=str(tools))
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert "no Python 3.11 or newer on the PATH: install one" in line
    assert "make PYTHON=" in line


def test_stop_says_so_where_nothing_is_set_up(copy: Path) -> None:
    """Guards: `make stop` that sets a whole clone up, or fails, only to end nothing."""
    result = run("make", "-C", copy, "--no-print-directory", "stop")
    assert result.returncode == 0
    assert result.stdout == "Nothing runs: nothing is set up here.\n"


def test_an_unknown_set_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a misspelt set that installs nothing and says nothing."""
    assert main(["everything"]) == 2
    assert "usage: python -m rehearsal.setup rehearsal|dev" in capsys.readouterr().err


def test_the_set_up_needs_no_package(copy: Path) -> None:
    """Guards: an import of something that is only there after the set-up."""
    code = "import rehearsal.setup.__main__, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(copy)!r}); {code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert set(result.stdout.split()) - set(sys.stdlib_module_names) <= {"rehearsal", "__main__"}
