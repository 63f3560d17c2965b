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

PROGRAMS = {"initdb", "pg_ctl", "postgres"}


def stop(data: Path, patience_s: float = 20.0) -> None:
    """Stops the postmaster of `data` at once (SIGQUIT: immediate shutdown), and removes `data` when it is gone."""
    deadline = time.monotonic() + patience_s
    asked: set[int] = set()
    while working := set(_working_on(data)):
        for process in working - asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGQUIT)
        asked |= working
        if time.monotonic() > deadline:
            break
        time.sleep(0.005)
    while os.path.lexists(data) and time.monotonic() < deadline:
        shutil.rmtree(data, ignore_errors=True)


def _working_on(data: Path) -> Iterator[int]:
    """Processes of PostgreSQL's that serve, start or make `data`."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        postmaster = int((data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, 0)
        yield postmaster
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            program, *words = (process / "cmdline").read_bytes().split(b"\0")
            if Path(os.fsdecode(program)).name in PROGRAMS:
                words += (process / "environ").read_bytes().split(b"\0")
                if {os.fsencode(data), b"PGDATA=" + os.fsencode(data)} & set(words):
                    yield int(process.name)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    stop(Path(sys.argv[1]))
