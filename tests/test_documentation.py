"""What the documents name exists: files, commands, links. Guards against pages that describe another repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from console.app import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "access/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
INSTALLED = (".venv", ".pulumi", "build")
"""What the set-up and the commands write: named in the pages, in no checkout."""

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """The page without its drawings."""
    return re.sub(r"```mermaid.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def commands(text: str) -> list[str]:
    """The command lines of shell blocks and of code spans, comments cut off."""
    blocks = re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    lines = [line for block in blocks for line in block.splitlines()] + spans
    return [part.strip() for line in lines for part in line.partition(" #")[0].split("&&") if part.strip()]


@by_page
def test_links_lead_somewhere(page: Path) -> None:
    """Guards: a link to a page that was renamed."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose(page))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


@by_page
def test_paths_exist(page: Path) -> None:
    """Guards: a folder or file in a code span that was moved."""
    spans = re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?|[\w-]+/)`", prose(page))
    tops = {path.name for path in ROOT.iterdir()}
    named = [span for span in spans if span.split("/")[0] in tops and span.split("/")[0] not in INSTALLED]
    assert [span for span in named if not (ROOT / span).exists()] == []


@by_page
def test_make_targets_and_modules_exist(page: Path) -> None:
    """Guards: a command that a reader copies and that isn't there."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for command in commands(prose(page)):
        words = command.split()
        if words[0] == "make" and len(words) > 1:
            assert {word for word in words[1:] if "=" not in word} <= targets, command
        if "-m" in words and words[0].endswith("python"):
            module = words[words.index("-m") + 1]
            known = (ROOT / module.replace(".", "/") / "__main__.py", ROOT / f"{module.replace('.', '/')}.py")
            assert module == "pytest" or any(path.exists() for path in known), command
        if words[0].startswith("tools/") and "." not in words[0]:
            assert (ROOT / words[0]).stat().st_mode & 0o111, f"{words[0]} can't be run"


@by_page
def test_commands_of_governance_exist(page: Path) -> None:
    """Guards: a command or option of `governance` that was renamed."""
    for command in commands(prose(page)):
        words = command.split()
        if words[0] not in ("governance", "tools/governance") or len(words) < 2 or not words[1].isalpha():
            continue
        options = known_options(words[1:])
        for option in (word.partition("=")[0] for word in words if word.startswith("--")):
            assert option in options, command


def known_options(words: list[str]) -> set[str]:
    """The options of a command of `governance`, by the command's own definition."""
    command: Any = typer.main.get_command(app)  # click's, or typer's own copy of it
    path: list[str] = []
    for word in words:
        if word not in getattr(command, "commands", {}):
            break
        command = command.commands[word]
        path.append(word)
    assert path, f"governance has no command {words[0]}"
    return {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help"}


def test_the_command_starts_from_any_folder(tmp_path: Path) -> None:
    """Guards: a wrapper that only works in the checkout."""
    command = ROOT / "tools" / "governance"
    done = subprocess.run([command, "verify", "--help"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "--export" in done.stdout


def test_the_readme_stays_short() -> None:
    """Guards: a front page that nobody reads to its end."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
