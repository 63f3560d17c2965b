"""One Lambda sandbox: AWS's own runtime client in a process, behind a Lambda Runtime API on 127.0.0.1.

Sources: "Using the Lambda runtime API" and "Lambda execution environment lifecycle" of the AWS Lambda developer
guide; the wording of time-outs, exits and oversized replies is that of AWS's runtime interface emulator.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Literal

RESPONSE_BYTES = 6_291_556
"""Largest reply of a synchronous invocation: 6 MB and a little for the envelope."""
LOG_TAIL_BYTES = 4096
INIT_S = 10.0
"""The init phase's own limit in seconds; whatever it takes beyond counts against the function's timeout."""

TIMED_OUT, EXITED, TOO_LARGE = "Sandbox.Timedout", "Runtime.ExitError", "Function.ResponseSizeTooLarge"
REPORTED = "reported"
"""The runtime client itself told of an error, in a body of its own."""

_ROOT = "/2018-06-01/runtime"
Happening = Literal["next", "response", "error", "init", "oversized", "exit"]


@dataclass(frozen=True)
class Deployed:
    """One version of one function as it was configured: two equal ones may share a warm process."""

    arn: str
    """Without qualifier."""
    function: str
    version: str
    """A number or `$LATEST`."""
    region: str
    handler: str
    timeout_s: float
    memory_mb: int
    environment: tuple[tuple[str, str], ...] = field(repr=False)
    code_sha256: str
    code: bytes = field(repr=False, compare=False)
    """The deployed zip."""


@dataclass(frozen=True)
class Call:
    """One event on its way to a handler."""

    request_id: str
    payload: bytes
    arn: str
    """As invoked, with the qualifier when there was one."""
    client_context: str = ""
    """JSON, or empty."""
    trace_id: str = ""


@dataclass(frozen=True)
class Finished:
    """What came back for one call. `failed` is what the caller sees as FunctionError."""

    payload: bytes
    failed: bool
    log_tail: bytes
    """At most the last 4 KB of START line, output, END and REPORT lines."""


class Sandbox:
    """A process that serves the calls of one `Deployed`, one at a time, until it exits or is killed."""

    def __init__(self, deployed: Deployed, code: Path, environment: Mapping[str, str], log: Path) -> None:
        self.deployed = deployed
        self.warm = False
        """The process waits for its next call."""
        self.inbox: queue.SimpleQueue[tuple[Call, int] | None] = queue.SimpleQueue()
        self.happenings: queue.SimpleQueue[tuple[Happening, bytes]] = queue.SimpleQueue()
        self._log = log
        self._api = _RuntimeApi(self)
        address = "{}:{}".format(*self._api.server_address)
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", deployed.handler], cwd=code,
                env={**environment, "AWS_LAMBDA_RUNTIME_API": address},
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )
        self.pid = self._process.pid
        """Also the process group of whatever the handler starts."""
        threading.Thread(target=self._await_exit, daemon=True).start()

    @property
    def alive(self) -> bool:
        """The process has not ended."""
        return self._process.poll() is None

    def invoke(self, call: Call) -> Finished:
        """Runs one call to its end, or to the function's timeout, which kills the process."""
        started = time.monotonic()
        happening, body = ("next", b"") if self.warm else self._next(INIT_S + self.deployed.timeout_s)
        if happening == "next":
            self.warm = False
            started = time.monotonic()
            deadline_ms = round((time.time() + self.deployed.timeout_s) * 1000)
            self.inbox.put((call, deadline_ms))
            happening, body = self._next(self.deployed.timeout_s)
        payload, kind = _verdict(happening, body, call, self.deployed.timeout_s)
        log_tail = _log_tail(self._output(), call, self.deployed, time.monotonic() - started, kind)
        if happening in ("response", "error", "oversized"):
            left_s = max(0.1, started + self.deployed.timeout_s - time.monotonic())
            self.warm = self._next(left_s)[0] == "next"
        if not self.warm:
            self.kill()
        return Finished(payload, bool(kind), log_tail)

    def kill(self) -> None:
        """Ends the process with all it started, and frees the port; does nothing the second time."""
        self.warm = False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self.inbox.put(None)
        self._api.close()

    def _next(self, timeout_s: float) -> tuple[Happening | None, bytes]:
        try:
            return self.happenings.get(timeout=timeout_s)
        except queue.Empty:
            return None, b""

    def _await_exit(self) -> None:
        status = self._process.wait()
        self.happenings.put(("exit", str(status).encode()))

    def _output(self) -> bytes:
        """Takes the end of the output so far: what a handler wrote before it replied is in the file by then."""
        try:
            with self._log.open("rb+") as file:
                file.seek(max(0, self._log.stat().st_size - LOG_TAIL_BYTES))
                output = file.read(LOG_TAIL_BYTES)
                file.truncate(0)
        except FileNotFoundError:
            return b""
        return output


