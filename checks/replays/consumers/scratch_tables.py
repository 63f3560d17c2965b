"""The tables a consumer writes, on a database that may be emptied: reset, read, compare."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from checks.contract.dedupe import Dedupe
from checks.sql.names import ident, literal, nearest, shown, split_path
from checks.values import Unreachable, Unverified, UsageError

StoredRow = Mapping[str, Any]
State = Mapping[str, Sequence[StoredRow]]
"""Table, as reports write it -> its rows."""
BASELINE_BYTES = 16 * 1024 * 1024
"""Larger tables that held rows before the replay are not watched."""
_TABLES = """
SELECT n.nspname, c.relname, pg_catalog.pg_relation_size(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2"""
_COLUMNS = """
SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum),
       array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.oid = pg_catalog.to_regclass(%s) GROUP BY 1, 2"""


@dataclass(frozen=True)
class WatchedTable:
    """One watched table."""

    path: tuple[str, str]
    columns: tuple[str, ...]
    stored: tuple[str, ...]
    """The columns that are not generated."""

    @property
    def sql(self) -> str:
        """Its name, quoted."""
        return ident(*self.path)

    def __str__(self) -> str:
        return shown(*self.path)


class Print(NamedTuple):
    """A fingerprint of a table's rows."""

    rows: int
    hashes: Decimal
    """The sum of the rows' hashes."""


class Scratch:
    """One connection that empties and reads the watched tables."""

    def __init__(self, dsn: str, spec: Dedupe) -> None:
        import psycopg2

        try:
            self.connection = psycopg2.connect(dsn, application_name="postdeploy-replay")
        except psycopg2.OperationalError as error:
            raise Unreachable(f"The scratch database does not answer: {str(error).strip()}") from None
        self.connection.autocommit = True
        self.ask("SET lock_timeout = '3s'; SET statement_timeout = '60s'")
        self.superuser = self.value("SELECT current_setting('is_superuser')") == "on"
        if self.superuser:
            self.ask("SET session_replication_role = replica")
        self.dedupe = self.table(spec.table, spec.key, f"dedupe.{spec.name}.key")
        self.effects = tuple(self.table(effect.table, effect.key, f"dedupe.{spec.name}.effects.key")
                             for effect in spec.effects)
        self.watched: tuple[WatchedTable, ...] = tuple(dict.fromkeys((self.dedupe, *self.effects)))
        self._restored: tuple[WatchedTable, ...] = ()
        self._kept = 0
        self._others = self._keep_others()

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of one statement.

        Raises:
            Unverified: the server refuses; a lock that is never given back, most often.
        """
        import psycopg2

        try:
            with self.connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return cursor.fetchall() if cursor.description else []
        except psycopg2.Error as error:
            said = " ".join(str(error).split())[:200]
            raise Unverified(f"The scratch database refused to be prepared for a replay: {said}. "
                             "Use a database that nobody else uses, owned by this role.") from None

    def value(self, sql: str) -> Any:
        """What a statement says that has one row of one column."""
        ((value,),) = self.ask(sql)
        return value

    def table(self, name: str, key: Sequence[str] = (), place: str = "") -> WatchedTable:
        """The table of that name.

        Raises:
            UsageError: it, or a column of `key`, does not exist.
        """
        row = next(iter(self.ask(_COLUMNS, ident(*split_path(name)))), None)
        if row is None:
            known = [shown(schema, relation) for schema, relation, _ in self.ask(_TABLES)]
            raise UsageError(f"Table {name!r} of {place.rpartition('.')[0]} does not exist on the "
                             f"scratch database.{nearest(name, known)} Apply the migrations, or correct the contract.")
        schema, relation, columns, stored = row
        for column in key:
            if column not in columns:
                raise UsageError(f"{place} names column {column!r}, which {name} does not have; it has "
                                 f"{', '.join(columns)}.{nearest(column, columns)}")
        return WatchedTable((schema, relation), tuple(columns), tuple(stored))

    def reset(self, kept: int = 0) -> None:
        """Empties the watched tables; those others that held rows get them back. Sequences go on.

        Args:
            kept: what `keep` returned: the watched tables hold again what they held then.
        """
        names = [table.sql for table in self.watched]
        steps = [f"DELETE FROM {name}" for name in names] if self.superuser else [f"TRUNCATE {', '.join(names)} CASCADE"]
        for table in self.watched if kept else self._restored:
            columns = ", ".join(ident(column) for column in table.stored)
            steps.append(f"INSERT INTO {table.sql} ({columns}) OVERRIDING SYSTEM VALUE "
                         f"SELECT {columns} FROM {_copy_of(table, kept)}")
        self.ask("; ".join(["BEGIN", *steps, "COMMIT"]))

    def keep(self) -> int:
        """Copies what the watched tables hold, for `reset`; 0 for a role whose INSERTs fire triggers and foreign keys."""
        if not self.superuser:
            return 0
        self._kept += 1
        self._copy(self.watched, self._kept)
        return self._kept

    def read(self) -> State:
        """All rows of the watched tables, as one snapshot."""
        parts = [f"SELECT {literal(str(table))} AS name, (SELECT coalesce(json_agg(to_json(x)), '[]') "
                 f"FROM {table.sql} x) AS rows" for table in self.watched]
        text = self.value(f"SELECT json_object_agg(name, rows)::text FROM ({' UNION ALL '.join(parts)}) AS t")
        state: State = json.loads(text, parse_float=Decimal)
        return state

    def watch_touched(self) -> bool:
        """From now on, tables that changed since this object was made are watched too; whether there are any."""
        now = self._prints(tuple(self._others))
        changed = tuple(table for table, before in self._others.items() if now[table] != before)
        self._restored = tuple(table for table in changed if self._others[table].rows)
        self.watched += changed
        return bool(changed)

    def server(self) -> dict[str, Any]:
        """Where this connection leads: host, port, user, password, dbname, tls."""
        info = self.connection.info
        return {"host": info.host or "/tmp", "port": info.port, "user": info.user, "password": info.password,
                "dbname": info.dbname, "tls": bool(info.ssl_in_use)}

    def close(self) -> None:
        """Leaves the tables as they were, the dedupe and effect tables empty."""
        with contextlib.suppress(Unverified):
            self.reset()
        self.connection.close()

    def _keep_others(self) -> Mapping[WatchedTable, Print]:
        """Every other table with its fingerprint; those that hold rows are copied into temporary tables."""
        small = [self.table(ident(schema, name)) for schema, name, size in self.ask(_TABLES) if size <= BASELINE_BYTES]
        prints = self._prints([table for table in small if table not in self.watched])
        filled = [table for table, seen in prints.items() if seen.rows]
        if filled:
            self._copy(filled)
        return prints

    def _copy(self, tables: Sequence[WatchedTable], number: int = 0) -> None:
        self.ask("; ".join(f"CREATE TEMPORARY TABLE {_copy_of(table, number)} AS TABLE {table.sql}" for table in tables))

    def _prints(self, tables: Sequence[WatchedTable]) -> dict[WatchedTable, Print]:
        """A fingerprint of each table's rows."""
        if not tables:
            return {}
        parts = [f"SELECT {number}, count(*), coalesce(sum(hashtextextended(x::text, 0)), 0) "
                 f"FROM {table.sql} x" for number, table in enumerate(tables)]
        return {tables[number]: Print(count, total) for number, count, total in self.ask(" UNION ALL ".join(parts))}


