"""Looks at stored rows, which only count: how many break a NOT VALID constraint, and whether a sequence lags.

Bounded: only tables that have such a constraint are read, at most 200 in a transaction, each with its timeout; a
sequence is held against the largest key through an index. Tables without a single page hold no row and are not read.
No stored value leaves the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from checks.catalog.key import Key, relation_sql
from checks.catalog.objects import Column, Constraint, Index, Object
from checks.catalog.objects import Sequence as SequenceObject
from checks.catalog.snapshot import Snapshot
from checks.observation.questions import Refusal, Unasked, ask_one, json_list, json_text
from checks.sql.names import ident, text_array
from checks.target.session import Session

TABLES_A_TRANSACTION = 200
N = TypeVar("N")
_T = "postdeploy t"
"""Alias of the table whose rows are counted; no column can be taken for it."""


@dataclass(frozen=True)
class StoredRows:
    """What was counted, or why not."""

    constraints: Mapping[Key, int | Refusal | Unasked] = field(default_factory=dict)
    """NOT VALID constraint -> how many stored rows break it."""
    sequences: Mapping[Key, bool | Refusal | Unasked] = field(default_factory=dict)
    """Sequence -> whether its next value is one that the table has passed already."""


def scan(session: Session, found: Snapshot, expected: Mapping[Key, Object]) -> StoredRows:
    """Counts on a target.

    Raises:
        Unreachable: the route is broken.
        Unverified: it answered something else than was asked.
    """
    unchecked, sequences = _not_valid(found, expected), dict(lagging_candidates(found, expected))
    owners = {key: item.owner.relation for key, item in sequences.items() if item.owner}
    locked = {key: why for key in sequences if (why := _locked((owners[key], key.path), found))}
    empty = _empty(session, sorted({*unchecked, *(table for key, table in owners.items() if key not in locked)}))
    counts: dict[Key, int | Refusal | Unasked] = {key: 0 for table in empty for key in unchecked.pop(table, ())}
    lags: dict[Key, bool | Refusal | Unasked] = {key: False for key in sequences if owners[key] in empty}
    lags |= {key: Unasked(why) for key, why in locked.items()}
    for key, item in sequences.items():
        runs = found.runs(owners[key], (item.owner.bare,)) if item.owner and key not in lags else ""
        if runs:
            lags[key] = Unasked(f"{owners[key]} {runs}, so its rows are not read")
    for number, (table, keys) in enumerate(unchecked.items()):
        if number and number % TABLES_A_TRANSACTION == 0:
            session.rest()
        counts.update(_ask(session, keys, _counts(table, [found.objects[key] for key in keys])))
    waiting = [key for key in sequences if key not in lags]
    for start in range(0, len(waiting), TABLES_A_TRANSACTION):
        if start or unchecked:
            session.rest()
        batch = waiting[start:start + TABLES_A_TRANSACTION]
        lags.update(_ask(session, batch, _lags({key: sequences[key] for key in batch})))
    session.rest()
    return StoredRows(counts, {key: lags[key] for key in sequences})


def _locked(names: Iterable[str], found: Snapshot) -> str:
    """Which schema of these relations the role may not use, and what lets it: one such would refuse the whole SELECT."""
    usable, role = found.identity["usage"] or (), ident(found.identity["role"])
    for schema in (Key.table(name).home for name in names):
        if schema not in usable:
            return f"role {role} may not use schema {schema} (GRANT USAGE ON SCHEMA {ident(schema)} TO {role};)"
    return ""


def _empty(session: Session, tables: Sequence[str]) -> frozenset[str]:
    """Those of `tables` that have no page, and no children whose rows they show. Sizes need no look at a row."""
    if not tables:
        return frozenset()
    rows = ("json_agg(coalesce(c.relkind = 'r' AND NOT c.relhassubclass AND a.amname = 'heap' "
            "AND pg_catalog.pg_relation_size(c.oid) = 0, false) ORDER BY o.n)")
    select = (f"SELECT {json_text(rows)} AS doc "
              f"FROM unnest({text_array(map(relation_sql, tables))}) WITH ORDINALITY o(name, n) "
              "LEFT JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(o.name) "
              "LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam")
    answers = _ask(session, tables, select)
    return frozenset(table for table in tables if answers[table] is True)


def _ask(session: Session, names: Sequence[N], select: str) -> dict[N, Any]:
    """What is said of each of `names`, in order, or the Refusal for all of them."""
    rows = ask_one(session, select)
    if isinstance(rows, Refusal):
        return dict.fromkeys(names, rows)
    return dict(zip(names, json_list(rows, len(names)), strict=True))


def _not_valid(found: Snapshot, expected: Mapping[Key, Object]) -> dict[str, list[Key]]:
    """Each readable table with the constraints whose stored rows nobody checked yet."""
    by_table: dict[str, list[Key]] = {}
    for key, item in found.objects.items():
        if isinstance(item, Constraint) and not item.validated and item.enforced and key in expected \
                and countable(key, item, found):
            by_table.setdefault(key.relation, []).append(key)
    return by_table


def countable(key: Key, item: Constraint, found: Snapshot) -> bool:
    """Whether stored rows that break `item` can be counted by this role without running the user's code."""
    return not uncountable(key, item, found) and item.type in ("check", "foreign key") and (
        item.type != "check" or item.expression is not None)


