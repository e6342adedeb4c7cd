"""`python -m rehearsal.provider [engine address]`: serve the stand-in on a free loopback port and print the
port.

The engine starts plugins so, kills them at its end, and starts again where it likes. Should the engine die
without killing, the process notices that its parent is gone and exits."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent import futures
from types import FrameType

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.provider.server import Provider
from rehearsal.provider.unexpected import NamedErrors

WORKERS = 32
MAX_MESSAGE_BYTES = 400 << 20
"""What the Pulumi SDKs allow (`sdk/go/common/util/rpcutil`)."""

WATCH_SECONDS = 0.5


def _exit_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(0)


def _stop(number: int, frame: FrameType | None) -> None:
    os._exit(0)


def _warm_up() -> None:
    """Import boto3 while the engine still starts the program: 0.3 s that nobody waits for."""
    import boto3

    boto3.Session()


def main() -> None:
    """Serve until killed."""
    engine = os.getppid()  # before anything else: an engine that dies while this starts must be missed too
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    options = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES), ("grpc.max_send_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(WORKERS), interceptors=[NamedErrors()], options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    threading.Thread(target=_exit_with_parent, args=(engine,), daemon=True).start()
    threading.Thread(target=_warm_up, daemon=True).start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
