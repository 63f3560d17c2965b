"""The direct route: psycopg2, one READ ONLY transaction for all questions of a run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from checks.target.session import Cost, Row
from checks.target.target import Secret, Target
from checks.values import Rejected, Unreachable, Unverified, UsageError

if TYPE_CHECKING:
    import psycopg2
    from psycopg2.extensions import connection as Connection  # noqa: N812

BEGIN = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
         "SELECT pg_catalog.set_config('postdeploy.search_path', pg_catalog.current_setting('search_path'), true); "
         "SET LOCAL search_path = pg_catalog; "
         "SET LOCAL jit = off; "  # the questions are long and run once: compiling them takes seconds
         "SET LOCAL statement_timeout = '{timeout_s}s'; SET LOCAL lock_timeout = '3s'; "
         "SET LOCAL idle_in_transaction_session_timeout = '60s'; "
         "SELECT set_config('client_connection_check_interval', '1s', true) WHERE version() LIKE '%linux%'")
CONNECT_TIMEOUT_S = 10


def open_session(target: Target, dsn: Secret | None, endpoint_url: str | None) -> DirectSession:
    """A session on the database that `dsn` leads to.

    Raises:
        UsageError: the target has none of its own.
        Unreachable: nobody answers.
    """
    if dsn is None:
        raise UsageError(f"Target {target.name!r} has no database of its own to be asked directly.")
    return DirectSession(dsn, "the scratch server" if target.ours else f"target {target.name!r}",
                         can_run=target.scratch)


class DirectSession:
    """A session over psycopg2. One simple-query string begins and pins, so a transaction pooler keeps it."""

    question_bytes = 200_000_000
    """PostgreSQL takes 1 GB; parsing needs many times the text."""

    def __init__(self, dsn: Secret, place: str, *, can_run: bool = False, timeout_s: int = 30) -> None:
        self.cost = Cost()
        self.can_run = can_run
        self._timeout_s = timeout_s
        self._connection = connect(dsn, place)
        self._scanning: bool | None = None
        """None: no transaction is open; else whether it is one of scans."""

    def ask(self, select: str, *, scan: bool = False) -> list[Row]:
        """See Session."""
        if self._scanning is not None and self._scanning != scan:
            self.rest()
        if self._scanning is None:
            self._execute(BEGIN.format(timeout_s=self._timeout_s), scan)
            self._scanning = scan
        return self._execute(select, scan)

    def rest(self) -> None:
        """See Session."""
        if self._scanning is not None:
            scan, self._scanning = self._scanning, None
            self._execute("ROLLBACK", scan)

    def run(self, statements: str) -> list[Row]:
        """See Session."""
        if not self.can_run:
            raise Unverified("This target is not scratch, so nothing is run on it.")
        self.rest()
        return self._execute(statements, False)

    def close(self) -> None:
        """See Session."""
        self._connection.close()

    def _execute(self, sql: str, scan: bool) -> list[Row]:
        if scan:
            self.cost.scans += 1
        else:
            self.cost.statements += 1
        return execute(self._connection, sql)


def connect(dsn: Secret, place: str) -> Connection:
    """An autocommit connection, so that BEGIN is ours to send.

    Raises:
        Unreachable: with the server's words, never the DSN.
    """
    import psycopg2

    try:
        connection = psycopg2.connect(dsn.reveal(), connect_timeout=CONNECT_TIMEOUT_S, client_encoding="UTF8",
                                      application_name="postdeploy-checks")
    except psycopg2.ProgrammingError:
        raise Unreachable(f"The DSN of {place} is not one that libpq understands. Write it as "
                          "postgresql://user:password@host:5432/database, odd characters percent-encoded.") from None
    except psycopg2.OperationalError as error:
        raise Unreachable(f"Cannot reach {place}: {_why(str(error), dsn)}") from None
    except UnicodeError:
        raise Unreachable(f"Cannot reach {place}: the server's refusal is not readable text.") from None
    connection.autocommit = True
    return connection


def execute(connection: Connection, sql: str) -> list[Row]:
    """Sends `sql` as one simple query and returns the last statement's rows.

    Raises:
        Rejected: the server refused it.
        Unreachable: the connection broke.
    """
    import psycopg2

    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []
    except psycopg2.Error as error:
        raise _refusal(error, sql) from None


def _refusal(error: psycopg2.Error, sql: str) -> Rejected | Unreachable:
    diagnosis, sqlstate = error.diag, error.pgcode
    if sqlstate is None:
        return Unreachable("The connection broke off in mid-question: the server went away. "
                           "Look whether it is up, then run again.")
    message = diagnosis.message_primary or "no message"
    position = diagnosis.statement_position
    return Rejected(sqlstate, message, sql, diagnosis.constraint_name, int(position) if position else None)


_REMEDIES = (
    (r"password authentication failed|no password supplied",
     "Give the right password in the DSN, PGPASSWORD or ~/.pgpass."),
    (r"could not translate host name", "Look at the host name in the DSN."),
    (r"refused|No such file or directory|timeout|timed out|unreachable",
     "Look whether the server is up and reachable from here."),
    (r'database ".*" does not exist', "Look at the database name in the DSN."),
    (r'role ".*" does not exist', "Look at the user name in the DSN."),
    (r"no pg_hba.conf entry|SSL", "Look at sslmode in the DSN and at the server's pg_hba.conf."),
    (r"too many connections|remaining connection slots", "Wait until connections are free."),
)


def _why(message: str, dsn: Secret) -> str:
    lines = [line.strip() for line in message.replace(dsn.reveal(), "…").splitlines() if line.strip()]
    first = re.sub(r'^connection to server (at|on) .*?failed: ', "", lines[0] if lines else "no reason given")
    first = re.sub(r"^(FATAL|ERROR):\s*", "", first).rstrip(".?")
    remedy = next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, message)),
                  "Look at the DSN and at the server's log.")
    return f"{first}. {remedy}"
