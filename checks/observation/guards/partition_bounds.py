"""What the bounds of list partitions let a row hold, as CHECKs; which other bounds may keep values out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from checks.catalog.objects import Table
from checks.catalog.snapshot import Snapshot
from checks.sql.syntax.columns import columns_of
from checks.sql.values_accepted.answers import NamedCheck

_LIST = re.compile(r"LIST \((?P<key>.*)\)\Z", re.DOTALL)
_VALUES = re.compile(r"FOR VALUES IN \((?P<values>.*)\)\Z", re.DOTALL)
_HASH = re.compile(r"modulus (?P<modulus>\d+), remainder", re.IGNORECASE)
_ITEM = re.compile(r"(?:E?'(?:[^']|'')*'|[^,'])+")


def partition_checks(table: str, found: Snapshot) -> Iterator[tuple[NamedCheck, frozenset[str]]]:
    """(a CHECK that says which values `table` has partitions for, or is itself one for; the columns it is about).

    Nothing of what is not partitioned by a list, or has a partition for all the other values.
    """
    item = found.relation(table)
    if item is not None and item.partition_key:
        yield from _check(f"the partitions of {table}", item, _bounds(table, found))
    name, seen = table, {table}
    while item is not None and item.partition_bound is not None and item.parents and item.parents[0] not in seen:
        parent = found.relation(item.parents[0])
        if parent is not None:
            yield from _check(f"the bounds of {name}", parent, [item.partition_bound])
        name, item = item.parents[0], parent
        seen.add(name)


def closed_partitions(table: str, column: str, found: Snapshot) -> str | None:
    """How partitions that are no list may keep values of `column` out of `table`, or None when they take any."""
    item = found.relation(table)
    if item is not None and _no_list_of(column, item) and not _complete(_bounds(table, found)):
        return f"the partitions of {table} take some values only"
    parent = found.relation(item.parents[0]) if item is not None and item.partition_bound and item.parents else None
    if item is not None and parent is not None and item.partition_bound != "DEFAULT" and _no_list_of(column, parent):
        return f"{table} is a partition that takes some values only"
    return None


def _no_list_of(column: str, partitioned: Table) -> bool:
    """Whether it is partitioned by the column, and not as a list; a key that is not understood counts by its words."""
    strategy, _, key = (partitioned.partition_key or "").partition(" ")
    named = columns_of(key) or frozenset(re.findall(r"\w+", key))
    return strategy not in ("", "LIST") and column in named


def leaves(table: str, found: Snapshot) -> Iterator[str]:
    """The partitions of `table`, at any depth, that hold rows."""
    for child in found.children.get(table, ()):
        item = found.relation(child)
        if item is not None and item.partition_bound is not None:
            if item.partition_key:
                yield from leaves(child, found)
            else:
                yield child


def _bounds(table: str, found: Snapshot) -> list[str]:
    """The bounds of the partitions that lead to one which holds rows."""
    children = {child: found.relation(child) for child in found.children.get(table, ())}
    return [item.partition_bound for child, item in children.items() if item is not None and item.partition_bound is not None
            and (not item.partition_key or next(leaves(child, found), None))]


def _complete(bounds: list[str]) -> bool:
    """Whether such partitions take every value: one is for the rest, or all remainders of a hash are there."""
    parts = [_HASH.search(bound) for bound in bounds]
    return "DEFAULT" in bounds or sum(Fraction(1, int(each["modulus"])) for each in parts if each) == 1


def _check(name: str, partitioned: Table, bounds: list[str]) -> Iterator[tuple[NamedCheck, frozenset[str]]]:
    key = _LIST.match(partitioned.partition_key or "")
    lists = [_VALUES.match(bound) for bound in bounds]
    if key is None or not all(lists):
        return
    items = [item.strip() for each in lists if each for item in _ITEM.findall(each["values"]) if item.strip()]
    values = [item for item in items if item != "NULL"]
    within = f"({key['key']} IN ({', '.join(values)}))" if values else "false"
    text = f"({key['key']} IS NULL) OR {within}" if "NULL" in items else f"({key['key']} IS NOT NULL) AND {within}"
    yield NamedCheck(name, text), columns_of(key["key"])
