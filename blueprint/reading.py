"""Reading configuration field by field, collecting every problem instead of stopping at the first.

Pulumi's schema checks the type of a key, nothing inside an object; a value set on the command line arrives as text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
ABSENT: Any = object()


LONGEST_SHOWN = 80
MOST_LISTED = 20
MOST_NESTED = 20


def shown(value: object) -> str:
    """A value as an error shows it: short, on one line."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested, or with more digits, than Python writes out
        text = f"a {type(value).__name__} beyond measure"
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def listed(names: Iterable[str]) -> str:
    """Names as an error lists them: the first ones, and how many more there are."""
    every = [name if name.isprintable() and len(name) <= LONGEST_SHOWN else shown(name) for name in names]
    more = f" and {len(every) - MOST_LISTED} more" if len(every) > MOST_LISTED else ""
    return ", ".join(every[:MOST_LISTED]) + more


def too_deep(value: object) -> bool:
    """Whether a value is nested deeper than any that is needed, and than Python's own recursion bears."""
    waiting = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, Mapping | list):
            if depth > MOST_NESTED:
                return True
            inner = item.values() if isinstance(item, Mapping) else item
            waiting += [(one, depth + 1) for one in inner]
    return False


class Reader:
    """The fields of one mapping, at `path`, whose problems go to a shared list.

    A getter returns the value, or the default after noting a problem, so that one run finds all of them. `close()`
    notes the keys that nobody asked for.
    """

    def __init__(self, values: object, path: str, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        self._asked: set[str] = set()
        self._values: Mapping[str, Any] = {}
        if isinstance(values, Mapping) and all(isinstance(key, str) for key in values):
            self._values = values
        else:
            self.problem("", f"is {shown(values)}; a mapping of names to values is needed")

    def problem(self, key: str, sentence: str) -> None:
        self.problems.append(f"{self.at(key)} {sentence}")

    def at(self, key: str) -> str:
        # A key as it is written, but for one that would spoil the line, or hide why it is wrong.
        plain = key.isprintable() and key == key.strip() and len(key) <= LONGEST_SHOWN
        shown_key = key if plain else shown(key)
        return ".".join(part for part in (self.path, shown_key) if part)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._values)

    def raw(self, key: str) -> Any:
        """The value as it stands, ABSENT where there is none. An explicit null counts as absent."""
        self._asked.add(key)
        value = self._values.get(key, ABSENT)
        return ABSENT if value is None else value

    def text(self, key: str, form: re.Pattern[str] | None, needed: str, *, default: str | None = ABSENT) -> str | None:
        """Text of a form; `needed` describes it. Without `default` the key is required."""
        value = self.raw(key)
        if value is ABSENT:
            return self._missing(key, needed, default)
        if not isinstance(value, str):
            self.problem(key, f"is {shown(value)}, {_kind(value)}; {needed} in quotes is needed")
            return None if default is ABSENT else default
        if form is not None and not form.fullmatch(value):
            self.problem(key, f"is {shown(value)}; {needed} is needed")
            return None if default is ABSENT else default
        return value

    def choice(self, key: str, allowed: Sequence[str], *, default: str | None = ABSENT) -> str | None:
        """One of a few words, with the nearest one offered."""
        needed = f"one of {', '.join(allowed)}"
        value = self.raw(key)
        if value is ABSENT:
            return self._missing(key, needed, default)
        if value not in allowed:
            near = difflib.get_close_matches(str(value), allowed, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            self.problem(key, f"is {shown(value)}; {needed} is needed{hint}")
            return None if default is ABSENT else default
        return str(value)

    def integer(self, key: str, allowed: range | Sequence[int], needed: str, *, default: int) -> int:
        """A whole number; text of digits counts, since Pulumi hands scalars over as text."""
        value = self.raw(key)
        if value is ABSENT:
            return default
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            self.problem(key, f"is {shown(value)}; {needed} is needed")
            return default
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.raw(key)
        if value is ABSENT:
            return default
        if value in ("true", "false"):
            return bool(value == "true")
        if not isinstance(value, bool):
            self.problem(key, f"is {shown(value)}; true or false is needed")
            return default
        return value

    def texts(
        self, key: str, form: re.Pattern[str], needed: str, *, default: Sequence[str] | None = None
    ) -> tuple[str, ...]:
        """A list of distinct texts of a form. Without `default` at least one is required."""
        value = self.raw(key)
        if value is ABSENT and default is not None:
            return tuple(default)
        if value is ABSENT or not isinstance(value, list) or (default is None and not value):
            found = "missing" if value is ABSENT else shown(value)
            self.problem(key, f"is {found}; a list is needed, of which each is {needed}")
            return ()
        good: list[str] = []
        for index, item in enumerate(value):
            if not isinstance(item, str) or not form.fullmatch(item):
                self.problem(f"{key}[{index}]", f"is {shown(item)}; {needed} is needed")
            elif item in good:
                self.problem(f"{key}[{index}]", f"is {shown(item)}, which the list already holds; remove one")
            else:
                good.append(item)
        return tuple(good)

    def mapping(self, key: str, needed: str) -> Reader:
        value = self.raw(key)
        if value is ABSENT:
            self.problem(key, f"is missing; {needed} is needed")
            value = {}
        return Reader(value, self.at(key), self.problems)

    def items(self, key: str, needed: str) -> list[Reader]:
        """The mappings of a list; empty with a problem where there are none."""
        value = self.raw(key)
        if not isinstance(value, list) or not value:
            self.problem(key, f"is {'missing' if value is ABSENT else shown(value)}; {needed} is needed")
            return []
        return [Reader(item, f"{self.at(key)}[{index}]", self.problems) for index, item in enumerate(value)]

    def close(self) -> None:
        """Note the keys that nobody asked for, each with the nearest known one."""
        for key in self._values:
            if key not in self._asked:
                near = difflib.get_close_matches(key, sorted(self._asked), 1)
                hint = f"did you mean {near[0]}? " if near else ""
                self.problem(
                    key or shown(key),
                    f"is unknown, so it would have no effect; {hint}known: {listed(sorted(self._asked))}",
                )

    def _missing(self, key: str, needed: str, default: T) -> T | None:
        if default is not ABSENT:
            return default
        self.problem(key, f"is missing; {needed} is needed")
        return None


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number, which loses leading zeros"
    return "not text"
