"""Reading single fields of an event, with errors that name the field and the event."""

from __future__ import annotations

from collections.abc import Mapping

from governance.canonical import Json
from governance.errors import BadField, MissingField
from governance.times import Moment, parse_time

_LARGEST = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly."""


class Fields:
    """Typed access to the members of one object of an event. `path` is where it stands (`detail`)."""

    __slots__ = ("event_id", "members", "path")

    def __init__(self, event_id: str, path: str, members: Mapping[str, Json]) -> None:
        self.event_id = event_id
        self.path = path
        self.members = members

    def _name(self, field: str) -> str:
        return f"{self.path}.{field}" if self.path else field

    def bad(self, field: str, allowed: str) -> BadField:
        return BadField(self.event_id, self._name(field), self.members.get(field), allowed)

    def text(self, field: str) -> str:
        """A text that must be there and not be empty."""
        value = self.optional_text(field)
        if value is None:
            raise MissingField(self.event_id, self._name(field))
        return value

    def optional_text(self, field: str) -> str | None:
        value = self.members.get(field)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self.bad(field, "text")
        return value

    def moment(self, field: str) -> Moment:
        moment = self.optional_moment(field)
        if moment is None:
            raise MissingField(self.event_id, self._name(field))
        return moment

    def optional_moment(self, field: str) -> Moment | None:
        value = self.members.get(field)
        if value is None:
            return None
        try:
            return parse_time(value)
        except ValueError as problem:
            raise self.bad(field, str(problem)) from None

    def integer(self, field: str) -> int:
        value = self.members.get(field)
        if value is None:
            raise MissingField(self.event_id, self._name(field))
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole or not 0 <= value <= _LARGEST:
            raise self.bad(field, f"a whole number up to {_LARGEST}")
        return int(value)

    def optional_object(self, field: str) -> Fields | None:
        value = self.members.get(field)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.bad(field, "an object")
        return Fields(self.event_id, self._name(field), value)

    def objects(self, field: str) -> tuple[Fields, ...]:
        """A list of objects; absent means none."""
        value = self.members.get(field)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.bad(field, "a list of objects")
        return tuple(Fields(self.event_id, f"{self._name(field)}[{n}]", item) for n, item in enumerate(value))

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts; absent means none."""
        value = self.members.get(field)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.bad(field, "a list of texts")
        return tuple(value)
