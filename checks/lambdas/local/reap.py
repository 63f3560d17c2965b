"""Ends processes and removes their files once the process that started them is gone, however it went.

Run as a script: `reap.py DIRECTORY`, with a pipe as standard input whose other end the parent holds. Each
line on it is `+PID`, a process group to end when the pipe closes, or `-PID`, one that has ended. A process whose
environment names the directory ends too: it may have left its group, or never been told of.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

PATIENCE_S = 5.0


def main(directory: str) -> None:
    """Waits for the end of standard input, then ends what is left."""
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        (groups.add if line[:1] == b"+" else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while end_those_of(os.fsencode(directory)) or os.path.lexists(directory):
        shutil.rmtree(directory, ignore_errors=True)
        if time.monotonic() > deadline:
            return
        time.sleep(0.01)


def end_those_of(directory: bytes) -> int:
    """Ends every process whose environment names the directory (Linux only), and counts them."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if directory in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
                found += 1
    return found


if __name__ == "__main__":
    main(sys.argv[1])
