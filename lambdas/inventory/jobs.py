"""The messages of the inventory's queue: a scheduled run, the walk of an account, the refresh of one endpoint.

Forms: EventBridge's scheduled event (eventbridge/latest/userguide/eb-run-lambda-schedule), and our own objects
`{"job": "account", "account": …, "walk": …, "started": …, "resume": {"token": …, "after": …, "walked": …}}` and
`{"job": "endpoint", "account": …, "endpoint": …}`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from governance.canonical import Json, iso
from governance.errors import EventError
from governance.times import parse_time


class NotAJob(EventError):
    """The message is none of those that this function is asked by."""

    reason = "not-a-job"


@dataclass(frozen=True, slots=True)
class Run:
    """A scheduled run: all accounts. `walk` names it: the scheduled event's id, so that a second copy is the same."""

    walk: str
    started: datetime


@dataclass(frozen=True, slots=True)
class Resume:
    """How far a walk has come: page token, last endpoint of that page that is done, how many are done in all."""

    token: str | None = None
    after: str | None = None
    walked: int = 0


@dataclass(frozen=True, slots=True)
class AccountJob:
    """The walk of one account, or what is left of it."""

    account: str
    walk: str
    started: datetime
    resume: Resume = Resume()

    def body(self) -> str:
        resume = {"token": self.resume.token, "after": self.resume.after, "walked": self.resume.walked}
        return json.dumps(
            {
                "job": "account", "account": self.account, "walk": self.walk, "started": iso(self.started),
                "resume": resume,
            }
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class EndpointJob:
    """The refresh of one endpoint, asked for because an event told of it."""

    account: str
    endpoint: str


Job = Run | AccountJob | EndpointJob


def parse_job(message_id: str, body: str) -> Job:
    """Read a message. Raises NotAJob saying what is wrong with it."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise NotAJob(message_id, "the message is no JSON object; only the schedule, capture and this function ask")
    if document.get("source") == "aws.events" and document.get("detail-type") == "Scheduled Event":
        return Run(_text(message_id, document, "id"), _time(message_id, document, "time"))
    kind = document.get("job")
    if kind == "account":
        return AccountJob(
            account=_text(message_id, document, "account"),
            walk=_text(message_id, document, "walk"),
            started=_time(message_id, document, "started"),
            resume=_resume(message_id, document.get("resume") or {}),
        )
    if kind == "endpoint":
        return EndpointJob(_text(message_id, document, "account"), _text(message_id, document, "endpoint"))
    raise NotAJob(message_id, f"job {str(kind)[:80]!r} is unknown; known: account, endpoint, a Scheduled Event")


def _resume(message_id: str, document: Json) -> Resume:
    if not isinstance(document, dict):
        raise NotAJob(message_id, "resume is no object")
    token, after, walked = document.get("token"), document.get("after"), document.get("walked", 0)
    texts = all(value is None or isinstance(value, str) for value in (token, after))
    if not texts or isinstance(walked, bool) or not isinstance(walked, int) or walked < 0:
        raise NotAJob(message_id, "resume needs token and after (text or null) and walked (a whole number)")
    return Resume(token, after, walked)


def _text(message_id: str, document: Json, field: str) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not value:
        raise NotAJob(message_id, f"field {field} is {str(value)[:80]!r}; it must be text")
    return value


def _time(message_id: str, document: Json, field: str) -> datetime:
    try:
        return parse_time(_text(message_id, document, field)).at
    except ValueError as problem:
        raise NotAJob(message_id, f"field {field} is {str(document[field])[:80]!r}; allowed: {problem}") from None
