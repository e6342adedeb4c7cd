"""Which texts a function's code knows: itself and all of ours that it calls, found in the compiled functions."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

OURS = "rehearsal."
CONTAINER_DEPTH = 4
LEAST_PREFIX, LEAST_REST = 4, 3


class Reading:
    """The string constants within reach of a function: member names that it reads, keeps or compares."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._texts: set[str] = set()
        self._seen: set[types.FunctionType] = set()
        self._follow(function)

    def knows(self, member: str) -> bool:
        """Whether the code names a member: whole, or put together from two texts (`f"Checksum{algorithm}"`)."""
        return member in self._texts or any(
            member[:cut] in self._texts and member[cut:] in self._texts
            for cut in range(LEAST_PREFIX, len(member) - LEAST_REST + 1)
        )

    def _follow(self, value: Any) -> None:
        value = getattr(value, "__func__", value)
        if isinstance(value, types.FunctionType):
            self._read(value)
        elif hasattr(value, "__wrapped__"):  # functools.cache
            self._follow(value.__wrapped__)
        elif isinstance(value, property):
            self._follow(value.fget)
        elif isinstance(value, type):
            for member in vars(value).values():
                if isinstance(member, types.FunctionType):
                    self._read(member)
        else:
            self._collect(value)

    def _collect(self, value: Any, depth: int = 0) -> None:
        if isinstance(value, str):
            self._texts.add(value)
        elif isinstance(value, (tuple, list, set, frozenset, dict)) and depth < CONTAINER_DEPTH:
            for one in value:
                self._collect(one, depth + 1)
            if isinstance(value, dict):
                for one in value.values():
                    self._collect(one, depth + 1)

    def _read(self, function: types.FunctionType) -> None:
        if function in self._seen or not function.__module__.startswith(OURS):
            return
        self._seen.add(function)
        for cell in function.__closure__ or ():
            self._follow(cell.cell_contents)
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._follow(default)
        for code in _codes(function.__code__):
            for constant in code.co_consts:
                self._collect(constant)
            for name in code.co_names:
                self._named(function, name)

    def _named(self, function: types.FunctionType, name: str) -> None:
        """A name in code is a global, or an attribute of a module or a class that the function's module knows."""
        known = function.__globals__
        if name in known:
            self._follow(known[name])
        for value in list(known.values()):
            if isinstance(value, types.ModuleType) and value.__name__.startswith(OURS):
                self._follow(getattr(value, name, None))
            elif isinstance(value, type) and value.__module__.startswith(OURS):
                self._follow(vars(value).get(name))


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)
