"""Looks at stored rows, which only count: how many break a NOT VALID constraint, and whether a sequence lags.

Bounded: only tables that have such a constraint are read, at most 200 in a transaction, each with its timeout; a
sequence is held against the largest key through an index. Tables without a single page hold no row and are not read.
No stored value leaves the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks.catalog.objects import Column, Constraint, Index, Object, parent_name
from checks.catalog.objects import Sequence as SequenceObject
from checks.catalog.snapshot import Snapshot
from checks.observation.evaluate import list_in
from checks.sql.names import ident, split_path, text_array
from checks.target.session import Session
from checks.values import Rejected

TABLES_A_TRANSACTION = 200


def scan(session: Session, found: Snapshot, expected: Mapping[str, Object]) -> dict[str, Any]:
    """By constraint key: how many stored rows break it, or {"sqlstate", "message"}; by sequence key: whether it lags.

    Raises:
        Unverified: the route did not answer.
    """
    unchecked, sequences = dict(_not_valid(found, expected)), list(lagging_candidates(found, expected))
    empty = _empty(session, sorted({*unchecked, *(owner_of(item)[0] for _, item in sequences)}))
    results: dict[str, Any] = {key: 0 for table in empty for key in unchecked.pop(table, ())}
    results.update({key: False for key, item in sequences if owner_of(item)[0] in empty})
    for number, (table, keys) in enumerate(unchecked.items()):
        if number and number % TABLES_A_TRANSACTION == 0:
            session.rest()
        results.update(_ask(session, keys, _counts(table, [found.objects[key] for key in keys])))
    sequences = [(key, item) for key, item in sequences if key not in results]
    for start in range(0, len(sequences), TABLES_A_TRANSACTION):
        if start or unchecked:
            session.rest()
        batch = sequences[start:start + TABLES_A_TRANSACTION]
        results.update(_ask(session, [key for key, _ in batch], _lags([(item, key) for key, item in batch])))
    session.rest()
    return results


def _empty(session: Session, tables: Sequence[str]) -> frozenset[str]:
    """Those of `tables` that have no page, and no children whose rows they show. Sizes need no look at a row."""
    if not tables:
        return frozenset()
    select = ("SELECT json_agg(coalesce(c.relkind = 'r' AND NOT c.relhassubclass AND a.amname = 'heap' "
              "AND pg_catalog.pg_relation_size(c.oid) = 0, false) ORDER BY o.n)::text AS doc "
              f"FROM unnest({text_array(where(table) for table in tables)}) WITH ORDINALITY o(name, n) "
              "LEFT JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(o.name) "
              "LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam")
    answers = _ask(session, tables, select)
    return frozenset(table for table in tables if answers[table] is True)


def _ask(session: Session, keys: Sequence[str], select: str) -> dict[str, Any]:
    try:
        rows = session.ask(select, scan=True)
    except Rejected as refusal:
        session.rest()
        word = {"sqlstate": refusal.sqlstate, "message": refusal.message}
        return dict.fromkeys(keys, word)
    return dict(zip(keys, list_in(rows, len(keys)), strict=True))


def _not_valid(found: Snapshot, expected: Mapping[str, Object]) -> Iterator[tuple[str, list[str]]]:
    """Each readable table with the keys of the constraints whose stored rows nobody checked yet."""
    by_table: dict[str, list[str]] = {}
    for key, item in found.objects.items():
        if not isinstance(item, Constraint) or item.validated or not item.enforced or key not in expected:
            continue
        table = parent_name(key.partition(":")[2])
        if countable(key, item, table, found):
            by_table.setdefault(table, []).append(key)
    yield from by_table.items()


def countable(key: str, item: Constraint, table: str, found: Snapshot) -> bool:
    """Whether stored rows that break `item` can be counted by this role without running the user's code."""
    if table not in found.readable or table in found.hidden_rows:
        return False
    if item.type == "check":
        return key not in found.unsafe and item.expression is not None
    return item.type == "foreign key" and item.references in found.readable


def _counts(table: str, items: Sequence[Object]) -> str:
    filters = []
    for item in items:
        if not isinstance(item, Constraint):
            continue
        condition = f"NOT ({item.expression})" if item.type == "check" else _orphan(item)
        filters.append(f"count(*) FILTER (WHERE {condition})")
    return f"SELECT json_build_array({', '.join(filters)})::text AS doc FROM {where(table)} AS {ident('postdeploy t')}"


def _orphan(item: Constraint) -> str:
    there = where(item.references or "")
    pairs = " AND ".join(f"p.{ident(theirs)} = {ident('postdeploy t', ours)}"
                         for ours, theirs in zip(item.columns, item.referenced_columns, strict=True))
    present = " AND ".join(f"{ident('postdeploy t', ours)} IS NOT NULL" for ours in item.columns)
    return f"{present} AND NOT EXISTS (SELECT FROM {there} p WHERE {pairs})"


def lagging_candidates(found: Snapshot, expected: Mapping[str, Object]) -> Iterator[tuple[str, SequenceObject]]:
    """Sequences that feed a uniquely indexed column and that this role may read together with the table."""
    leading = {(index.table, index.keys[0]) for index in found.objects.values()
               if isinstance(index, Index) and index.unique}
    for key, item in found.objects.items():
        if not isinstance(item, SequenceObject) or not item.owner or item.increment.startswith("-") or item.cycle:
            continue
        column = found.objects.get(item.owner)
        table, name = owner_of(item)
        if (isinstance(column, Column) and item.owner in expected and (table, name) in leading
                and table in found.readable and key.partition(":")[2] in found.readable_sequences):
            yield key, item


def owner_of(item: SequenceObject) -> tuple[str, str]:
    """(table as shown, column unquoted) that a sequence feeds."""
    path = (item.owner or "").partition(":")[2]
    return parent_name(path), split_path(path)[-1]


def _lags(batch: Sequence[tuple[SequenceObject, str]]) -> str:
    """Whether the next value of each sequence is one that the table has passed already."""
    cells = []
    for item, key in batch:
        table, column = owner_of(item)
        cells.append(
            f"(SELECT coalesce((SELECT max(t.{ident(column)}) FROM {where(table)} t)::numeric >= s.last_value::numeric "
            f"+ CASE WHEN s.is_called THEN {int(item.increment)} ELSE 0 END, false) "
            f"FROM {where(key.partition(':')[2])} s)")
    rows = " UNION ALL ".join(f"SELECT {at} AS n, {cell} AS v" for at, cell in enumerate(cells))
    return f"SELECT json_agg(q.v ORDER BY q.n)::text AS doc FROM ({rows}) q"


def where(table: str) -> str:
    """A shown relation name as SQL."""
    path = split_path(table)
    return ident(*(path if len(path) == 2 else ("public", *path)))
