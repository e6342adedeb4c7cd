"""docs/ledger.md suffices to check anchors: this verifier is written from it and shares no code with governance."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tests.governance.samples import arn_of
from tests.governance.test_ledger_document import canonical, sha256
from tests.lambdas.anchor.world import EcSigner, story

DOCUMENT = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
[EXAMPLE] = re.findall(r"```text\n(.*)\n```", DOCUMENT)

Rows = dict[tuple[str, int], str]


def root(heads: list[dict[str, Any]]) -> str:
    """The document's Merkle root."""
    level = [hashlib.sha256(b"\x00" + canonical(head).encode()).digest() for head in heads]
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex() if level else sha256("")


def signed(statement: dict[str, Any], signature: str, public: bytes) -> bool:
    key = load_der_public_key(public)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(base64.b64decode(signature), canonical(statement).encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def check(files: dict[str, bytes], rows: Rows) -> list[str]:
    """The document's section "Verifying" 1 to 6, for one installation: what is wrong, as `<anchor> <rule>`."""
    wrong = []
    contents = [content for key, content in sorted(files.items()) if key.startswith("anchors/")]
    read = [json.loads(content) for content in contents]
    for number, (content, anchor) in enumerate(zip(contents, read, strict=True), start=1):
        statement, heads = anchor["statement"], anchor["heads"]
        form = (canonical(anchor).encode(), statement["number"], statement["document"], statement["schemaversion"])
        if form != (content, number, "ml-governance-anchor", 1):
            wrong.append(f"{number} 1")
        counts = (statement["chains"], statement["rows"], statement["root"])
        if counts != (len(heads), sum(head["seq"] for head in heads), root(heads)):
            wrong.append(f"{number} 2")
        public = files[f"keys/{statement['publickeysha256']}.der"]
        named = hashlib.sha256(public).hexdigest() == statement["publickeysha256"]
        if not named or not signed(statement, anchor["signature"], public):
            wrong.append(f"{number} 3")
        before = hashlib.sha256(contents[number - 2]).hexdigest() if number > 1 else "0" * 64
        if statement["previous"] != before:
            wrong.append(f"{number} 4")
        wrong += [f"{number} 6" for head in heads if rows.get((head["arn"], head["seq"])) != head["hash"]]
    for number, (older, newer) in enumerate(pairwise(read), start=2):
        heads = {head["arn"]: head for head in newer["heads"]}
        for head in older["heads"]:
            now = heads.get(head["arn"], {"seq": 0})
            if now["seq"] < head["seq"] or (now["seq"] == head["seq"] and now != head):
                wrong.append(f"{number} 5")
    return wrong


def made() -> tuple[dict[str, bytes], Rows]:
    installation = story()
    tables = installation.tables()
    rows = {(row["modelpackagearn"], row["seq"]): row["hash"] for row in tables["modelgovernanceledger"]}
    rows |= {(row["endpointarn"], row["seq"]): row["hash"] for row in tables["sagemakerendpointhistory"]}
    return installation.files(), rows


def test_a_verifier_written_from_the_document_accepts_what_the_function_wrote() -> None:
    """Guards: code and document disagree, so that no third party can verify."""
    assert check(*made()) == []


@pytest.mark.parametrize(
    ("name", "value", "rules"),
    [
        ("document", "other", ["2 1", "2 3", "3 4"]),
        ("madeat", "2026-01-01T00:00:00.000Z", ["2 3", "3 4"]),
        ("root", "0" * 64, ["2 2", "2 3", "3 4"]),
        ("previous", "0" * 64, ["2 3", "2 4", "3 4"]),
        ("keyarn", "arn:other", ["2 3", "3 4"]),
    ],
)
def test_a_verifier_written_from_the_document_names_a_changed_anchor(name: str, value: str, rules: list[str]) -> None:
    """Guards: a member that the document's rules leave uncovered."""
    files, rows = made()
    key = "anchors/mlgov/0000000002.json"
    anchor = json.loads(files[key])
    anchor["statement"][name] = value
    files[key] = canonical(anchor).encode()
    assert check(files, rows) == rules


def test_a_verifier_written_from_the_document_names_a_rewritten_row() -> None:
    """Guards: the rule that ties the anchors to the ledger is missing from the document."""
    files, rows = made()
    rows[arn_of(2), 1] = "f" * 64
    assert check(files, rows) == ["1 6", "2 6", "3 6"]


def test_the_example_is_an_anchor_that_holds() -> None:
    """Guards: an example that nobody can reproduce."""
    anchor = json.loads(EXAMPLE)
    statement = anchor["statement"]
    previous = re.search(r"made after a file with SHA-256 `([0-9a-f]{64})`", DOCUMENT)
    public = re.search(r"\(base64 of the DER\) `([^`]+)`", DOCUMENT)
    assert previous is not None
    assert public is not None
    key = base64.b64decode(public[1])
    assert canonical(anchor) == EXAMPLE
    assert statement["root"] == root(anchor["heads"])
    assert statement["previous"] == previous[1]
    assert (hashlib.sha256(key).hexdigest(), key) == (statement["publickeysha256"], EcSigner().public_key())
    assert signed(statement, anchor["signature"], key)


def test_the_document_names_every_member_of_the_statement() -> None:
    """Guards: a member that is signed and specified nowhere."""
    statement = json.loads(story(until=1).content(1))["statement"]
    assert [name for name in statement if f"`{name}`" not in DOCUMENT] == []
