"""What can go wrong while setting up."""

from __future__ import annotations


class SetupError(Exception):
    """The set-up can't go on. The message is one line with the remedy; `details` is what a tool printed."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details
