"""docs/policy-pack.md says what the pack does."""

from __future__ import annotations

import re
from pathlib import Path

from policy_pack.pack import NOT_KNOWN_YET
from policy_pack.rules import RULES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "policy-pack.md").read_text("utf-8")
RULES_TABLE, EXEMPTIONS_TABLE = PAGE.split("## Levels and exemptions")


def test_the_page_lists_each_rule_once_and_no_other() -> None:
    """Guards: a rule that was renamed, added or dropped without a word."""
    assert re.findall(r"^\| `([\w-]+)` \|", RULES_TABLE, re.MULTILINE) == [rule.name for rule in RULES]
    assert NOT_KNOWN_YET in RULES_TABLE


def test_the_page_lists_each_exemption() -> None:
    """Guards: an exemption that nobody outside of the code knows of."""
    for rule in RULES:
        assert EXEMPTIONS_TABLE.count(f"| `{rule.name}` |") >= len(rule.exempt)
        for exemption in rule.exempt:
            assert exemption.name == "*" or exemption.name in EXEMPTIONS_TABLE
