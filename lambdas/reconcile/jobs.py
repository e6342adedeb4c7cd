"""Jobs of the reconcile's queue: what each says, and which comes after which.

A scheduled run is a chain: CloudTrail of each account in turn, then each group of the registry, then a heartbeat. The
registry comes last because only what no other source explains is a gap. Each link sends the next, so a link may be
repeated, and none needs to know how long another takes.

    {"job": "run"}                                      a run as the schedule starts it
    {"job": "backfill"}                                 the same over all that CloudTrail keeps, for what existed before
    {"job": "trail", "account": A}                      one account's CloudTrail; "run": the chain goes on
    {"job": "registry", "group": G}                     one group, or, without "group", all; "run": the chain goes on
    {"job": "deleted", "arn": ARN, "since": TIME}       a version that was found gone: is it still, with no witness?
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from governance.canonical import Json, iso
from governance.errors import EventError
from governance.terms import Witness
from governance.times import parse_time

GRACE = timedelta(minutes=15)
"""Younger changes are left alone: their events may still be on the way (the queue tries for longer than it takes)."""

PATIENCE = timedelta(hours=1)
"""How old a change must be before it is a gap: CloudTrail's records usually come within 5 minutes, without a promise
(awscloudtrail view-cloudtrail-events).
"""

LONG_PATIENCE = timedelta(days=1)
"""The same where an account's CloudTrail couldn't be read: it may hold what explains the change."""

LOOK_BACK = timedelta(days=7)
"""How far each run looks back in CloudTrail: it outlasts an outage of the reconcile itself, and late records."""

KEPT = timedelta(days=89)
"""How far CloudTrail looks back at all: 90 days (botocore cloudtrail, LookupEvents), less what a long chain takes."""


class NotAJob(EventError):
    """The message is none of the jobs above."""

    reason = "not-a-job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What all links of a chain share. `id` None: a link by itself. `end`: until when changes are looked at."""

    id: str | None
    start: datetime
    end: datetime
    witness: Witness = Witness.RECOVERED
    unread: tuple[str, ...] = ()

    @property
    def gap_witness(self) -> Witness:
        return Witness.BACKFILL if self.witness is Witness.BACKFILL else Witness.GAP

    def gaps_until(self, now: datetime) -> datetime:
        """Until when what no source explains counts as a gap."""
        if self.witness is Witness.BACKFILL and not self.unread:
            return self.end
        return now - (LONG_PATIENCE if self.unread else PATIENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailJob:
    """One account's CloudTrail from `since` to the run's end, at most `step` at a time."""

    run: Run
    account: str | None
    since: datetime
    step: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryJob:
    """One group, from a page on; None: all groups."""

    run: Run
    group: str | None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class DeletedJob:
    """A version that was first found gone at `since`."""

    arn: str
    since: datetime


Job = TrailJob | RegistryJob | DeletedJob


def document(job: Job) -> dict[str, Json]:
    """A job as its message holds it."""
    if isinstance(job, DeletedJob):
        return {"job": "deleted", "arn": job.arn, "since": iso(job.since)}
    run = job.run
    shared = {
        "run": run.id, "start": iso(run.start), "end": iso(run.end), "witness": run.witness,
        "unread": list(run.unread),
    }  # fmt: skip
    if isinstance(job, TrailJob):
        return {
            "job": "trail", "account": job.account, "since": iso(job.since), "step": int(job.step.total_seconds()),
            **shared,
        }  # fmt: skip
    return {"job": "registry", "group": job.group, "token": job.token, **shared}


def parse_job(message_id: str, body: str, now: datetime) -> Job:
    """Read a message. Raises NotAJob saying what is wrong with it."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise NotAJob(message_id, "the message is no JSON object; only the schedule, operators and this function ask")
    if content.get("source") == "aws.events" and content.get("detail-type") == "Scheduled Event":
        content = {"job": "run", "run": content.get("id")}
    kind = content.get("job")
    if kind in ("run", "backfill"):
        run = _fresh(now, str(content.get("run") or message_id))
        if kind == "backfill":
            run = replace(run, start=now - KEPT, witness=Witness.BACKFILL)
        return TrailJob(run=run, account=None, since=run.start, step=run.end - run.start)
    if kind == "trail":
        run = _run(message_id, content, now)
        since = _time(message_id, content, "since", run.start)
        step = content.get("step", int((run.end - run.start).total_seconds()))
        if isinstance(step, bool) or not isinstance(step, int) or step < 1:
            raise NotAJob(message_id, f"step is {str(step)[:80]!r}; it must be a whole number of seconds")
        return TrailJob(
            run=run, account=_optional(message_id, content, "account"), since=since, step=timedelta(seconds=step)
        )
    if kind == "registry":
        group, token = (_optional(message_id, content, name) for name in ("group", "token"))
        return RegistryJob(run=_run(message_id, content, now), group=group, token=token)
    if kind == "deleted":
        arn = _optional(message_id, content, "arn")
        if arn is None:
            raise NotAJob(message_id, "a job deleted needs the version's arn")
        return DeletedJob(arn, _time(message_id, content, "since", now))
    known = "run, backfill, trail, registry, deleted, a Scheduled Event"
    raise NotAJob(message_id, f"job {str(kind)[:80]!r} is unknown; known: {known}")


def _fresh(now: datetime, run: str | None) -> Run:
    return Run(id=run, start=now - LOOK_BACK, end=now - GRACE)


def _run(message_id: str, content: dict[str, Json], now: datetime) -> Run:
    fresh = _fresh(now, _optional(message_id, content, "run"))
    unread = content.get("unread", [])
    if not isinstance(unread, list) or not all(isinstance(account, str) for account in unread):
        raise NotAJob(message_id, "unread must be a list of account ids")
    try:
        witness = Witness(content.get("witness", Witness.RECOVERED))
    except ValueError:
        raise NotAJob(message_id, f"witness {str(content['witness'])[:80]!r} is unknown") from None
    return Run(
        id=fresh.id,
        start=_time(message_id, content, "start", fresh.start),
        end=_time(message_id, content, "end", fresh.end),
        witness=witness,
        unread=tuple(unread),
    )


def _optional(message_id: str, content: dict[str, Json], name: str) -> str | None:
    value = content.get(name)
    if value is not None and (not isinstance(value, str) or not value):
        raise NotAJob(message_id, f"{name} is {str(value)[:80]!r}; it must be text")
    return value


def _time(message_id: str, content: dict[str, Json], name: str, otherwise: datetime) -> datetime:
    if content.get(name) is None:
        return otherwise
    try:
        return parse_time(content[name]).at
    except ValueError as problem:
        raise NotAJob(message_id, f"{name} is {str(content[name])[:80]!r}; allowed: {problem}") from None
