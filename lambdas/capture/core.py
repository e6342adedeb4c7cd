"""What capture does with one message. Delivery is at least once and unordered; every step may be repeated.

A crash between steps is harmless: the message comes again, what is recorded already is recognised by its
content id, and the approval function is told again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from governance.canonical import iso
from governance.card import card_columns
from governance.errors import EventError, LedgerError
from governance.events import EndpointEvent, PackageEvent, StageRequest, parse_event
from governance.facts import Fact, Kind, facts_of, request_fact
from governance.ledger import Row, seal
from governance.readback import ReadBack
from governance.stages import Stages
from governance.state import CardColumns, head_of, known_values, project
from lambdas.capture.ports import Appended, Endpoints, Outbox, Registry, Tables, Tip
from lambdas.common.aws import Busy
from lambdas.common.log import Log

ATTEMPTS = 5
"""Tries for one row within one invocation; then the message goes back to the queue."""

FIRST_PAUSE_SECONDS = 0.05

DECISIVE = frozenset({Kind.APPROVAL, Kind.STAGE, Kind.DELETION})
"""Facts after which an artifact may have to be admitted to a stage, or shut out of it."""

_DELETED = frozenset({"DELETING", "DELETED"})


class UnknownPackage(EventError):
    """Somebody asks a stage for a version that doesn't exist, or isn't governed."""

    reason = "unknown-package"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Records messages. `pause` waits for seconds; `now` is the clock."""

    registry: Registry
    tables: Tables
    endpoints: Endpoints
    outbox: Outbox
    groups: frozenset[str]
    stages: Stages
    now: Callable[[], datetime]
    pause: Callable[[float], None]

    def handle(self, body: str, log: Log) -> str:
        """Record one message and say what came of it.

        Raises EventError for what can never be recorded, Busy for what should come again, LedgerError where
        ledger and state contradict each other, and the clients' own errors.
        """
        event = parse_event(body)
        log = log.bind(eventid=event.envelope.event_id)
        match event:
            case PackageEvent():
                return self._package(event, log)
            case EndpointEvent():
                return self._endpoint(event, log)
            case StageRequest():
                return self._request(event, log)

    def _package(self, event: PackageEvent, log: Log) -> str:
        if event.group not in self.groups:
            log.info("not governed", group=event.group)
            return "ignored"
        seen = self.registry.read(event.arn)
        tip = self._tip(event.arn)
        facts = facts_of(event, seen, known_values(tip.state), self.stages)
        outcomes = set()
        for fact in facts:
            outcome, tip = self._append(fact, _card_of(seen), tip, log)
            outcomes.add(outcome)
        # Told also for duplicates: the first delivery may have ended between the transaction and this line.
        decisive = [fact for fact in facts if fact.kind in DECISIVE]
        if decisive:
            self.outbox.approval_changed(event.arn, decisive[0].content_id)
        return "recorded" if Appended.COMMITTED in outcomes else "duplicate"

    def _request(self, request: StageRequest, log: Log) -> str:
        group, _, version = request.arn.rpartition(":model-package/")[2].rpartition("/")
        governed = next((name for name in self.groups if name.casefold() == group.casefold()), None)
        if governed is None or not version.isdecimal() or self.registry.read(request.arn) is None:
            raise UnknownPackage(request.envelope.event_id, f"{request.arn} is no version of a governed group")
        fact = request_fact(request, governed, int(version))
        outcome, _tip = self._append(fact, None, self._tip(request.arn), log)
        return "recorded" if outcome is Appended.COMMITTED else "duplicate"

    def _endpoint(self, event: EndpointEvent, log: Log) -> str:
        modified, when = iso(event.modified.at), iso(event.envelope.time)
        row = {
            "endpointarn": event.arn,
            "endpointname": event.name,
            "endpointconfigname": event.config,
            "status": event.status,
            "account": event.envelope.account,
            "region": event.envelope.region,
            "variants": ",".join(event.variants) or None,
            "creationtime": iso(event.created.at),
            "lastmodifiedtime": modified,
            "deletedat": modified if event.status in _DELETED else None,
            "lastseen": iso(self.now()),
        }
        written = self.endpoints.record(row, f"{modified}#{when}#{event.status}")
        log.info("endpoint", endpointarn=event.arn, status=event.status)
        return "recorded" if written else "stale"

    def _tip(self, arn: str) -> Tip:
        """State row and chain end that agree; a commit between the two reads is waited out."""
        for attempt in range(ATTEMPTS):
            tip = self.tables.tip(arn)
            if head_of(tip.state) == tip.head:
                return tip
            self._wait(attempt)
        raise LedgerError(
            f"{arn}: the ledger ends at row {tip.head.seq} ({tip.head.hash[:12]}…), the state row says "
            f"{head_of(tip.state).seq}: nothing is appended until `governance verify` shows what was changed"
        )

    def _append(self, fact: Fact, card: CardColumns | None, tip: Tip, log: Log) -> tuple[Appended, Tip]:
        for attempt in range(ATTEMPTS):
            row = self._row(fact, tip)
            state = project(tip.state, row, card, self.stages)
            outcome = self.tables.append(row, state, tip.head)
            if outcome is Appended.COMMITTED:
                _say(log, row)
                return outcome, Tip(state, head_of(state))
            if outcome is Appended.DUPLICATE:
                return outcome, tip
            self._wait(attempt)
            tip = self._tip(fact.arn)
        raise Busy(f"row after {tip.head.seq} of {fact.arn} could not be written in {ATTEMPTS} tries")

    def _row(self, fact: Fact, tip: Tip) -> Row:
        youngest = (tip.state or {}).get("eventtime") or ""
        return seal(
            fact,
            tip.head,
            seen=self.now(),
            came_from=known_values(tip.state).get(fact.field),
            late=iso(fact.happened) < youngest,
        )

    def _wait(self, attempt: int) -> None:
        """Exponential pause with full jitter, so that two writers of one package part."""
        self.pause(random.uniform(0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 - spreads retries, no secret


def _card_of(seen: ReadBack | None) -> Mapping[str, str | None] | None:
    if seen is None or seen.card is None:
        return None
    return card_columns(seen.card, seen.card_status, seen.description)


def _say(log: Log, row: Row) -> None:
    fields = {name: row[name] for name in ("modelpackagearn", "seq", "kind", "field", "contentid", "happenedat")}
    if "incident" in row:
        log.error("incident recorded", incident=row["incident"], **fields)
    else:
        log.info("fact recorded", **fields)
