"""Serve the language host on a free loopback port, print the port, and end with its engine."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import language_pb2_grpc

from rehearsal.language_host.processes import Children
from rehearsal.language_host.service import LanguageHost

MESSAGE_LIMIT_BYTES = 400 * 1024 * 1024  # the engine's own limit (sdk/go/common/util/rpcutil)
ORPHAN_POLL_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Run until the engine closes the host (SIGINT, SIGTERM) or is gone. Returns the exit status."""
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    children = Children()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())

    server = grpc.server(
        ThreadPoolExecutor(max_workers=16),
        options=[
            ("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES),
            ("grpc.max_send_message_length", MESSAGE_LIMIT_BYTES),
            ("grpc.so_reuseport", 0),
        ],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(options.engine, children), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()

    # An engine that was killed sends no signal: neither its host nor the program may outlive it.
    engine_process = os.getppid()
    while not ended.wait(ORPHAN_POLL_SECONDS):
        if os.getppid() != engine_process:
            break
    children.end_all()
    server.stop(grace=None)
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    """The engine's address, the last argument; flags meant for other hosts (`--tracing`) are accepted."""
    parser = argparse.ArgumentParser(prog="pulumi-language-python")
    parser.add_argument("engine", nargs="?", default="")
    options, _ = parser.parse_known_args(arguments)
    return options


if __name__ == "__main__":
    sys.exit(main())
