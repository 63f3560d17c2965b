"""Processes that run somebody else's code: what they are given, the end of what they say, and their end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import IO, Any

from checks.isolation.walls import Walls, end, missing
from checks.replays.consumers.running import Surroundings

TAIL_BYTES = 2000
"""Kept of what a process says."""


def environment(url: str) -> dict[str, str]:
    """This process's environment without libpq's own variables, which could lead the consumer elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"DATABASE_URL": url}


def spawn(argv: Sequence[str], given: Surroundings, variables: Mapping[str, str], pass_fds: Sequence[int] = (),
          ) -> subprocess.Popen[bytes]:
    """Starts a process in a session of its own, behind walls where there are any; `kill` it in any case.

    Raises:
        OSError: it cannot be executed.
    """
    streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    if not missing():
        return Walls.open_to(given.url).start(argv, env=variables, cwd=given.root, pass_fds=pass_fds, **streams)
    return subprocess.Popen(argv, env=variables, cwd=given.root, pass_fds=pass_fds, start_new_session=True, **streams)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and whatever it started."""
    end(process)
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()


class Tail:
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
        return next(reversed(self._kept.decode("utf-8", "replace").strip().splitlines()), "")[:300]
