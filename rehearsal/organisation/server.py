"""The HTTP server: werkzeug's, threaded, connections kept open, on loopback."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

from rehearsal.organisation.gateway import Gateway

if TYPE_CHECKING:
    from rehearsal.organisation.emulator import Emulator


PATIENCE_SECONDS = 2.0
"""How long a stop waits for answers under way."""


class _Handler(MotoRequestHandler):
    """Keeps header names with underscores (S3 metadata) and connections open, and doesn't log to stderr."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, *_: Any) -> None:
        """The request log is the emulator's own."""

    def run_wsgi(self) -> None:
        """Answer one request and keep the connection: werkzeug's own closes it, which costs a connection a call.

        The application reads the whole body and gives each answer its length, so the next request line follows.
        """
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
            started.append((status, headers))
            return self.wfile.write

        body = b"".join(self.server.app(self.make_environ(), start))
        status, headers = started[0]
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class _Threads(ThreadedWSGIServer):
    """One thread per connection; `disconnect` ends those that wait for a next request."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._open: set[socket.socket] = set()
        self._changing = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changing:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._changing:
            self._open.discard(request)
        super().shutdown_request(request)

    def disconnect(self, patience_seconds: float) -> None:
        """End all connections: no further request is read, answers under way are still written."""
        with self._changing:
            waiting = list(self._open)
        for connection in waiting:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        deadline = time.monotonic() + patience_seconds
        while self._open and time.monotonic() < deadline:
            time.sleep(0.005)


class Server:
    """A listening server and the thread that accepts its connections."""

    def __init__(self, org: Emulator, host: str, port: int) -> None:
        self._server = _Threads(host, port, Gateway(org), handler=_Handler)
        self.endpoint = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._serve, name="organisation", daemon=True)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting, end open connections, close the socket, join the accepting thread."""
        self._server.shutdown()
        self._server.disconnect(PATIENCE_SECONDS)
        self._server.server_close()
        self._thread.join(timeout=5)
