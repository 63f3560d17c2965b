"""Constraints and unique indexes as DDL, and where a missing one may be instead. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from checks.catalog.difference import column_types, unquoted
from checks.catalog.key import Key
from checks.catalog.objects import Constraint, Index, Policy
from checks.catalog.snapshot import Snapshot
from checks.sql import meaning
from checks.sql.names import near_miss, shown
from checks.sql.written import one_line, own_written, rewritten, written

_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


def columns_sql(columns: Iterable[str]) -> str:
    """Column names as a list in SQL."""
    return ", ".join(map(written, columns))


def constraint_ddl(key: Key, item: Constraint, *, late: bool = True) -> str:
    """The statements that add the constraint as it should be.

    Args:
        key: its key.
        item: as it should be.
        late: whether stored rows are looked at only after it binds new ones, so that nobody waits long for a lock; a
            foreign key of a partitioned table cannot.
    """
    columns, table, own = columns_sql(item.columns), rewritten(key.relation), own_written(key.own)
    body = item.expression if item.expression and item.type != "check" else {
        "check": f"CHECK ({item.expression})", "primary key": f"PRIMARY KEY ({columns})",
        "unique": f"UNIQUE ({columns})", "foreign key": _foreign_key(item) if item.references else ""}.get(item.type, "")
    words = ["NO INHERIT" if item.no_inherit else "", "DEFERRABLE" if item.deferrable else "",
             "INITIALLY DEFERRED" if item.deferred else "", "" if item.enforced else "NOT ENFORCED"]
    if item.expression and item.type != "check":
        words = []  # the definition has them already
    bare = item.type in ("check", "foreign key") and item.enforced and (late or not item.validated)
    added = one_line(" ".join(filter(None, (f"ALTER TABLE {table} ADD CONSTRAINT {own} {body}", *words,
                                            "NOT VALID" if bare else "")))) + ";"
    return f"{added} ALTER TABLE {table} VALIDATE CONSTRAINT {own};" if bare and item.validated else added


def replaced(key: Key, item: Constraint, *, late: bool = True) -> str:
    """The statements that put the constraint as it should be in the place of what is there under its name."""
    added = constraint_ddl(key, item, late=late)
    return added.replace(" ADD CONSTRAINT", f" DROP CONSTRAINT {own_written(key.own)}, ADD CONSTRAINT", 1)


def brought_back(key: Key, item: Constraint, found: Snapshot, *, late: bool = True) -> str:
    """The statements that bring back a constraint of which nothing stands under its name."""
    table, own = rewritten(key.relation), own_written(key.own)
    types = column_types(found, key.relation)
    others = [(name, other) for name, other in found.of(key.relation, "constraint") if isinstance(other, Constraint)]
    for name, other in others:
        if _same(other, item, types):
            return f"ALTER TABLE {table} RENAME CONSTRAINT {own_written(name)} TO {own};"
    first = next((f"ALTER TABLE {table} DROP CONSTRAINT {own_written(name)}; " for name, other in others
                  if item.type == other.type == "primary key"), "")
    needs_index = item.type in ("primary key", "unique", "exclusion")
    return (_freed(key.relation, key.bare, found) if needs_index else "") + first + constraint_ddl(key, item, late=late)


def _freed(table: str, name: str, found: Snapshot) -> str:
    """The statement that frees the name of an index of `table`, where another index has it."""
    home = Key.table(table).home
    there = found.objects.get(Key("index", "", shown(home, name)))
    if not isinstance(there, Index):
        return ""
    if there.table == table and not there.backs_constraint:
        return f"DROP INDEX {written(home, name)}; "
    return f"ALTER INDEX {written(home, name)} RENAME TO {written(f'{name[:50]}_elsewhere')}; "


def _foreign_key(item: Constraint) -> str:
    cleared = f" ({columns_sql(item.delete_columns)})" if item.delete_columns else ""
    actions = "".join(f" ON {event} {action.upper()}{cleared if event == 'DELETE' else ''}" for event, action in
                      (("UPDATE", item.on_update), ("DELETE", item.on_delete)) if action != "no action")
    match = " MATCH FULL" if item.match == "full" else ""
    return (f"FOREIGN KEY ({columns_sql(item.columns)}) REFERENCES {rewritten(str(item.references))} "
            f"({columns_sql(item.referenced_columns)}){match}{actions}")


def policy_ddl(key: Key, item: Policy) -> str:
    """The statement that makes the policy as it should be."""
    roles = ", ".join("PUBLIC" if role == "public" else written(role) for role in item.roles)
    kind = "" if item.permissive else " AS RESTRICTIVE"
    using = f" USING ({item.using})" if item.using else ""
    check = f" WITH CHECK ({item.check})" if item.check else ""
    return one_line(f"CREATE POLICY {own_written(key.own)} ON {rewritten(key.relation)}{kind} FOR {_COMMANDS[item.command]} "
                    f"TO {roles}{using}{check};")


def index_ddl(name: str, item: Index, found: Snapshot) -> str:
    """The statements that make the unique index as it should be, in the place of what has its name; empty where it is of
    operator classes or collations of its own.

    Args:
        name: as the catalogue holds it.
        item: as it should be.
        found: what is there.
    """
    if item.opclasses or item.collations:
        return ""
    orders = ("", " DESC NULLS LAST", " NULLS FIRST", " DESC")
    columns = column_types(found, item.table)
    keys = [written(key) if key in columns or not item.expressions else key for key in item.keys]
    listed_keys = ", ".join(
        key + orders[option & 3] for key, option in zip(keys, item.options or [0] * len(keys), strict=True))
    included = f" INCLUDE ({columns_sql(item.included)})" if item.included else ""
    nulls = " NULLS NOT DISTINCT" if item.nulls_not_distinct else ""
    partial = f" WHERE {item.predicate}" if item.predicate else ""
    method = "" if item.method == "btree" else f" USING {item.method}"
    return _freed(item.table, name, found) + one_line(
        f"CREATE UNIQUE INDEX {written(name)} ON {rewritten(item.table)}{method} ({listed_keys}){included}{nulls}{partial};")


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
