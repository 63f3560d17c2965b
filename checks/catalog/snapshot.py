"""The catalogue as one frozen value: every object under a key made of names, `kind:name`.

`decode` makes it of the document that catalog_sql.py's SELECT returns. Times, rows and sizes are never part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from checks.catalog.objects import (
    KINDS,
    Column,
    Constraint,
    Domain,
    EnumType,
    Function,
    Index,
    Object,
    Policy,
    Rule,
    Sequence,
    Table,
    Trigger,
    from_json,
    functions,
    parent_name,
    table_of,
    to_json,
)
from checks.sql.names import shown

__all__ = [
    "KINDS",
    "RELKINDS",
    "Column",
    "Constraint",
    "Domain",
    "EnumType",
    "Function",
    "Index",
    "Object",
    "Policy",
    "Rule",
    "Sequence",
    "Snapshot",
    "Table",
    "Trigger",
    "decode",
    "from_json",
    "functions",
    "parent_name",
    "table_of",
    "to_json",
]


@dataclass(frozen=True)
class Snapshot:
    """What one SELECT saw."""

    identity: Mapping[str, Any]
    objects: Mapping[str, Object]
    settings: tuple[tuple[str, bool, str], ...] = ()
    """(role or '', of this database only, `name=value`), enforcement settings only."""
    homonyms: tuple[tuple[str, str, str], ...] = ()
    """(schema, name, kind) of every relation called like the ledger."""
    elsewhere: tuple[tuple[str, str, str], ...] = ()
    """(schema, name, kind) of relations in other schemas, at most 500."""
    readable: frozenset[str] = frozenset()
    """Names of relations on which the role has SELECT."""
    hidden_rows: frozenset[str] = frozenset()
    """Names of relations whose rows row security filters for this role."""
    unsafe: Mapping[str, str] = field(default_factory=dict)
    """CHECKs that must not be evaluated, by `constraint:…` or `domain:….name` key, and why."""
    readable_sequences: frozenset[str] = frozenset()
    plans: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What enum_plan worked out about it, by enum: kept, since looking and judging both need it."""

    @cached_property
    def by_table(self) -> Mapping[str, Mapping[str, Object]]:
        """The objects that belong to each relation (columns, constraints, indexes, triggers, rules, policies)."""
        found: dict[str, dict[str, Object]] = {}
        for key, item in self.objects.items():
            table = table_of(key, item)
            if table is not None:
                found.setdefault(table, {})[key] = item
        return found

    @cached_property
    def functions(self) -> Mapping[str, Function]:
        """The functions among the objects."""
        return functions(self.objects)

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Name of each relation that others inherit from -> their names."""
        found: dict[str, tuple[str, ...]] = {}
        for key, item in self.objects.items():
            for parent in item.parents if isinstance(item, Table) else ():
                found[parent] = (*found.get(parent, ()), key[6:])
        return found

    def of(self, table: str, kind: str) -> Iterator[tuple[str, Any]]:
        """(name without the table, object) of each `kind` on `table`, in order of name."""
        return iter(self._by_kind.get((table, kind), ()))

    @cached_property
    def _by_kind(self) -> Mapping[tuple[str, str], list[tuple[str, Object]]]:
        found: dict[tuple[str, str], list[tuple[str, Object]]] = {}
        for table, objects in self.by_table.items():
            for key, item in objects.items():
                kind, _, name = key.partition(":")
                found.setdefault((table, kind), []).append((name.removeprefix(f"{table}."), item))
        return found


RELKINDS = {"r": "table", "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table"}
_PERSISTENCE = {"p": "logged", "u": "unlogged", "t": "temporary"}
_CONSTRAINTS = {"c": "check", "p": "primary key", "u": "unique", "f": "foreign key", "x": "exclusion"}
_ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
_MATCH = {"s": "simple", "f": "full", "p": "partial"}
_ENABLED = {"O": "origin", "D": "disabled", "R": "replica", "A": "always"}
_IDENTITY = {"": "", "a": "always", "d": "by default"}
_GENERATED = {"": "", "s": "stored", "v": "virtual"}
_COMMANDS = {"1": "select", "2": "update", "3": "insert", "4": "delete"}


@lru_cache(maxsize=1)
def decode(text: str) -> Snapshot:
    """The Snapshot in a document that `snapshot_select` returned.

    Raises:
        ValueError, KeyError, TypeError, IndexError: the text is no such document.
    """
    return _Decoder(json.loads(text)).snapshot()


class _Decoder:
    """Turns oids of one document into names, and rows into objects."""

    def __init__(self, doc: Mapping[str, Any]) -> None:
        self.doc = doc
        self.tables = {row[0]: shown(row[1], row[2]) for row in doc["tables"]}
        self.columns = {(row[0], row[1]): row[2] for row in doc["columns"]}
        self.types = {row[0]: ("enum:" if row[3] == "e" else "domain:") + shown(row[1], row[2])
                      for row in doc["types"]}
        self.disabled = {row[0] for row in doc["disabled"]}
        self.constraint_keys: dict[int, str] = {}

    def snapshot(self) -> Snapshot:
        objects: dict[str, Object] = {}
        for section in ("tables", "columns", "constraints", "indexes", "triggers", "rules", "policies", "types",
                        "functions", "sequences"):
            read = getattr(self, "_" + section)
            for row in self.doc[section]:
                key, item = read(row)
                objects[key] = item
        doc = self.doc
        return Snapshot(
            identity=doc["identity"], objects=dict(sorted(objects.items())),
            settings=tuple(sorted((row[0], bool(row[1]), row[2]) for row in doc["settings"])),
            homonyms=tuple(sorted((row[0], row[1], RELKINDS[row[2]]) for row in doc["homonyms"])),
            elsewhere=tuple(sorted((row[0], row[1], RELKINDS[row[2]]) for row in doc["elsewhere"])),
            readable=frozenset(self.tables[row[0]] for row in doc["tables"] if row[11]),
            hidden_rows=frozenset(self.tables[row[0]] for row in doc["tables"] if row[12]),
            unsafe={self.constraint_keys[row[0]]: row[1] for row in doc["unsafe"]
                    if row[1] and row[0] in self.constraint_keys},
            readable_sequences=frozenset(shown(row[0], row[1]) for row in doc["sequences"] if row[7]),
        )

    def _names(self, table: int, numbers: list[int] | None) -> tuple[str, ...]:
        return tuple(self.columns.get((table, number), "?") for number in numbers or ())

    def _under(self, table: int, name: str) -> str:
        return f"{self.tables[table]}.{shown(name)}"

    def _tables(self, row: list[Any]) -> tuple[str, Object]:
        return f"table:{self.tables[row[0]]}", Table(
            RELKINDS[row[3]], _PERSISTENCE[row[4]], bool(row[5]), bool(row[6]),
            tuple(self.tables.get(oid, "a table elsewhere") for oid in row[7] or ()), row[8], row[9], row[10])

    def _columns(self, row: list[Any]) -> tuple[str, Object]:
        return f"column:{self._under(row[0], row[2])}", Column(
            row[3], bool(row[4]), row[5], _IDENTITY[row[6]], _GENERATED[row[7]], row[8], self.types.get(row[9]))

    def _constraints(self, row: list[Any]) -> tuple[str, Object]:
        key = f"constraint:{self._under(row[0], row[1])}"
        if row[11] is not None:
            self.constraint_keys[row[11]] = key
        schema, table, columns, on_update, on_delete, match = row[10] or (None, None, (), "a", "a", "s")
        return key, Constraint(
            _CONSTRAINTS[row[2]], self._names(row[0], row[3]), row[4], bool(row[5]),
            bool(row[6]) and row[11] not in self.disabled, bool(row[7]) and row[2] == "c", bool(row[8]), bool(row[9]),
            shown(str(schema), table) if table else None, tuple(columns or ()),
            _ACTIONS[on_update], _ACTIONS[on_delete], _MATCH[match], bool(row[12]))

    def _indexes(self, row: list[Any]) -> tuple[str, Object]:
        (table, name, method, unique, primary, valid, immediate, nulls, count, numbers, expressions, predicate,
         options, opclasses, collations, backs) = row
        columns = [self.columns.get((table, n), "?") if n else (expressions or [])[at]
                   for at, n in enumerate(numbers)]
        home = self.doc_schema(table)
        return f"index:{shown(home, name)}", Index(
            self.tables[table], tuple(columns[:count]), method, bool(unique), bool(primary), bool(valid),
            bool(immediate), bool(nulls), predicate, tuple(columns[count:]),
            tuple(options) if any(options) else (), tuple(opclasses or ()),
            tuple(collation for collation, _ in collations or ()), 0 in numbers[:count],
            any(not deterministic for _, deterministic in collations or ()), bool(backs))

    @cached_property
    def _schemas(self) -> Mapping[int, str]:
        return {row[0]: row[1] for row in self.doc["tables"]}

    def doc_schema(self, table: int) -> str:
        """The schema of a relation, which is also that of its indexes."""
        return self._schemas[table]

    def _triggers(self, row: list[Any]) -> tuple[str, Object]:
        bits = row[4]
        events = tuple(word for bit, word in ((4, "insert"), (8, "delete"), (16, "update"), (32, "truncate"))
                       if bits & bit)
        return f"trigger:{self._under(row[0], row[1])}", Trigger(
            row[3], _ENABLED[row[2]], bool(bits & 2), bool(bits & 1), bool(bits & 64), events,
            shown(row[5], row[6]))

    def _rules(self, row: list[Any]) -> tuple[str, Object]:
        return f"rule:{self._under(row[0], row[1])}", Rule(
            row[5], _ENABLED[row[2]], _COMMANDS.get(row[3], row[3]), bool(row[4]))

    def _policies(self, row: list[Any]) -> tuple[str, Object]:
        return f"policy:{self._under(row[0], row[1])}", Policy(
            row[2], bool(row[3]), tuple(row[4] or ()), row[5], row[6])

    def _types(self, row: list[Any]) -> tuple[str, Object]:
        key = self.types[row[0]]
        if row[3] == "e":
            return key, EnumType(tuple(row[4] or ()))
        base, not_null, default, base_domain, checks = row[5]
        for name, _, _, oid in checks or ():
            self.constraint_keys[oid] = f"{key}.{shown(name)}"
        return key, Domain(base, bool(not_null), default, self.types.get(base_domain),
                           tuple((name, text, bool(valid)) for name, text, valid, _ in checks or ()))

    def _functions(self, row: list[Any]) -> tuple[str, Object]:
        return f"function:{shown(row[1], row[2])}({row[3]})", Function(
            {"f": "function", "p": "procedure", "w": "window"}[row[4]], row[5],
            {"i": "immutable", "s": "stable", "v": "volatile"}[row[6]], row[8], row[10], bool(row[7]),
            tuple(row[9] or ()))

    def _sequences(self, row: list[Any]) -> tuple[str, Object]:
        owner = None
        if row[5] in self.tables:
            owner = f"column:{self._under(row[5], self.columns[(row[5], row[6])])}"
        return f"sequence:{shown(row[0], row[1])}", Sequence(row[2], row[3], bool(row[4]), owner)
