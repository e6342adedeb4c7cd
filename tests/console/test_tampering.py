"""Whatever is done to a row, `governance verify` names it; what is done to all of them, the anchors name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.exporting import Snapshot
from console.signatures import KeyRing
from console.tables import DEDUP, HISTORY, LEDGER, STATE
from console.verify import Verification, verify
from governance.anchor_chain import AnchorFinding
from governance.ledger import row_hash
from governance.stages import DEFAULT_STAGES
from tests.console.tampering import (
    ANCHOR_AFTER,
    ROUNDS,
    VERSIONS,
    Tables,
    chain,
    long_story,
    rebuild,
    rechain_from,
    rewrite,
)
from tests.governance.samples import arn_of
from tests.lambdas.anchor.world import INSTALLATION, Installation, story

arns = st.integers(1, VERSIONS).map(arn_of)
seqs = st.integers(1, ROUNDS)
ANCHORED = [turn + 1 for turn in ANCHOR_AFTER]
"""Rows at which a chain stood when an anchor was made."""


@dataclass
class Bucket:
    """The anchors of an installation, from memory."""

    made: Installation
    installation: str = INSTALLATION

    def begin(self) -> None: ...

    def numbers(self) -> list[int]:
        return list(range(1, self.made.count + 1))

    def file(self, number: int) -> bytes:
        return self.made.content(number)

    def findings(self) -> list[AnchorFinding]:
        return []

    def public_key(self, sha256: str) -> bytes | None:
        return self.made.files().get(f"keys/{sha256}.der")


def snapshot(tables: Tables) -> Snapshot:
    """An export, as it was read."""
    return Snapshot({table: tables.get(table, []) for table in (LEDGER, DEDUP, STATE, HISTORY)})


def alone(tables: Tables) -> Verification:
    """The tables against each other."""
    return verify(snapshot(tables), DEFAULT_STAGES)


def anchored(made: Installation, tables: Tables) -> Verification:
    """The tables against each other and against the anchors."""
    bucket = Bucket(made)
    return verify(snapshot(tables), DEFAULT_STAGES, bucket, KeyRing(bucket.public_key))


def named(found: Verification) -> dict[str, list[int | None]]:
    """The rows that are named, by package."""
    return {report.arn: [finding.seq for finding in report.findings] for report in found.chains if report.findings}


def test_the_story_is_sound_with_and_without_its_anchors() -> None:
    """Guards: a verifier that finds everything broken finds every tampering, too."""
    made, tables = long_story()
    found = anchored(made, tables)
    assert found.sound
    assert found.anchors is not None
    assert (found.anchors.report.count, found.anchors.unanchored) == (len(ANCHOR_AFTER), 0)
    assert len(tables[LEDGER]) == VERSIONS * ROUNDS
    assert alone(tables).sound


def _change(name: str) -> Callable[[Tables, str, int], int]:
    def tamper(tables: Tables, arn: str, seq: int) -> int:
        row = chain(tables, arn)[seq - 1]
        value = row.get(name)
        row[name] = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}x"
        return seq

    return tamper


def _remove(name: str) -> Callable[[Tables, str, int], int]:
    def tamper(tables: Tables, arn: str, seq: int) -> int:
        del chain(tables, arn)[seq - 1][name]
        return seq

    return tamper


def _delete(tables: Tables, arn: str, seq: int) -> int:
    tables[LEDGER].remove(chain(tables, arn)[seq - 1])
    return seq


def _truncate(tables: Tables, arn: str, seq: int) -> int:
    for row in chain(tables, arn)[seq - 1 :]:
        tables[LEDGER].remove(row)
    return seq


def _swap(tables: Tables, arn: str, seq: int) -> int:
    """Two neighbours change places, each with the other's number."""
    rows = chain(tables, arn)
    first = min(seq, len(rows) - 1)
    rows[first - 1]["seq"], rows[first]["seq"] = first + 1, first
    return first


def _insert(tables: Tables, arn: str, seq: int) -> int:
    """A forged row that follows the one before; all behind it move up by one, otherwise unchanged."""
    rows = chain(tables, arn)
    forged = rows[seq - 1] | {"reason": "forged"}
    forged["hash"] = row_hash(forged)
    for row in rows[seq - 1 :]:
        row["seq"] += 1
    tables[LEDGER].append(forged)
    return seq + 1


