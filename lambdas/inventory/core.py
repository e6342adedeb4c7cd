"""What the inventory does with one job. Jobs come at least once and in any order; every step may be repeated.

A walk is told by its start: what was not seen since, and isn't there, is marked as deleted. What was read at one time
is never written over what was read later, so walks, refreshes and events may overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from governance.canonical import Json, iso
from governance.endpoint_history import next_row
from governance.errors import EventError
from governance.inventory import Endpoint, Gone, Unreadable
from governance.inventory_rows import (
    Workload,
    account_columns,
    account_key,
    is_account,
    state_columns,
    tombstone_columns,
    unknown_columns,
    verdict_columns,
)
from governance.ledger import EMPTY, Head
from governance.stages import Stages
from governance.verdicts import Scope, Verdict
from governance.verdicts_endpoints import judge, judge_job
from lambdas.common.accounts import Account
from lambdas.common.aws import Busy
from lambdas.common.log import Log
from lambdas.inventory.jobs import AccountJob, EndpointJob, Resume, Run, parse_job
from lambdas.inventory.look import Look, settled
from lambdas.inventory.numbers import numbers
from lambdas.inventory.ports import Accounts, Artifacts, History, Hosting, Jobs, Meter, Registry, States, Table

ATTEMPTS = 5
"""Tries to add a row to an endpoint's history; each was lost to another look at the same endpoint."""

ENOUGH_SECONDS = 60.0
"""With less than this left a walk goes on in another invocation: no endpoint takes longer to look at."""

MENDED = timedelta(days=7)
"""For so long after an endpoint's end each walk sees to it that its history says so."""

Remaining = Callable[[], float]
"""Seconds that the invocation has left."""

_STALE_TOKEN = "ValidationException"  # noqa: S105 - an error code


