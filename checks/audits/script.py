"""Runs somebody's deploy script, and leaves nothing of it running."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from checks.isolation.walls import Walls, end
from checks.lambdas.local.reaper import Reaper
from checks.values import UsageError

KEPT_BYTES = 16_384
"""Of a script's output, from its head and from its tail each."""
LINE_BYTES = 65_536
"""Longest line that is searched for success_text."""
_MARK = "POSTDEPLOY_AUDIT_RUN"
"""The environment variable by which whatever a script starts is known again."""


@dataclass(frozen=True)
class Ending:
    """How a script ended."""

    exit_code: int | None
    """None when it was killed, by us or by a signal."""
    signal: int | None
    timed_out: bool
    duration_s: float
    output: str
    """Standard output and error as they came, the middle left out when long."""
    success_line: str = ""
    """The first line that success_text matches."""

    @property
    def told(self) -> str:
        """How it ended, in words."""
        if self.timed_out:
            return f"was killed after {self.duration_s:.0f} s"
        if self.signal is not None:
            return f"died by signal {self.signal} ({signal.strsignal(self.signal) or 'unknown'})"
        return f"exited {self.exit_code}"

    def last_lines(self, count: int = 8) -> tuple[str, ...]:
        """The end of its output."""
        return tuple(line[:300] for line in self.output.splitlines() if line.strip())[-count:]


def find_command(command: Sequence[str], folder: Path | None = None) -> None:
    """Raises UsageError when there is no such command to run in `folder`, or in the working directory."""
    if not command:
        raise UsageError("No command to audit: name it after --, as in: python -m checks audit -- ./deploy.sh prod")
    name = str(((folder or Path()) / command[0]).absolute()) if os.sep in command[0] else command[0]
    if shutil.which(name) is None:
        raise UsageError(f"There is no command {command[0]!r} here (looked in {folder or 'the working directory'} and "
                         "on PATH). Give its path, and make it executable: chmod +x.")


class Runner:
    """Runs commands; a context manager that leaves none of them behind, however this process ends."""

    def __init__(self) -> None:
        self._reaper = Reaper("postdeploy-audit-")
        self.folder = self._reaper.folder
        self._live: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, command: Sequence[str], variables: Mapping[str, str], timeout_s: float,
            success_text: Sequence[re.Pattern[str]] = (), folder: Path | None = None, walls: Walls | None = None) -> Ending:
        """Runs `command` in `folder` to its end, or for `timeout_s`; then ends whatever it started.

        Args:
            command: program and arguments.
            variables: its whole environment.
            timeout_s: how long it may take.
            success_text: searched in each line of its output.
            folder: where; None is the working directory.
            walls: what it can reach; None: whatever you can.

        Raises:
            UsageError: it cannot be started.
            Unverified: the walls cannot be built.
        """
        mark = uuid4().hex
        started = time.monotonic()
        with self._running(command, {**variables, _MARK: mark}, folder, walls) as process:
            drain = _Drain(process, success_text)
            timed_out = False
            try:
                code: int | None = process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                timed_out, code = True, None
        if walls is None:
            _end_marked(mark)
        drain.finish()
        number = -code if code is not None and code < 0 else None
        return Ending(None if number else code, number, timed_out, time.monotonic() - started, drain.output,
                      drain.success_line)

    def close(self) -> None:
        """Ends every command that still runs, and removes the files."""
        with self._lock:
            self._closed = True
            live = list(self._live)
        for process in live:
            end(process)
        self._reaper.close()

    @contextmanager
    def _running(self, command: Sequence[str], variables: Mapping[str, str], folder: Path | None, walls: Walls | None,
                 ) -> Iterator[subprocess.Popen[bytes]]:
        if self._closed:
            raise UsageError("The audit was interrupted.")
        process = _started(command, variables, folder, walls)
        with self._lock:
            self._live.add(process)
            self._reaper.watch(process.pid)
            closed = self._closed
        try:
            if closed:
                raise UsageError("The audit was interrupted.")
            yield process
        finally:
            end(process)
            with self._lock:
                self._live.discard(process)
                self._reaper.forget(process.pid)


def _started(command: Sequence[str], variables: Mapping[str, str], folder: Path | None, walls: Walls | None,
             ) -> subprocess.Popen[bytes]:
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    try:
        if walls is not None:
            return walls.start(command, env=variables, cwd=folder, **streams)
        return subprocess.Popen(list(command), env=dict(variables), cwd=folder, start_new_session=True, **streams)
    except OSError as error:
        raise UsageError(f"{command[0]!r} cannot be run: {error.strerror}. Make it executable (chmod +x) and "
                         "give it a #! line, or name its interpreter first.") from None


class _Drain:
    """Reads a process's output as it comes: head and tail are kept, every line is searched."""

    def __init__(self, process: subprocess.Popen[bytes], patterns: Sequence[re.Pattern[str]]) -> None:
        self.success_line = ""
        self._process, self._patterns = process, patterns
        self._head, self._tail, self._line, self._total = b"", b"", b"", 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def output(self) -> str:
        """What was kept."""
        cut = self._total - len(self._head) - len(self._tail)
        middle = f"\n… {cut:,} bytes left out …\n" if cut > 0 else ""
        return self._head.decode("utf-8", "replace") + middle + self._tail.decode("utf-8", "replace")

    def finish(self) -> None:
        """Waits for the end of the output, a moment at most: an escaped child may hold the pipe."""
        self._thread.join(timeout=2)

    def _read(self) -> None:
        if self._process.stdout is None:
            return
        with self._process.stdout as pipe:
            while chunk := os.read(pipe.fileno(), 65_536):
                self._take(chunk)
        self._search(self._line)

    def _take(self, chunk: bytes) -> None:
        self._total += len(chunk)
        room = KEPT_BYTES - len(self._head)
        self._head += chunk[:room]
        self._tail = (self._tail + chunk[max(room, 0):])[-KEPT_BYTES:]
        if self._patterns and not self.success_line:
            *lines, self._line = (self._line + chunk).split(b"\n")
            for line in lines:
                self._search(line)
            if len(self._line) > LINE_BYTES:
                self._search(self._line)
                self._line = self._line[-LINE_BYTES // 2:]

    def _search(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        if not self.success_line and any(pattern.search(text) for pattern in self._patterns):
            self.success_line = text.strip()[:200]


def _end_marked(mark: str) -> None:
    """Ends what the script started in other sessions; they carry the mark in their environment (Linux only)."""
    wanted = f"{_MARK}={mark}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (entry / "environ").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
