"""The direct route: psycopg2, one READ ONLY transaction for all questions of a run."""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from checks.contract.way.spec import USUAL_TIMEOUTS, Timeouts
from checks.target.refusals import NO_DSN, why_refused
from checks.target.routes.pinned import APPLICATION, begin, bounds
from checks.target.session import Cost, Row
from checks.target.target import Secret, Target
from checks.values import Rejected, Unreachable, Unverified, UsageError

if TYPE_CHECKING:
    import psycopg2
    from psycopg2.extensions import connection as Connection  # noqa: N812

CONNECT_TIMEOUT_S = 10
SILENCE_S = 15
"""How much longer than a statement may take we wait for the next byte: past that the network is at fault."""
KEEPALIVES = MappingProxyType({"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3})
"""libpq's, in seconds: a peer that is gone is noticed within a minute, not within the two hours of most systems."""
SILENT = ("Nothing came for {:.0f} s, longer than statement_timeout lets the server take: the network lost the connection. "
          "Look at what stands between here and the server, then run again.")
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def open_session(target: Target, dsn: Secret | None, endpoint_url: str | None) -> DirectSession:
    """A session on the database that `dsn` leads to.

    Raises:
        UsageError: the target has none of its own.
        Unreachable: nobody answers.
    """
    if dsn is None:
        raise UsageError(f"Target {target.name!r} has no database of its own to be asked directly.")
    startup = {"event_triggers": target.spec.event_triggers} if target.spec.event_triggers else NO_SETTINGS
    return DirectSession(dsn, "the scratch server" if target.ours else f"target {target.name!r}",
                         can_run=target.scratch, startup=startup, timeouts=target.spec.timeouts)


class DirectSession:
    """A session over psycopg2. One simple-query string begins and pins, so a transaction pooler keeps it."""

    question_bytes = 200_000_000
    """PostgreSQL takes 1 GB; parsing needs many times the text."""

    def __init__(self, dsn: Secret, place: str, *, can_run: bool = False, startup: Mapping[str, str] = NO_SETTINGS,
                 timeouts: Timeouts = USUAL_TIMEOUTS) -> None:
        self.cost = Cost()
        self.can_run = can_run
        self._timeouts = timeouts
        self._connection = connect(dsn, place, startup)
        if timeouts.statement_ms:
            _patience_s[self._connection] = timeouts.statement_ms / 1000 + SILENCE_S
        self._scanning: bool | None = None
        """None: no transaction is open; else whether it is one of scans."""

    def ask(self, select: str, *, scan: bool = False) -> list[Row]:
        """See Session."""
        if self._scanning is not None and self._scanning != scan:
            self.rest()
        if self._scanning is None:
            self._execute(begin(self._timeouts), scan)
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
        return self._execute("; ".join((*bounds(self._timeouts), statements)), False)

    def close(self) -> None:
        """See Session."""
        self._connection.close()

    def _execute(self, sql: str, scan: bool) -> list[Row]:
        if scan:
            self.cost.scans += 1
        else:
            self.cost.statements += 1
        return execute(self._connection, sql)


def connect(dsn: Secret, place: str, startup: Mapping[str, str] = NO_SETTINGS) -> Connection:
    """An autocommit connection, so that BEGIN is ours to send.

    Args:
        dsn: a libpq URL or keyword string.
        place: what it leads to, in words.
        startup: settings to ask for in the startup packet, before anything of the database's runs.

    Raises:
        Unreachable: with the server's words where they hold names only, never the DSN.
    """
    import psycopg2

    try:
        connection = _connected(dsn.reveal(), _arguments(dsn, startup))
    except psycopg2.ProgrammingError:
        raise Unreachable(NO_DSN.format(place=place)) from None
    except psycopg2.OperationalError as error:
        raise Unreachable(f"Cannot reach {place}: {why_refused(str(error))}") from None
    except UnicodeError:
        raise Unreachable(f"Cannot reach {place}: the server's refusal is not readable text.") from None
    connection.autocommit = True
    return connection


def _connected(dsn: str, arguments: Mapping[str, Any]) -> Connection:
    """A new connection, made in a thread: libpq's wait for a server sees no signal, and ours for the thread sees Ctrl-C."""
    import psycopg2

    made: Future[Connection] = Future()

    def run() -> None:
        try:
            made.set_result(psycopg2.connect(dsn, **arguments))
        except BaseException as error:
            made.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return made.result()


def connect_ours(dsn: Secret) -> Connection:
    """As `connect`, to a scratch server; once more where it refused, since many come at once and its queue may be full.

    Raises:
        Unreachable: twice.
    """
    try:
        return connect(dsn, "the scratch server")
    except Unreachable:
        time.sleep(0.2)
        return connect(dsn, "the scratch server")


def _arguments(dsn: Secret, startup: Mapping[str, str]) -> dict[str, Any]:
    """What is said beside the DSN: who we are, how long we wait unless it says so, and its own options before `startup`."""
    from psycopg2.extensions import parse_dsn

    said = parse_dsn(dsn.reveal())
    found: dict[str, Any] = {"client_encoding": "UTF8", "application_name": APPLICATION,
                             **{name: value for name, value in KEEPALIVES.items() if name not in said}}
    if "connect_timeout" not in said and "PGCONNECT_TIMEOUT" not in os.environ:
        found["connect_timeout"] = CONNECT_TIMEOUT_S
    if startup:
        found["options"] = " ".join([said.get("options", ""), *(f"-c {name}={value}" for name, value in startup.items())])
    return found


def execute(connection: Connection, sql: str) -> list[Row]:
    """Sends `sql` as one simple query and returns the last statement's rows.

    Raises:
        Rejected: the server refused it.
        Unreachable: the connection broke, or fell silent.
    """
    import psycopg2

    try:
        with connection.cursor() as cursor, _interruptible(connection):
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []
    except psycopg2.Error as error:
        raise _refusal(error, sql) from None


_asking: set[Connection] = set()
"""Connections on which another thread than the main one is asking."""


def give_up() -> None:
    """Asks the servers to give up what other threads are asking them."""
    import psycopg2

    for connection in tuple(_asking):
        with suppress(psycopg2.Error):
            connection.cancel()


@contextmanager
def _interruptible(connection: Connection) -> Iterator[None]:
    """Lets Ctrl-C end a question that the server is still at: libpq's own wait sees no signal.

    In the main thread only, which alone sees signals: what it sets counts for every thread. Of others see `give_up`.
    """
    from psycopg2.extensions import get_wait_callback, set_wait_callback

    if threading.current_thread() is not threading.main_thread():
        _asking.add(connection)
        try:
            yield
        finally:
            _asking.discard(connection)
        return
    before = get_wait_callback()
    set_wait_callback(_wait)
    try:
        yield
    finally:
        set_wait_callback(before)


_patience_s: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
"""How long each connection may be silent while it is asked something; one that is not here, for ever."""


def _wait(connection: Connection) -> None:
    """Waits for the answer; on Ctrl-C the server is asked to give up, and psycopg2 closes the connection.

    Raises:
        Unreachable: not a byte came for longer than the server may take; the connection is closed too.
    """
    from psycopg2.extensions import POLL_OK, POLL_READ

    with selectors.DefaultSelector() as waiting:
        try:
            while (state := connection.poll()) != POLL_OK:
                waiting.register(connection, selectors.EVENT_READ if state == POLL_READ else selectors.EVENT_WRITE)
                if not waiting.select(_patience_s.get(connection)):
                    raise Unreachable(SILENT.format(_patience_s[connection]))
                waiting.unregister(connection)
        except KeyboardInterrupt:
            connection.cancel()
            raise


def _refusal(error: psycopg2.Error, sql: str) -> Rejected | Unreachable:
    diagnosis, sqlstate = error.diag, error.pgcode
    if sqlstate is None:
        return Unreachable("The connection broke off in mid-question: the server went away. "
                           "Look whether it is up, then run again.")
    message = diagnosis.message_primary or "no message"
    position = diagnosis.statement_position
    return Rejected(sqlstate, message, sql, diagnosis.constraint_name, int(position) if position else None)
