"""The emulated organisation as a process of its own, started for a run and found again by later commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from rehearsal.engine import ROOT
from rehearsal.organisation.control import Control
from rehearsal.scenario.cast import Keys
from rehearsal.scenario.errors import StartFailed

FOLDER = ROOT / "build" / "rehearsal"
"""Where a run writes, and where the next command finds what it left up."""

READY = "organisation.json"
START_SECONDS = 60.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Emulated:
    """A running emulated organisation. `admin_keys` are the administrators' credentials by account id.

    `child` is its handle where this very process started it.
    """

    process: int
    control: Control
    admin_keys: Mapping[str, Keys]
    child: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """End it and everything it started, politely first."""
        try:
            process = psutil.Process(self.process)
        except psutil.NoSuchProcess:
            return
        family = [process, *process.children(recursive=True)]
        process.send_signal(signal.SIGTERM)
        for each in _still_alive(family, STOP_SECONDS):
            each.kill()
        _still_alive(family, STOP_SECONDS)
        if self.child is not None:
            self.child.wait()


def _still_alive(processes: list[psutil.Process], timeout_seconds: float) -> list[psutil.Process]:
    """Those that haven't ended within the time; returns as soon as there is none.

    A zombie has ended: it holds no port, file or memory. After --keep the organisation's parent is process 1, which may
    take seconds to collect it (`psutil.wait_procs` waits for that).
    """
    deadline = time.monotonic() + timeout_seconds
    while (alive := [one for one in processes if _runs(one)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start(folder: Path, seed: int, *, outlive: bool) -> Emulated:
    """Start `python -m rehearsal serve` and wait until it answers.

    `outlive`: it stays when this process ends (for --keep); otherwise it ends with it, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ready, log = folder / READY, folder / "organisation.log"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "rehearsal", "serve", "--seed", str(seed), "--ready-file", str(ready)]
    if not outlive:
        command += ["--parent", str(os.getpid())]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StartFailed(f"the emulated organisation did not start:\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        return replace(find(folder), child=process)
    except BaseException:  # an interrupt too: nobody would find it again
        process.kill()
        process.wait()
        raise


def find(folder: Path) -> Emulated:
    """The organisation that `start` left running in this folder. Raises FileNotFoundError where there is none.

    After a restart of the machine the file may name a process that is somebody else's by now: only one that was
    started with this very file counts.
    """
    ready = folder / READY
    written = json.loads(ready.read_text(encoding="utf-8"))
    try:
        ours = str(ready) in psutil.Process(written["process"]).cmdline()
    except psutil.Error:
        ours = False
    if not ours:
        raise FileNotFoundError(ready)
    keys = {account: Keys(**value) for account, value in written["admin_keys"].items()}
    return Emulated(written["process"], Control(written["endpoint"]), keys)


def stop() -> bool:
    """End the organisation that --keep left up. False where there is none."""
    try:
        running = find(FOLDER)
    except FileNotFoundError:
        return False
    running.stop()
    (FOLDER / READY).unlink(missing_ok=True)
    return True
