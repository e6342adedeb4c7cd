"""COVERAGE.md and what it says."""

from __future__ import annotations

import pytest

from rehearsal.organisation import coverage
from rehearsal.organisation.core import SERVED
from rehearsal.organisation.model import model


def test_the_committed_coverage_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a table of what is emulated that no longer says what is."""
    assert coverage.main(["--check"]) == 0, capsys.readouterr().err


def test_every_row_is_an_operation_of_its_service_and_cites_a_source() -> None:
    """Guards: rows for operations that don't exist, rows without a source, gaps without a word."""
    coverage.load_all()
    for row in SERVED.values():
        assert row.operation in model(row.service).operation_names
        assert row.source, row
        assert row.fidelity == "faithful" or row.note, f"{row.service}:{row.operation} is emulated: say what is missing"


def test_the_document_is_the_same_each_time() -> None:
    """Guards: a check that fails by the order of a dictionary."""
    assert coverage.generate() == coverage.generate()
