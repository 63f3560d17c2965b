"""Stops an embedded server and removes its files once the process that started it is gone, however it went.

Run as a script: `watch.py DATA_DIRECTORY`, with a pipe as standard input whose other end the parent holds. The server may
still be about to be made then: whatever works on the directory is ended first.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SIGNALS = {"initdb": signal.SIGTERM, "pg_ctl": signal.SIGTERM, "postgres": signal.SIGQUIT}
"""How each program is asked to end and to clear up after itself; SIGQUIT is the postmaster's immediate shutdown."""
HURRY_S = 3.0
"""How long they may take, before they are killed."""


def stop(data: Path, patience_s: float = 20.0) -> None:
    """Ends the server of `data`, and whatever is making or starting it, and removes `data` when they are gone."""
    asked: set[tuple[int, int]] = set()
    began = time.monotonic()
    while (working := dict(_working_on(data))) and time.monotonic() < began + patience_s:
        late = time.monotonic() > began + HURRY_S
        for order in {(process, signal.SIGKILL if late else number) for process, number in working.items()} - asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(*order)
            asked.add(order)
        time.sleep(0.005)
    while os.path.lexists(data) and time.monotonic() < began + patience_s:
        shutil.rmtree(data, ignore_errors=True)


def _working_on(data: Path) -> Iterator[tuple[int, int]]:
    """Processes of PostgreSQL's that serve, start or make `data`, and the signal that is theirs; 0: it ends by itself."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        postmaster = int((data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, 0)
        yield postmaster, signal.SIGQUIT
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            program, *words = (process / "cmdline").read_bytes().split(b"\0")
            name = Path(os.fsdecode(program)).name
            if name in SIGNALS and os.fsencode(data) in words:
                yield int(process.name), SIGNALS[name]
            elif name in SIGNALS and b"PGDATA=" + os.fsencode(data) in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name), 0  # initdb's


if __name__ == "__main__":
    sys.stdin.buffer.read()
    stop(Path(sys.argv[1]))
