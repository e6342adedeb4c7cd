"""docs/ledger.md suffices to write a verifier: this one is written from it and shares no code with governance."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from governance.ledger import REQUIRED
from governance.terms import Kind
from tests.console.exports import history, rows_of
from tests.governance.samples import arn_of

DOCUMENT = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def canonical(value: Any) -> str:
    """The document's section "Canonical JSON", character by character."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(SHORT_ESCAPES.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in value) + '"'
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    assert isinstance(value, dict), "floats and other things have no canonical form"
    return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def check(tables: dict[str, list[dict[str, Any]]]) -> str | None:
    """The document's section "Verification" 1 to 7: the first broken row as `<version> <seq>`, None if all is sound."""
    states = {state["modelpackagearn"]: state for state in tables["modelpackagestatechanges"]}
    items = {item["contentid"]: item for item in tables["modelgovernancededup"]}
    chains: dict[str, list[dict[str, Any]]] = {}
    for row in tables["modelgovernanceledger"]:
        chains.setdefault(row["modelpackagearn"], []).append(row)
    for arn, rows in chains.items():
        before = "0" * 64
        for number, row in enumerate(sorted(rows, key=lambda row: row["seq"]), start=1):
            name = f"{arn} {number}"
            if row["seq"] != number or row["schemaversion"] not in (1, 2):
                return name
            rest = {key: value for key, value in row.items() if key != "hash"}
            content = {"arn": arn, "field": row["field"], "modified": row["happenedat"], "value": row["tovalue"]}
            if sha256(canonical(rest)) != row["hash"] or row["prevhash"] != before:
                return name
            if sha256(canonical(content)) != row["contentid"] or items.get(row["contentid"], {}).get("seq") != number:
                return name
            before = row["hash"]
        if (states[arn]["ledgerseq"], states[arn]["ledgerhash"]) != (len(rows), before):
            return f"{arn} {len(rows) + 1}"
    return None


def test_a_verifier_written_from_the_document_accepts_what_capture_wrote() -> None:
    """Guards: code and document disagree, so that no third party can verify."""
    assert check(rows_of(history())) is None


@pytest.mark.parametrize("name", ["actor", "reason", "tovalue", "artifactsha256", "late"])
def test_a_verifier_written_from_the_document_names_a_changed_row(name: str) -> None:
    """Guards: a document whose rules miss an attribute."""
    tables = rows_of(history())
    victim = next(row for row in tables["modelgovernanceledger"] if row["seq"] == 3)
    victim[name] = not victim[name] if name == "late" else "forged"
    assert check(tables) == f"{arn_of(1)} 3"


def test_a_verifier_written_from_the_document_names_a_cut_tail() -> None:
    """Guards: the rule about the state row's head is missing from the document."""
    tables = rows_of(history())
    tables["modelgovernanceledger"] = [row for row in tables["modelgovernanceledger"] if row["seq"] < 3]
    assert check(tables) == f"{arn_of(1)} 3"


def test_the_worked_example_is_right() -> None:
    """Guards: an example that nobody can reproduce."""
    [line] = re.findall(r"```json\n(.*)\n```", DOCUMENT)
    content = re.search(r"content id: SHA-256 of `(.*)`\n  = `([0-9a-f]{64})`", DOCUMENT)
    digest = re.search(r"SHA-256 of the line above = `([0-9a-f]{64})`", DOCUMENT)
    assert content is not None
    assert digest is not None
    assert canonical(json.loads(line)) == line
    assert sha256(line) == digest[1]
    assert (sha256(content[1]), json.loads(line)["contentid"]) == (content[2], content[2])


def test_the_document_names_every_attribute_and_every_kind() -> None:
    """Guards: an attribute that is written, hashed, and specified nowhere."""
    written = {name for row in rows_of(history())["modelgovernanceledger"] for name in row}
    missing = [name for name in sorted(written | REQUIRED | set(Kind)) if f"`{name}`" not in DOCUMENT]
    assert missing == []
