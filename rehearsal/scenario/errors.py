"""What ends a command of the rehearsal with one message instead of a traceback."""

from __future__ import annotations


class ScenarioError(Exception):
    """A command can't do what it was asked to; the message says why, and what to do."""


class CantRehearse(ScenarioError):
    """The configuration is right, but has too few accounts for the flow."""


class StartFailed(ScenarioError):
    """The emulated organisation didn't come up; the message holds what it printed."""


class NobodySigned(ScenarioError):
    """There is nobody of that name, nothing to sign in to, or the sign-in was refused."""
