"""The tags of every resource."""

from __future__ import annotations

MANAGED_BY = "ml-governance"

OWNERSHIP = ("governance:managed-by", "governance:installation", "governance:stack")
"""Keys that say which stack a resource belongs to."""


def tags(prefix: str, stack: str, **extra: str) -> dict[str, str]:
    """Default tags of a stack's resources. The mandatory ones merge last: no one can hide who owns a resource."""
    return {
        **extra,
        "governance:managed-by": MANAGED_BY,
        "governance:installation": prefix,
        "governance:stack": stack,
    }
