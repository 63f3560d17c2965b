"""Constraints and unique indexes as DDL, and where a missing one may be instead. Pure."""

from __future__ import annotations

from checks.catalog.difference import column_types, unquoted
from checks.catalog.key import Key
from checks.catalog.objects import Constraint, Index, Policy, listed
from checks.catalog.snapshot import Snapshot
from checks.sql import meaning
from checks.sql.names import near_miss, shown

_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


def constraint_ddl(key: Key, item: Constraint, *, late: bool = True) -> str:
    """The statements that add the constraint as it should be.

    Args:
        key: its key.
        item: as it should be.
        late: whether stored rows are looked at only after it binds new ones, so that nobody waits long for a lock; a
            foreign key of a partitioned table cannot.
    """
    columns = listed(item.columns)
    body = item.expression if item.expression and item.type != "check" else {
        "check": f"CHECK ({item.expression})", "primary key": f"PRIMARY KEY ({columns})",
        "unique": f"UNIQUE ({columns})", "foreign key": _foreign_key(item)}.get(item.type, "")
    words = ["NO INHERIT" if item.no_inherit else "", "DEFERRABLE" if item.deferrable else "",
             "INITIALLY DEFERRED" if item.deferred else "", "" if item.enforced else "NOT ENFORCED"]
    if item.expression and item.type != "check":
        words = []  # the definition has them already
    bare = item.type in ("check", "foreign key") and item.enforced and (late or not item.validated)
    added = " ".join(filter(None, (f"ALTER TABLE {key.relation} ADD CONSTRAINT {key.own} {body}", *words,
                                   "NOT VALID" if bare else ""))) + ";"
    return f"{added} ALTER TABLE {key.relation} VALIDATE CONSTRAINT {key.own};" if bare and item.validated else added


def replaced(key: Key, item: Constraint, *, late: bool = True) -> str:
    """The statements that put the constraint as it should be in the place of what is there under its name."""
    return f"ALTER TABLE {key.relation} DROP CONSTRAINT {key.own}; {constraint_ddl(key, item, late=late)}"


def _foreign_key(item: Constraint) -> str:
    cleared = f" ({listed(item.delete_columns)})" if item.delete_columns else ""
    actions = "".join(f" ON {event} {action.upper()}{cleared if event == 'DELETE' else ''}" for event, action in
                      (("UPDATE", item.on_update), ("DELETE", item.on_delete)) if action != "no action")
    match = " MATCH FULL" if item.match == "full" else ""
    return (f"FOREIGN KEY ({listed(item.columns)}) REFERENCES {item.references} "
            f"({listed(item.referenced_columns)}){match}{actions}")


def policy_ddl(key: Key, item: Policy) -> str:
    """The statement that makes the policy as it should be."""
    roles = ", ".join("PUBLIC" if role == "public" else shown(role) for role in item.roles)
    kind = "" if item.permissive else " AS RESTRICTIVE"
    using = f" USING ({item.using})" if item.using else ""
    check = f" WITH CHECK ({item.check})" if item.check else ""
    return f"CREATE POLICY {key.own} ON {key.relation}{kind} FOR {_COMMANDS[item.command]} TO {roles}{using}{check};"


def index_ddl(own: str, item: Index) -> str:
    """The statement that makes the unique index as it should be."""
    nulls = " NULLS NOT DISTINCT" if item.nulls_not_distinct else ""
    partial = f" WHERE {item.predicate}" if item.predicate else ""
    return f"CREATE UNIQUE INDEX {own} ON {item.table} ({item.listed_keys}){nulls}{partial};"


def elsewhere(key: Key, expected: Constraint, found: Snapshot) -> str:
    """Where something like a missing constraint is: other name, other table, other schema."""
    if found.relation(key.relation) is None:
        near = near_miss(key.relation, found.tables)
        homes = homes_of(key.relation, found)
        return f" There is no table {key.relation}.{near}" + (f" There is a {homes[0]}." if homes else "")
    types = column_types(found, key.relation)
    for other, item in found.of(key.relation, "constraint"):
        if _same(item, expected, types):
            return f" {other} means the same under another name."
    for twin, item in found.objects.items():
        if isinstance(item, Constraint) and twin.own == key.own:
            return f" A constraint of that name is on {twin.relation}."
    table = Key.table(key.relation).bare  # which most names begin with, and which makes none of them near
    others = {unquoted(other).replace(table, ""): other for other, _ in found.of(key.relation, "constraint")}
    like = next((name for short, name in others.items() if near_miss(key.bare.replace(table, ""), [short])), None)
    return f" Its table has {like}, which is not exactly this name." if like else ""


def homes_of(table: str, found: Snapshot) -> list[str]:
    """Relations in other schemas that are called like `table`."""
    name = Key.table(table).bare
    return [shown(other.schema, other.name) for other in found.elsewhere if other.name == name]


def _same(item: Constraint, expected: Constraint, types: dict[str, str]) -> bool:
    return item.type == expected.type and item.columns == expected.columns and (
        item.references == expected.references) and meaning.canonical(item.expression or "", types) == (
        meaning.canonical(expected.expression or "", types))
