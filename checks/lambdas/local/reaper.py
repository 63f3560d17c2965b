"""Process groups and a folder that do not outlive this process, however it goes: reap.py sees to it."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from checks.resources import REAPER


class Reaper:
    """Knows which process groups are to end with this process; close it."""

    def __init__(self, prefix: str) -> None:
        self.folder = Path(tempfile.gettempdir()) / f"{prefix}{secrets.token_hex(6)}"
        """Ours, and gone with this process."""
        self._process = subprocess.Popen([sys.executable, "-I", "-S", str(REAPER), str(self.folder)],
                                         stdin=subprocess.PIPE, start_new_session=True, bufsize=0)
        self.pid = self._process.pid
        """Of the process that sees to it."""
        self.folder.mkdir(mode=0o700)

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

    def _tell(self, line: str) -> None:
        if self._process.stdin and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line.encode() + b"\n")
