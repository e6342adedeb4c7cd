"""What becomes of what can't be made anew: one word for all of a stack, by the stack's setting or its stage's."""

from __future__ import annotations

from typing import Literal

Stateful = Literal["protect", "retain", "destroy"]
STATEFUL: tuple[Stateful, ...] = ("protect", "retain", "destroy")
DEFAULT_STATEFUL: Stateful = "protect"
