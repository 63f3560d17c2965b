"""What the bounds of list partitions let a row hold, as a CHECK. Pure."""

from __future__ import annotations

import re

from checks.catalog.objects import Table
from checks.catalog.snapshot import Snapshot
from checks.sql.names import split_path
from checks.sql.values_accepted.answers import NamedCheck

_KEY = re.compile(r'LIST \((?P<column>"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)\)\Z')
_BOUND = re.compile(r"FOR VALUES IN \((?P<values>.*)\)\Z", re.DOTALL)
_ITEM = re.compile(r"(?:E?'(?:[^']|'')*'|[^,'])+")


def partition_check(table: str, found: Snapshot) -> tuple[NamedCheck, str] | None:
    """(a CHECK that says which values `table` has a partition for, or is itself one for; the column it is about).

    None when it is not partitioned by a list of one column's values, or has a partition for all the others.
    """
    item = found.relation(table)
    if item is None:
        return None
    if item.partition_bound is not None and item.parents:
        parent = found.relation(item.parents[0])
        return _check(f"the bounds of {table}", parent, [item.partition_bound])
    children = [found.relation(child) for child in found.children.get(table, ())]
    bounds = [child.partition_bound for child in children if child is not None and child.partition_bound is not None]
    return _check(f"the partitions of {table}", item, bounds)


def _check(name: str, partitioned: Table | None, bounds: list[str]) -> tuple[NamedCheck, str] | None:
    key = _KEY.match(partitioned.partition_key or "") if partitioned is not None else None
    lists = [_BOUND.match(bound) for bound in bounds]
    if key is None or not all(lists):
        return None
    items = [item.strip() for each in lists if each for item in _ITEM.findall(each["values"]) if item.strip()]
    column = key["column"]
    values = [item for item in items if item != "NULL"]
    within = f"({column} IN ({', '.join(values)}))" if values else "false"
    text = f"({column} IS NULL) OR {within}" if "NULL" in items else f"({column} IS NOT NULL) AND {within}"
    return NamedCheck(name, text), split_path(column)[0]
