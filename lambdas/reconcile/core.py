"""What reconcile does with one job. Every step may be repeated; what is recorded already is recognised.

A run finds nothing where nothing was lost: each source is asked what it holds, and each change that it holds is looked
for in the ledger's rows of its version. What isn't there is recorded, marked as recovered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from governance.cloudtrail import PACKAGE_CALLS, ApiCall, package_arn, read_record
from governance.documents import Document, event_document
from governance.errors import EventError
from governance.evidence import Action, governed_version
from lambdas.common.accounts import Account
from lambdas.common.log import Log
from lambdas.reconcile.jobs import DeletedJob, NotAJob, RegistryJob, TrailJob, document, parse_job
from lambdas.reconcile.ports import Catalogue, Meter, Outbox, States, Trail, Unreadable
from lambdas.reconcile.settle import Settler

RESERVE_SECONDS = 60.0
"""What must be left of the invocation to begin another step: the longest step, and sending the continuation."""

MARGIN = timedelta(seconds=10)
"""Records beyond both ends of a window that help to tell which row tells which call."""

SHORTEST_STEP = timedelta(minutes=1)
RECHECK_SECONDS = 900
GONE_FOR = timedelta(minutes=30)
"""How long a version must be gone before its deletion is recorded without a witness: CloudTrail may have one yet."""

Left = Callable[[], float]
"""Seconds that are left of the invocation."""


class OutOfTime(Exception):
    """Too little of the invocation is left to go on: the rest goes back to the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile:
    """Does jobs. `accounts` in the order in which their CloudTrail is read."""

    settler: Settler
    catalogue: Catalogue
    trail: Trail
    states: States
    outbox: Outbox
    meter: Meter
    groups: frozenset[str]
    accounts: tuple[Account, ...]

    def handle(self, message_id: str, body: str, left: Left, log: Log) -> str:
        """Do one job and say what came of it.

        Raises EventError for what is no job, Busy for what should come again, LedgerError where ledger and
        state contradict each other, and the clients' own errors.
        """
        job = parse_job(message_id, body, self.settler.recorder.now())
        match job:
            case TrailJob():
                return self._trail(message_id, job, left, log)
            case RegistryJob():
                return self._registry(message_id, job, left, log)
            case DeletedJob():
                return self._deleted(message_id, job, log)

    # CloudTrail

    def _trail(self, message_id: str, job: TrailJob, left: Left, log: Log) -> str:
        account = self.accounts[0] if job.account is None else self._account(message_id, job.account)
        job, log, first = replace(job, account=account.account), log.bind(account=account.account), True
        while job.since < job.run.end:
            if not first and left() < RESERVE_SECONDS:
                self.outbox.again(document(job))
                return "continues"
            first, end = False, min(job.since + job.step, job.run.end)
            try:
                self._window(account, job, end, left, log)
            except OutOfTime:
                self.outbox.again(document(replace(job, step=max(job.step / 2, SHORTEST_STEP))))
                return "continues in smaller steps"
            except Unreadable as problem:
                log.error("CloudTrail can't be read", problem=str(problem))
                job = replace(job, run=replace(job.run, unread=(*job.run.unread, account.account)), since=job.run.end)
                break
            job = replace(job, since=end)
        return self._after_trail(job)

    def _account(self, message_id: str, account: str) -> Account:
        for known in self.accounts:
            if known.account == account:
                return known
        raise NotAJob(message_id, f"account {account[:20]!r} is none of the governed ones")

    def _after_trail(self, job: TrailJob) -> str:
        if job.run.id is None:
            return "done"
        following = [known.account for known in self.accounts]
        index = following.index(str(job.account)) + 1
        if index < len(following):
            step = job.run.end - job.run.start
            self.outbox.again(document(TrailJob(run=job.run, account=following[index], since=job.run.start, step=step)))
        else:
            self.outbox.again(document(RegistryJob(run=job.run, group=min(self.groups))))
        return "done, the next was sent"

    def _window(self, account: Account, job: TrailJob, end: datetime, left: Left, log: Log) -> None:
        """Settle all calls of a window of one account. Raises OutOfTime, Unreadable."""
        calls: dict[str, list[ApiCall]] = defaultdict(list)
        documents: dict[str, Document] = {}
        for name in PACKAGE_CALLS:
            for text in self._records(account, name, job.since - MARGIN, end + MARGIN, left):
                try:
                    call = read_record(text, account.account)
                except EventError as problem:
                    log.warning("record not read", reason=problem.reason, eventid=problem.event_id)
                    continue
                arn = package_arn(call)
                if arn is not None and not call.failed:
                    calls[arn].append(call)
                    documents[call.key] = event_document(text)
        for arn, of_version in sorted(calls.items()):
            if left() < RESERVE_SECONDS / 2:
                raise OutOfTime
            version = governed_version(arn, self.groups)
            if version is not None:
                self.settler.calls(version, of_version, documents, job.run, job.since, end, log)

    def _records(self, account: Account, name: str, start: datetime, end: datetime, left: Left) -> Iterable[str]:
        token: str | None = None
        while True:
            page = self.trail.lookup(account, name, start, end, token)
            yield from page.texts
            token = page.token
            if token is None:
                return
            if left() < RESERVE_SECONDS:
                raise OutOfTime

    # The registry

    def _registry(self, message_id: str, job: RegistryJob, left: Left, log: Log) -> str:
        if job.group is None:
            for group in sorted(self.groups):
                self.outbox.again(document(replace(job, group=group)))
            return "one job a group was sent"
        if job.group not in self.groups:
            raise NotAJob(message_id, f"group {job.group[:80]!r} is none of the governed ones")
        actions = self._actions(job)
        token = job.token
        while True:
            page = self.catalogue.versions(job.group, token)
            for arn in page.arns:
                if left() < RESERVE_SECONDS:
                    self.outbox.again(document(replace(job, token=token)))
                    return "continues"
                version = governed_version(arn, self.groups)
                if version is not None:
                    self.settler.version(version, actions.get(arn.casefold(), ()), job.run, log)
            if page.token is None:
                break
            token = page.token
        self._find_gone(job, actions, log)
        return self._after_registry(job)

    def _actions(self, job: RegistryJob) -> Mapping[str, Sequence[Action]]:
        by_version: dict[str, list[Action]] = defaultdict(list)
        for action in self.catalogue.actions(job.run.start):
            by_version[action.source.casefold()].append(action)
        return by_version

    def _find_gone(self, job: RegistryJob, actions: Mapping[str, Sequence[Action]], log: Log) -> None:
        """Look at versions that the registry doesn't list: those with actions, and those that no row calls deleted."""
        group = str(job.group)
        listed: set[str] = set()
        token: str | None = None
        while True:
            page = self.catalogue.versions(group, token)
            listed |= {arn.casefold() for arn in page.arns}
            token = page.token
            if token is None:
                break
        for arn, noted in sorted(actions.items()):
            version = governed_version(noted[0].source, self.groups)
            if version is not None and version.group == group and arn not in listed:
                self.settler.version(version, noted, job.run, log)
        for arn in self.states.alive():
            version = governed_version(arn, self.groups)
            if version is None or version.group != group or arn.casefold() in listed:
                continue
            if self.settler.registry.read(arn) is None:
                log.warning("version is gone", modelpackagearn=arn)
                self.outbox.again(document(DeletedJob(arn, self.settler.recorder.now())), RECHECK_SECONDS)

    def _after_registry(self, job: RegistryJob) -> str:
        if job.run.id is None:
            return "done"
        following = sorted(group for group in self.groups if group > str(job.group))
        if following:
            self.outbox.again(document(RegistryJob(run=job.run, group=following[0])))
            return "done, the next was sent"
        self.meter.beat()
        return "done, the run is complete"

    def _deleted(self, message_id: str, job: DeletedJob, log: Log) -> str:
        version = governed_version(job.arn, self.groups)
        if version is None:
            raise NotAJob(message_id, f"{job.arn[:200]} is no version of a governed group")
        if self.settler.registry.read(version.arn) is not None:
            return "still there"
        tip = self.settler.recorder.tip(version.arn)
        if tip.state is None:
            return "never recorded"
        if tip.state.get("deletedat"):
            self.settler.tell_gone(version)
            return "known"
        now = self.settler.recorder.now()
        if now - job.since < GONE_FOR:
            self.outbox.again(document(job), RECHECK_SECONDS)
            return "waits for a witness"
        self.settler.tombstone(version, tip, log)
        return "recorded"
