"""No argument that Check lets through is ignored: the calls of its row act on it."""

from __future__ import annotations

import pytest

from rehearsal.provider.metadata import type_data, walk
from rehearsal.provider.types import TYPES
from tests.rehearsal.code_reading import Reading

GENERIC = {"region", "tags"}
"""What the plugin acts on for all types alike: the clients' Region, and the calls for tags."""


@pytest.mark.parametrize("token", sorted(TYPES))
def test_each_argument_that_is_let_through_is_acted_on(token: str) -> None:
    """Guards against an argument in a row's table that no call of the row sends: it would pass and do nothing."""
    row = TYPES[token]
    readings = [Reading(step) for step in (row.create, row.configure, row.update, row.delete)]
    for path, spec in walk(type_data(token).inputs):
        name = path.rsplit(".", 1)[-1]
        spellings = (name, name[0].upper() + name[1:])
        acted_on = any(reading.knows(one) for reading in readings for one in spellings)
        assert acted_on or path in GENERIC or not spec.carried, f"{token}: {path} is carried out by no call"
