"""The plugin as a process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import psutil
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.engine import ROOT

PLUGIN = [sys.executable, "-m", "rehearsal.provider", "127.0.0.1:1"]
MOST_SECONDS = 10.0
"""For a machine under load; alone it takes half a second (see the benchmarks)."""

PARENT = f"""
import subprocess, sys, time
plugin = subprocess.Popen({PLUGIN!r}, stdout=subprocess.PIPE)
plugin.stdout.readline()
print(plugin.pid, flush=True)
time.sleep(600)
"""


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that is killed at the end."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    """The first line that a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_it_prints_its_port_and_answers_there() -> None:
    """Guards against an engine that waits for a port in vain."""
    with started(PLUGIN) as process:
        port = int(first_line(process))
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(
                empty_pb2.Empty(), timeout=MOST_SECONDS
            )
        assert info.version == "7.51.1"


def test_it_ends_with_its_engine() -> None:
    """Guards against processes left behind by an engine that was killed."""
    with started([sys.executable, "-c", PARENT]) as parent:
        plugin = psutil.Process(int(first_line(parent)))
        parent.kill()
        deadline = time.monotonic() + MOST_SECONDS
        while plugin.is_running() and plugin.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "the plugin outlives its engine"
            time.sleep(0.05)


def test_it_is_served_without_the_sdks_resources() -> None:
    """Guards against a start that takes seconds: the metadata stands in for importing pulumi_aws and cfn-lint."""
    heavy = ("pulumi_aws", "cfnlint", "boto3")
    code = f"import sys, rehearsal.provider.__main__; print([name for name in {heavy!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