def _copy_of(table: WatchedTable, number: int = 0) -> str:
    """The name of the table that holds the rows `table` had before the replay, or when they were kept."""
    return ident("pg_temp", hashlib.md5(f"{number} {table.sql}".encode()).hexdigest())


def volatile_columns(one: State, other: State) -> dict[str, frozenset[str]]:
    """Per table, the columns that two plain runs filled differently: ids, clock times."""
    found = {}
    for table, rows in one.items():
        columns = {column for row in (*rows, *other[table]) for column in row}
        found[table] = frozenset(
            column for column in columns if _values(rows, column) != _values(other[table], column))
    return found


def stable(rows: Sequence[StoredRow], volatile: frozenset[str]) -> Counter[tuple[tuple[str, str], ...]]:
    """The rows as a multiset, without the volatile columns."""
    return Counter(tuple(sorted((column, text_of(value)) for column, value in row.items()
                                if column not in volatile)) for row in rows)


def _values(rows: Sequence[StoredRow], column: str) -> Counter[str]:
    return Counter(text_of(row.get(column)) for row in rows)


def text_of(value: object) -> str:
    """A column's value in one spelling: numbers without trailing zeros, documents with sorted keys."""
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return format(Decimal(value).normalize(), "f")
    return value if isinstance(value, str) else "NULL" if value is None else json.dumps(value, sort_keys=True,
                                                                                        default=str)
