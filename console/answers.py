"""What the data answers: what was so at a time, what serves now, how the work flows. Reads rows, changes nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from console.errors import CommandError
from console.tables import ENDPOINTS, HISTORY, LEDGER, Row, Source, by_package
from governance.flow import Flow, flow
from governance.inventory_rows import is_account, shown_verdict
from governance.stages import Stages
from governance.timeline import AsOf, as_of
from governance.times import EARLIEST
from governance.verdicts import Verdict

TIME_FORM = "ISO 8601, such as 2026-11-23, 2026-11-23T14:30 or 2026-11-23T14:30:00+01:00 (UTC where no zone is given)"


def time_of(text: str, option: str) -> datetime:
    """A time that somebody typed. Raises CommandError with the form wanted."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise CommandError(f"{option} {text!r} is no time; wanted: {TIME_FORM}") from None
    at = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    if at < EARLIEST:
        raise CommandError(
            f"{option} {text!r} lies before {EARLIEST:%Y}, when there was no SageMaker; wanted: {TIME_FORM}"
        )
    return at.astimezone(UTC)


def answer_as_of(source: Source, stages: Stages, at: datetime, known: datetime | None) -> AsOf:
    return as_of(by_package(source.rows(LEDGER)), _by_endpoint(source), stages, at, known)


def answer_flow(source: Source, stages: Stages, at: datetime) -> Flow:
    history = [row for rows in _by_endpoint(source).values() for row in rows]
    return flow(by_package(source.rows(LEDGER)), history, stages, at)


def _by_endpoint(source: Source) -> dict[str, list[Row]]:
    endpoints: dict[str, list[Row]] = {}
    for row in source.rows(HISTORY):
        endpoints.setdefault(str(row["endpointarn"]), []).append(row)
    return endpoints


@dataclass(frozen=True, slots=True)
class Inventory:
    """What serves, and whether every account could be read: rows of the table, an endpoint's `verdict` as of now."""

    accounts: tuple[Row, ...]
    endpoints: tuple[Row, ...]

    @property
    def wrong(self) -> tuple[Row, ...]:
        """What isn't known to be right: accounts that can't be read, and what serves with another verdict than
        approved. What is gone serves no more.
        """
        unread = [row for row in self.accounts if row.get("verdict")]
        serving = [row for row in self.endpoints if not row.get("deletedat")]
        return (*unread, *(row for row in serving if row["verdict"] != Verdict.APPROVED))


def inventory(source: Source, *, deleted: bool, verdicts: Collection[Verdict] = ()) -> Inventory:
    """The endpoints' table, accounts apart. `deleted`: with endpoints that are gone; `verdicts`: of these only."""
    rows = source.rows(ENDPOINTS)
    endpoints = [_judged(row) for row in rows if not is_account(row) and (deleted or not row.get("deletedat"))]
    kept = [row for row in endpoints if not verdicts or row["verdict"] in verdicts]
    return Inventory(
        accounts=tuple(sorted((row for row in rows if is_account(row)), key=_key)),
        endpoints=tuple(sorted(kept, key=lambda row: (str(row.get("account")), _key(row)))),
    )


def _judged(row: Row) -> Row:
    """A row with the verdict that it is worth now; what is gone keeps its last."""
    last = row.get("verdict") if row.get("deletedat") else None
    return {**row, "verdict": last or shown_verdict(row).value}


def _key(row: Row) -> str:
    return str(row.get("endpointarn"))
