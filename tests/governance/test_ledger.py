"""The chain: whatever is done to a row, verification names it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.canonical import Json
from governance.errors import LedgerError
from governance.events import PackageEvent, parse_event
from governance.facts import facts_of
from governance.ledger import EMPTY, REQUIRED, Head, Row, row_hash, seal, verify_chain, verify_dedup
from governance.stages import DEFAULT_STAGES
from tests.governance.samples import arn_of, envelope, iso, moment, package_detail, seen

ARN = arn_of()
LENGTH = 6


def chain(length: int = LENGTH) -> list[Row]:
    """A sound chain: a registration, then alternating decisions."""
    rows: list[Row] = []
    head = EMPTY
    for number in range(length):
        changed = ("ModelApprovalStatus",) if number else ()
        status = ("Approved", "Rejected")[number % 2] if number else "PendingManualApproval"
        detail = package_detail(modified=iso(moment(number)), changed=changed, approval=status)
        event = parse_event(envelope(detail, event_id=f"event-{number}"))
        assert isinstance(event, PackageEvent)
        [fact] = facts_of(event, seen(modified=moment(number)), {}, DEFAULT_STAGES)
        row = seal(fact, head, seen=moment(number + 1), came_from=None, late=False)
        head = Head(number + 1, str(row["hash"]))
        rows.append(row)
    return rows


def head(rows: list[Row]) -> Head:
    return Head(int(rows[-1]["seq"]), str(rows[-1]["hash"]))


def items(rows: list[Row]) -> dict[str, dict[str, Json]]:
    return {str(r["contentid"]): {"contentid": r["contentid"], "modelpackagearn": ARN, "seq": r["seq"]} for r in rows}


def broken(rows: list[Row], end: Head) -> list[int | None]:
    return [finding.seq for finding in verify_chain(ARN, rows, end)]


def test_a_sound_chain_has_no_findings_in_any_order_of_reading() -> None:
    """Guards: a verifier that cries wolf."""
    rows = chain()
    assert verify_chain(ARN, reversed(rows), head(rows)) == []
    assert verify_dedup(ARN, rows, items(rows)) == []


def test_a_row_holds_at_least_what_the_schema_demands() -> None:
    """Guards: docs/ledger.md promises attributes that are not written."""
    assert all(row.keys() >= REQUIRED for row in chain())


@given(st.data())
def test_a_changed_value_is_named_by_its_row(data: st.DataObject) -> None:
    """Guards: someone rewrites one attribute of one row."""
    rows = chain()
    victim = data.draw(st.sampled_from(rows))
    name = data.draw(st.sampled_from(sorted(victim.keys() - {"seq", "hash", "schemaversion"})))
    before = victim[name]
    victim[name] = (not before) if isinstance(before, bool) else before + 1 if isinstance(before, int) else f"{before}x"
    assert broken(rows, head(chain()))[0] == victim["seq"]


@given(st.data())
def test_a_removed_or_added_attribute_is_named_by_its_row(data: st.DataObject) -> None:
    """Guards: a reason or an actor is deleted from, or slipped into, a row."""
    rows = chain()
    victim = data.draw(st.sampled_from(rows))
    name = data.draw(st.sampled_from([*sorted(victim.keys() - {"seq"}), "actorsourceidentity2"]))
    if name in victim:
        del victim[name]
    else:
        victim[name] = "nobody"
    assert broken(rows, head(chain()))[0] == victim["seq"]


@given(st.data())
def test_a_row_rewritten_with_a_matching_hash_breaks_the_next_one(data: st.DataObject) -> None:
    """Guards: the forger recomputes the hash; then what follows, or the state row, doesn't fit any more."""
    rows = chain()
    index = data.draw(st.integers(0, LENGTH - 1))
    rows[index]["reason"] = "forged"
    rows[index]["hash"] = row_hash(rows[index])
    assert broken(rows, head(chain()))[0] == min(index + 2, LENGTH)


