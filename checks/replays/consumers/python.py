"""A Python function as consumer: a process imports it once (python_child.py) and handles one event after the other."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from checks.contract.consumers import PythonConsumer
from checks.replays.consumers.processes import Tail, environment, kill, spawn
from checks.replays.consumers.running import Receipt, Surroundings
from checks.resources import CONSUMER
from checks.values import Unverified, UsageError

START_S = 30.0
"""How long a consumer may take to be imported."""
ENDING_S = 2.0
"""How long a consumer that will not answer any more may take to be gone by itself."""


class PythonRunner:
    """Keeps one process warm."""

    def __init__(self, spec: PythonConsumer, given: Surroundings) -> None:
        self._spec, self._given = spec, given
        if spec.file.endswith(".py") and not (given.root / spec.file).is_file():
            raise UsageError(f"The consumer's file {spec.file} is not there (looked in {given.root}); "
                             "correct consumer.python in the contract.")
        self._child: _Child | None = self._started()

    def deliver(self, event: Mapping[str, Any], timeout_s: float) -> Receipt:
        """See `Running`."""
        if self._child is None or not self._child.alive:
            self.restart()
            self._child = self._started()
        child = self._child
        order = {"event": event, "url": self._given.url, "reply": self._spec.batch > 0}
        line = child.line(timeout_s) if child.send(order) else b""
        if line is None:
            self.restart()
            return Receipt(False, f"gave no answer within {timeout_s:g} s and was killed", hung=True)
        if not line:
            how = child.end()
            self.restart()
            return Receipt(False, f"the consumer's process ended {how}".rstrip())
        said = json.loads(line)
        return Receipt(said["error"] is None, said["error"] or "", reply=said.get("reply"))

    def restart(self) -> None:
        """See `Running`."""
        child, self._child = self._child, None
        if child is not None:
            child.close()

    close = restart

    def _started(self) -> _Child:
        child = _Child(self._spec, self._given)
        line = child.line(START_S)
        why = json.loads(line)["error"] if line else child.tail.last_line() or f"no answer in {START_S:g} s"
        if why is None:
            return child
        child.close()
        raise Unverified(f"The consumer {self._spec} cannot be imported: {why}. Install what it needs "
                         "into this environment, or correct consumer.python in the contract.")


class _Child:
    """The process."""

    def __init__(self, spec: PythonConsumer, given: Surroundings) -> None:
        mine, theirs = os.pipe()
        self._process = spawn([sys.executable, "-P", str(CONSUMER), f"{spec.file}:{spec.function}"], given,
                              environment(given.url) | {"REPLIES_FD": str(theirs)}, (theirs,))
        os.close(theirs)
        os.set_blocking(mine, False)
        self._replies, self._unread = mine, b""
        self.tail = Tail(self._process.stdout)

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def send(self, order: Mapping[str, Any]) -> bool:
        """Whether it can still be told something; if so, it was told `order`."""
        if self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return False
        return True

    def line(self, timeout_s: float) -> bytes | None:
        """The next line it replies; None when there is none in time, empty when there will be none any more."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._replies, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(timeout_s):
                    return None
                data = os.read(self._replies, 65536)
                if not data:
                    return b""
                self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def end(self) -> str:
        """Waits for its end, and tells how it ended."""
        status: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self._process.wait(ENDING_S)
        return f"(status {status}) {self.tail.last_line()}"

    def close(self) -> None:
        """Nothing of it is left."""
        kill(self._process)
        os.close(self._replies)
