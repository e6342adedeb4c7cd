"""What the metrics function needs of the world, in the domain's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from governance.canonical import Json
from governance.metrics import Points, Query, Row
from governance.metrics_window import Window
from lambdas.common.measure import Measure

COMPLETE = "Complete"
FORBIDDEN = "Forbidden"
"""StatusCodes of a MetricDataResult that end the asking; the others are `PartialData` and `InternalError`."""


class Refused(Exception):
    """CloudWatch refuses a request as a whole, as it is: the same again would be refused again."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a page holds of one query; `index` is its place in what was asked."""

    index: int
    status: str
    points: Points


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an answer. `token` leads to the next, None: there is none. `retries`: made by the client itself."""

    results: tuple[Result, ...]
    token: str | None
    retries: int = 0


class Endpoints(Protocol):
    """The endpoints' table."""

    def rows(self) -> Iterator[Mapping[str, Json]]:
        """All rows, with the columns that targets are made of. Raises Busy."""


class Telemetry(Protocol):
    """CloudWatch, the hub's own and what is linked to it."""

    def page(self, queries: Sequence[Query], window: Window, token: str | None) -> Page:
        """One call. Raises Busy (the whole answer must be asked for again), Refused, or the client's error."""


class Table(Protocol):
    """The metrics' table."""

    def put(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Write at most 25 rows of different keys, replacing what is there; gives those that weren't written.
        Raises Busy if none was.
        """

    def collected_until(self) -> int | None:
        """Where the last complete scheduled run ended, epoch seconds; None: there was none."""

    def advance(self, until: int) -> None:
        """Note where a scheduled run ended. Never moves back."""


class Outbox(Protocol):
    """Queues that the function sends to."""

    def go_on(self, body: str) -> None:
        """Send the rest of a run to the function's own queue."""

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        """Keep a message that can never be handled."""


class Meter(Protocol):
    """The installation's own metrics."""

    def put(self, measures: Iterable[Measure]) -> None:
        """Put them; failures are only logged."""
