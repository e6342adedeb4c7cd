"""Words of the requests that several tables share."""

from __future__ import annotations

from collections.abc import Sequence

READ_REGISTRY = ("group:describe", "version:describe", "registry:list")
OBJECTS = ("artifacts/*", "evaluations/*", "stray-object")
DESTROY_EVIDENCE = ("version:delete", "group:delete", "group:share")
REGISTER = ("version:register*", "elsewhere:register")
DECIDE = (
    "version:decide*", "version:reopen*", "version:approve", "version:reject", "version:set-pending",
    "version:rewrite", "elsewhere:decide*", "elsewhere:reject*",
)  # fmt: skip
READ = ("read", "read-for.*", "read-in-clear")
PUT_VERBS = ("publish*", "overwrite", "upload-part", "put*")
REWRITE_VERBS = ("put", "update", "delete", "batch", "move", "move-alone", "remove", "replace")


def on(things: Sequence[str], verbs: Sequence[str]) -> tuple[str, ...]:
    """Each verb on each thing."""
    return tuple(f"{thing}:{verb}" for thing in things for verb in verbs)
