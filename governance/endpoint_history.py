"""What every endpoint served, and since when: an append-only, hash-chained history beside the endpoints' table.

The endpoints' table shows what is; this shows what was. One row per change of what matters (what serves, the verdict,
the end), none where a walk sees nothing new. Rows are sealed like the ledger's (:mod:`governance.ledger`), one chain
per endpoint, so that the anchors cover both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from governance.canonical import Json
from governance.ledger import Finding, Head, Row, follow, row_hash

SCHEMA_VERSION = 1

SERVING = ("status", "configname", "variants", "modelpackagearns", "creationtime", "deletedat")
"""Changes of these are the endpoint's: they happened when it was last modified, if that was since the row before.
An inference component that is placed on it, or a model made anew under its name, leaves its LastModifiedTime alone.
"""

JUDGED = ("verdict", "stage")
"""Changes of these are ours or the registry's: they are known from when they were observed."""

CARRIED = ("account", "region", "endpointname", "stack", "evidence", "lastmodifiedtime")


def next_row(row: Mapping[str, Json], last: Mapping[str, Json] | None, head: Head, *, observed: str) -> Row | None:
    """The history row after `last` for an endpoint's new row, None where nothing that matters changed.

    `row` is the endpoints' table's. `since` is from when on it holds: the endpoint's LastModifiedTime for what the
    endpoint itself changed (an endpoint that is gone: `deletedat`), else `observed`.
    """
    serving = last is None or any(row.get(name) != last.get(name) for name in SERVING)
    if not serving and all(row.get(name) == (last or {}).get(name) for name in JUDGED):
        return None
    values: dict[str, Json] = {
        "schemaversion": SCHEMA_VERSION,
        "endpointarn": row["endpointarn"],
        "seq": head.seq + 1,
        "since": _since(row, last, observed) if serving else observed,
        "observedat": observed,
        **{name: row.get(name) for name in (*SERVING, *JUDGED, *CARRIED)},
        "prevhash": head.hash,
    }
    sealed: Row = {name: value for name, value in values.items() if value is not None}
    sealed["hash"] = row_hash(sealed)
    return sealed


def _since(row: Mapping[str, Json], last: Mapping[str, Json] | None, observed: str) -> str:
    """Never before the row before: a history that goes back in time answers nothing.

    What serves now and didn't before, of an endpoint that says it wasn't modified meanwhile, is known from when it was
    observed: dated by the endpoint it would have served all along. (What was never known before is no change.)
    """
    changed = str(row.get("deletedat") or row.get("lastmodifiedtime") or row.get("creationtime") or observed)
    if last is None:
        return changed
    modified = any(row.get(name) != last.get(name) for name in ("lastmodifiedtime", "creationtime", "deletedat"))
    if not modified and last.get("modelpackagearns") is not None:
        changed = observed
    return max(changed, str(last["since"]))


def verify_history(arn: str, rows: Iterable[Mapping[str, Json]]) -> list[Finding]:
    """All breaks of one endpoint's chain, the first broken row first; `rows` in any order.

    Nothing else says where a history ends, so that its tail was cut shows by an anchor only.
    """
    return follow(arn, rows, _row_findings)[0]


def _row_findings(arn: str, seq: int, row: Mapping[str, Json], before: str) -> list[Finding]:
    if row.get("schemaversion") != SCHEMA_VERSION:
        known = f"this verifier knows {SCHEMA_VERSION}"
        return [Finding(arn, seq, f"has schema version {row.get('schemaversion')}, {known}")]
    try:
        actual = row_hash(row)
    except (TypeError, ValueError) as problem:
        return [Finding(arn, seq, f"can't be hashed: {problem}")]
    if actual != row.get("hash"):
        return [Finding(arn, seq, f"was changed: its content hashes to {actual}, it says {row.get('hash')}")]
    if row.get("prevhash") != before:
        return [Finding(arn, seq, f"does not follow the row before: prevhash is {row.get('prevhash')}, not {before}")]
    return []
