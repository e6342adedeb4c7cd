"""What the data answers: what was so at a time, what serves now, how the work flows. Reads rows, changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from blueprint.names import Table
from console.errors import CommandError
from console.tables import LEDGER, Row, Source, by_package
from governance.canonical import Json
from governance.flow import Flow, flow
from governance.stages import Stages
from governance.timeline import AsOf, as_of
from governance.times import EARLIEST

ENDPOINTS: Table = "sagemakermodelendpoints"
HISTORY: Table = "sagemakerendpointhistory"

ACCOUNT_ROW = "account:"
"""How the keys of an account's own rows begin; all others are ARNs of endpoints."""

SERVES_WELL = "approved"

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
    """What serves, and whether every account could be read. `accounts` and `endpoints` are rows of the table."""

    accounts: tuple[Row, ...]
    endpoints: tuple[Row, ...]

    @property
    def wrong(self) -> tuple[Row, ...]:
        """What isn't known to be right: endpoints with any other verdict than approved, accounts that can't be read."""
        return tuple(row for row in (*self.accounts, *self.endpoints) if row.get("verdict") not in (SERVES_WELL, None))


def inventory(source: Source, *, deleted: bool, verdicts: Sequence[str] = ()) -> Inventory:
    """The endpoints' table, accounts apart. `deleted`: with endpoints that are gone; `verdicts`: of these only."""
    rows = source.rows(ENDPOINTS)
    endpoints = [row for row in rows if not _is_account(row)]
    kept = [row for row in endpoints if (deleted or not row.get("deletedat")) and _is_of(row, verdicts)]
    return Inventory(
        accounts=tuple(sorted((row for row in rows if _is_account(row)), key=_key)),
        endpoints=tuple(sorted(kept, key=lambda row: (str(row.get("account")), _key(row)))),
    )


def _is_of(row: Mapping[str, Json], verdicts: Iterable[str]) -> bool:
    wanted = set(verdicts)
    return not wanted or row.get("verdict", "unknown") in wanted


def _is_account(row: Mapping[str, Json]) -> bool:
    return _key(row).startswith(ACCOUNT_ROW)


def _key(row: Mapping[str, Json]) -> str:
    return str(row.get("endpointarn"))
