"""What somebody with all rights on the tables could do to them, and to an export of anchors."""

from __future__ import annotations

import copy
import functools
import hashlib
import itertools
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from console.tables import DEDUP, LEDGER, STATE
from governance.anchor import Key, key_of, public_key_file, read, state_next, write
from governance.ledger import GENESIS, Head, row_hash
from governance.state import CARD_COLUMNS, State, project
from governance.terms import content_id
from tests.console.exports import rows_of
from tests.governance.samples import arn_of, envelope, iso, moment, package_detail, seen, stage
from tests.lambdas.anchor.world import INSTALLATION, EcSigner, Installation

Tables = dict[str, list[dict[str, Any]]]

VERSIONS = 3
ROUNDS = 6
ANCHOR_AFTER = (0, 2, 3, 5)
"""Rounds after which an anchor is made: so between two anchors a chain grows by one row, or by two."""


@functools.cache
def _long() -> tuple[Installation, Tables]:
    """Three versions with a registration and five decisions each, and four anchors between them."""
    made = Installation()
    for turn in range(ROUNDS):
        for version in range(1, VERSIONS + 1):
            minutes = turn * 10 + version
            made.world.registry.versions[arn_of(version)] = seen(modified=moment(minutes))
            verdict = "Approved" if turn % 2 else "Rejected"
            detail = package_detail(
                version=version,
                created=iso(moment(version)),
                modified=iso(moment(minutes)),
                changed=("ModelLifeCycle",) if turn else (),
                lifecycle=stage("Development", verdict, f"round {turn}") if turn else None,
            )
            made.world.deliver(envelope(detail, event_id=f"e{turn}-{version}"))
        if turn in ANCHOR_AFTER:
            made.anchor()
    return made, rows_of(made.world)


def long_story() -> tuple[Installation, Tables]:
    """The same installation each time, with tables of one's own."""
    made, tables = _long()
    return made, copy.deepcopy(tables)


def chain(tables: Tables, arn: str) -> list[dict[str, Any]]:
    """A package's rows in order."""
    return sorted((row for row in tables[LEDGER] if row["modelpackagearn"] == arn), key=lambda row: row["seq"])


def rewrite(tables: Tables, arn: str, seq: int, **changes: Any) -> None:
    """Change a row and make everything after it agree: hashes, content ids, dedup items and the state row."""
    rows = chain(tables, arn)
    rows[seq - 1].update(changes)
    rebuild(tables, arn, rows)


def rebuild(tables: Tables, arn: str, rows: list[dict[str, Any]]) -> None:
    """Make these rows the package's history, consistently, as capture itself would have written them."""
    before = GENESIS
    for seq, row in enumerate(rows, start=1):
        row |= {"seq": seq, "prevhash": before}
        row["contentid"] = content_id(arn, row["field"], row["happenedat"], row["tovalue"])
        before = row["hash"] = row_hash(row)
    tables[LEDGER] = [row for row in tables[LEDGER] if row["modelpackagearn"] != arn] + rows
    items = [{name: row[name] for name in ("contentid", "modelpackagearn", "seq", "seenat")} for row in rows]
    tables[DEDUP] = [item for item in tables[DEDUP] if item["modelpackagearn"] != arn] + items
    [old] = [state for state in tables[STATE] if state["modelpackagearn"] == arn]
    state: State | None = None
    for row in rows:
        state = project(state, row, {})
    tables[STATE].remove(old)
    if state is not None:
        tables[STATE].append(state | {name: old[name] for name in CARD_COLUMNS})


def rechain_from(tables: Tables, arn: str, seq: int, **changes: Any) -> None:
    """Change a row and re-chain the ledger's rows after it, but leave dedup and state as they were."""
    rows = chain(tables, arn)
    rows[seq - 1].update(changes)
    for before, row in itertools.pairwise([{"hash": GENESIS}, *rows]):
        row["prevhash"] = before["hash"]
        row["hash"] = row_hash(row)


def forge(made: Installation, signer: EcSigner, *, change: Callable[[int, dict[str, Head]], None]) -> dict[str, bytes]:
    """All anchors made anew with other heads, chained to each other, signed by another key, with its public half."""
    files: dict[str, bytes] = {}
    before = None
    public = signer.public_key()
    key_sha256 = hashlib.sha256(public).hexdigest()
    for number in range(1, made.count + 1):
        old = made.read(number)
        heads = dict(old.heads)
        change(number, heads)
        key, made_at = Key(old.statement.key.arn, key_sha256), datetime.fromisoformat(old.statement.made)
        statement = state_next(INSTALLATION, before, heads, made_at, key)
        content = write(statement, heads, signer.sign(statement.digest))
        files[key_of(INSTALLATION, number)] = content
        before = read(content)
    return files | {public_key_file(key_sha256): public}


def write_listing(folder: Path, entries: list[dict[str, Any]]) -> None:
    (folder / "versions.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
