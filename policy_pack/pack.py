"""Runs the rules on resources: levels and exemptions by configuration, what isn't known yet told at the end."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from policy_pack.resource import Facts, Resource
from policy_pack.rule import Exemption, Finding, NotKnown, Rule, Violation
from policy_pack.rules import RULES

NAME = "ml-governance"
NOT_KNOWN_YET = "not-known-yet"
SHOWN = 6
"""How many resources an advisory names before it counts the rest."""

Level = Literal["advisory", "mandatory", "disabled"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What the engine is told: of which rule, about which resource ("" for the stack), how grave, and what."""

    rule: str
    urn: str
    level: Level
    description: str
    message: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A rule's configuration. `exempt`: patterns of `type::name`, each with the reason why the rule leaves it alone."""

    level: Level
    exempt: Mapping[str, str] = field(default_factory=dict)

    def covers(self, resource: Resource) -> bool:
        patterns = (pattern.rpartition("::") for pattern in self.exempt)
        return any(Exemption(type_ or "*", name, "").covers(resource) for type_, _, name in patterns)


class Pack:
    """One run's state. Resources may be judged from several threads."""

    def __init__(self, facts: Facts, rules: Sequence[Rule] = RULES) -> None:
        self.facts = facts
        self._rules = rules
        self._settings: Mapping[str, Setting] = {}
        self._lock = threading.Lock()
        self._not_known: dict[str, dict[str, str]] = {}

    def configure(self, settings: Mapping[str, Setting]) -> None:
        self._settings = settings

    def setting(self, rule: str) -> Setting:
        return self._settings.get(rule, Setting("advisory" if rule == NOT_KNOWN_YET else "mandatory"))

    def judge(self, resource: Resource) -> list[Diagnostic]:
        """What the rules say of a resource before it is made or changed."""
        return [
            told
            for rule in self._active()
            for told in self._told(rule, ((resource, found) for found in rule.check(resource, self.facts)))
        ]

    def judge_stack(self, resources: Sequence[Resource]) -> list[Diagnostic]:
        """What the rules say of all resources together, and what couldn't be judged yet."""
        found = [told for rule in self._active() for told in self._told(rule, rule.check_stack(resources, self.facts))]
        return [*found, *self._told_of_the_unknown()]

    def _active(self) -> Iterator[Rule]:
        return (rule for rule in self._rules if self.setting(rule.name).level != "disabled")

    def _told(self, rule: Rule, findings: Iterable[tuple[Resource, Finding]]) -> Iterator[Diagnostic]:
        setting = self.setting(rule.name)
        for resource, finding in findings:
            if any(exemption.covers(resource) for exemption in rule.exempt) or setting.covers(resource):
                continue
            if isinstance(finding, NotKnown):
                with self._lock:
                    self._not_known.setdefault(rule.name, {})[resource.name] = finding.path
            else:
                yield Diagnostic(
                    rule.name,
                    resource.urn,
                    setting.level,
                    rule.description,
                    f"{rule.description}\n{resource.name}: {finding.message}\nTo mend it: {rule.remedy}.",
                )

    def _told_of_the_unknown(self) -> Iterator[Diagnostic]:
        """One advisory a rule, not one a resource: at a first preview most policies wait for a key's ARN."""
        level = self.setting(NOT_KNOWN_YET).level
        if level == "disabled":
            return
        with self._lock:
            waiting = {rule: dict(where) for rule, where in self._not_known.items()}
        for rule, where in sorted(waiting.items()):
            named = [f"{name} ({path})" for name, path in sorted(where.items())]
            more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
            yield Diagnostic(
                NOT_KNOWN_YET,
                "",
                level,
                UNKNOWN_DESCRIPTION,
                f"{rule} isn't known yet of {', '.join(named[:SHOWN])}{more}: checked at update.",
            )


UNKNOWN_DESCRIPTION = "What a preview can't know yet is checked by the update, before the resource is made."

EXEMPT_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "Resources that this rule leaves alone: pattern of type::name or of the name → the reason",
    "additionalProperties": {"type": "string", "minLength": 10},
}


def told(findings: Iterable[Finding]) -> list[str]:
    """Messages of violations, for whoever judges without an engine."""
    return [finding.message for finding in findings if isinstance(finding, Violation)]
