"""docs/reference-system.md names tests and files that exist."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "reference-system.md").read_text(encoding="utf-8")
MANUAL_STEPS = 21
BROKEN = 15
INSECURE = 12


@cache
def known_tests() -> frozenset[str]:
    """The names of all tests."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return frozenset(name for source in sources for name in re.findall(r"def (test_\w+)\(", source))


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", TEXT))))
def test_each_test_that_is_named_exists(name: str) -> None:
    """Guards: a defect whose test was renamed or dropped."""
    assert name in known_tests()


@pytest.mark.parametrize("file", sorted(set(re.findall(r"`([\w/.-]+\.(?:py|ipynb))`", TEXT))))
def test_each_file_that_is_named_exists(file: str) -> None:
    """Guards: a part that was moved."""
    assert (ROOT / file).is_file()


@pytest.mark.parametrize(
    ("title", "rows"), [("Done by hand there", MANUAL_STEPS), ("Broken there", BROKEN), ("Insecure there", INSECURE)]
)
def test_each_list_is_whole(title: str, rows: int) -> None:
    """Guards: an item that was forgotten."""
    section = TEXT.split(f"## {title}")[1].split("\n## ")[0]
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)] == list(range(1, rows + 1))