def uncountable(key: Key, item: Constraint, found: Snapshot) -> str:
    """Why the rows that break `item` must not be counted, or cannot be by this role; else empty."""
    tables = {key.relation: item.columns, **({item.references: item.referenced_columns} if item.references else {})}
    role = ident(found.identity["role"])
    for name, columns in tables.items():
        if name not in found.readable:
            return f"role {role} may not read {name}"
        if name in found.hidden_rows:
            return f"row security hides rows of {name} from role {role}"
        runs = found.runs(name, columns)
        if runs:
            return f"{name} {runs}, so its rows are not read"
    return f"it {found.unsafe[key]}" if key in found.unsafe else ""


def _counts(table: str, items: Sequence[Object]) -> str:
    filters = []
    for item in items:
        if not isinstance(item, Constraint):
            continue
        condition = f"NOT ({item.expression})" if item.type == "check" else _orphan(item)
        filters.append(f"count(*) FILTER (WHERE {condition})")
    counts = f"json_build_array({', '.join(filters)})"
    return f"SELECT {json_text(counts)} AS doc FROM {relation_sql(table)} AS {ident(_T)}"


def _orphan(item: Constraint) -> str:
    there = relation_sql(item.references or "")
    pairs = " AND ".join(f"p.{ident(theirs)} = {ident(_T, ours)}"
                         for ours, theirs in zip(item.columns, item.referenced_columns, strict=True))
    present = " AND ".join(f"{ident(_T, ours)} IS NOT NULL" for ours in item.columns)
    return f"{present} AND NOT EXISTS (SELECT FROM {there} p WHERE {pairs})"


def lagging_candidates(found: Snapshot, expected: Mapping[Key, Object]) -> Iterator[tuple[Key, SequenceObject]]:
    """Sequences that feed a uniquely indexed column and that this role may read together with the table."""
    leading = {(index.table, index.keys[0]) for index in found.objects.values()
               if isinstance(index, Index) and index.unique}
    for key, item in found.objects.items():
        if not isinstance(item, SequenceObject) or item.owner is None or item.increment.startswith("-") or item.cycle:
            continue
        if (isinstance(found.objects.get(item.owner), Column) and item.owner in expected
                and (item.owner.relation, item.owner.bare) in leading
                and item.owner.relation in found.readable and key.path in found.readable_sequences):
            yield key, item


def _lags(batch: Mapping[Key, SequenceObject]) -> str:
    """Whether the next value of each sequence is one that the table has passed already."""
    cells = [
        f"(SELECT coalesce((SELECT max(t.{ident(item.owner.bare)}) FROM {relation_sql(item.owner.relation)} t)::numeric "
        f">= s.last_value::numeric + CASE WHEN s.is_called THEN {int(item.increment)} ELSE 0 END, false) "
        f"FROM {relation_sql(key.path)} s)" for key, item in batch.items() if item.owner]
    rows = " UNION ALL ".join(f"SELECT {at} AS n, {cell} AS v" for at, cell in enumerate(cells))
    return f"SELECT {json_text('json_agg(q.v ORDER BY q.n)')} AS doc FROM ({rows}) q"
