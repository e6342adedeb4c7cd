"""What the anchor function makes, what it refuses to go on from, and that every step may be repeated."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator

import pytest

from governance.anchor import NO_PREVIOUS, key_of, public_key_file, write
from governance.anchor_chain import verify_anchors
from governance.errors import AnchorError
from governance.ledger import Head, Row, row_hash
from lambdas.anchor.core import NotARun, due_of
from lambdas.anchor.fakes import FakeHistory, FakeLedger, FakeVault
from tests.governance.histories import Endpoint
from tests.governance.samples import arn_of
from tests.lambdas.anchor.world import INSTALLATION, JOB, EcSigner, Installation, scheduled, story
from tests.lambdas.capture.world import Crash

ENDPOINT = Endpoint().arn


def problems(made: Installation) -> list[str]:
    """What is wrong with the bucket's anchors, read as `governance verify` reads them."""
    files = [(number, made.content(number)) for number in range(1, made.count + 1)]
    rows: dict[str, dict[int, str]] = {}
    for (arn, seq), row in made.world.tables.ledger.items():
        rows.setdefault(arn, {})[seq] = str(row["hash"])
    for arn, history in made.history.histories.items():
        rows[arn] = {int(row["seq"]): str(row["hash"]) for row in history}

    def check(anchor: object) -> str | None:
        return None

    report = verify_anchors(files, INSTALLATION, check, rows)
    return [str(finding) for finding in (*report.findings, *report.rows)]


def incidents(capsys: pytest.CaptureFixture[str]) -> list[str]:
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [entry["incident"] for entry in entries if entry["message"] == "incident"]


def test_anchors_hold_the_heads_of_all_packages_and_endpoints_one_after_the_other() -> None:
    """Guards: an anchor that leaves a chain out, counts wrong, or doesn't name the one before."""
    made = story()
    first, second, third = (made.read(number) for number in (1, 2, 3))
    assert {arn: head.seq for arn, head in first.heads.items()} == {arn_of(1): 1, arn_of(2): 1}
    assert {arn: head.seq for arn, head in second.heads.items()} == {arn_of(1): 4, arn_of(2): 1, ENDPOINT: 1}
    assert second.heads[arn_of(1)].hash == made.world.tables.state[arn_of(1)]["ledgerhash"]
    assert dict(third.heads) == dict(second.heads) | {ENDPOINT: third.heads[ENDPOINT]}
    assert third.heads[ENDPOINT].seq == 2
    assert [anchor.statement.previous for anchor in (first, second, third)] == [
        NO_PREVIOUS,
        first.sha256,
        second.sha256,
    ]
    assert problems(made) == []
    for anchor in (first, second, third):
        assert made.signer.verify(anchor.statement.key.arn, anchor.statement.digest, anchor.signature)


def test_the_public_key_is_published_once_before_the_first_anchor_that_names_it() -> None:
    """Guards: an anchor that nobody can verify, because the run died before its key was there."""
    made = story(until=0)
    written: list[str] = []
    made.vault.before_write = written.append
    made.anchor()
    made.anchor()
    key = public_key_file(made.read(1).statement.key.public_sha256)
    assert written == [key, key_of(INSTALLATION, 1), key_of(INSTALLATION, 2)]
    assert made.files()[key] == made.signer.public_key()


def test_an_installation_without_packages_is_anchored() -> None:
    """Guards: the first run of a new installation fails, or leaves its schedule without an anchor."""
    made = Installation()
    assert made.anchor() == "anchored"
    assert (made.read(1).statement.chains, made.cloudwatch.names) == (0, ["Heartbeat"])


def test_a_scheduled_event_that_comes_twice_makes_one_anchor() -> None:
    """Guards: at-least-once delivery doubles the anchors."""
    made = story(until=1)
    due = made.minutes + 1
    made.minutes += 2
    assert made.anchor(scheduled(due)) == "anchored"
    assert made.anchor(scheduled(due)) == "anchored before"
    assert made.count == 2
    made.minutes += 2
    assert made.anchor(scheduled(made.minutes)) == "anchored"


def test_a_run_beside_another_leaves_one_of_the_two_anchors() -> None:
    """Guards: two runs at once make two anchors of one number, or one of them fails for ever."""
    made = story(until=1)

    def other(key: str) -> None:
        made.vault.before_write = lambda key: None
        assert made.anchor() == "anchored"

    made.vault.before_write = other
    assert made.anchor() == "anchored by another run"
    assert (made.count, problems(made)) == (2, [])


def begun() -> Installation:
    """An installation with packages and an endpoint, before its first anchor."""
    told = story(until=2)
    return Installation(world=told.world, history=told.history)


def ports(made: Installation) -> tuple[FakeLedger, FakeHistory, FakeVault, EcSigner]:
    return made.ledger, made.history, made.vault, made.signer


