"""Reconcile's own ports in memory; beside the adapters because they must change with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from governance.canonical import Json
from governance.evidence import Action
from lambdas.common.accounts import Account
from lambdas.common.fakes import FakeTables, Fault, no_fault
from lambdas.reconcile.ports import Records, Unreadable, Versions


@dataclass(frozen=True, slots=True)
class Recorded:
    """One record in an account's history. `visible`: when LookupEvents begins to show it."""

    name: str
    at: datetime
    visible: datetime
    text: str


@dataclass
class FakeTrail:
    """Histories by account, newest first, a few records a page. `denied`: accounts that can't be read."""

    now: Callable[[], datetime]
    histories: dict[str, list[Recorded]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    page: int = 50
    fault: Fault = no_fault

    def lookup(self, account: Account, name: str, start: datetime, end: datetime, token: str | None) -> Records:
        self.fault("trail.lookup:before")
        if account.account in self.denied:
            raise Unreadable(f"LookupEvents in {account.account}: AccessDenied")
        now = self.now()
        shown = [
            record.text
            for record in sorted(self.histories.get(account.account, ()), key=lambda record: record.at, reverse=True)
            if record.name == name and start.replace(microsecond=0) <= record.at <= end and record.visible <= now
        ]
        offset = int(token or 0)
        more = offset + self.page < len(shown)
        self.fault("trail.lookup:after")
        return Records(tuple(shown[offset : offset + self.page]), str(offset + self.page) if more else None)


@dataclass
class FakeCatalogue:
    """Versions by group, a few a page, and life-cycle actions."""

    groups: dict[str, list[str]] = field(default_factory=dict)
    noted: list[Action] = field(default_factory=list)
    page: int = 100
    fault: Fault = no_fault

    def versions(self, group: str, token: str | None) -> Versions:
        self.fault("catalogue.versions:before")
        offset, arns = int(token or 0), self.groups.get(group, [])
        more = offset + self.page < len(arns)
        self.fault("catalogue.versions:after")
        return Versions(tuple(arns[offset : offset + self.page]), str(offset + self.page) if more else None)

    def actions(self, after: datetime) -> Sequence[Action]:
        self.fault("catalogue.actions:before")
        noted = [action for action in self.noted if action.created >= after]
        self.fault("catalogue.actions:after")
        return noted


@dataclass
class FakeStates:
    """The state rows of the tables."""

    tables: FakeTables
    fault: Fault = no_fault

    def alive(self) -> Iterable[str]:
        self.fault("states.alive:before")
        alive = [arn for arn, state in self.tables.state.items() if not state["deletedat"]]
        self.fault("states.alive:after")
        return alive


@dataclass
class FakeJobs:
    """What was sent: approvals, jobs with their delays, dead letters."""

    approvals: list[tuple[str, str]] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    jobs: list[tuple[dict[str, Json], int]] = field(default_factory=list)
    dead: list[tuple[str, str, str]] = field(default_factory=list)
    fault: Fault = no_fault

    def approval_changed(self, arn: str, content_id: str) -> None:
        self.fault("outbox.approval_changed:before")
        self.approvals.append((arn, content_id))
        self.fault("outbox.approval_changed:after")

    def judge_again(self, arn: str) -> None:
        self.fault("outbox.judge_again:before")
        self.judged.append(arn)
        self.fault("outbox.judge_again:after")

    def again(self, job: Mapping[str, Json], delay_seconds: int = 0) -> None:
        self.fault("outbox.again:before")
        self.jobs.append((dict(job), delay_seconds))
        self.fault("outbox.again:after")

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        self.fault("outbox.dead_letter:before")
        self.dead.append((body, reason, event_id))
