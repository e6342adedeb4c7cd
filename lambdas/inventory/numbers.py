"""What a complete run measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from governance.canonical import Json, iso
from governance.inventory_rows import is_account, shown_verdict
from governance.verdicts import Verdict
from lambdas.common.measure import Measure

FUNCTION = "inventory"


def numbers(rows: Sequence[Mapping[str, Json]], accounts: frozenset[str], started: datetime) -> list[Measure]:
    """The measures of the endpoints' table, none until every account has been walked since `started`.

    Dimensions: `EndpointsByVerdict` the verdict, the others the function.
    """
    own = {str(row["account"]): row for row in rows if is_account(row) and row["account"] in accounts}
    if any(str((own.get(account) or {}).get("walkstarted") or "") < iso(started) for account in accounts):
        return []
    endpoints = [row for row in rows if row.get("account") in accounts and not is_account(row)]
    counts = Counter(shown_verdict(row) for row in endpoints if not row.get("deletedat"))
    unreadable = sum(row["verdict"] == Verdict.UNKNOWN for row in own.values())
    by_function = {"Function": FUNCTION}
    return [
        *(Measure("EndpointsByVerdict", counts[v], dimensions={"Verdict": v.value}) for v in Verdict),
        Measure("UnreadableAccounts", unreadable, dimensions=by_function),
        Measure("Heartbeat", 1, dimensions=by_function),
    ]
