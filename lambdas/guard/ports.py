"""What the guard needs of the world beside ledger and registry (lambdas/common), in the domain's words."""

from __future__ import annotations

from typing import Protocol


class Bolt(Protocol):
    """The one thing that the guard may do to a version."""

    def reject(self, arn: str, description: str) -> bool:
        """Set a version's approval to Rejected; False if it is gone. May be done twice.

        Raises Busy, or the client's error.
        """
