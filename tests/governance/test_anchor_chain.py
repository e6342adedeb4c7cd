"""What one anchor may be held against: only sound ones vouch for rows, and chains only grow between two of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from governance.anchor import Anchor, Heads, Key, read, state_next, write
from governance.anchor_chain import AnchorReport, verify_anchors
from governance.ledger import Head

KEY = Key("arn:aws:kms:eu-west-1:111111111111:key/k", "ab" * 32)
MADE = datetime(2026, 3, 2, tzinfo=UTC)
PACKAGE, ENDPOINT = "arn:aws:sagemaker:eu-west-1:1:model-package/G/1", "arn:aws:sagemaker:eu-west-1:2:endpoint/e"
TRUE, FALSE = Head(1, "a" * 64), Head(1, "f" * 64)
LEDGER = {PACKAGE: {1: "a" * 64, 2: "b" * 64}}


def anchors(*heads: Heads, installation: str = "mlgov") -> list[tuple[int, bytes]]:
    """Anchors one after the other, an hour apart."""
    files: list[tuple[int, bytes]] = []
    before: Anchor | None = None
    for number, held in enumerate(heads, start=1):
        statement = state_next(installation, before, held, MADE + timedelta(hours=number), KEY)
        content = write(statement, held, b"sound")
        before = read(content)
        files.append((number, content))
    return files


def holds(anchor: Anchor) -> str | None:
    return None if anchor.signature == b"sound" else "is forged"


def told(report: AnchorReport) -> list[str]:
    return [str(found) for found in (*report.findings, *report.rows)]


def test_heads_that_went_back_between_two_sound_anchors_are_named() -> None:
    """Guards: whoever holds the key anchors a shorter or another chain, and cuts the ledger to fit."""
    files = anchors({PACKAGE: Head(2, "b" * 64)}, {PACKAGE: TRUE})
    [found] = verify_anchors(files, "mlgov", holds, LEDGER).findings
    assert str(found) == f"anchor 2 contradicts anchor 1: {PACKAGE} ends at row 1: anchor 1 holds 2 rows of it"


def test_an_anchor_whose_signature_fails_vouches_for_nothing() -> None:
    """Guards: sound rows are called rewritten because of a forged anchor."""
    [(number, content)] = anchors({PACKAGE: FALSE})
    forged = read(content)
    files = [(number, write(forged.statement, forged.heads, b"other"))]
    report = verify_anchors(files, "mlgov", holds, LEDGER)
    assert (told(report), report.newest) == (["anchor 1 is forged"], None)


def test_an_anchor_of_another_place_vouches_for_nothing() -> None:
    """Guards: sound rows are called rewritten because of another installation's anchor, or one of another number."""
    report = verify_anchors(anchors({PACKAGE: FALSE}, installation="other"), "mlgov", holds, LEDGER)
    assert told(report) == ["anchor 1 was replaced: its file is of installation other"]
    [_, second] = anchors({PACKAGE: TRUE}, {PACKAGE: FALSE})
    report = verify_anchors([(1, second[1])], "mlgov", holds, LEDGER)
    assert told(report) == ["anchor 1 was replaced: its file holds anchor 2"]


def test_chains_that_were_not_read_are_not_missed() -> None:
    """Guards: an export without the endpoints' history reads like one whose endpoints were all deleted."""
    files = anchors({PACKAGE: TRUE, ENDPOINT: TRUE})
    [missed] = told(verify_anchors(files, "mlgov", holds, LEDGER))
    assert missed.startswith(f"{ENDPOINT} package: is gone: anchor 1 of 2026-03-02T01:00:00.000Z holds 1 rows")
    assert told(verify_anchors(files, "mlgov", holds, LEDGER, lambda arn: arn == PACKAGE)) == []


def test_a_chain_is_reported_once_with_the_first_anchor_that_it_contradicts() -> None:
    """Guards: one rewritten row, told once an hour for years."""
    files = anchors({PACKAGE: FALSE}, {PACKAGE: FALSE}, {PACKAGE: Head(2, "c" * 64)})
    [found] = told(verify_anchors(files, "mlgov", holds, LEDGER))
    assert " row 1: is not the row of anchor 1 of 2026-03-02T01:00:00.000Z" in found
