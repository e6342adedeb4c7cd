"""What can go wrong in the domain, as one small tree.

GovernanceError
├── EventError           an event that can never be recorded: goes to the dead-letter queue with `reason`
│   ├── NotAnEvent       no JSON object, or no EventBridge envelope
│   ├── UnknownEvent     a source or detail type that is not ours to record
│   ├── MissingField     a field that the documentation promises is absent
│   └── BadField         a field is there, its value can't be what AWS documents
├── LedgerError          ledger and state contradict each other: nothing may be appended
├── AnchorError          an anchor that isn't one, or that the ledger doesn't continue: nothing may be signed after it
├── CardError            a model card that the registry's schema refuses
├── ArtifactError        an artifact that can't be published or isn't what its key says
└── SettingError         an environment variable or setting is missing or malformed
"""

from __future__ import annotations


class GovernanceError(Exception):
    """Base of all errors of the domain."""


class EventError(GovernanceError):
    """An event that no retry can mend. `reason` is a stable word for the dead-letter queue's attribute."""

    reason = "event-error"

    def __init__(self, event_id: str, message: str) -> None:
        super().__init__(f"event {event_id}: {message}")
        self.event_id = event_id


class NotAnEvent(EventError):
    """The message holds no EventBridge event."""

    reason = "not-an-event"


class UnknownEvent(EventError):
    """Source and detail type are none of those that are recorded."""

    reason = "unknown-event"

    def __init__(self, event_id: str, source: object, detail_type: object) -> None:
        super().__init__(
            event_id,
            f"source {source!r} with detail type {detail_type!r} is not recorded here; "
            "narrow the rule that sent it, or teach governance/events.py this type",
        )


class MissingField(EventError):
    """A documented field is absent. `field` is its path in the event (`detail.ModelPackageArn`)."""

    reason = "missing-field"

    def __init__(self, event_id: str, field: str) -> None:
        super().__init__(
            event_id, f"field {field} is missing; AWS documents it, so the event can't be recorded without it"
        )
        self.field = field


class BadField(EventError):
    """A field holds a value that can't be what AWS documents."""

    reason = "bad-field"

    def __init__(self, event_id: str, field: str, value: object, allowed: str) -> None:
        super().__init__(event_id, f"field {field} is {str(value)[:80]!r}; allowed: {allowed}")
        self.field = field


class LedgerError(GovernanceError):
    """Ledger and state contradict each other, or a row can't be read. Appending would hide the damage."""


class AnchorError(GovernanceError):
    """An anchor is malformed, missing, or not what the ledger goes on from. Signing on would vouch for the damage."""


class CardError(GovernanceError):
    """A model card that doesn't follow the schema of a model package's card. `problems` lists all of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the model card is refused: " + "; ".join(problems))
        self.problems = tuple(problems)


class ArtifactError(GovernanceError):
    """An artifact that can't be published, or whose bytes aren't what its key says."""


class SettingError(GovernanceError):
    """A setting is missing or malformed; the message names it and its form."""
