"""Names for what the program leaves unnamed, as pulumi-terraform-bridge makes them (pkg/tfbridge)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from rehearsal.provider.resource import AutoName

RANDOM_DIGITS = 7


class NameTooLong(ValueError):
    """The logical name leaves no room for the random digits."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the engine's `pulumi:autonaming` says: a proposed name, and `propose`, `enforce` or `disable`."""

    mode: str = ""
    name: str = ""


class NamingDisabled(ValueError):
    """The stack's configuration forbids automatic names, and the program gives none."""


def auto_name(rule: AutoName, logical: str, seed: bytes, proposal: Proposal) -> str:
    """Name a resource: its logical name, a dash and 7 hexadecimal digits from the engine's seed.

    Raises NameTooLong and NamingDisabled.
    """
    if proposal.mode == "disable":
        raise NamingDisabled(f"automatic naming is disabled for this stack: set {rule.argument}")
    if proposal.name:
        return proposal.name
    digits = (seed.hex() or secrets.token_hex(RANDOM_DIGITS))[:RANDOM_DIGITS].ljust(RANDOM_DIGITS, "0")
    name = f"{logical}-{digits}"
    if len(name) > rule.limit:
        raise NameTooLong(
            f"the automatic name {name!r} has {len(name)} characters, at most {rule.limit} are allowed: "
            f"shorten the logical name or set {rule.argument}"
        )
    return name.lower() if rule.lower else name
