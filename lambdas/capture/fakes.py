"""Capture's own ports in memory; beside the adapters because they must change with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from governance.canonical import Json
from lambdas.common.fakes import Fault, no_fault


@dataclass
class FakeEndpoints:
    """Endpoint rows by ARN; an order that is not higher loses."""

    rows: dict[str, dict[str, str | None]] = field(default_factory=dict)
    fault: Fault = no_fault

    def record(self, row: Mapping[str, str | None], order: str) -> bool:
        self.fault("endpoints.record:before")
        arn = str(row["endpointarn"])
        before = self.rows.get(arn)
        if before is not None and order <= str(before["eventorder"]):
            return False
        first = before["firstseen"] if before else row["lastseen"]
        self.rows[arn] = {**row, "eventorder": order, "firstseen": first}
        self.fault("endpoints.record:after")
        return True


@dataclass
class FakeOutbox:
    """What was sent."""

    approvals: list[tuple[str, str]] = field(default_factory=list)
    jobs: list[dict[str, Json]] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    dead: list[tuple[str, str, str]] = field(default_factory=list)
    fault: Fault = no_fault

    def approval_changed(self, arn: str, content_id: str) -> None:
        self.fault("outbox.approval_changed:before")
        self.approvals.append((arn, content_id))
        self.fault("outbox.approval_changed:after")

    def look_again(self, job: Mapping[str, Json]) -> None:
        self.fault("outbox.look_again:before")
        self.jobs.append(dict(job))
        self.fault("outbox.look_again:after")

    def judge_again(self, arn: str) -> None:
        self.fault("outbox.judge_again:before")
        self.judged.append(arn)
        self.fault("outbox.judge_again:after")

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        self.fault("outbox.dead_letter:before")
        self.dead.append((body, reason, event_id))
