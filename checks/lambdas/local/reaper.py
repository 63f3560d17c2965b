"""Process groups and a folder that do not outlive this process, however it goes: reap.py sees to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from checks.resources import REAPER


class Reaper:
    """Knows which process groups are to end with this process; close it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen([sys.executable, "-I", "-S", str(REAPER), str(folder)],
                                         stdin=subprocess.PIPE, start_new_session=True, bufsize=0)
        self.pid = self._process.pid
        """Of the process that sees to it."""

    def watch(self, group: int) -> None:
        """From now on this process group is to end."""
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        """This one has ended."""
        self._tell(f"-{group}")

    def close(self) -> None:
        """Ends what is still watched, and removes the folder."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _tell(self, line: str) -> None:
        if self._process.stdin and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line.encode() + b"\n")


def kill_group(group: int) -> None:
    """Ends a process group, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
