"""A server of ours: databases are made and thrown away on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from checks.target.refusals import why_refused
from checks.values import Unreachable


@dataclass(frozen=True)
class ScratchServer:
    """A server of ours: superuser, thrown away at exit."""

    uri: str
    """The libpq URL of a database that is there, `postgres` on servers that we start."""
    name: str = "the scratch server"
    """What messages call it. Its methods raise Unreachable where it does not answer."""

    def dsn(self, database: str = "postgres") -> str:
        """A libpq URL of `database` on this server."""
        address, mark, options = self.uri.partition("?")
        server, _, _ = address.rpartition("/")
        return f"{server}/{database}{mark}{options}"

    def create_database(self, name: str) -> str:
        """Makes `name` anew from template0 and returns its DSN."""
        return self.copy_database(name, "template0")

    def copy_database(self, name: str, template: str) -> str:
        """Makes `name` anew from `template`, whoever uses an old one, and returns its DSN."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drops `name`, whoever uses it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, *statements: str, database: str | None = None) -> None:
        """Runs statements as superuser, each in a transaction of its own."""
        with self._cursor(database) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of one query."""
        with self._cursor(None) as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def has_role(self, name: str) -> bool:
        """Whether the server knows the role `name`."""
        with self._cursor(None) as cursor:
            cursor.execute("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", (name,))
            return cursor.fetchone() is not None

    @contextmanager
    def _cursor(self, database: str | None) -> Iterator[Any]:
        import psycopg2

        try:
            connection = psycopg2.connect(self.uri if database is None else self.dsn(database))
        except psycopg2.Error as error:
            raise Unreachable(f"Cannot reach {self.name}: {why_refused(str(error))}") from None
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()


def last_line(error: Exception) -> str:
    """The end of what an error says, which names the cause; at most 300 characters."""
    return next(reversed(str(error).strip().splitlines()), type(error).__name__)[:300]
