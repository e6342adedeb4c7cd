"""The command line as its users run it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from console import app

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def governance(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command: status, output, error."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["governance", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app.main()
        out, err = capsys.readouterr()
        return (ended.value.code if isinstance(ended.value.code, int) else 0), out, err

    return run
