"""Services are imported when they are first called."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rehearsal.organisation import emulator
from tests.rehearsal.organisation.example import SETTINGS


def test_services_are_imported_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: RAM and SageMaker import each other; imported by two calls at once, one call finds them half run, and
    making a permission for SageMaker's groups is 'not emulated'.
    """
    organisation = emulator.Emulator(SETTINGS)
    counting, inside, most = threading.Lock(), 0, 0

    def slowly(_name: str) -> None:
        nonlocal inside, most
        with counting:
            inside += 1
            most = max(most, inside)
        time.sleep(0.02)
        with counting:
            inside -= 1

    monkeypatch.setattr("rehearsal.organisation.emulator.importlib.import_module", slowly)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(organisation.load, ["one", "two", "three", "four"]))
    assert most == 1
