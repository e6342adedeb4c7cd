"""An endpoint's history is a chain: what breaks it is named by its row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.canonical import iso
from governance.endpoint_history import next_row, verify_history
from governance.ledger import EMPTY, row_hash
from governance.timeline import endpoint_at
from tests.governance.histories import Endpoint
from tests.governance.samples import arn_of, moment

ENDPOINT = Endpoint()
for turn in range(4):
    ENDPOINT.seen(10 * turn, arn_of(turn + 1), verdict="approved" if turn % 2 else "unapproved")


def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in ENDPOINT.rows]


@given(st.permutations(range(4)))
def test_a_history_is_sound_in_whatever_order_it_is_read(order: list[int]) -> None:
    """Guards: a Scan's order taken for a break."""
    told = rows()
    assert verify_history(ENDPOINT.arn, [told[at] for at in order]) == []
    assert verify_history(ENDPOINT.arn, []) == []


@given(st.integers(0, 3), st.data())
def test_any_changed_attribute_of_any_row_is_named(at: int, data: st.DataObject) -> None:
    """Guards: an attribute that the hash leaves out."""
    told = rows()
    name = data.draw(st.sampled_from(sorted(told[at].keys() - {"seq"})))
    told[at][name] = data.draw(st.sampled_from(["forged", 7, True, 1.5, None]))
    assert verify_history(ENDPOINT.arn, told)[0].seq == at + 1


@pytest.mark.parametrize(
    ("taken", "said"),
    [({0}, "1: is missing (gap: 1)"), ({1, 2}, "2: is missing (gap: 2 to 3)"), ({2}, "3: is missing (gap: 3)")],
)
def test_missing_rows_are_named(taken: set[int], said: str) -> None:
    """Guards: a row taken out of the middle."""
    told = [row for at, row in enumerate(rows()) if at not in taken]
    assert [f"{found.seq}: {found.problem}" for found in verify_history(ENDPOINT.arn, told)] == [said]


def test_a_row_that_stands_twice_or_follows_another_is_named() -> None:
    """Guards: a second row of one number; a rewritten row whose hash was made anew."""
    told = rows()
    assert verify_history(ENDPOINT.arn, [*told, told[1]])[0].seq == 2
    told[1]["verdict"] = "forged"
    told[1]["hash"] = row_hash(told[1])
    [found] = verify_history(ENDPOINT.arn, told)
    assert (found.seq, found.problem.startswith("does not follow the row before")) == (3, True)


def test_what_changes_while_the_endpoint_stays_unmodified_is_known_from_its_observation() -> None:
    """Guards: an inference component placed on an old endpoint that is said to have served since the endpoint's last
    modification, so that `as-of` names a version that wasn't there.
    """
    endpoint = Endpoint().seen(0, arn_of(1))
    endpoint.seen(60, arn_of(1), arn_of(2), modified=0)
    assert [row["since"] for row in endpoint.rows] == [iso(moment(0)), iso(moment(60))]
    then = endpoint_at(endpoint.rows, {}, moment(30))
    assert then is not None
    assert [version.arn for version in then.versions] == [arn_of(1)]


def test_what_was_never_known_holds_since_the_endpoint_was_modified() -> None:
    """Guards: an endpoint that couldn't be read for a day, dated by the first look that could."""
    endpoint = Endpoint().seen(0, arn_of(1))
    unread = {name: value for name, value in endpoint.rows[0].items() if name not in ("variants", "modelpackagearns")}
    seen = {**endpoint.rows[0], "lastmodifiedtime": iso(moment(0))}
    new = next_row(seen, unread, EMPTY, observed=iso(moment(60)))
    assert new is not None
    assert new["since"] == iso(moment(0))


def test_a_look_that_sees_nothing_new_adds_no_row_and_another_verdict_adds_one() -> None:
    """Guards: a row per walk for ever; a revocation that the history doesn't show since the endpoint didn't change."""
    [last] = Endpoint().seen(0, arn_of(1), verdict="approved").rows
    assert next_row({**last, "evidence": "[]"}, last, EMPTY, observed=iso(moment(60))) is None
    revoked = next_row({**last, "verdict": "revoked-after-deploy"}, last, EMPTY, observed=iso(moment(60)))
    assert revoked is not None
    assert (revoked["verdict"], revoked["since"]) == ("revoked-after-deploy", iso(moment(60)))
