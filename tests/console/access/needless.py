"""Conditions and statements that change no cell, and why they stand nevertheless."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tests.console.access.mutants import Mutant

REASONS: tuple[tuple[str, str, str, str], ...] = ()
"""(policy, statement, change, reason), the first three as patterns."""


def reason_of(mutant: Mutant) -> str | None:
    for policy, sid, change, reason in REASONS:
        if (
            fnmatchcase(mutant.slot.name, policy)
            and fnmatchcase(mutant.sid, sid)
            and fnmatchcase(mutant.change, change)
        ):
            return reason
    return None
