"""Lambda's Runtime API on 127.0.0.1, for one runtime client.

Source: "Using the Lambda runtime API" of the AWS Lambda developer guide.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import socketserver
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Literal

RESPONSE_BYTES = 6_291_556
"""Largest reply of a synchronous invocation: 6 MB and a little for the envelope."""

Happening = Literal["next", "response", "error", "init", "oversized", "exit"]
_ROOT = "/2018-06-01/runtime"


@dataclass(frozen=True)
class HandlerCall:
    """One event on its way to a handler."""

    request_id: str
    payload: bytes
    arn: str
    """As invoked, with the qualifier when there was one."""
    client_context: str = ""
    """JSON, or empty."""
    trace_id: str = ""


def error_body(kind: str, message: str) -> bytes:
    """An error as Lambda tells it."""
    return json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")).encode()


class RuntimeApi(socketserver.ThreadingTCPServer):
    """The HTTP server that one runtime client talks to, on an ephemeral port of 127.0.0.1."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _RuntimeHandler)
        self.happenings: queue.SimpleQueue[tuple[Happening, bytes]] = queue.SimpleQueue()
        """What the runtime client did, in order, with the body it sent."""
        self.inbox: queue.SimpleQueue[tuple[HandlerCall, int] | None] = queue.SimpleQueue()
        """Calls to hand out, with their deadlines in epoch milliseconds; None sends the client away."""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A killed runtime client leaves broken connections: nothing to report."""

    def close(self) -> None:
        """Stops listening; `shutdown` on the socket wakes the accepting thread at once."""
        self.inbox.put(None)
        self._closed.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)
        self.server_close()

    def _serve(self) -> None:
        while not self._closed.is_set():
            self.handle_request()


class _RuntimeHandler(BaseHTTPRequestHandler):
    """next, response, error and init error of the Runtime API."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: RuntimeApi

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        """Hands the next call out, whenever there is one."""
        if self.path != f"{_ROOT}/invocation/next":
            return self._answer(404)
        self.server.happenings.put(("next", b""))
        item = self.server.inbox.get()
        if item is None:
            self.close_connection = True
            return None
        call, deadline_ms = item
        headers = {"Aws-Request-Id": call.request_id, "Deadline-Ms": str(deadline_ms),
                   "Invoked-Function-Arn": call.arn, "Trace-Id": call.trace_id,
                   "Client-Context": call.client_context}
        return self._answer(200, call.payload,
                            {f"Lambda-Runtime-{name}": value for name, value in headers.items() if value})

    def do_POST(self) -> None:
        """Takes a response, an error or an init error in."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        happening: Happening = "response"
        if self.path == f"{_ROOT}/init/error":
            happening = "init"
        elif self.path.startswith(f"{_ROOT}/invocation/") and self.path.endswith("/error"):
            happening = "error"
        elif len(body) > RESPONSE_BYTES:
            happening = "oversized"
        self.server.happenings.put((happening, b"" if happening == "oversized" else body))
        if happening == "oversized":
            return self._answer(413, error_body("RequestEntityTooLarge", "Exceeded maximum allowed payload "
                                                f"size ({RESPONSE_BYTES} bytes)."))
        return self._answer(202, b'{"status":"OK"}\n')

    def _answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
