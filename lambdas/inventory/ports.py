"""What the inventory needs of the world, in the domain's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from governance.canonical import Json
from governance.inventory import (
    Component,
    Config,
    Endpoint,
    Model,
    Package,
    Seen,
    StoredArtifact,
    TransformJob,
    Unreadable,
)
from governance.inventory_rows import Columns
from governance.ledger import Row
from lambdas.common.accounts import Account
from lambdas.common.measure import Measure


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an account's endpoints. `token` of the next one, None on the last."""

    names: tuple[str, ...]
    token: str | None


class Hosting(Protocol):
    """SageMaker's hosting in one account, read by its reader role."""

    def endpoints(self, token: str | None) -> Page | Unreadable:
        """A page of the account's endpoints, by name."""

    def endpoint(self, name: str) -> Seen[Endpoint]:
        """One endpoint as it serves now."""

    def components(self, endpoint: str) -> tuple[Component, ...] | Unreadable:
        """All inference components of an endpoint."""

    def config(self, name: str) -> Seen[Config]:
        """An endpoint configuration."""

    def model(self, name: str) -> Seen[Model]:
        """A model."""

    def transform_jobs(self) -> tuple[TransformJob, ...] | Unreadable:
        """The batch transform jobs in progress."""


Accounts: TypeAlias = Callable[[Account], Hosting | Unreadable]
"""Takes an account's reader role."""


class Registry(Protocol):
    """The hub's model registry."""

    def package(self, arn: str) -> Seen[Package]:
        """A version as it is now."""


class States(Protocol):
    """The state table."""

    def read(self, arn: str) -> Mapping[str, Json] | None:
        """A version's state row, consistently; None if it was never recorded."""

    def all(self) -> Iterator[Mapping[str, Json]]:
        """Of every state row `modelpackagearn`, `artifacturl` and `stages`."""


class Artifacts(Protocol):
    """The artifact bucket."""

    def find(self, url: str) -> Seen[StoredArtifact]:
        """What lies under a URL now."""


class Table(Protocol):
    """The endpoints' table. Each write is conditional, so that what is older never replaces what is newer."""

    def record(self, arn: str, state: Columns, verdict: Columns) -> None:
        """Write what was seen of an endpoint: its state unless a newer one is there, its verdict unless a newer one
        is.
        """

    def doubt(self, arn: str, columns: Columns) -> bool:
        """Write that an endpoint couldn't be judged, unless it was judged later or is deleted; whether it was."""

    def bury(self, arn: str, columns: Columns, gone: datetime) -> bool:
        """Write that an endpoint isn't there any more, unless it was seen since `gone`; whether it was written."""

    def account(self, account: str, columns: Columns) -> bool:
        """Write an account's own row, unless one of a later walk is there; whether it was written."""

    def row(self, arn: str) -> Mapping[str, Json] | None:
        """An endpoint's row as it is, consistently."""

    def rows(self) -> Iterator[Mapping[str, Json]]:
        """Of every row, consistently: endpointarn, endpointname, account, verdict, status, deletedat, lastseen,
        walkedat, lastmodifiedtime, walkstarted.
        """


class History(Protocol):
    """The endpoints' history: one chain per endpoint, to which rows can be added and nothing else."""

    def last(self, arn: str) -> Row | None:
        """The end of an endpoint's chain, consistently."""

    def append(self, row: Row) -> bool:
        """Add a row; False where its place is taken."""


class Jobs(Protocol):
    """The function's own queue, and the one for what is no job."""

    def send(self, body: str) -> None:
        """Ask for a job. May be asked twice."""

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        """Keep a message that is no job."""


class Meter(Protocol):
    """Where measures go."""

    def put(self, measures: Iterable[Measure]) -> None:
        """Put what was measured; never fails."""
