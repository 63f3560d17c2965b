"""A command as consumer: one process a delivery, the event on its standard input, exit 0 acknowledges."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
from collections.abc import Mapping
from typing import Any

from checks.contract.consumers import CommandConsumer
from checks.replays.consumers.processes import Tail, environment, kill, spawn
from checks.replays.consumers.running import Receipt, Surroundings
from checks.values import UsageError


class CommandRunner:
    """Starts the command at every delivery."""

    def __init__(self, spec: CommandConsumer, given: Surroundings) -> None:
        self._argv, self._given, self._environment = spec.argv, given, environment(given.url)
        program = next(iter(spec.argv), "")
        if not program or not (shutil.which(program) or (given.root / program).is_file()):
            raise UsageError(f"The consumer's command {program!r} is neither on PATH nor a file in {given.root}; "
                             "install it, or correct consumer.command in the contract.")

    def deliver(self, event: Mapping[str, Any], timeout_s: float) -> Receipt:
        """See `Running`."""
        process = spawn(self._argv, self._given, self._environment)
        tail = Tail(process.stdout)
        try:
            threading.Thread(target=_feed, args=(process, event), daemon=True).start()
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return Receipt(False, f"gave no answer within {timeout_s:g} s and was killed", hung=True)
        finally:
            kill(process)
        return Receipt(status == 0, "" if status == 0 else f"exit {status} {tail.last_line()}".rstrip())

    def restart(self) -> None:
        """Every delivery is a fresh process."""

    def close(self) -> None:
        """Nothing outlives a delivery."""


def _feed(process: subprocess.Popen[bytes], event: Mapping[str, Any]) -> None:
    """Writes the event; a consumer that does not read it must not hold us up."""
    with contextlib.suppress(OSError, ValueError):
        if process.stdin is not None:
            process.stdin.write(json.dumps(event).encode() + b"\n")
            process.stdin.close()