class UnknownAccount(EventError):
    """The job is about an account that isn't governed."""

    reason = "unknown-account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Walks accounts. `arn_of` makes an endpoint's lower-cased ARN of account and name; `now` is the clock."""

    open: Accounts
    registry: Registry
    states: States
    artifacts: Artifacts
    table: Table
    history: History
    jobs: Jobs
    meter: Meter
    accounts: tuple[Account, ...]
    scope: Scope
    stages: Stages
    arn_of: Callable[[str, str], str]
    now: Callable[[], datetime]

    def handle(self, message_id: str, body: str, remaining: Remaining, log: Log) -> str:
        """Do one job and say what came of it.

        Raises EventError for what can never be done, Busy for what should come again, and the clients' own errors.
        """
        match parse_job(message_id, body):
            case Run() as run:
                for account_id in dict.fromkeys(account.account for account in self.accounts):
                    self.jobs.send(AccountJob(account_id, run.walk, run.started).body())
                return "accounts asked for"
            case AccountJob() as job:
                account = self._account(message_id, job.account)
                return _Walk(self, account, job, remaining, log.bind(account=job.account, walk=job.walk)).go()
            case EndpointJob() as job:
                return self._refresh(self._account(message_id, job.account), job.endpoint, log)

    def _account(self, message_id: str, account: str) -> Account:
        for known in self.accounts:
            if known.account == account:
                return known
        raise UnknownAccount(
            message_id, f"account {account} is none of those that are walked: add it to the organisation, or drop this"
        )

    def lifecycles(self, account: str) -> tuple[str, ...]:
        """The stages of an account: its own; all of them where everything is in one account; none for the hub."""
        own = {known.lifecycle for known in self.accounts if known.account == account and known.lifecycle}
        alone = {known.account for known in self.accounts} == {account}
        return tuple(s.lifecycle for s in self.stages.ordered if s.lifecycle in own or (alone and not own))

    def look(self, hosting: Hosting) -> Look:
        return Look(hosting, self.registry, self.states, self.artifacts)

    def _refresh(self, account: Account, name: str, log: Log) -> str:
        """Look at one endpoint, because something was told of it."""
        walked, arn = self.now(), self.arn_of(account.account, name)
        hosting = self.open(account)
        if isinstance(hosting, Unreadable):
            self.doubt(account, arn, name, f"the account can't be read: {hosting.code}", walked)
            settled(hosting)
            return "unreadable"
        outcome = self.see(account, hosting, self.look(hosting), name, walked)
        log.info("endpoint", account=account.account, endpointarn=arn, outcome=outcome)
        return outcome

    def see(self, account: Account, hosting: Hosting, look: Look, name: str, walked: datetime) -> str:
        """Judge one endpoint and write its row; says the verdict, `gone`, or `unknown`."""
        seen = self.now()
        endpoint = settled(hosting.endpoint(name))
        arn = self.arn_of(account.account, name)
        if isinstance(endpoint, Gone):
            self.table.bury(arn, tombstone_columns(seen), seen)
            self.remember(arn)
            return "gone"
        if isinstance(endpoint, Unreadable):
            self.doubt(account, arn, name, f"the endpoint can't be read: {endpoint.code}", walked)
            return Verdict.UNKNOWN.value
        return self._record(account, hosting, look, endpoint, seen, walked)

    def _record(
        self, account: Account, hosting: Hosting, look: Look, endpoint: Endpoint, seen: datetime, walked: datetime
    ) -> str:
        components = hosting.components(endpoint.name)
        if isinstance(components, Unreadable):
            settled(components)
        judgement = judge(endpoint, components, look, self.scope, self.lifecycles(account.account))
        self.table.record(
            endpoint.arn, state_columns(endpoint, seen), verdict_columns(endpoint, judgement, account.stack, walked)
        )
        self.remember(endpoint.arn)
        return judgement.verdict.value

    def doubt(self, account: Account, arn: str, name: str, reason: str, walked: datetime) -> None:
        """Write that an endpoint couldn't be judged."""
        region = arn.split(":")[3]
        known: dict[str, str | int | None] = {
            "account": account.account, "region": region, "endpointname": name, "stack": account.stack,
        }  # fmt: skip
        self.table.doubt(arn, known | unknown_columns(reason, walked))
        self.remember(arn)

    def remember(self, arn: str) -> bool:
        """Add what an endpoint's row says now to its history, unless its last row there says it; whether it was added.

        Compared with the history and not with the row before: what a crash kept out of it, the next look adds.
        """
        for _attempt in range(ATTEMPTS):
            row, last = self.table.row(arn), self.history.last(arn)
            if row is None:
                return False
            head = Head(int(last["seq"]), str(last["hash"])) if last else EMPTY
            new = next_row(row, last, head, observed=iso(self.now()))
            if new is None or self.history.append(new):
                return new is not None
        raise Busy(f"{ATTEMPTS} others added to the history of {arn} while this look did")

    def measure(self, started: datetime) -> None:
        """Put the run's numbers, once every account has been walked since `started`.

        The accounts' rows are asked first, the last account's before all: while it waits for its walk, nobody reads the
        whole table in vain.
        """
        for account in reversed(self.accounts):
            row = self.table.row(account_key(account.account))
            if row is None or str(row.get("walkstarted") or "") < iso(started):
                return
        accounts = frozenset(account.account for account in self.accounts)
        self.meter.put(numbers(list(self.table.rows()), accounts, started))


