"""Stops an embedded server and removes its files once the process that started it is gone, however it went.

Run as a script: `watch.py DATA_DIRECTORY`, with a pipe as standard input whose other end the parent holds.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path


def stop(data: Path, patience_s: float = 20.0) -> None:
    """Stops the postmaster of `data` at once (SIGQUIT: immediate shutdown) and removes `data`."""
    lock = data / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int(lock.read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + patience_s
        while lock.exists() and time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.005)
    shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    stop(Path(sys.argv[1]))
