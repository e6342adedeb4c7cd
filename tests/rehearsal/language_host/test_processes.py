"""Child processes of the host."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rehearsal.language_host.processes import Children, streamed

STUBBORN = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.write(1, b'up'); time.sleep(600)"


def start(children: Children, code: str, *, capture: bool = True) -> subprocess.Popen[bytes]:
    """Start Python code as a child."""
    command = [sys.executable, "-c", code]
    return children.start(command, directory=None, environment=os.environ, capture=capture)


def test_output_is_streamed_whole_and_by_stream() -> None:
    """Guards: bytes lost where both streams are busy, or one stream's end that cuts the other off."""
    children = Children()
    code = "import sys\nfor i in range(2000): print(i); print(-i, file=sys.stderr)"
    process = start(children, code)
    parts: dict[str, bytes] = {"stdout": b"", "stderr": b""}
    for stream, data in streamed(process):
        parts[stream] += data
    assert children.wait(process) == 0
    assert parts["stdout"].split() == [str(i).encode() for i in range(2000)]
    assert parts["stderr"].split() == [str(-i).encode() for i in range(2000)]


def test_closing_ends_what_runs_and_starts_no_more() -> None:
    """Guards: a child that ignores SIGTERM, or one started while the host closes, living on."""
    children = Children()
    process = start(children, STUBBORN)
    assert next(streamed(process)) == ("stdout", b"up"), "it ignores SIGTERM from here on"
    children.end_all()
    assert process.poll() is not None
    with pytest.raises(RuntimeError, match="closing"):
        start(children, "pass")


def test_output_that_is_not_captured_is_not_streamed() -> None:
    """Guards: an endless wait for a stream that doesn't exist."""
    children = Children()
    process = start(children, "pass", capture=False)
    with pytest.raises(ValueError, match="not captured"):
        next(streamed(process))
    assert children.wait(process) == 0
