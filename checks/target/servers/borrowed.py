"""A server of somebody's, on which databases of our own are made beside the others and dropped again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from checks.target.refusals import NO_DSN
from checks.target.servers.scratch import ScratchServer, last_line
from checks.values import Say, Unverified, UsageError


@dataclass(frozen=True)
class BorrowedServer(ScratchServer):
    """Keeps in mind which databases were made. Its methods raise Unverified where it refuses what a replay needs."""

    made: dict[str, None] = field(default_factory=dict)

    def copy_database(self, name: str, template: str) -> str:
        """See ScratchServer."""
        self.made[name] = None
        return super().copy_database(name, template)

    @contextmanager
    def _cursor(self, database: str | None) -> Iterator[Any]:
        import psycopg2

        try:
            with super()._cursor(database) as cursor:
                yield cursor
        except psycopg2.Error as error:
            state = f" (SQLSTATE {error.pgcode})" if error.pgcode else ""
            raise Unverified(f"{self.name.capitalize()} refused what a replay needs: {last_line(error)}{state}. Name a "
                             "primary on which databases may be made, or server = \"embedded\".") from None


@contextmanager
def borrowed(dsn: str, name: str, say: Say) -> Iterator[BorrowedServer]:
    """The server that `dsn` leads to. The databases made there are dropped at the end, the roles are told.

    Args:
        dsn: of a role that may make databases.
        name: what messages call it.
        say: takes a line about what stays behind.

    Raises:
        UsageError: it is no DSN.
        Unverified: nobody answers, or the role may make no databases.
    """
    server = BorrowedServer(_url(dsn, name), f"the server of {name}")
    (allowed,), = server.rows("SELECT rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user")
    if not allowed:
        raise Unverified(f"The role of {name} may make no databases there, so nothing can be replayed: ALTER ROLE … "
                         "CREATEDB, or replay elsewhere.")
    roles = _roles(server)
    try:
        yield server
    finally:
        for database in server.made:
            with suppress(Unverified):
                server.drop_database(database)
        left: list[str] = []
        with suppress(Unverified):
            left = sorted(_roles(server) - roles)
        if left:
            say(f"the replay made roles on the server of {name}, which stay there: {', '.join(left)}")


def _roles(server: ScratchServer) -> set[str]:
    return {name for name, in server.rows("SELECT rolname FROM pg_catalog.pg_roles")}


def _url(dsn: str, name: str) -> str:
    """`dsn`, in either of libpq's forms, as a URL that names host, user and database.

    Raises:
        UsageError: it is none.
    """
    from psycopg2 import ProgrammingError
    from psycopg2.extensions import parse_dsn

    try:
        said = parse_dsn(dsn)
    except (ProgrammingError, UnicodeError):
        raise UsageError(NO_DSN.format(place=name)) from None
    user, password = said.pop("user", "postgres"), said.pop("password", None)
    host, port, database = said.pop("host", "localhost"), said.pop("port", "5432"), said.pop("dbname", user)
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password is not None else "")
    if host.startswith("/"):
        said["host"], said["port"], place = host, port, ""
    else:
        place = f"{host}:{port}"
    options = f"?{urlencode(said, quote_via=quote)}" if said else ""
    return f"postgresql://{who}@{place}/{quote(database, safe='')}{options}"
