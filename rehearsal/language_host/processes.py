"""Child processes of the host: started in its process group, streamed, and ended with it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from queue import Queue
from typing import IO, Literal

GRACE_SECONDS = 3.0

Chunk = tuple[Literal["stdout", "stderr"], bytes]


class Children:
    """The programs and plugins that run now. Safe to use from the threads of a gRPC server.

    They stay in the host's own process group, which the engine interrupts as a whole.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def start(
        self,
        command: Sequence[str | Path],
        *,
        directory: Path | None,
        environment: Mapping[str, str],
        capture: bool,
    ) -> subprocess.Popen[bytes]:
        """Start a command; with `capture` its output is piped, else it is the host's own.

        Raises OSError where the executable can't be started, RuntimeError once the host is closing.
        """
        stream = subprocess.PIPE if capture else None
        with self._lock:
            if self._closed:
                raise RuntimeError("the language host is closing: no further process is started")
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
            self._running.add(process)
        return process

    def wait(self, process: subprocess.Popen[bytes]) -> int:
        """The exit status, once the process has ended; negative numbers are signals."""
        status = process.wait()
        with self._lock:
            self._running.discard(process)
        return status

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Ask a process to end; kill it where it doesn't within the grace time."""
        if process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def end_all(self) -> None:
        """End whatever still runs, and refuse to start more."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            self.end(process)


def streamed(process: subprocess.Popen[bytes]) -> Iterator[Chunk]:
    """What a captured process writes, as it writes it, until both of its streams are closed."""
    chunks: Queue[Chunk | None] = Queue()

    def pump(name: Literal["stdout", "stderr"], source: IO[bytes]) -> None:
        with source:
            while data := source.read1(65536):  # type: ignore[attr-defined]  # a pipe's reader is a BufferedReader
                chunks.put((name, data))
        chunks.put(None)

    if process.stdout is None or process.stderr is None:
        raise ValueError("the output of this process is not captured, so it can't be streamed")
    threading.Thread(target=pump, args=("stdout", process.stdout), daemon=True).start()
    threading.Thread(target=pump, args=("stderr", process.stderr), daemon=True).start()
    for _ in range(2):
        while (chunk := chunks.get()) is not None:
            yield chunk
