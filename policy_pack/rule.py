"""What a rule is, and what it may find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from policy_pack.resource import Facts, Resource


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong, with the value."""

    message: str


@dataclass(frozen=True, slots=True)
class NotKnown:
    """The rule can't be judged in a preview: the value at this path comes with the update, which judges it."""

    path: str


Finding = Violation | NotKnown
Check = Callable[[Resource, Facts], Iterable[Finding]]
StackCheck = Callable[[Sequence[Resource], Facts], Iterable[tuple[Resource, Finding]]]


@dataclass(frozen=True, slots=True)
class Exemption:
    """A resource that a rule leaves alone, by type and pattern of the logical name, and why."""

    type: str
    name: str
    reason: str

    def covers(self, resource: Resource) -> bool:
        return fnmatchcase(resource.type, self.type) and fnmatchcase(resource.name, self.name)


def no_check(resource: Resource, facts: Facts) -> Iterable[Finding]:
    """Nothing to say of one resource alone."""
    return ()


def no_stack_check(resources: Sequence[Resource], facts: Facts) -> Iterable[tuple[Resource, Finding]]:
    """Nothing to say of all resources together."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`check` judges one resource by its inputs, before it is made; `check_stack` all of them together, at the end."""

    name: str
    description: str
    remedy: str
    check: Check = no_check
    check_stack: StackCheck = no_stack_check
    exempt: tuple[Exemption, ...] = ()
