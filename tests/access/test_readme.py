"""The package's README: its example runs, and it leaves out no key."""

from __future__ import annotations

import json
import re
from pathlib import Path

import access
from access import Case, decide
from access.case import KEYS as CASE_KEYS
from access.request import KEYS as REQUEST_KEYS

README = (Path(access.__file__).parent / "README.md").read_text(encoding="utf-8")


def test_the_example_gives_the_line_that_stands_below_it() -> None:
    """Guards: an example that no longer runs, or whose answer has changed."""
    cases, line = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL))
    [case] = cases
    found = decide(Case.from_dict(case))
    assert {"decision": found.decision, "reason": found.reason, "by": found.by} == line


def test_every_key_of_a_case_is_explained() -> None:
    """Guards: a key that only the source knows."""
    for key in (*CASE_KEYS, *REQUEST_KEYS):
        assert f"| `{key}` |" in README, key
