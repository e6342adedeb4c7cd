"""Environment variables read once, with one error that lists everything that is missing or malformed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from governance.errors import SettingError

T = TypeVar("T")


class Environment:
    """Collects the problems of all variables, so that one look mends them all."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._problems: list[str] = []

    def text(self, name: str) -> str:
        """A variable that must be set and not be empty."""
        value = self._variables.get(name, "")
        if not value:
            self._problems.append(f"{name} is not set")
        return value

    def parsed(self, name: str, parse: Callable[[str], T], otherwise: T) -> T:
        """A variable in a form of its own; `parse` raises SettingError. `otherwise` only stands in until
        `check`.
        """
        text = self.text(name)
        if not text:
            return otherwise
        try:
            return parse(text)
        except SettingError as problem:
            self._problems.append(str(problem))
            return otherwise

    def check(self) -> None:
        """Raise SettingError if any variable was missing or malformed."""
        if self._problems:
            raise SettingError(
                "the function's environment is incomplete: "
                + "; ".join(self._problems)
                + ". Nothing can be recorded until the deployment sets it"
            )


def names(setting: str) -> Callable[[str], frozenset[str]]:
    """A parser of a JSON list of names for the variable `setting`."""

    def parse(text: str) -> frozenset[str]:
        try:
            items = json.loads(text)
        except ValueError:
            items = None
        if not isinstance(items, list) or not items or not all(isinstance(i, str) and i for i in items):
            raise SettingError(f'{setting} is {text[:80]!r}; wanted: a JSON list of names such as ["ModelCreditRisk"]')
        return frozenset(items)

    return parse
