"""Tables and those that inherit from them, partitions included. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.catalog.key import Key
from checks.catalog.objects import Constraint, Object, Table
from checks.catalog.snapshot import Snapshot


def descendants(table: str, found: Snapshot) -> Iterator[tuple[str, Table]]:
    """(name, relation) of everything that inherits from `table`, at any depth."""
    for child in found.children.get(table, ()):
        item = found.relation(child)
        if item is not None:
            yield child, item
            yield from descendants(child, found)


def unprotected(table: str, item: Constraint, found: Snapshot) -> Iterator[str]:
    """Why rows that are read through `table` escape its constraint: heirs that do not have it."""
    if item.type not in ("check", "foreign key", "unique", "primary key"):
        return
    for child, relation in descendants(table, found):
        if item.no_inherit:
            yield f"NO INHERIT, so {child} is not protected"
            continue
        if item.type != "check" and relation.partition_bound is None:
            continue  # keys are never inherited by children that are no partitions
        same = [other for _, other in found.of(child, "constraint")
                if other.type == item.type and other.columns == item.columns and other.inherited]
        if not same:
            yield f"{child} inherits from {table} without it"
        elif not all(other.enforced for other in same):
            yield f"it is NOT ENFORCED on {child}"
        elif relation.kind == "foreign table":
            yield f"{child} is a foreign table, where it is believed and not enforced"


def strange_heirs(table: str, expected: Mapping[Key, Object], found: Snapshot) -> Iterator[str]:
    """Children, not partitions, that no migration made: rows there are part of `table`, and its keys never see them."""
    for child, relation in descendants(table, found):
        if relation.partition_bound is None and Key.table(child) not in expected:
            yield child


def new_partition(name: str, expected: Mapping[Key, Object], found: Snapshot) -> Table | None:
    """The partitioned table that the contract knows and of which `name`, which it does not know, is a partition."""
    item, seen = found.relation(name), {name}
    while item is not None and item.partition_bound is not None and item.parents and item.parents[0] not in seen:
        parent = item.parents[0]
        known = expected.get(Key.table(parent))
        if isinstance(known, Table):
            return known
        seen.add(parent)
        item = found.relation(parent)
    return None
