"""What a lying migration function really does to the database: nothing, half, something else, somewhere else."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from checks.audits.faults import ANOTHER, LEFT_OUT, Fault
from checks.catalog.key import Key
from checks.catalog.objects import Constraint, Object, table_of
from checks.expectation.expectation import Expectation
from checks.sql.names import ident, literal, split_path
from checks.target.migrate import migrate, record
from checks.target.routes.direct import connect, execute
from checks.target.servers import ScratchServer
from checks.target.target import Secret
from checks.values import Rejected, Unverified

LOCK_TIMEOUT_S = 2
"""The lie gives up when the script's own sessions hold what it needs."""
OPEN_S = 0.5
"""How long the transaction of `rolled-back` stays open at most; the next invocation ends it sooner."""


def droppable(expectation: Expectation) -> tuple[Key, ...]:
    """Keys of the objects that V makes and that can be taken away again, in the order of their names."""
    if expectation.derived is None:
        return ()
    step = next(s for s in expectation.derived.steps if s.version == expectation.migrations[-1].version)
    before = _before(expectation)
    made = {key: item for key, item in step.sets.items() if key not in before}
    ledger = expectation.contract.ledger
    tables = {key.relation for key in made if key.kind == "table"}
    backed = {key.bare for key in made if key.kind == "constraint"}
    found = []
    for key, item in made.items():
        table = table_of(key, item)
        if key.kind not in _UNDO or (ledger and table == ledger.shown) or getattr(item, "primary", False):
            continue
        if (key.kind == "column" and table in tables) or (key.kind == "index" and key.bare in backed):
            continue
        if isinstance(item, Constraint) and item.type == "primary key":
            continue
        found.append(key)
    return tuple(found)


def _before(expectation: Expectation) -> dict[Key, Object]:
    if expectation.derived is None or len(expectation.migrations) < 2:
        return {}
    return expectation.derived.objects(expectation.migrations[-2].version)


def impossible(fault: Fault, expectation: Expectation) -> str:
    """Why `fault` cannot be committed with this V, or nothing."""
    name, migration, ledger = fault.name.partition(".")[2], expectation.migrations[-1], expectation.contract.ledger
    if fault.kind != "world":
        return ""
    if name in ("did-half", "did-other-half") and len(droppable(expectation)) < 2:
        return f"{migration.file} does not make two objects of which one could be missing"
    if name == "row-without-ddl" and not expectation.effects.get(migration.version):
        return f"{migration.file} changes nothing that a catalogue shows"
    if name in ("row-without-ddl", "other-version", "lookalike-rows") and (
            ledger is None or Key.table(ledger.shown) not in _before(expectation)):
        return f"{migration.file} makes the ledger itself"
    if name == "rolled-back" and re.search(r"^\s*(COMMIT|END)\b", migration.sql, re.MULTILINE | re.IGNORECASE):
        return f"{migration.file} commits by itself"
    return ""


class FalseWorld:
    """Commits the lies of one database."""

    def __init__(self, expectation: Expectation, server: ScratchServer, database: str, base: str) -> None:
        self._server, self._database, self._base = server, database, base
        self._migration = expectation.migrations[-1]
        self._ledger = expectation.contract.ledger
        self._droppable = droppable(expectation)
        self._open: Any = None
        self._lock = threading.Lock()

    def act(self, fault: Fault) -> None:
        """Does what `fault` really does.

        Raises:
            Unverified: the lie itself failed, so that this run says nothing.
        """
        name = fault.name.partition(".")[2]
        acts: dict[str, Callable[[], None]] = {
            "did-half": lambda: self._all_but(self._droppable[len(self._droppable) // 2:]),
            "did-other-half": lambda: self._all_but(self._droppable[:len(self._droppable) // 2]),
            "rolled-back": self._uncommitted,
            "row-without-ddl": lambda: self._rows(self._migration.version),
            "ddl-without-row": self._unrecorded,
            "other-version": lambda: self._rows(self._migration.version + ANOTHER),
            "lookalike-rows": lambda: self._rows(*self._lookalikes()),
            "other-database": self._elsewhere,
        }
        left_out = [fault.object] if fault.object is not None and name.startswith(LEFT_OUT) else None
        act = acts.get(name) if left_out is None else lambda: self._all_but(left_out)
        if act is None:
            return
        try:
            act()
        except Rejected as refusal:
            raise Unverified(f"The audit could not set up {fault.name}: {refusal}.") from None

    def reply(self, fault: Fault, perfect: bytes) -> bytes:
        """What the function says of it."""
        if fault.name != "world.other-version":
            return perfect
        version = self._migration.version.encode()
        return perfect.replace(version, version + ANOTHER.encode())

    def roll_back(self) -> None:
        """Ends the open transaction, if there is one."""
        with self._lock:
            connection, self._open = self._open, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def _connection(self, database: str) -> Any:
        connection = connect(Secret(self._server.dsn(database)), "the scratch server")
        execute(connection, f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'")
        return connection

    def _apply(self, database: str) -> None:
        with closing(self._connection(database)) as connection:
            migrate(connection, (self._migration,), self._ledger)

    def _all_but(self, keys: Iterable[Key]) -> None:
        self._apply(self._database)
        with closing(self._connection(self._database)) as connection:
            for key in keys:
                execute(connection, undo(key))

    def _rows(self, *versions: str) -> None:
        with closing(self._connection(self._database)) as connection:
            for version in versions:
                record(lambda sql: execute(connection, sql), self._ledger, replace(self._migration, version=version))

    def _lookalikes(self) -> tuple[str, ...]:
        version = self._migration.version
        return (version + ANOTHER, "draft_" + version, version.replace("_", "-", 1) + "-")

    def _unrecorded(self) -> None:
        self._apply(self._database)
        if self._ledger is not None:
            table, column = ident(self._ledger.schema, self._ledger.table), ident(self._ledger.version)
            with closing(self._connection(self._database)) as connection:
                execute(connection, f"DELETE FROM {table} WHERE {column} = {literal(self._migration.version)}")

    def _elsewhere(self) -> None:
        other = self._database + "_elsewhere"
        self._server.copy_database(other, self._base)
        self._apply(other)

    def _uncommitted(self) -> None:
        connection = self._connection(self._database)
        execute(connection, "BEGIN")
        execute(connection, self._migration.sql)
        with self._lock:
            self._open = connection
        timer = threading.Timer(OPEN_S, self.roll_back)
        timer.daemon = True
        timer.start()


def undo(key: Key) -> str:
    """The statement that takes the object `key` away."""
    path = split_path(key.path)
    return _UNDO[key.kind].format(whole=ident(*path), parent=ident(*path[:-1]), last=ident(path[-1]))


_UNDO = {
    "table": "DROP TABLE IF EXISTS {whole} CASCADE",
    "index": "DROP INDEX IF EXISTS {whole} CASCADE",
    "column": "ALTER TABLE IF EXISTS {parent} DROP COLUMN IF EXISTS {last} CASCADE",
    "constraint": "ALTER TABLE IF EXISTS {parent} DROP CONSTRAINT IF EXISTS {last} CASCADE",
    "trigger": "DROP TRIGGER IF EXISTS {last} ON {parent} CASCADE",
}
