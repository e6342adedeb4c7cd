"""What ends a command: its text goes to standard error, its status to the shell."""

from __future__ import annotations

OK = 0
FOUND = 1
"""Something is wrong with what was looked at, or AWS refused what was asked for."""

UNUSABLE = 2
"""The command couldn't look: wrong arguments, files or rights. (Typer's status for usage errors, too.)"""


class CommandError(Exception):
    """A command can't go on. `status` is the exit status."""

    def __init__(self, message: str, status: int = UNUSABLE) -> None:
        super().__init__(message)
        self.status = status


class NotThere(CommandError):
    """The account of the credentials lacks a part that every installation has. `whose`: the account that should be."""

    def __init__(self, what: str, prefix: str, whose: str = "its hub") -> None:
        super().__init__(
            f"there is no {what} of the account of these credentials; is {prefix!r} the installation's prefix"
            f" (--prefix), and is this {whose}?"
        )