def _append(tables: Tables, arn: str, seq: int) -> int:
    """A forged row at the end that follows properly."""
    last = chain(tables, arn)[-1]
    forged = last | {"seq": last["seq"] + 1, "prevhash": last["hash"], "reason": "forged"}
    forged["hash"] = row_hash(forged)
    tables[LEDGER].append(forged)
    return int(forged["seq"])


def _double(tables: Tables, arn: str, seq: int) -> int:
    tables[LEDGER].append(chain(tables, arn)[seq - 1] | {"reason": "forged"})
    return seq


def _reseal(tables: Tables, arn: str, seq: int) -> int:
    """The row is changed and its hash with it; what follows isn't."""
    row = chain(tables, arn)[seq - 1]
    row["reason"] = "forged"
    row["hash"] = row_hash(row)
    return min(seq + 1, ROUNDS)


def _rechain(tables: Tables, arn: str, seq: int) -> int:
    """The row is changed and all behind it re-chained; only the state row's head tells, at the end."""
    rechain_from(tables, arn, seq, reason="forged")
    return ROUNDS


TAMPERINGS = {
    "change reason": _change("reason"),
    "change actor": _change("actor"),
    "change tovalue": _change("tovalue"),
    "change late": _change("late"),
    "change hash": _change("hash"),
    "change prevhash": _change("prevhash"),
    "change contentid": _change("contentid"),
    "add an attribute": _change("more"),
    "remove hash": _remove("hash"),
    "remove tovalue": _remove("tovalue"),
    "delete": _delete,
    "truncate": _truncate,
    "swap": _swap,
    "insert": _insert,
    "append": _append,
    "double": _double,
    "reseal": _reseal,
    "rechain": _rechain,
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
@given(arn=arns, seq=seqs)
def test_any_row_that_is_tampered_with_is_named(tampering: str, arn: str, seq: int) -> None:
    """Guards: some row, at some place, that can be changed, taken out or put in unseen."""
    _, tables = long_story()
    expected = TAMPERINGS[tampering](tables, arn, seq)
    found = named(alone(tables))
    assert list(found) == [arn]
    assert found[arn][0] == expected


@given(arn=arns, seq=seqs, data=st.data())
def test_a_ledger_that_is_rewritten_as_a_whole_passes_alone_and_fails_with_the_anchors(
    arn: str, seq: int, data: st.DataObject
) -> None:
    """Guards: whoever may write all three tables can write another history."""
    made, tables = long_story()
    change = data.draw(st.sampled_from(["change", "delete", "truncate", "insert"]))
    rows = chain(tables, arn)
    if change == "change":
        rewrite(tables, arn, seq, reason="forged")
    elif change == "delete":
        rebuild(tables, arn, [row for row in rows if row["seq"] != seq])
    elif change == "truncate":
        rebuild(tables, arn, rows[: seq - 1])
    else:
        forged = rows[seq - 1] | {"happenedat": "2026-03-01T09:00:00.001Z", "reason": "forged"}
        rebuild(tables, arn, [*rows[: seq - 1], forged, *rows[seq - 1 :]])
    assert alone(tables).sound
    found = anchored(made, tables)
    assert list(named(found)) == [arn]
    [finding] = next(report.findings for report in found.packages if report.arn == arn)
    # The first anchored row that the change reaches; the rows from the anchor before to there can't be told apart.
    reached = next(at for at in ANCHORED if at >= seq)
    left = len(chain(tables, arn))
    if left == 0:
        assert "is gone: anchor 1 of" in finding.problem
    elif left < reached:
        assert (finding.seq, "is missing: anchor" in finding.problem) == (left + 1, True)
    else:
        sound = max((at for at in ANCHORED if at < seq), default=0)
        which = f"row {reached} was" if sound + 1 == reached else f"a row from {sound + 1} to {reached} was"
        assert finding.seq == reached
        assert finding.problem.endswith(f"{which} rewritten")


def test_what_happened_after_the_newest_anchor_is_not_covered_and_is_counted() -> None:
    """Guards: a reader who takes rows for anchored that aren't yet."""
    made = story(until=1)
    tables = story(until=2).tables()
    found = anchored(made, tables)
    assert found.anchors is not None
    assert (found.sound, found.anchors.unanchored) == (True, 4)
    rewrite(tables, arn_of(1), 3, reason="forged")
    assert anchored(made, tables).sound