def points() -> list[str]:
    """Each point before or after a call of a first and of a second run."""
    seen: list[str] = []
    made = begun()
    for port in ports(made):
        port.fault = seen.append
    made.anchor(scheduled(1900))
    made.anchor(scheduled(3000))
    return seen


POINTS = points()


@pytest.mark.parametrize("number", range(len(POINTS)), ids=[f"{n}-{point}" for n, point in enumerate(POINTS)])
def test_a_crash_at_any_call_is_harmless(number: int) -> None:
    """Guards: a run that dies before or after any call loses an anchor, doubles one, or stops those after it."""
    made = begun()
    calls = itertools.count()

    def crash(point: str) -> None:
        if next(calls) == number:
            raise Crash(point)

    for port in ports(made):
        port.fault = crash
    for due in (1900.0, 3000.0):
        made.minutes = max(made.minutes, due + 1)
        try:
            made.anchor(scheduled(due))
        except Crash:
            made.anchor(scheduled(due))
    assert next(calls) > number
    assert (made.count, problems(made)) == (2, [])


def test_the_points_cover_every_call_of_every_port() -> None:
    """Guards: the crash test stops reaching a call."""
    calls = {point.rpartition(":")[0] for point in POINTS}
    assert calls == {
        "vault.versions", "vault.read", "vault.write", "ledger.heads", "ledger.rows", "history.heads", "history.rows",
        "signer.public_key", "signer.sign", "signer.verify",
    }  # fmt: skip


def _sign_again(made: Installation, number: int, signer: EcSigner) -> bytes:
    """An anchor's file with the signature of another key that passes for the first."""
    anchor = made.read(number)
    return write(anchor.statement, anchor.heads, signer.sign(anchor.statement.digest))