def _log_tail(output: bytes, call: Call, deployed: Deployed, duration_s: float, kind: str) -> bytes:
    """The last 4 KB of what CloudWatch would show for one call."""
    ms = duration_s * 1000
    about = f"RequestId: {call.request_id}"
    lines = [f"END {about}", f"REPORT {about}\tDuration: {ms:.2f} ms\tBilled Duration: {int(ms) + 1} ms\t"
             f"Memory Size: {deployed.memory_mb} MB\t"]
    if kind == TIMED_OUT:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        lines[:0] = [f"{now}Z {call.request_id} Task timed out after {deployed.timeout_s:.2f} seconds", ""]
        lines[-1] += "Status: timeout"
    elif kind not in ("", REPORTED):
        lines[-1] += f"Status: error\tError Type: {kind}"
    start = f"START {about} Version: {deployed.version}\n".encode()
    newline = b"" if output.endswith(b"\n") or not output else b"\n"
    return (start + output + newline + "\n".join(lines).encode() + b"\n")[-LOG_TAIL_BYTES:]


def _verdict(happening: Happening | None, body: bytes, call: Call, timeout_s: float) -> tuple[bytes, str]:
    """What Lambda answers: payload, and the kind of error, empty when there was none."""
    if happening == "response":
        return body, ""
    if happening in ("error", "init"):
        return body, REPORTED
    if happening == "oversized":
        return _error(TOO_LARGE, "Response payload size exceeded maximum allowed payload size "
                                 f"({RESPONSE_BYTES} bytes)."), TOO_LARGE
    kind = EXITED if happening == "exit" else TIMED_OUT
    why = _exit_reason(int(body)) if happening == "exit" else f"Task timed out after {timeout_s:.2f} seconds"
    return _error(kind, f"RequestId: {call.request_id} Error: {why}"), kind


def _exit_reason(status: int) -> str:
    """A `subprocess` return code in the words of Go's exec package, which Lambda's are."""
    if status == 0:
        return "Runtime exited without providing a reason"
    name = (signal.strsignal(-status) or str(-status)).lower() if status < 0 else ""
    return "Runtime exited with error: " + (f"signal: {name}" if name else f"exit status {status}")


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")).encode()


class _RuntimeApi(socketserver.ThreadingTCPServer):
    """The HTTP server that one runtime client talks to, on an ephemeral port of 127.0.0.1."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(("127.0.0.1", 0), _RuntimeHandler)
        self.sandbox = sandbox
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A killed runtime client leaves broken connections: nothing to report."""

    def close(self) -> None:
        """Stops listening; `shutdown` on the socket wakes the accepting thread at once."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(2)
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
    server: _RuntimeApi

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        """Hands the next call out, whenever there is one."""
        if self.path != f"{_ROOT}/invocation/next":
            return self._answer(404)
        self.server.sandbox.happenings.put(("next", b""))
        item = self.server.sandbox.inbox.get()
        if item is None:
            self.close_connection = True
            return None
        call, deadline_ms = item
        headers = {"Aws-Request-Id": call.request_id, "Deadline-Ms": str(deadline_ms), "Trace-Id": call.trace_id,
                   "Invoked-Function-Arn": call.arn, "Client-Context": call.client_context}
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
        self.server.sandbox.happenings.put((happening, b"" if happening == "oversized" else body))
        if happening == "oversized":
            return self._answer(413, _error("RequestEntityTooLarge", "Exceeded maximum allowed payload size "
                                            f"({RESPONSE_BYTES} bytes)."))
        return self._answer(202, b'{"status":"OK"}\n')

    def _answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
