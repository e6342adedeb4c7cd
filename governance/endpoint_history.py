"""What every endpoint served, and since when: an append-only, hash-chained history beside the endpoints' table.

The endpoints' table shows what is; this shows what was. One row per change of what matters (what serves, the verdict,
the end), none where a walk sees nothing new. Rows are sealed like the ledger's (:mod:`governance.ledger`), one chain
per endpoint, so that the anchors cover both.
"""

from __future__ import annotations

from collections.abc import Mapping

from governance.canonical import Json
from governance.ledger import Head, Row, row_hash

SCHEMA_VERSION = 1

SERVING = ("status", "configname", "variants", "modelpackagearns", "creationtime", "deletedat")
"""Changes of these are the endpoint's: they happened when it was last modified."""

JUDGED = ("verdict", "stage")
"""Changes of these are ours or the registry's: they are known from when they were observed."""

CARRIED = ("account", "region", "endpointname", "stack", "evidence")


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
    """Never before the row before: a history that goes back in time answers nothing."""
    changed = row.get("deletedat") or row.get("lastmodifiedtime") or row.get("creationtime") or observed
    return max(str(changed), str(last["since"])) if last else str(changed)
