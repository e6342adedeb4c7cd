"""Fixtures of the language host's tests."""

from __future__ import annotations

from tests.rehearsal.projects import project

__all__ = ["project"]
