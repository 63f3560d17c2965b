"""Looks at stored events and effects, which only count; bounded by an age window and the session's timeout."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from checks.catalog.arbiters import arbiter
from checks.catalog.difference import column_types
from checks.catalog.key import Key, relation_sql
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import Contract
from checks.contract.dedupe import Dedupe, Effect
from checks.observation.questions import Asked, Refusal, Unasked, ask_one
from checks.sql.names import as_text, ident, shown, text_array
from checks.target.session import Session

GRACE_MINUTES = 5
"""Rows younger than this may be half way: an event's effect is on its way."""
MAX_COUNTED = 1_000
"""Counting stops here: a thousand is as broken as a million."""


@dataclass(frozen=True)
class DedupeCount:
    """A question about stored rows: how many speak against a claim."""

    dedupe: str
    """The name of its `[dedupe.NAME]`."""
    object: str
    """`key`, or the effect table as shown: as the claim's id says it."""
    table: str
    """The table in words."""
    part: str
    """`stored`, `lost`, `unrecorded` or `retention`."""
    select: str
    """A SELECT of one number as text."""
    reads: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Each table that it reads, as shown, with the columns."""


def scan_dedupe(session: Session, contract: Contract, found: Snapshot) -> tuple[Asked[DedupeCount], ...]:
    """How many rows speak against each stored-data claim (at most MAX_COUNTED), a Refusal, or why it was not asked.

    Raises:
        Unreachable: the route is broken.
    """
    results = tuple(Asked(question, _unasked(question, found) or _counted(session, question.select))
                    for question in _questions(contract, found))
    session.rest()
    return results


def _unasked(question: DedupeCount, found: Snapshot) -> Unasked | None:
    for table, columns in question.reads:
        runs = found.runs(table, columns)
        if runs:
            return Unasked(f"{table} {runs}, so its rows are not read")
    return None


def _counted(session: Session, select: str) -> int | Refusal:
    rows = ask_one(session, select)
    if isinstance(rows, Refusal):
        return rows
    try:
        ((number, *_), *_) = rows
        return int(json.loads(number))
    except (ValueError, TypeError):
        return Refusal("XX000", "the target answered something else than a number")


def _questions(contract: Contract, found: Snapshot) -> Iterator[DedupeCount]:
    """Every stored-data claim that can be asked here."""
    for spec in contract.dedupe:
        table = contract.relation(spec.table)
        if not _readable(found, table, spec.key):
            continue
        if arbiter(table, spec.key, found) is None:
            yield DedupeCount(spec.name, "key", spec.table, "stored", _duplicates(table, spec.key), ((table, spec.key),))
        for effect in spec.effects:
            target = contract.relation(effect.table)
            if not _readable(found, target, effect.key):
                continue
            if arbiter(target, effect.key, found) is None:
                yield DedupeCount(spec.name, target, target, "stored", _duplicates(target, effect.key),
                                  ((target, effect.key),))
            if spec.seen_at and _readable(found, table, (*effect.source, *effect.when, spec.seen_at)):
                reads = ((table, (*effect.source, *effect.when, spec.seen_at)),
                         (target, (*effect.key, *filter(None, (effect.at,)))))
                for part, select in _joined(spec, effect, table, target, found):
                    yield DedupeCount(spec.name, target, target, part, select, reads)


def _joined(spec: Dedupe, effect: Effect, table: str, target: str, found: Snapshot) -> Iterator[tuple[str, str]]:
    """(part, SELECT) of the claims about both tables together."""
    seen = f"d.{ident(spec.seen_at or '')}"
    pairs = " AND ".join(f"e.{ident(ours)} = d.{ident(theirs)}"
                         for ours, theirs in zip(effect.key, effect.source, strict=True))
    types = column_types(found, table)
    chosen = "".join(f" AND {as_text(f'd.{ident(name)}', types.get(name, ''))} = ANY ({text_array(values)})"
                     for name, values in effect.when.items())
    named = " AND ".join(f"d.{ident(name)} IS NOT NULL" for name in effect.source)
    keyed = " AND ".join(f"e.{ident(name)} IS NOT NULL" for name in effect.key)
    recorded = f"EXISTS (SELECT FROM {relation_sql(table)} d WHERE {pairs}{chosen})"
    if spec.stored_within_h:
        yield ("lost", _count(f"{relation_sql(table)} d WHERE {_between(seen, spec.stored_within_h)} AND {named}{chosen} "
               f"AND NOT EXISTS (SELECT FROM {relation_sql(target)} e WHERE {pairs})"))
    if effect.at and _readable(found, target, (effect.at,)):
        made, unrecorded = f"e.{ident(effect.at)}", f"{keyed} AND NOT {recorded}"
        if spec.stored_within_h:
            yield "unrecorded", _count(
                f"{relation_sql(target)} e WHERE {_between(made, spec.stored_within_h)} AND {unrecorded}")
        if spec.replay_window_h and spec.replay_window_h != spec.stored_within_h:
            yield "retention", _count(
                f"{relation_sql(target)} e WHERE {_between(made, spec.replay_window_h)} AND {unrecorded}")


def _readable(found: Snapshot, table: str, columns: tuple[str, ...]) -> bool:
    return table in found.readable and table not in found.hidden_rows and all(
        Key.column(table, shown(name)) in found.objects for name in columns)


def _between(time: str, hours: int) -> str:
    return (f"{time} > now() - interval '{hours} hours' AND {time} < now() - interval '{GRACE_MINUTES} minutes'")


def _duplicates(table: str, key: tuple[str, ...]) -> str:
    columns = ", ".join(ident(name) for name in key)
    present = " AND ".join(f"{ident(name)} IS NOT NULL" for name in key)
    return _count(f"(SELECT 1 FROM {relation_sql(table)} WHERE {present} GROUP BY {columns} HAVING count(*) > 1) g")


def _count(rows: str) -> str:
    return f"SELECT format('%s', count(*)) AS doc FROM (SELECT 1 FROM {rows} LIMIT {MAX_COUNTED}) c"
