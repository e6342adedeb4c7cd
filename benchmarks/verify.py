"""How many ledger rows `governance verify` checks per second, against bare json.loads and SHA-256 of the same lines.

`python -m benchmarks.verify [PACKAGES [ROWS]]`; the tables are an export on disk, as an auditor has it.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from benchmarks.timing import interleaved, show
from blueprint.names import Table
from console.anchors import ExportedAnchors
from console.signatures import KeyRing
from console.tables import DEDUP, HISTORY, LEDGER, STATE, ExportedTables
from console.verify import Verification, verify
from governance.anchor import Key, key_of, public_key_file, read, state_next, write
from governance.canonical import Json, canonical
from governance.facts import Fact
from governance.ledger import EMPTY, Head, Row, seal
from governance.stages import DEFAULT_STAGES
from governance.state import State, head_of, project
from governance.terms import LIFECYCLE_FIELD, Kind

ROUNDS = 5
ANCHORS = 24
DEFAULTS = ["200", "50"]
INSTALLATION = "mlgov"
START = datetime(2026, 3, 1, tzinfo=UTC)
BARE = "json.loads and SHA-256"


def history(package: int, count: int) -> tuple[list[Row], State]:
    """A version's rows, one decision after the other, and its state."""
    group, rows, state = "ModelCreditRisk", [], None
    arn = f"arn:aws:sagemaker:eu-west-1:111111111111:model-package/{group}/{package}"
    for turn in range(count):
        happened = START + timedelta(minutes=turn)
        fact = Fact(
            arn=arn, group=group, version=package, kind=Kind.STAGE, field=LIFECYCLE_FIELD,
            value={"Stage": "Development", "StageStatus": "Approved", "StageDescription": f"decision {turn}"},
            happened=happened, created=START, event_id=f"{package}-{turn}", account="111111111111",
            region="eu-west-1",
        )  # fmt: skip
        row = seal(fact, head_of(state) if state else EMPTY, seen=happened, came_from=None, late=False)
        state = project(state, row, None)
        rows.append(row)
    return rows, state or {}


def write_export(folder: Path, packages: int, count: int) -> None:
    """Tables of so many packages with so many rows each, and anchors over them as they grew."""
    told = [history(package, count) for package in range(1, packages + 1)]
    items = [
        {name: row[name] for name in ("contentid", "modelpackagearn", "seq", "seenat")}
        for rows, _ in told
        for row in rows
    ]
    tables: dict[Table, Sequence[Mapping[str, Json]]] = {
        LEDGER: [row for rows, _ in told for row in rows],
        DEDUP: items,
        STATE: [s for _, s in told],
        HISTORY: [],
    }
    for table, lines in tables.items():
        path = folder / "tables" / f"{INSTALLATION}_{table}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{canonical(line)}\n" for line in lines), encoding="utf-8")
    _write_anchors(folder, [rows for rows, _ in told], count)


def _write_anchors(folder: Path, chains: list[list[Row]], count: int) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = private.public_key().public_bytes(serialization.Encoding.DER, form)
    key = Key("arn:aws:kms:eu-west-1:111111111111:key/benchmark", hashlib.sha256(public).hexdigest())
    files, before = {public_key_file(key.public_sha256): public}, None
    for number in range(1, ANCHORS + 1):
        end = max(1, count * number // ANCHORS)
        heads = {str(rows[0]["modelpackagearn"]): Head(end, str(rows[end - 1]["hash"])) for rows in chains}
        statement = state_next(INSTALLATION, before, heads, START + timedelta(hours=number), key)
        signature = private.sign(statement.digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        content = files[key_of(INSTALLATION, number)] = write(statement, heads, signature)
        before = read(content)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def bare(folder: Path) -> int:
    """What no verifier can do without."""
    lines = (folder / "tables" / f"{INSTALLATION}_{LEDGER}.jsonl").read_bytes().splitlines()
    return sum(len(json.loads(line)) + len(hashlib.sha256(line).digest()) for line in lines)


def checked(folder: Path, *, anchored: bool) -> Verification:
    anchors = ExportedAnchors(folder, INSTALLATION) if anchored else None
    keys = KeyRing(anchors.public_key) if anchors else None
    found = verify(ExportedTables(folder), DEFAULT_STAGES, anchors, keys)
    if not found.sound:
        raise RuntimeError("the benchmark's own export doesn't verify: its numbers would mean nothing")
    return found


def rates(medians: Mapping[str, float], rows: int) -> str:
    return ", ".join(f"{name} {rows / median:,.0f}" for name, median in medians.items())


def main() -> None:
    packages, count = map(int, (sys.argv[1:] + DEFAULTS[len(sys.argv) - 1 :])[:2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_export(folder, packages, count)
        calls = {
            BARE: lambda: bare(folder),
            "verify, tables alone": lambda: checked(folder, anchored=False),
            f"verify, with {ANCHORS} anchors": lambda: checked(folder, anchored=True),
        }
        medians = interleaved(calls, ROUNDS)
    show(f"{packages} packages of {count} rows", medians, BARE)
    print(f"rows per second: {rates(medians, packages * count)}")


if __name__ == "__main__":
    main()
