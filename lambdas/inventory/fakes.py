"""The inventory's ports in memory, with the table's conditions.

Beside the adapters because they must change with them. `fault` lets a caller break any call, before or after it took
effect: what a crash or a lost answer does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from governance.canonical import Json, iso
from governance.inventory import (
    Component,
    Config,
    Endpoint,
    Gone,
    Model,
    Package,
    Seen,
    StoredArtifact,
    TransformJob,
    Unreadable,
)
from governance.inventory_rows import Columns, account_key
from governance.ledger import Row
from lambdas.common.accounts import Account
from lambdas.common.fakes import Fault, no_fault
from lambdas.inventory.ports import Page

T = TypeVar("T")


@dataclass
class FakeHosting:
    """One account. `refused` holds calls that aren't permitted: `<call>` for all, `<call> <name>` for one."""

    live: dict[str, Endpoint] = field(default_factory=dict)
    configs: dict[str, Config] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    placed: dict[str, tuple[Component, ...]] = field(default_factory=dict)
    running: tuple[TransformJob, ...] = ()
    refused: dict[str, Unreadable] = field(default_factory=dict)
    page: int = 100
    fault: Fault = no_fault
    calls: list[str] = field(default_factory=list)

    def endpoints(self, token: str | None) -> Page | Unreadable:
        refusal = self._refusal("endpoints", "")
        if refusal:
            return refusal
        names, start = sorted(self.live), int(token or 0)
        further = str(start + self.page) if start + self.page < len(names) else None
        return Page(tuple(names[start : start + self.page]), further)

    def endpoint(self, name: str) -> Seen[Endpoint]:
        return self._read("endpoint", self.live, name)

    def config(self, name: str) -> Seen[Config]:
        return self._read("config", self.configs, name)

    def model(self, name: str) -> Seen[Model]:
        return self._read("model", self.models, name)

    def components(self, endpoint: str) -> tuple[Component, ...] | Unreadable:
        return self._refusal("components", endpoint) or self.placed.get(endpoint, ())

    def transform_jobs(self) -> tuple[TransformJob, ...] | Unreadable:
        return self._refusal("transform_jobs", "") or self.running

    def _read(self, call: str, things: Mapping[str, T], name: str) -> Seen[T]:
        return self._refusal(call, name) or things.get(name, Gone())

    def _refusal(self, call: str, name: str) -> Unreadable | None:
        self.fault(f"hosting.{call}:before")
        self.calls.append(f"{call} {name}".strip())
        return self.refused.get(call) or self.refused.get(f"{call} {name}")


@dataclass
class FakeAccounts:
    """Accounts by id; an account without hosting can't be taken the role of."""

    hostings: dict[str, FakeHosting | Unreadable] = field(default_factory=dict)
    fault: Fault = no_fault

    def __call__(self, account: Account) -> FakeHosting | Unreadable:
        self.fault("accounts.open:before")
        return self.hostings[account.account]


@dataclass
class FakeRegistry:
    """Versions by ARN."""

    packages: dict[str, Seen[Package]] = field(default_factory=dict)
    fault: Fault = no_fault

    def package(self, arn: str) -> Seen[Package]:
        self.fault("registry.package:before")
        return self.packages.get(arn, Gone())


@dataclass
class FakeStates:
    """State rows by ARN."""

    states: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    fault: Fault = no_fault

    def read(self, arn: str) -> Mapping[str, Json] | None:
        self.fault("states.read:before")
        return self.states.get(arn)

    def all(self) -> Iterator[Mapping[str, Json]]:
        self.fault("states.all:before")
        yield from self.states.values()


@dataclass
class FakeArtifacts:
    """Objects by URL."""

    objects: dict[str, Seen[StoredArtifact]] = field(default_factory=dict)
    fault: Fault = no_fault

    def find(self, url: str) -> Seen[StoredArtifact]:
        self.fault("artifacts.find:before")
        return self.objects.get(url, Gone())


@dataclass
class FakeTable:
    """Rows by key, with the conditions that the adapter sends."""

    kept: dict[str, dict[str, Json]] = field(default_factory=dict)
    fault: Fault = no_fault

    def record(self, arn: str, state: Columns, verdict: Columns) -> None:
        row = self.kept.get(arn, {})
        self._write("state", arn, state, str(row.get("eventorder") or "") < str(state["eventorder"]), "lastseen")
        row = self.kept.get(arn, {})
        self._write("verdict", arn, verdict, _older(row, verdict, "walkedat"), None)

    def doubt(self, arn: str, columns: Columns) -> bool:
        row = self.kept.get(arn, {})
        return self._write("doubt", arn, columns, _older(row, columns, "walkedat") and _lives(row), "walkedat")

    def bury(self, arn: str, columns: Columns, gone: datetime) -> bool:
        row = self.kept.get(arn)
        known = row is not None and _lives(row) and str(row.get("lastseen") or "") < iso(gone)
        return self._write("bury", arn, columns, known, None)

    def account(self, account: str, columns: Columns) -> bool:
        row = self.kept.get(account_key(account), {})
        later = str(row.get("walkstarted") or "") <= str(columns["walkstarted"])
        return self._write(
            "account", account_key(account), columns, later and _older(row, columns, "walkedat"), "lastseen"
        )

    def row(self, arn: str) -> Mapping[str, Json] | None:
        self.fault("table.row:before")
        return dict(self.kept[arn]) if arn in self.kept else None

    def rows(self) -> Iterator[Mapping[str, Json]]:
        self.fault("table.rows:before")
        for row in list(self.kept.values()):
            yield dict(row)

    def _write(self, call: str, key: str, columns: Columns, condition: bool, first_seen: str | None) -> bool:
        self.fault(f"table.{call}:before")
        if condition:
            row = self.kept.setdefault(key, {"endpointarn": key})
            if first_seen is not None:
                row.setdefault("firstseen", columns[first_seen])
            row.update(columns)
        self.fault(f"table.{call}:after")
        return condition


def _older(row: Mapping[str, Json], columns: Columns, name: str) -> bool:
    return str(row.get(name) or "") < str(columns[name])


def _lives(row: Mapping[str, Json]) -> bool:
    return row.get("deletedat") is None


@dataclass
class FakeHistory:
    """Chains by endpoint, in order. A row that is there can't be replaced."""

    chains: dict[str, list[Row]] = field(default_factory=dict)
    fault: Fault = no_fault

    def last(self, arn: str) -> Row | None:
        self.fault("history.last:before")
        return dict(self.chains[arn][-1]) if self.chains.get(arn) else None

    def append(self, row: Row) -> bool:
        self.fault("history.append:before")
        chain = self.chains.setdefault(str(row["endpointarn"]), [])
        free = not any(one["seq"] == row["seq"] for one in chain)
        if free:
            chain.append(dict(row))
        self.fault("history.append:after")
        return free


@dataclass
class FakeJobs:
    """What was sent."""

    sent: list[str] = field(default_factory=list)
    dead: list[tuple[str, str, str]] = field(default_factory=list)
    fault: Fault = no_fault

    def send(self, body: str) -> None:
        self.fault("jobs.send:before")
        self.sent.append(body)
        self.fault("jobs.send:after")

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        self.fault("jobs.dead_letter:before")
        self.dead.append((body, reason, event_id))