@dataclass(slots=True)
class _Walk:
    """The walk of one account within one invocation."""

    inventory: Inventory
    account: Account
    job: AccountJob
    remaining: Remaining
    log: Log

    def go(self) -> str:
        inventory, walked = self.inventory, self.inventory.now()
        hosting = inventory.open(self.account)
        if isinstance(hosting, Unreadable):
            return self._unreadable(hosting, walked)
        look, resume = inventory.look(hosting), self.job.resume
        while True:
            page = hosting.endpoints(resume.token)
            if (
                isinstance(page, Unreadable)
                and page.code == _STALE_TOKEN
                and resume.token
                and resume == self.job.resume
            ):
                self.log.warning("page token refused, walking from the start")
                resume = Resume()
                continue
            if isinstance(page, Unreadable):
                return self._unreadable(page, walked)
            for name in _after(page.names, resume.after):
                inventory.see(self.account, hosting, look, name, walked)
                resume = replace(resume, after=name, walked=resume.walked + 1)
                if self.remaining() < ENOUGH_SECONDS:
                    return self._continue(resume)
            if page.token is None:
                return self._finish(hosting, look, resume, walked)
            resume = Resume(page.token, None, resume.walked)

    def _continue(self, resume: Resume) -> str:
        self.inventory.jobs.send(replace(self.job, resume=resume).body())
        self.log.info("goes on in another invocation", walked=resume.walked)
        return "continued"

    def _finish(self, hosting: Hosting, look: Look, resume: Resume, walked: datetime) -> str:
        """All endpoints are listed and seen: now what only the table knows, batch jobs, and the account's own row."""
        inventory = self.inventory
        for row in self._left():
            if row.get("deletedat"):
                # What the history says already would be asked for again by every invocation: that is no progress.
                progress = inventory.remember(str(row["endpointarn"]))
            else:
                progress = bool(inventory.see(self.account, hosting, look, str(row["endpointname"]), walked))
            if progress and self.remaining() < ENOUGH_SECONDS:
                return self._continue(resume)
        lifecycles = inventory.lifecycles(self.account.account)
        listed, unreadable = hosting.transform_jobs(), None
        if isinstance(listed, Unreadable):
            settled(listed)
            unreadable = f"transform jobs can't be listed: {listed.code}"
        workloads = [
            Workload(
                name=job.name,
                model=job.model,
                created=job.created,
                judgement=judge_job(job, look, inventory.scope, lifecycles),
            )
            for job in (() if isinstance(listed, Unreadable) else listed)
        ]
        self._close(walked, resume.walked, workloads, unreadable)
        return f"walked {resume.walked}"

    def _left(self) -> list[Mapping[str, Json]]:
        """The account's rows that nobody saw since the walk began, and those that died of late: whoever buried them may
        have ended before the history was told.
        """
        started, lately = iso(self.job.started), iso(self.job.started - MENDED)
        return [
            row
            for row in self._own()
            if str(row.get("lastseen") or "") < started and str(row.get("deletedat") or started) >= lately
        ]

    def _own(self) -> list[Mapping[str, Json]]:
        """The account's endpoints in the table, dead ones too."""
        rows = self.inventory.table.rows()
        return [row for row in rows if row.get("account") == self.account.account and not is_account(row)]

    def _unreadable(self, why: Unreadable, walked: datetime) -> str:
        """Nothing of an account that can't be read is clean: its row and those of its endpoints become unknown."""
        reason = f"the account can't be read: {why.code}"
        for row in self._own():
            if row.get("deletedat"):
                continue
            if row.get("verdict") == Verdict.UNKNOWN and str(row.get("walkedat") or "") >= iso(self.job.started):
                continue
            arn, name = str(row["endpointarn"]), str(row["endpointname"])
            self.inventory.doubt(self.account, arn, name, reason, walked)
            if self.remaining() < ENOUGH_SECONDS:
                return self._continue(self.job.resume)
        self._close(walked, self.job.resume.walked, (), reason)
        self.log.error("account can't be read", code=why.code)
        if why.passing:
            raise Busy(reason)
        return "unreadable"

    def _close(self, walked: datetime, endpoints: int, workloads: Sequence[Workload], unreadable: str | None) -> None:
        inventory, account = self.inventory, self.account.account
        columns = account_columns(
            account,
            self.account.stack,
            ",".join(inventory.lifecycles(account)) or None,
            walk=self.job.walk,
            started=self.job.started,
            walked=walked,
            endpoints=endpoints,
            workloads=workloads,
            unreadable=unreadable,
        )
        inventory.table.account(account, columns)
        inventory.measure(self.job.started)


def _after(names: tuple[str, ...], done: str | None) -> tuple[str, ...]:
    """What is left of a page; all of it where the endpoint that was done last isn't on it any more."""
    return names[names.index(done) + 1 :] if done in names else names
