"""Drives one consumer, black box: an event in, acknowledged or not out. Python, any command, or a Lambda.

Every kind is bounded: a consumer that hangs is killed with its children, one that floods its output is
drained, one that ends is started again for the next delivery, as a supervisor would.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Protocol

from checks.contract.dedupe import CommandConsumer, LambdaConsumer, PythonConsumer
from checks.replays.consumers.answer import Answer
from checks.resources import CONSUMER
from checks.values import Unverified, UsageError

START_S = 30.0
"""How long a consumer may take to be imported."""
ENDING_S = 2.0
"""How long a consumer that will not answer any more may take to be gone by itself."""
TAIL_BYTES = 2000


class Running(Protocol):
    """A consumer ready for deliveries."""

    def deliver(self, event: Mapping[str, Any], timeout_s: float) -> Answer:
        """Hands `event` over and waits for the answer, at most `timeout_s` seconds."""

    def restart(self) -> None:
        """The next delivery meets a fresh process."""

    def close(self) -> None:
        """Nothing is left running."""


def start(spec: PythonConsumer | CommandConsumer | LambdaConsumer, url: str, root: Path,
          endpoint_url: str | None = None) -> Running:
    """The consumer `spec` names, with `url` as its database.

    Raises:
        UsageError: no such file or command.
        Unverified: it cannot be imported, or no endpoint of ours runs the Lambda.
    """
    if isinstance(spec, PythonConsumer):
        return PythonWorker(spec, url, root)
    if isinstance(spec, CommandConsumer):
        return CommandRunner(spec, url, root)
    from checks.replays.consumers.lambda_function import LambdaRunner

    return LambdaRunner(spec, url, endpoint_url)


class PythonWorker:
    """A process that imported the consumer once and handles one event after the other."""

    def __init__(self, spec: PythonConsumer, url: str, root: Path) -> None:
        self._spec, self._url, self._root = spec, url, root
        if spec.file.endswith(".py") and not (root / spec.file).is_file():
            raise UsageError(f"The consumer's file {spec.file} is not there (looked in {root}); "
                             "correct consumer.python in the contract.")
        self._process: subprocess.Popen[bytes] | None = None
        self._replies = -1
        self._unread = b""
        self._tail: _Tail | None = None
        self._spawn()

    def deliver(self, event: Mapping[str, Any], timeout_s: float) -> Answer:
        """See `Running`."""
        if self._process is None or self._process.poll() is not None:
            self.restart()
            self._spawn()
        process = self._process
        if process is None or process.stdin is None:
            raise Unverified(f"The consumer {self._spec} does not start.")
        try:
            process.stdin.write(json.dumps({"event": event, "url": self._url}).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            return self._ended()
        try:
            reply = self._reply(timeout_s)
        except EOFError:
            return self._ended()
        if reply is None:
            self.restart()
            return Answer(False, f"gave no answer within {timeout_s:g} s and was killed", hung=True)
        return Answer(reply["error"] is None, reply["error"] or "")

    def restart(self) -> None:
        """See `Running`."""
        process, self._process = self._process, None
        if process is not None:
            _kill(process)
        if self._replies >= 0:
            os.close(self._replies)
        self._replies, self._unread = -1, b""

    close = restart

    def _spawn(self) -> None:
        mine, theirs = os.pipe()
        environment = _environment(self._url) | {"REPLIES_FD": str(theirs)}
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(CONSUMER), f"{self._spec.file}:{self._spec.function}"], cwd=self._root,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
            pass_fds=(theirs,), start_new_session=True)
        os.close(theirs)
        os.set_blocking(mine, False)
        self._replies, self._unread = mine, b""
        self._tail = _Tail(self._process.stdout)
        try:
            reply = self._reply(START_S)
        except EOFError:
            reply = None
        if reply is None or reply["error"] is not None:
            silence = self._tail.last_line() or f"no answer in {START_S:g} s"
            why = reply["error"] if reply is not None else silence
            self.restart()
            raise Unverified(f"The consumer {self._spec} cannot be imported: {why}. Install what it needs "
                             "into this environment, or correct consumer.python in the contract.")

    def _reply(self, timeout_s: float) -> dict[str, Any] | None:
        """The next reply; None when there is none in time; EOFError when there will be none any more."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._replies, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(timeout_s):
                    return None
                data = os.read(self._replies, 65536)
                if not data:
                    raise EOFError
                self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _ended(self) -> Answer:
        status: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self._process.wait(ENDING_S) if self._process is not None else None
        said = self._tail.last_line() if self._tail is not None else ""
        self.restart()
        return Answer(False, f"the consumer's process ended (status {status}) {said}".rstrip())


class CommandRunner:
    """One process a delivery."""

    def __init__(self, spec: CommandConsumer, url: str, root: Path) -> None:
        self._argv, self._root, self._environment = spec.argv, root, _environment(url)
        program = spec.argv[0] if spec.argv else ""
        if not program or not (shutil.which(program) or (root / program).is_file()):
            raise UsageError(f"The consumer's command {program!r} is neither on PATH nor a file in {root}; "
                             "install it, or correct consumer.command in the contract.")

    def deliver(self, event: Mapping[str, Any], timeout_s: float) -> Answer:
        """See `Running`."""
        process = subprocess.Popen(self._argv, cwd=self._root, env=self._environment, start_new_session=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        tail = _Tail(process.stdout)
        try:
            threading.Thread(target=_feed, args=(process, event), daemon=True).start()
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return Answer(False, f"gave no answer within {timeout_s:g} s and was killed", hung=True)
        finally:
            _kill(process)
        return Answer(status == 0, "" if status == 0 else f"exit {status} {tail.last_line()}".rstrip())

    def restart(self) -> None:
        """Every delivery is a fresh process."""

    def close(self) -> None:
        """Nothing outlives a delivery."""


class _Tail:
    """Drains a process's output and keeps its end."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._kept = b""
        self._thread = threading.Thread(target=self._drain, args=(stream,), daemon=True)
        self._thread.start()

    def _drain(self, stream: IO[bytes] | None) -> None:
        if stream is None:
            return
        with contextlib.suppress(OSError, ValueError), stream:
            while data := os.read(stream.fileno(), 65536):
                self._kept = (self._kept + data)[-TAIL_BYTES:]

    def last_line(self) -> str:
        """The last line said, at most 300 characters."""
        self._thread.join(1.0)
        lines = self._kept.decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else ""


def _feed(process: subprocess.Popen[bytes], event: Mapping[str, Any]) -> None:
    """Writes the event; a consumer that does not read it must not hold us up."""
    with contextlib.suppress(OSError, ValueError):
        if process.stdin is not None:
            process.stdin.write(json.dumps(event).encode() + b"\n")
            process.stdin.close()


def _environment(url: str) -> dict[str, str]:
    """This process's environment without libpq's own variables, which could lead the consumer elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"DATABASE_URL": url}


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    process.wait()
