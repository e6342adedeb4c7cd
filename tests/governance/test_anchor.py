"""An anchor's file has one form of bytes, says nothing that its heads don't make, and proves each of them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import anchor as anchors
from governance.anchor import Key, Statement, contradictions, key_of, number_of, proof, read, state_next, write
from governance.canonical import canonical
from governance.errors import AnchorError
from governance.ledger import Head
from governance.merkle import leaf_hash, root_from_path

KEY = Key("arn:aws:kms:eu-west-1:111111111111:key/k", "ab" * 32)
MADE = datetime(2026, 3, 2, tzinfo=UTC)
HEADS = {f"arn:aws:sagemaker:eu-west-1:1:model-package/G/{n}": Head(n, f"{n:064x}") for n in (1, 2, 10)}

heads = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda text: text.encode("utf-8", "ignore").decode() == text),
    st.builds(Head, st.integers(1, 10**6), st.binary(min_size=32, max_size=32).map(bytes.hex)),
    max_size=12,
)


def first(held: dict[str, Head] | None = None) -> tuple[Statement, bytes]:
    """The statement and the file of a first anchor."""
    held = HEADS if held is None else held
    statement = state_next("mlgov", None, held, MADE, KEY)
    return statement, write(statement, held, b"signature")


@given(heads)
def test_what_is_written_is_read_again(held: dict[str, Head]) -> None:
    """Guards: an anchor that its own verifier refuses, at some number of chains or for some name."""
    statement, content = first(held)
    anchor = read(content)
    assert (anchor.statement, dict(anchor.heads), anchor.signature) == (statement, held, b"signature")
    assert anchor.sha256 == hashlib.sha256(content).hexdigest()
    assert list(anchor.heads) == sorted(held)
    assert (statement.chains, statement.rows) == (len(held), sum(head.seq for head in held.values()))


def test_the_next_anchor_names_the_file_before_and_is_never_dated_before_it() -> None:
    """Guards: a chain of statements only, which a file with other heads or another signature would leave whole."""
    before = read(first()[1])
    after = state_next("mlgov", before, HEADS, datetime(2026, 3, 1, tzinfo=UTC), KEY)
    assert (after.number, after.previous) == (2, before.sha256)
    assert after.made == before.statement.made == "2026-03-02T00:00:00.000Z"


def _set(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("more", value=1), "no object of heads, signature and statement"),
        (_set("statement", "more", value=1), "has a statement without exactly"),
        (_set("statement", "document", value="invoice"), "has document 'invoice'"),
        (_set("statement", "number", value=0), "has number '0'"),
        (_set("statement", "number", value=True), "has number 'True'"),
        (_set("statement", "schemaversion", value=2), "schema version 2"),
        (_set("statement", "madeat", value="2026-13-02T00:00:00.000Z"), "is no time"),
        (_set("statement", "madeat", value="yesterday"), "has madeat 'yesterday'"),
        (_set("statement", "algorithm", value="RSASSA_PSS_SHA_256"), "has algorithm"),
        (_set("statement", "root", value="00" * 32), "says that the root of its heads is 0000"),
        (_set("statement", "rows", value=14), "counts 3 chains and 14 rows"),
        (_set("statement", "chains", value=2), "counts 2 chains"),
        (_set("signature", value="not base64!"), "signature that is no base64"),
        (_set("signature", value=7), "signature that is no base64"),
        (_set("heads", value={}), "heads that are no list"),
        (_set("heads", 0, "seq", value=0), "malformed head"),
        (_set("heads", 0, "hash", value="AB" * 32), "malformed head"),
        (_set("heads", 0, value={"seq": 1}), "a head without exactly"),
        (lambda document: document["heads"].reverse(), "heads out of order"),
        (lambda document: document["heads"].insert(0, document["heads"][0]), "heads out of order, or twice"),
        (_set("heads", 0, "seq", value=7), "counts 3 chains and 13 rows"),
        (_set("heads", 0, "hash", value="cd" * 32), "says that the root"),
    ],
)
def test_a_file_that_says_anything_else_is_refused_with_what(
    change: Callable[[dict[str, Any]], None], said: str
) -> None:
    """Guards: members that nobody checks, and so may hold anything."""
    document = json.loads(first()[1])
    change(document)
    with pytest.raises(AnchorError, match=said):
        read(canonical(document).encode())


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda content: content + b"\n", "not in canonical form"),
        (lambda content: content.replace(b'"number":1', b'"number": 1'), "not in canonical form"),
        (lambda content: content.replace(b'"number":1', b'"number":9,"number":1'), "not in canonical form"),
        (lambda content: content.replace(b'"number":1', b'"number":1.0'), "is no canonical JSON"),
        (lambda content: content[:-1], "is no canonical JSON"),
        (lambda content: b"\xff" + content, "is no canonical JSON"),
        (lambda content: b"[]", "no object"),
        (lambda content: b"[" * 100_000, "is no canonical JSON"),
    ],
)
def test_another_form_of_the_same_json_is_refused(spoil: Callable[[bytes], bytes], said: str) -> None:
    """Guards: two files of one anchor, with two digests, of which the next one can name either."""
    with pytest.raises(AnchorError, match=said):
        read(spoil(first()[1]))


@given(heads.filter(bool), st.data())
def test_each_head_is_proven_without_the_others(held: dict[str, Head], data: st.DataObject) -> None:
    """Guards: a proof that its receiver can't check by the document's rules, or that shows other chains."""
    anchor = read(first(held)[1])
    arn = data.draw(st.sampled_from(sorted(held)))
    shown = json.loads(json.dumps(proof(anchor, arn)))
    leaf = leaf_hash(canonical(shown["head"]).encode())
    path = [bytes.fromhex(sibling) for sibling in shown["path"]]
    root = root_from_path(leaf, shown["index"], shown["statement"]["chains"], path)
    assert root is not None
    assert root.hex() == shown["statement"]["root"]
    assert hashlib.sha256(canonical(shown["statement"]).encode()).digest() == anchor.statement.digest
    assert base64.b64decode(shown["signature"]) == b"signature"
    assert shown["head"] == {"arn": arn, "hash": held[arn].hash, "seq": held[arn].seq}


def test_a_package_that_the_anchor_doesn_t_hold_has_no_proof() -> None:
    """Guards: the proof of another package."""
    with pytest.raises(KeyError):
        proof(read(first()[1]), "arn:other")


def test_chains_only_grow() -> None:
    """Guards: a head that was taken back, exchanged or left out between two anchors."""
    before = read(first()[1])
    one, ten, two = sorted(HEADS)
    assert list(contradictions(before, {**HEADS, "new": Head(1, "0" * 64), ten: Head(11, "f" * 64)})) == []
    [(arn, said)] = contradictions(before, {one: HEADS[one], two: HEADS[two]})
    assert (arn, said) == (ten, "is gone: anchor 1 holds 10 rows of it")
    [(_, said)] = contradictions(before, HEADS | {ten: Head(9, "f" * 64)})
    assert said == "ends at row 9: anchor 1 holds 10 rows of it"
    [(_, said)] = contradictions(before, HEADS | {ten: replace(HEADS[ten], hash="f" * 64)})
    assert said.startswith("ends at row 10 with hash ffff")


@given(st.integers(1, 9_999_999_999))
def test_an_object_key_has_one_number_and_sorts_by_it(number: int) -> None:
    """Guards: anchor 10 is listed before anchor 9."""
    key = key_of("mlgov", number)
    assert number_of("mlgov", key) == number
    assert number == 1 or key_of("mlgov", number - 1) < key


@pytest.mark.parametrize(
    "key",
    [
        "anchors/other/0000000001.json", "anchors/mlgov/1.json", "anchors/mlgov/0000000000.json",
        "anchors/mlgov/0000000001.json.bak", "anchors/mlgov/x/0000000001.json", "keys/ab.der",
    ],
)  # fmt: skip
def test_other_object_keys_are_no_anchors(key: str) -> None:
    """Guards: a stray object taken for an anchor."""
    assert anchors.number_of("mlgov", key) is None
