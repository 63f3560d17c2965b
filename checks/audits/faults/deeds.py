"""What a lying migration function can really do to the database: half, something else, somewhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from checks.catalog.key import Key
from checks.catalog.objects import Constraint, Object, table_of
from checks.expectation.expectation import Expectation
from checks.sql.names import ident, literal, split_path
from checks.target.migrate import migrate, record
from checks.target.routes.direct import connect_ours, execute
from checks.target.servers import ScratchServer
from checks.target.target import Secret

LOCK_TIMEOUT_S = 2
"""The lie gives up when the script's own sessions hold what it needs."""
OPEN_S = 0.5
"""How long the transaction of `apply_uncommitted` stays open at most; the next invocation ends it sooner."""


def droppable(expectation: Expectation) -> tuple[Key, ...]:
    """Keys of the objects that V makes and that can be taken away again, in the order of their names."""
    if expectation.derived is None:
        return ()
    step = next(s for s in expectation.derived.steps if s.version == expectation.migrations[-1].version)
    made = {key: item for key, item in step.sets.items() if key not in before(expectation)}
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


def before(expectation: Expectation) -> Mapping[Key, Object]:
    """What there is before V."""
    if expectation.derived is None or len(expectation.migrations) < 2:
        return {}
    return expectation.derived.objects(expectation.migrations[-2].version)


class Deeds:
    """What can be done to one database in the place of applying V."""

    def __init__(self, expectation: Expectation, server: ScratchServer, database: str, base: str) -> None:
        self._server, self._database, self._base = server, database, base
        self._migration = expectation.migrations[-1]
        self._ledger = expectation.contract.ledger
        self.droppable = droppable(expectation)
        """See there."""
        self._open: Any = None
        self._lock = threading.Lock()

    @property
    def version(self) -> str:
        """V."""
        return self._migration.version

    def apply_all_but(self, keys: Iterable[Key]) -> None:
        """Applies V, and takes these objects away again."""
        self._apply(self._database)
        with closing(self._connection(self._database)) as connection:
            for key in keys:
                execute(connection, undo(key))

    def apply_unrecorded(self) -> None:
        """Applies V, and takes its row away again."""
        self._apply(self._database)
        if self._ledger is not None:
            table, column = ident(self._ledger.schema, self._ledger.table), ident(self._ledger.version)
            with closing(self._connection(self._database)) as connection:
                execute(connection, f"DELETE FROM {table} WHERE {column} = {literal(self.version)}")

    def apply_elsewhere(self) -> None:
        """Applies V to another database."""
        other = self._database + "_elsewhere"
        self._server.copy_database(other, self._base)
        self._apply(other)

    def apply_uncommitted(self) -> None:
        """Applies V in a transaction that is rolled back a moment later."""
        connection = self._connection(self._database)
        execute(connection, "BEGIN")
        execute(connection, self._migration.sql)
        with self._lock:
            self._open = connection
        timer = threading.Timer(OPEN_S, self.roll_back)
        timer.daemon = True
        timer.start()

    def record(self, *versions: str) -> None:
        """Writes the rows of these versions, and does nothing else."""
        with closing(self._connection(self._database)) as connection:
            for version in versions:
                record(lambda sql: execute(connection, sql), self._ledger, replace(self._migration, version=version))

    def roll_back(self) -> None:
        """Ends the open transaction, if there is one."""
        with self._lock:
            connection, self._open = self._open, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def _connection(self, database: str) -> Any:
        connection = connect_ours(Secret(self._server.dsn(database)))
        execute(connection, f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'")
        return connection

    def _apply(self, database: str) -> None:
        with closing(self._connection(database)) as connection:
            migrate(connection, (self._migration,), self._ledger)


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
