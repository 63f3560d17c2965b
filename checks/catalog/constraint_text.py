"""Constraints and unique indexes as DDL, and where a missing one may be instead. Pure."""

from __future__ import annotations

from checks.catalog.difference import column_types, unquoted
from checks.catalog.key import Key
from checks.catalog.objects import Constraint, Index, listed
from checks.catalog.snapshot import Snapshot
from checks.sql import meaning
from checks.sql.names import nearest, shown


def constraint_ddl(key: Key, item: Constraint) -> str:
    """The statement that adds the constraint as it should be."""
    columns = listed(item.columns)
    body = {"check": f"CHECK ({item.expression})", "primary key": f"PRIMARY KEY ({columns})",
            "unique": f"UNIQUE ({columns})", "foreign key": _foreign_key(item)}.get(item.type, item.expression or "")
    late = " NOT VALID" if item.type in ("check", "foreign key") else ""
    return (f"ALTER TABLE {key.relation} ADD CONSTRAINT {key.own} {body}"
            f"{' DEFERRABLE' if item.deferrable else ''}{late};")


def _foreign_key(item: Constraint) -> str:
    actions = "".join(f" ON {event} {action.upper()}" for event, action in
                      (("UPDATE", item.on_update), ("DELETE", item.on_delete)) if action != "no action")
    return (f"FOREIGN KEY ({listed(item.columns)}) REFERENCES {item.references} "
            f"({listed(item.referenced_columns)}){actions}")


def index_ddl(own: str, item: Index) -> str:
    """The statement that makes the unique index as it should be."""
    nulls = " NULLS NOT DISTINCT" if item.nulls_not_distinct else ""
    partial = f" WHERE {item.predicate}" if item.predicate else ""
    return f"CREATE UNIQUE INDEX {own} ON {item.table} ({item.listed_keys}){nulls}{partial};"


def elsewhere(key: Key, expected: Constraint, found: Snapshot) -> str:
    """Where something like a missing constraint is: other name, other table, other schema."""
    if found.relation(key.relation) is None:
        near = nearest(key.relation, found.tables)
        homes = homes_of(key.relation, found)
        return f" There is no table {key.relation}.{near}" + (f" There is a {homes[0]}." if homes else "")
    types = column_types(found, key.relation)
    for other, item in found.of(key.relation, "constraint"):
        if _same(item, expected, types):
            return f" {other} means the same under another name."
    for twin, item in found.objects.items():
        if isinstance(item, Constraint) and twin.own == key.own:
            return f" A constraint of that name is on {twin.relation}."
    near = nearest(key.bare, [unquoted(other) for other, _ in found.of(key.relation, "constraint")])
    return f" Of its table:{near}" if near else ""


def homes_of(table: str, found: Snapshot) -> list[str]:
    """Relations in other schemas that are called like `table`."""
    name = Key.table(table).bare
    return [shown(other.schema, other.name) for other in found.elsewhere if other.name == name]


def _same(item: Constraint, expected: Constraint, types: dict[str, str]) -> bool:
    return item.type == expected.type and item.columns == expected.columns and (
        item.references == expected.references) and meaning.canonical(item.expression or "", types) == (
        meaning.canonical(expected.expression or "", types))
