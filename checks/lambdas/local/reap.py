"""Ends Lambda sandboxes and removes their files once the process that started them is gone, however it went.

Run as a script: `reap.py DIRECTORY`, with a pipe as standard input whose other end the parent holds. Each
line on it is `+PID`, a process group to end when the pipe closes, or `-PID`, one that has ended.
"""

import contextlib
import os
import shutil
import signal
import sys


def main(directory: str) -> None:
    """Waits for the end of standard input, then ends what is left."""
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        (groups.add if line[:1] == b"+" else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
