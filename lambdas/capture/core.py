"""What capture does with one message. Delivery is at least once and unordered; every step may be repeated.

A crash between steps is harmless: the message comes again, what is recorded already is recognised by its
content id, and the approval function is told again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from governance.canonical import Json, iso
from governance.cloudtrail import ENDPOINT_CALLS, PACKAGE_CALLS, endpoint_of, package_arn
from governance.documents import Document, event_document
from governance.errors import EventError, MissingField
from governance.events import CallEvent, CardEvent, EndpointEvent, PackageEvent, StageRequest, parse_event
from governance.evidence import facts_of_call, governed_version, with_registry
from governance.facts import Fact, actor_fact, card_fact, facts_of, request_fact
from governance.ledger import actors, says_more
from governance.reconciliation import in_the_calls_moment, pair
from governance.state import known_values
from governance.terms import Identity, Kind, Witness
from lambdas.capture.ports import Endpoints, Outbox
from lambdas.common.log import Log
from lambdas.common.recorder import Recorder
from lambdas.common.registry import Artifacts, Registry, card_of

DECISIVE = frozenset({Kind.APPROVAL, Kind.STAGE, Kind.DELETION, Kind.GAP})
"""Facts after which an artifact may have to be admitted to a stage, or shut out of it."""

JUDGED = frozenset({Kind.REGISTRATION, Kind.APPROVAL, Kind.STAGE, Kind.METADATA, Kind.OBSERVATION, Kind.STATUS})
"""Facts after which the guard judges a version: what is approved, by whom, and what it is."""

_DELETED = frozenset({"DELETING", "DELETED"})


class UnknownPackage(EventError):
    """Somebody asks a stage for a version that doesn't exist, or isn't governed."""

    reason = "unknown-package"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Records messages."""

    registry: Registry
    artifacts: Artifacts
    recorder: Recorder
    endpoints: Endpoints
    outbox: Outbox
    groups: frozenset[str]

    def handle(self, body: str, log: Log) -> str:
        """Record one message and say what came of it.

        Raises EventError for what can never be recorded, Busy for what should come again, LedgerError where
        ledger and state contradict each other, and the clients' own errors.
        """
        event = parse_event(body)
        log = log.bind(eventid=event.envelope.event_id)
        match event:
            case PackageEvent():
                return self._package(event, event_document(body), log)
            case CallEvent():
                return self._call(event, event_document(body), log)
            case CardEvent():
                return self._card(event, event_document(body), log)
            case EndpointEvent():
                return self._endpoint(event, log)
            case StageRequest():
                return self._request(event, event_document(body), log)

    def _package(self, event: PackageEvent, document: Document, log: Log) -> str:
        if event.group not in self.groups:
            log.info("not governed", group=event.group)
            return "ignored"
        seen = self.registry.read(event.arn)
        stored = self.artifacts.look(event.artifact.url)
        tip = self.recorder.tip(event.arn)
        facts = facts_of(event, seen, known_values(tip.state), self.recorder.stages)
        new = False
        for fact in facts:
            told = replace(fact, stored=stored, documents=(*fact.documents, document))
            recorded = self.recorder.record(told, tip, log, card=card_of(seen))
            new, tip = new or recorded.is_new, recorded.tip
        self._tell(facts)
        return "recorded" if new else "duplicate"

    def _tell(self, facts: tuple[Fact, ...]) -> None:
        """Tell of a decision, and of what may make one wrong, also for duplicates: the first delivery may have ended
        before this line.
        """
        decisive = [fact for fact in facts if fact.kind in DECISIVE]
        if decisive:
            self.outbox.approval_changed(decisive[0].arn, decisive[0].content_id)
        if any(fact.kind in JUDGED for fact in facts):
            self.outbox.judge_again(facts[0].arn)

    def _call(self, event: CallEvent, document: Document, log: Log) -> str:
        """Record who changed what; of a change that no event told yet, the change too."""
        call = event.call
        if call.failed:
            return "ignored"
        if call.name in ENDPOINT_CALLS:
            self._look_at(event.envelope.event_id, call.account, endpoint_of(call), iso(event.envelope.time))
            return "passed on"
        if call.name not in PACKAGE_CALLS:
            log.info("call not recorded", call=call.name)
            return "ignored"
        arn = package_arn(call)
        if arn is None:
            raise MissingField(event.envelope.event_id, "detail.responseElements.modelPackageArn")
        version = governed_version(arn, self.groups)
        if version is None:
            log.info("not governed", modelpackagearn=arn)
            return "ignored"
        seen = self.registry.read(arn)
        tip = self.recorder.tip(arn)
        made = facts_of_call(call, version, self.recorder.stages, Witness.CLOUDTRAIL, (document,))
        rows = self.recorder.tables.rows(arn)
        paired = pair((with_registry(fact, seen) for fact in made), rows)
        facts = (*(fact for fact, _ in paired.told), *in_the_calls_moment(paired.missing, paired, rows))
        new = False
        for fact in facts:
            stored = self.artifacts.look(fact.artifact.url)
            recorded = self.recorder.record(replace(fact, stored=stored), tip, log, card=card_of(seen))
            new, tip = new or recorded.is_new, recorded.tip
            if not recorded.is_new and fact.actor is not None:
                learnt = self._actor(fact, fact.actor, recorded.row)
                if learnt is not None:
                    recorded = self.recorder.record(learnt, tip, log)
                    new, tip = new or recorded.is_new, recorded.tip
        self._tell(facts)
        return "recorded" if new else "duplicate"

    def _actor(self, fact: Fact, actor: Identity, told: Mapping[str, Json] | None) -> Fact | None:
        """The fact that the caller's name makes of a change that was told before, None where it is known already."""
        rows = self.recorder.tables.rows(fact.arn)
        told = told or next((row for row in rows if row["contentid"] == fact.content_id), None)
        if told is None or not says_more(actor, actors(rows).get(told["contentid"])):
            return None
        return actor_fact(
            told, actor, event_id=fact.event_id, account=fact.account, region=fact.region, witness=Witness.CLOUDTRAIL
        )

    def _card(self, event: CardEvent, document: Document, log: Log) -> str:
        version = governed_version(event.model or "", self.groups)
        if version is None:
            log.info("card of no governed version", card=event.name)
            return "ignored"
        fact = replace(card_fact(event, version.group, version.number), documents=(document,))
        return "recorded" if self.recorder.record(fact, self.recorder.tip(version.arn), log).is_new else "duplicate"

    def _request(self, request: StageRequest, document: Document, log: Log) -> str:
        version = governed_version(request.arn, self.groups)
        if version is None or self.registry.read(request.arn) is None:
            raise UnknownPackage(request.envelope.event_id, f"{request.arn} is no version of a governed group")
        fact = replace(request_fact(request, version.group, version.number), documents=(document,))
        return "recorded" if self.recorder.record(fact, self.recorder.tip(request.arn), log).is_new else "duplicate"

    def _endpoint(self, event: EndpointEvent, log: Log) -> str:
        modified, when = iso(event.modified.at), iso(event.envelope.time)
        row = {
            "endpointarn": event.arn,
            "endpointname": event.name,
            "endpointconfigname": event.config,
            "status": event.status,
            "account": event.envelope.account,
            "region": event.envelope.region,
            "creationtime": iso(event.created.at),
            "lastmodifiedtime": modified,
            "deletedat": modified if event.status in _DELETED else None,
            "lastseen": iso(self.recorder.now()),
        }
        written = self.endpoints.record(row, f"{modified}#{when}#{event.status}")
        # Asked also for what is stale: the first delivery may have ended before this line.
        self._look_at(event.envelope.event_id, event.envelope.account, event.name, when)
        log.info("endpoint", endpointarn=event.arn, status=event.status)
        return "recorded" if written else "stale"

    def _look_at(self, event_id: str, account: str, endpoint: str | None, when: str) -> None:
        """Have the inventory look at an endpoint; where the event names none, at the whole account."""
        if endpoint is not None:
            self.outbox.look_again({"job": "endpoint", "account": account, "endpoint": endpoint})
        else:
            self.outbox.look_again({"job": "account", "account": account, "walk": f"event-{event_id}", "started": when})
