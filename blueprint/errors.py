"""What the blueprint refuses.

    BlueprintError
    ├── ConfigurationError   the configuration can't be deployed; lists every problem at once
    ├── ContractError        another stack's outputs aren't what this stack needs
    ├── PolicyTooLarge       a policy is over the limit of its resource, in every form that the configuration admits
    └── PackageError         a function's package can't be built

Each message says what is wrong, the value, the allowed form, the consequence and the fix; none is a traceback's last
line: the program shows it alone.
"""

from __future__ import annotations

from collections.abc import Sequence


class BlueprintError(Exception):
    """Base of what the blueprint refuses."""


class ConfigurationError(BlueprintError):
    """The configuration can't be deployed. `problems` are complete sentences, one each."""

    def __init__(self, stack: str, problems: Sequence[str]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"stack {stack}: {count} in the configuration; nothing was deployed.\n{listed}")
        self.problems = tuple(problems)


class ContractError(BlueprintError):
    """Another stack's outputs are missing, of another version, or made for other names."""


class PolicyTooLarge(BlueprintError):
    """A policy is over the limit of its resource in every form that the configuration admits."""


class PackageError(BlueprintError):
    """A function's package can't be built: a source is missing, or the zip is over its budget."""
