"""Messages of the metrics function's queue: EventBridge's scheduled event, and windows to collect.

A window by hand collects what came too late or lies before the installation:
`{"job": "window", "start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}`. `resume` is the function's own:
where it ran out of time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from governance.canonical import Json, iso
from governance.errors import EventError
from governance.metrics import Spent

FORM = (
    "EventBridge's scheduled event, or "
    '{"job": "window", "start": "YYYY-MM-DDTHH:MM:SSZ", "end": "…"} with start before end'
)


class NotAMetricsJob(EventError):
    """The message is neither a scheduled event nor a window."""

    reason = "not-a-metrics-job"


@dataclass(frozen=True, slots=True)
class Resume:
    """Where a run goes on: until `until` (epoch seconds), targets after the key `after`; then the rest of its window.

    `scheduled`: the run that ends here ends a scheduled one. `spent`: by its earlier parts.
    """

    after: str
    until: int
    scheduled: bool
    spent: Spent


@dataclass(frozen=True, slots=True)
class WindowJob:
    """Collect from `start` to `end`, epoch seconds."""

    start: int
    end: int
    resume: Resume | None = None

    def body(self) -> str:
        """The message's text."""
        document: dict[str, Json] = {"job": "window", "start": _iso(self.start), "end": _iso(self.end)}
        if self.resume is not None:
            document["resume"] = {
                "after": self.resume.after,
                "until": _iso(self.resume.until),
                "scheduled": self.resume.scheduled,
                "spent": self.resume.spent.document(),
            }
        return json.dumps(document)


def parse_job(message_id: str, body: str) -> WindowJob | None:
    """Read a message; None is a scheduled run. Raises NotAMetricsJob."""
    try:
        document = json.loads(body)
        if document.get("source") == "aws.events" and document.get("detail-type") == "Scheduled Event":
            return None
        if document["job"] != "window":
            raise ValueError("job")
        job = WindowJob(_seconds(document["start"]), _seconds(document["end"]), _resume(document.get("resume")))
        if job.start >= job.end:
            raise ValueError("start")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotAMetricsJob(message_id, f"the message is none of ours; wanted: {FORM}") from None
    return job


def _resume(document: Json) -> Resume | None:
    if document is None:
        return None
    spent = Spent(**{field.name: int(document["spent"][field.name]) for field in fields(Spent)})
    return Resume(str(document["after"]), _seconds(document["until"]), document["scheduled"] is True, spent)


def _seconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return int(moment.timestamp())


def _iso(seconds: int) -> str:
    return iso(datetime.fromtimestamp(seconds, UTC))
