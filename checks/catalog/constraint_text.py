"""Constraints and unique indexes in words and as DDL, and where a missing one may be instead. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from checks.catalog.difference import column_types, unquoted
from checks.catalog.objects import Constraint, Index, parent_name
from checks.catalog.snapshot import Snapshot
from checks.sql import meaning
from checks.sql.names import nearest, shown, split_path


def in_words(item: Constraint) -> str:
    """`CHECK …` or `foreign key (a) to t (b)`."""
    if item.type == "check":
        return f"CHECK {item.expression}"
    return f"{item.type} ({_listed(item.columns)})" + (
        f" to {item.references} ({_listed(item.referenced_columns)})" if item.references else "")


def constraint_ddl(name: str, item: Constraint) -> str:
    """The statement that adds the constraint `table.name` as it should be."""
    table, own = parent_name(name), shown(split_path(name)[-1])
    columns = _listed(item.columns)
    body = {"check": f"CHECK ({item.expression})", "primary key": f"PRIMARY KEY ({columns})",
            "unique": f"UNIQUE ({columns})", "foreign key": _foreign_key(item)}.get(item.type, item.expression or "")
    late = " NOT VALID" if item.type in ("check", "foreign key") else ""
    return f"ALTER TABLE {table} ADD CONSTRAINT {own} {body}{' DEFERRABLE' if item.deferrable else ''}{late};"


def _foreign_key(item: Constraint) -> str:
    actions = "".join(f" ON {event} {action.upper()}" for event, action in
                      (("UPDATE", item.on_update), ("DELETE", item.on_delete)) if action != "no action")
    return (f"FOREIGN KEY ({_listed(item.columns)}) REFERENCES {item.references} "
            f"({_listed(item.referenced_columns)}){actions}")


def index_ddl(own: str, item: Index) -> str:
    """The statement that makes the unique index as it should be."""
    nulls = " NULLS NOT DISTINCT" if item.nulls_not_distinct else ""
    partial = f" WHERE {item.predicate}" if item.predicate else ""
    return f"CREATE UNIQUE INDEX {own} ON {item.table} ({key_list(item)}){nulls}{partial};"


def key_list(item: Index) -> str:
    """The keys of an index as SQL."""
    return ", ".join(item.keys) if item.expressions else _listed(item.keys)


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(map(shown, columns))


def elsewhere(key: str, expected: Constraint, found: Snapshot) -> str:
    """Where something like a missing constraint is: other name, other table, other schema."""
    name, table = split_path(key[11:])[-1], parent_name(key[11:])
    if f"table:{table}" not in found.objects:
        near = nearest(table, [known[6:] for known in found.objects if known.startswith("table:")])
        homes = [shown(schema, relation) for schema, relation, _ in found.elsewhere
                 if relation == split_path(table)[-1]]
        return f" There is no table {table}.{near}" + (f" There is a {homes[0]}." if homes else "")
    for other, item in found.of(table, "constraint"):
        if _same(item, expected, column_types(found, table)):
            return f" {other} means the same under another name."
    for other, item in found.objects.items():
        if isinstance(item, Constraint) and split_path(other[11:])[-1] == name:
            return f" A constraint of that name is on {parent_name(other[11:])}."
    near = nearest(name, [unquoted(other) for other, _ in found.of(table, "constraint")])
    return f" Of its table:{near}" if near else ""


def _same(item: Constraint, expected: Constraint, types: dict[str, str]) -> bool:
    return item.type == expected.type and item.columns == expected.columns and (
        item.references == expected.references) and meaning.canonical(item.expression or "", types) == (
        meaning.canonical(expected.expression or "", types))
