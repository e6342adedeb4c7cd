"""A resource as the rules see it, and what is known of the stack that it belongs to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from blueprint.names import HUB
from blueprint.organisation import Organisation, Spoke
from blueprint.organisation_reading import read_organisation
from blueprint.reading import Reader
from blueprint.regions import split_stack

PRODUCTION = "Production"
"""The lifecycle stage whose accounts, and the hub that serves them, keep what is stateful."""


class Unknown:
    """A value that only the update brings: an output of a resource that isn't made yet."""

    def __repr__(self) -> str:
        return "not known yet"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """`props`: its inputs (of all resources together at the end: its outputs), in Pulumi's spelling, UNKNOWN where the
    value is. `depends`: URNs that each property's value comes from; the engine says so only at the end.
    """

    type: str
    name: str
    urn: str = ""
    props: Mapping[str, Any] = field(default_factory=dict)
    protect: bool = False
    depends: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def at(self, path: str) -> Any:
        """The value at a dotted path; None where there is none, UNKNOWN where a part of the way is."""
        found: Any = self.props
        for part in path.split("."):
            if found is UNKNOWN:
                return UNKNOWN
            if not isinstance(found, Mapping):
                return None
            found = found.get(part)
        return found

    def leaves(self) -> Iterator[tuple[str, Any]]:
        """Every value that isn't a list or an object, with its dotted path."""
        yield from _leaves(self.props, "")

    def belongs_to(self, other: Resource, key: str) -> bool:
        """Whether its property `key` names the other resource, which may not have its name yet."""
        if other.urn and other.urn in self.depends.get(key, ()):
            return True
        named = self.at(key)
        return named not in (None, UNKNOWN) and named == other.at(key)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The stack, and the organisation of its configuration: None where that isn't one of ours, or can't be read (the
    program says why).
    """

    stack: str
    organisation: Organisation | None = None

    @classmethod
    def read(cls, project: str, stack: str, config: Mapping[str, str]) -> Facts:
        """From the configuration as the engine hands it over: every value as text, keys with their namespace."""
        try:
            raw = json.loads(config.get(f"{project}:organisation", "null"))
        except ValueError:
            raw = None
        organisation = read_organisation(Reader(raw, "organisation", [])) if isinstance(raw, dict) else None
        return cls(stack=stack, organisation=organisation)

    @cached_property
    def account_stack(self) -> str:
        """The stack's name without the region that a further region's stack carries."""
        return split_stack(self.stack)[0]

    @property
    def is_hub(self) -> bool:
        return self.account_stack == HUB

    @cached_property
    def spoke(self) -> Spoke | None:
        spokes = () if self.organisation is None else self.organisation.spokes
        return next((spoke for spoke in spokes if spoke.stack == self.account_stack), None)

    @property
    def account(self) -> str | None:
        """The account that the stack belongs into, where the configuration says so."""
        if self.organisation is None:
            return None
        return self.organisation.hub if self.is_hub else self.spoke.account if self.spoke else None

    @property
    def production(self) -> bool:
        """Whether it is the hub's stack, or one of a stage of production."""
        if self.organisation is None or self.is_hub:
            return self.is_hub
        return self.spoke is not None and self.organisation.stage(self.spoke.stage).lifecycle == PRODUCTION
