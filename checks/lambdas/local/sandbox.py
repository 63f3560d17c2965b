"""One Lambda sandbox: AWS's own runtime client in a process that serves one deployed version.

Sources: "Lambda execution environment lifecycle" of the AWS Lambda developer guide; the wording of time-outs,
exits and oversized replies is that of AWS's runtime interface emulator.
"""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from checks.isolation.walls import kill_group
from checks.lambdas.local.runtime_api import RESPONSE_BYTES, HandlerCall, Happening, RuntimeApi, error_body

LOG_TAIL_BYTES = 4096
INIT_S = 10.0
"""The init phase's own limit in seconds; whatever it takes beyond counts against the function's timeout."""
TIMED_OUT, EXITED, TOO_LARGE = "Sandbox.Timedout", "Runtime.ExitError", "Function.ResponseSizeTooLarge"
REPORTED = "reported"
"""The runtime client itself told of an error, in a body of its own."""


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
        self._log = log
        self._api = RuntimeApi()
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

    def invoke(self, call: HandlerCall) -> Finished:
        """Runs one call to its end, or to the function's timeout, which kills the process."""
        started = time.monotonic()
        happening, body = ("next", b"") if self.warm else self._next(INIT_S + self.deployed.timeout_s)
        if happening == "next":
            self.warm = False
            started = time.monotonic()
            deadline_ms = int((time.time() + self.deployed.timeout_s) * 1000)
            self._api.inbox.put((call, deadline_ms))
            happening, body = self._next(self.deployed.timeout_s)
        payload, kind = _verdict(happening, body, call, self.deployed.timeout_s)
        log_tail = _log_tail(self._output(), call, self.deployed, time.monotonic() - started, kind)
        if happening in ("response", "error", "oversized"):
            left_s = max(0.1, started + self.deployed.timeout_s - time.monotonic())
            happening, _ = self._next(left_s)
            self.warm = happening == "next"
        if not self.warm:
            self.kill()
        return Finished(payload, bool(kind), log_tail)

    def kill(self) -> None:
        """Ends the process with all it started, and frees the port; does nothing the second time."""
        self.warm = False
        kill_group(self.pid)
        self._process.wait()
        self._api.close()

    def _next(self, timeout_s: float) -> tuple[Happening | None, bytes]:
        try:
            return self._api.happenings.get(timeout=timeout_s)
        except queue.Empty:
            return None, b""

    def _await_exit(self) -> None:
        status = self._process.wait()
        self._api.happenings.put(("exit", str(status).encode()))

    def _output(self) -> bytes:
        """Takes the end of the output; what a handler wrote before it replied is in the file by then."""
        try:
            with self._log.open("rb+") as file:
                file.seek(max(0, self._log.stat().st_size - LOG_TAIL_BYTES))
                output = file.read(LOG_TAIL_BYTES)
                file.truncate(0)
        except FileNotFoundError:
            return b""
        return output


def _log_tail(output: bytes, call: HandlerCall, deployed: Deployed, duration_s: float, kind: str) -> bytes:
    """The last 4 KB of what CloudWatch would show for one call."""
    ms = duration_s * 1000
    about = f"RequestId: {call.request_id}"
    lines = [f"END {about}"]
    status = "" if kind in ("", REPORTED) else f"Status: error\tError Type: {kind}"
    if kind == TIMED_OUT:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        lines[:0] = [f"{now}Z {call.request_id} Task timed out after {deployed.timeout_s:.2f} seconds", ""]
        status = "Status: timeout"
    lines.append(f"REPORT {about}\tDuration: {ms:.2f} ms\tBilled Duration: {int(ms) + 1} ms\t"
                 f"Memory Size: {deployed.memory_mb} MB\t{status}")
    start = f"START {about} Version: {deployed.version}\n".encode()
    newline = b"" if output.endswith(b"\n") or not output else b"\n"
    return (start + output + newline + "\n".join(lines).encode() + b"\n")[-LOG_TAIL_BYTES:]


def _verdict(happening: Happening | None, body: bytes, call: HandlerCall, timeout_s: float) -> tuple[bytes, str]:
    """What Lambda answers: payload, and the kind of error, empty when there was none."""
    if happening == "response":
        return body, ""
    if happening in ("error", "init"):
        return body, REPORTED
    if happening == "oversized":
        return error_body(TOO_LARGE, "Response payload size exceeded maximum allowed payload size "
                                     f"({RESPONSE_BYTES} bytes)."), TOO_LARGE
    kind = EXITED if happening == "exit" else TIMED_OUT
    why = _exit_reason(int(body)) if happening == "exit" else f"Task timed out after {timeout_s:.2f} seconds"
    return error_body(kind, f"RequestId: {call.request_id} Error: {why}"), kind


def _exit_reason(status: int) -> str:
    """A `subprocess` return code in the words of Go's exec package, which Lambda's are."""
    if status == 0:
        return "Runtime exited without providing a reason"
    name = (signal.strsignal(-status) or str(-status)).lower() if status < 0 else ""
    return "Runtime exited with error: " + (f"signal: {name}" if name else f"exit status {status}")