def test_a_row_under_a_content_id_that_its_content_does_not_make_is_named() -> None:
    """Guards: a writer at the end of the chain, whose hashes all fit, hides what a fact is from deduplication."""
    rows = chain()
    rows[-1]["contentid"] = rows[-2]["contentid"]
    rows[-1]["hash"] = row_hash(rows[-1])
    [finding] = verify_chain(ARN, rows, head(rows))
    assert finding.seq == LENGTH
    assert "its content makes" in finding.problem


@given(st.integers(1, LENGTH - 1))
def test_a_deleted_row_is_named_as_missing(seq: int) -> None:
    """Guards: a row is deleted from the middle."""
    rows = [row for row in chain() if row["seq"] != seq]
    findings = verify_chain(ARN, rows, head(chain()))
    assert findings[0].seq == seq
    assert "is missing" in findings[0].problem


@given(st.integers(0, LENGTH - 1))
def test_a_cut_tail_is_seen_by_the_state_row(kept: int) -> None:
    """Guards: the last rows are deleted, which no chain can show by itself."""
    findings = verify_chain(ARN, chain()[:kept], head(chain()))
    assert findings[0].seq == kept + 1
    assert "tail is cut" in findings[0].problem


@given(st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1))
def test_swapped_rows_are_named(one: int, other: int) -> None:
    """Guards: two rows exchange their numbers."""
    rows = chain()
    rows[one]["seq"], rows[other]["seq"] = rows[other]["seq"], rows[one]["seq"]
    expected = [] if one == other else [min(one, other) + 1]
    assert broken(rows, head(chain()))[:1] == expected


@given(st.integers(1, LENGTH))
def test_an_inserted_row_is_named(seq: int) -> None:
    """Guards: a row is slipped in beside one that exists."""
    rows = chain()
    forged = copy.copy(rows[seq - 1]) | {"tovalue": '"Approved"'}
    forged["hash"] = row_hash(forged)
    assert seq in broken([*rows, forged], head(chain()))


def test_an_appended_row_is_named_though_its_hashes_fit() -> None:
    """Guards: a well-formed row is added behind the end that the state row knows."""
    rows = chain(LENGTH + 1)
    assert broken(rows, head(rows[:-1])) == [LENGTH + 1]


def test_rows_without_a_state_row_are_a_finding() -> None:
    """Guards: the state row, which alone shows a cut tail, is deleted."""
    assert broken(chain(), EMPTY) == [1]
    assert [finding.seq for finding in verify_chain(ARN, chain(), None)] == [None]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda found: found.pop(next(iter(found))),
        lambda found: found[next(iter(found))].update(seq=99),
        lambda found: found[next(iter(found))].update(modelpackagearn="other"),
    ],
)
def test_a_lost_or_changed_dedup_item_is_named_by_its_row(
    tamper: Callable[[dict[str, dict[str, Json]]], object],
) -> None:
    """Guards: a dedup item is removed so that an old event can be recorded again."""
    rows, found = chain(), items(chain())
    tamper(found)
    assert verify_dedup(ARN, rows, found)[0].seq == 1


def test_a_dedup_item_without_its_row_names_the_row() -> None:
    """Guards: row and state are rolled back together; the dedup item still knows."""
    rows = chain()
    findings = verify_dedup(ARN, rows[:-1], items(rows))
    assert [finding.seq for finding in findings] == [LENGTH]


def test_a_row_of_another_schema_is_not_judged() -> None:
    """Guards: an old verifier calls a newer row forged, without saying why."""
    rows = chain(1)
    rows[0]["schemaversion"] = 3
    rows[0]["hash"] = row_hash(rows[0])
    assert "schema version 3" in verify_chain(ARN, rows, head(rows))[0].problem


def test_an_unversioned_package_can_not_be_sealed() -> None:
    """Guards: a row without a group, which nothing governs."""
    detail = package_detail()
    del detail["ModelPackageGroupName"]
    event = parse_event(envelope(detail))
    assert isinstance(event, PackageEvent)
    [fact] = facts_of(event, None, {}, DEFAULT_STAGES)
    with pytest.raises(LedgerError, match="belongs to no group"):
        seal(fact, EMPTY, seen=moment(0), came_from=None, late=False)