def _replace(made: Installation, number: int, content: bytes) -> None:
    made.vault.objects[key_of(INSTALLATION, number)][0].content = content


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda made: made.vault.objects.pop(key_of(INSTALLATION, 1)), "anchor 1 is missing"),
        (lambda made: made.vault.objects[key_of(INSTALLATION, 2)].pop(0), None),
        (lambda made: _replace(made, 2, made.content(1)), "the file of anchor 2 holds anchor 1 of mlgov"),
        (lambda made: _replace(made, 2, b"{}"), "anchor 2 is no object of heads"),
        (lambda made: _replace(made, 2, _sign_again(made, 2, EcSigner(2))), "anchor 2 was not signed by arn:aws:kms"),
        (lambda made: setattr(made.vault.objects[key_of(INSTALLATION, 2)][0], "locked", False), "no version that Obj"),
    ],
)  # fmt: skip
def test_it_refuses_to_go_on_from_anchors_that_were_tampered_with(
    tamper: Callable[[Installation], object], said: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: a new anchor vouches for a chain whose last link was taken out or exchanged."""
    made = story(until=2)
    if said is None:
        # Only a delete marker is left of the newest.
        made.vault.lay_over(key_of(INSTALLATION, 2), None)
        said = "anchor 2 is missing"
    tamper(made)
    capsys.readouterr()
    count = len(made.vault.objects)
    with pytest.raises(AnchorError, match=said):
        made.anchor()
    assert len(made.vault.objects) == count
    assert incidents(capsys) == ["anchor-refused"]
    assert made.cloudwatch.names[-1] == "Incidents"


@pytest.mark.parametrize("content", [None, b"garbage"])
def test_what_is_laid_over_an_anchor_is_told_once_and_hides_nothing(
    content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: a delete marker or a newer version makes the chain go on from elsewhere, or stop."""
    made = story(until=2)
    key = key_of(INSTALLATION, 2)
    made.minutes += 1
    made.vault.lay_over(key, content)
    made.minutes += 1
    capsys.readouterr()
    assert made.anchor() == "anchored"
    assert made.read(3).statement.previous == made.read(2).sha256
    assert incidents(capsys) == ["anchor-hidden"]
    made.minutes += 1
    made.anchor()
    assert incidents(capsys) == []


def test_an_unlocked_version_below_the_locked_one_is_not_the_anchor() -> None:
    """Guards: a version from before the lock was there counts for the anchor."""
    made = story(until=1)
    key = key_of(INSTALLATION, 1)
    [anchor] = made.vault.objects.pop(key)
    made.vault.lay_over(key, b"garbage", locked=False)
    made.vault.lay_over(key, anchor.content)
    assert made.anchor() == "anchored"
    assert made.read(2).statement.previous == hashlib.sha256(anchor.content).hexdigest()


def _state(made: Installation, **columns: object) -> None:
    made.world.tables.state[arn_of(1)].update(columns)  # type: ignore[arg-type]  # whatever a tamperer writes


def _rechain(made: Installation, from_row: int) -> None:
    """Rewrite rows of the first version consistently, state row included."""
    rows = [row for (arn, _), row in sorted(made.world.tables.ledger.items()) if arn == arn_of(1)]
    before: Row = {"hash": NO_PREVIOUS}
    for row in rows:
        row["prevhash"] = before["hash"]
        if row["seq"] == from_row:
            row["reason"] = "forged"
        row["hash"] = row_hash(row)
        before = row
    _state(made, ledgerhash=rows[-1]["hash"])


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda made: made.world.tables.state.pop(arn_of(1)), "is gone: anchor 1 holds 1 rows of it"),
        (lambda made: _state(made, ledgerseq=0), "ends at row 0: anchor 1 holds 1 rows"),
        (lambda made: _state(made, ledgerseq=5), "its rows lead to row 4"),
        (lambda made: _state(made, ledgerhash="f" * 64), "its rows lead to row 4"),
        (lambda made: made.world.tables.ledger.pop((arn_of(1), 3)), "row 3 is missing, or doesn't follow row 2"),
        (lambda made: made.world.tables.ledger[arn_of(1), 3].update(reason="x"), "row 3 is missing, or doesn't"),
        (lambda made: _rechain(made, 1), "row 2 is missing, or doesn't follow row 1"),
        (lambda made: made.world.tables.state[arn_of(1)].pop("ledgerseq"), "has no ledgerseq and ledgerhash"),
    ],
)  # fmt: skip
def test_it_signs_no_head_that_the_ledger_does_not_lead_to(
    tamper: Callable[[Installation], object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: whoever can rewrite a state row, or the rows behind an anchor, gets it signed as the truth."""
    made = story(until=1)
    later = story(until=2).world.tables
    made.world.tables.state.update(later.state)
    made.world.tables.ledger.update(later.ledger)
    tamper(made)
    capsys.readouterr()
    with pytest.raises(AnchorError, match=said):
        made.anchor()
    assert (made.count, incidents(capsys)) == (1, ["anchor-refused"])


def _forge(rows: list[Row]) -> None:
    rows[0]["verdict"] = "unregistered"
    rows[0]["hash"] = rows[1]["prevhash"] = row_hash(rows[0])
    rows[1]["hash"] = row_hash(rows[1])


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda rows: rows.clear(), "endpoint/creditrisk is gone: anchor 2 holds 1 rows of it"),
        (_forge, "endpoint/creditrisk row 2 is missing, or doesn't follow row 1"),
        (lambda rows: rows[1].update(verdict="x"), "endpoint/creditrisk row 2 is missing, or doesn't follow row 1"),
    ],
)
def test_it_signs_no_end_of_a_history_that_its_rows_do_not_lead_to(
    tamper: Callable[[list[Row]], object], said: str
) -> None:
    """Guards: what served where, rewritten behind an anchor, is signed as the truth."""
    made = story(until=2)
    rows = made.history.histories[ENDPOINT] = [dict(row) for row in story().history.histories[ENDPOINT]]
    tamper(rows)
    with pytest.raises(AnchorError, match=said):
        made.anchor()


def test_only_rows_since_the_anchor_before_are_read() -> None:
    """Guards: a run whose cost grows with the ledger instead of with what happened since."""
    made = story(until=1)
    read: list[tuple[str, int, int]] = []
    rows = made.ledger.rows

    def counted(arn: str, after: Head, to: Head) -> Iterator[Row]:
        read.append((arn, after.seq, to.seq))
        return rows(arn, after, to)

    made.ledger.rows = counted  # type: ignore[method-assign]  # to see what is asked for
    made.anchor()
    assert read == []
    later = story(until=2).world.tables
    made.world.tables.state.update(later.state)
    made.world.tables.ledger.update(later.ledger)
    made.anchor()
    assert read == [(arn_of(1), 1, 4)]


def test_a_new_key_goes_on_from_the_old_one_s_anchors_if_it_may_verify_them() -> None:
    """Guards: a change of key ends the chain, or a foreign key's anchors pass for those of the old one."""
    made = story(until=1)
    old, made.signer = made.signer, EcSigner(2)
    with pytest.raises(KeyError):
        made.anchor()
    made.signer.others[old.arn] = old
    assert made.anchor() == "anchored"
    second = made.read(2).statement
    assert second.key.arn == made.signer.arn
    assert made.files()[public_key_file(second.key.public_sha256)] == made.signer.public_key()


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"job": "walk"}', '{"source": "aws.events", "detail-type": "Scheduled Event", "time": "soon"}',
     '{"source": "aws.events", "detail-type": "Scheduled Event"}', '{"source": "x", "detail-type": "Scheduled Event"}'],
)  # fmt: skip
def test_other_messages_are_refused(body: str) -> None:
    """Guards: any message on the queue makes an anchor, or a malformed one comes again for ever."""
    with pytest.raises(NotARun):
        due_of("m1", body)


def test_a_scheduled_event_says_since_when_an_anchor_is_due() -> None:
    """Guards: times of two forms, compared as texts."""
    assert due_of("m1", scheduled(0)) == "2026-03-01T09:00:00.000Z"
    assert due_of("m1", JOB) is None
