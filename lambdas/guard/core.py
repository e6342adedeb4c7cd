"""What the guard does with one message: judge a version by its rows and the registry, record, reject.

The message only says that something is known anew; what is right is read, so repeated, late and reordered messages end
the same. Its own rejection is a decision that makes it judge once more, and finds the version rejected already.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from governance.canonical import Json
from governance.errors import EventError
from governance.evidence import governed_version
from governance.facts import Fact, incident_fact
from governance.guarding import Incident, Judgement, Row, description_of, judge
from governance.reconciliation import is_explained
from governance.stages import REJECTED
from lambdas.common.aws import Busy
from lambdas.common.log import Log
from lambdas.common.recorder import Recorder
from lambdas.common.registry import Artifacts, Registry
from lambdas.guard.ports import Bolt
from lambdas.guard.tally import Tally

Mode = Literal["alarm", "reject"]

DESCRIPTION = 1024
"""Characters of ApprovalDescription (botocore sagemaker)."""

PATIENCE = 4
"""Receives of a message after which nothing more is expected of what it waits for, a row or a name: with six minutes
between two, a quarter of an hour at least. CloudTrail's records arrive after minutes; a sixth receive would be a dead
letter.
"""


class NotAGuardJob(EventError):
    """The message isn't one that capture or reconcile sends."""

    reason = "not-a-guard-job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Judges versions of governed groups."""

    registry: Registry
    artifacts: Artifacts
    recorder: Recorder
    bolt: Bolt
    tally: Tally
    groups: frozenset[str]
    mode: Mode

    def handle(self, message_id: str, body: str, receives: int, log: Log) -> str:
        """Judge one version and say what came of it.

        Raises NotAGuardJob for what no retry mends, Busy where rows or names are still to come, LedgerError where
        ledger and state contradict each other, and the clients' own errors.
        """
        arn = self._arn_of(message_id, body)
        log = log.bind(modelpackagearn=arn)
        tip = self.recorder.tip(arn)
        rows: list[Row] = [row for row in self.recorder.tables.rows(arn) if row["seq"] <= tip.head.seq]
        if not rows:
            raise Busy(f"{arn} has no rows yet")
        seen = self.registry.read(arn)
        stored = self.artifacts.look(seen.artifact.url) if seen is not None else None
        found = judge(rows, seen, stored)
        recorded = {row["contentid"] for row in rows}
        for fact in map(_fact, found.incidents):
            if fact.content_id not in recorded:
                tip = self.recorder.record(fact, tip, log).tip
        late = receives >= PATIENCE
        rejected = False
        if found.standing and seen is not None and seen.approval != REJECTED:
            if not late and not is_explained(rows, seen):
                # Perhaps somebody else approved since, and the event of it is on the way.
                raise Busy("the ledger doesn't tell yet what the registry shows")
            rejected = self._reject(arn, found, log)
        self._name(found, late, log)
        return "rejected" if rejected else "found" if found.incidents else "nothing found"

    def _arn_of(self, message_id: str, body: str) -> str:
        try:
            arn: Json = json.loads(body)["modelpackagearn"]
        except (ValueError, KeyError, TypeError):
            arn = None
        if not isinstance(arn, str) or governed_version(arn, self.groups) is None:
            raise NotAGuardJob(message_id, "the message names no version of a governed group as modelpackagearn")
        return arn

    def _reject(self, arn: str, found: Judgement, log: Log) -> bool:
        """Shut a version out of everywhere, unless only an alarm is wanted."""
        rules = sorted({incident.rule.value for incident in found.standing})
        if self.mode == "alarm":
            log.warning("left as it is, as configured", rules=rules)
            return False
        done = self.bolt.reject(arn, description_of(found.standing, DESCRIPTION))
        log.error("rejected", rules=rules, done=done)
        return done

    def _name(self, found: Judgement, late: bool, log: Log) -> None:
        """Wait for who approved or registered what stands approved; when nobody told in time, say so."""
        if not found.unknown:
            return
        if not late:
            raise Busy("nobody told yet who approved or who registered")
        contents = sorted(str(row["contentid"]) for row in found.unknown)
        log.warning("nobody can say whether the author approved", contentids=contents)
        self.tally.unknown += 1


def _fact(incident: Incident) -> Fact:
    return incident_fact(incident.about, incident.value, incident.rule.value, incident.told)
