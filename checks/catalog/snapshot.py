"""The catalogue as one frozen value: every object under its Key.

`decode` makes it of the document that select.py's SELECT returns. Times, rows and sizes are never part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from checks.catalog.key import Key
from checks.catalog.objects import Function, Object, Table, functions, table_of


class Setting(NamedTuple):
    """An enforcement setting that a role or the database gives its sessions."""

    role: str
    """Whose sessions; empty: everybody's."""
    database_only: bool
    """Whether it is set for this database only."""
    entry: str
    """`name=value`."""

    @property
    def whose(self) -> str:
        """Whose sessions, in words."""
        return f"role {self.role}" if self.role else "the database" if self.database_only else "all roles"

    @property
    def key(self) -> Key:
        """The key under which it stands among the objects."""
        return Key("setting", "", f"{self.whose}: {self.entry}")


class Relation(NamedTuple):
    """A relation that is not among the objects, by name only."""

    schema: str
    name: str
    kind: str


class Reading(NamedTuple):
    """Why reading a table's rows would run code that is not built in."""

    column: str | None
    """The column, as the catalogue holds it, whose values would do so; None: any row."""
    why: str
    """What the table is or has: `is a view, and reading it runs its query`."""


@dataclass(frozen=True)
class Snapshot:
    """What one SELECT saw."""

    identity: Mapping[str, Any]
    """Of the server and the session: server_version, server_version_num, database, role, search_path, …"""
    objects: Mapping[Key, Object]
    settings: tuple[Setting, ...] = ()
    """Enforcement settings only; others may hold secrets."""
    homonyms: tuple[Relation, ...] = ()
    """Every relation called like the ledger, and those in other schemas that are called like one of ours."""
    elsewhere: tuple[Relation, ...] = ()
    """Relations in other schemas, at most 500."""
    readable: frozenset[str] = frozenset()
    """Names of relations on which the role has SELECT."""
    hidden_rows: frozenset[str] = frozenset()
    """Names of relations whose rows row security filters for this role."""
    reading: Mapping[str, tuple[Reading, ...]] = field(default_factory=dict)
    """Relations whose rows are not read, or not all of whose columns are, and why."""
    unsafe: Mapping[Key, str] = field(default_factory=dict)
    """CHECKs that must not be evaluated, by the key of the constraint or of the domain's CHECK, and why."""
    readable_sequences: frozenset[str] = frozenset()
    unread_functions: frozenset[Key] = frozenset()
    """Functions in other schemas that nothing of ours rests on; they are there, and not among the objects."""

    @cached_property
    def by_table(self) -> Mapping[str, Mapping[Key, Object]]:
        """The objects that belong to each relation (columns, constraints, indexes, triggers, rules, policies)."""
        found: dict[str, dict[Key, Object]] = {}
        for key, item in self.objects.items():
            table = table_of(key, item)
            if table is not None:
                found.setdefault(table, {})[key] = item
        return found

    @cached_property
    def functions(self) -> Mapping[Key, Function]:
        """The functions among the objects."""
        return functions(self.objects)

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The names of all relations."""
        return tuple(key.relation for key in self.objects if key.kind == "table")

    @cached_property
    def homes(self) -> Mapping[str, frozenset[str]]:
        """Name of a relation, without schema -> the schemas that are known to have one of that name."""
        found: dict[str, set[str]] = {}
        for relation in self.homonyms:
            found.setdefault(relation.name, set()).add(relation.schema)
        for table in self.tables:
            key = Key.table(table)
            found.setdefault(key.bare, set()).add(key.home)
        return {name: frozenset(schemas) for name, schemas in found.items()}

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Name of each relation that others inherit from -> their names."""
        found: dict[str, tuple[str, ...]] = {}
        for key, item in self.objects.items():
            for parent in item.parents if isinstance(item, Table) else ():
                found[parent] = (*found.get(parent, ()), key.relation)
        return found

    def runs(self, table: str, columns: Iterable[str] = ()) -> str:
        """What reading `columns` of `table` (names as the catalogue holds them) would run; empty: nothing."""
        wanted = {None, *columns}
        return next((reason.why for reason in self.reading.get(table, ()) if reason.column in wanted), "")

    def may_read(self, table: str, columns: Iterable[str] = ()) -> bool:
        """Whether this role sees all rows of `table`, and reading `columns` of them runs nothing."""
        return table in self.readable and table not in self.hidden_rows and not self.runs(table, columns)

    def relation(self, name: str) -> Table | None:
        """The relation shown as `name`, or None."""
        item = self.objects.get(Key.table(name))
        return item if isinstance(item, Table) else None

    def of(self, table: str, kind: str) -> Iterator[tuple[str, Any]]:
        """(own name, object) of each `kind` on `table`, in order of name."""
        return iter(self._by_kind.get((table, kind), ()))

    @cached_property
    def _by_kind(self) -> Mapping[tuple[str, str], list[tuple[str, Object]]]:
        found: dict[tuple[str, str], list[tuple[str, Object]]] = {}
        for table, objects in self.by_table.items():
            for key, item in objects.items():
                found.setdefault((table, key.kind), []).append((key.own, item))
        return found
