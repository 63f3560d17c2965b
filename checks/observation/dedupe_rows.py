"""Looks at stored events and effects, which only count; bounded by an age window and the session's timeout."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from checks.catalog.arbiters import arbiter
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import Contract
from checks.contract.dedupe import Dedupe, Effect
from checks.observation.stored_rows import where
from checks.sql.names import ident, shown, text_array
from checks.target.session import Session
from checks.values import Rejected

GRACE_MINUTES = 5
"""Rows younger than this may be half way: an event's effect is on its way."""
MAX_COUNTED = 1_000
"""Counting stops here: a thousand is as broken as a million."""


def scan_dedupe(session: Session, contract: Contract, found: Snapshot) -> dict[str, Any]:
    """By claim id: how many rows speak against it (at most MAX_COUNTED), or {"sqlstate", "message"}.

    Raises:
        Unverified: the route did not answer.
    """
    results: dict[str, Any] = {}
    for claim, select in dict(questions(contract, found)).items():
        try:
            results[claim] = int(json.loads(session.ask(select, scan=True)[0][0]))
        except Rejected as refusal:
            session.rest()
            results[claim] = {"sqlstate": refusal.sqlstate, "message": refusal.message}
        except (ValueError, TypeError, IndexError):
            results[claim] = {"sqlstate": "XX000", "message": "the target answered something else than a number"}
    session.rest()
    return results


def questions(contract: Contract, found: Snapshot) -> Iterator[tuple[str, str]]:
    """(claim id, SELECT of one number as text) of every stored-data claim that can be asked here."""
    for spec in contract.dedupe:
        table = contract.relation(spec.table)
        if not _readable(found, table, spec.key):
            continue
        if arbiter(table, spec.key, found) is None:
            yield f"dedupe:{spec.name}.key.stored", _duplicates(table, spec.key)
        for effect in spec.effects:
            target = contract.relation(effect.table)
            if not _readable(found, target, effect.key):
                continue
            if arbiter(target, effect.key, found) is None:
                yield f"dedupe:{spec.name}.{target}.stored", _duplicates(target, effect.key)
            if spec.seen_at and _readable(found, table, (*effect.source, *effect.when, spec.seen_at)):
                yield from _joined(spec, effect, table, target, found)


def _joined(spec: Dedupe, effect: Effect, table: str, target: str, found: Snapshot) -> Iterator[tuple[str, str]]:
    seen = f"d.{ident(spec.seen_at or '')}"
    pairs = " AND ".join(f"e.{ident(ours)} = d.{ident(theirs)}"
                         for ours, theirs in zip(effect.key, effect.source, strict=True))
    chosen = "".join(f" AND d.{ident(name)}::text = ANY ({text_array(values)})" for name, values in effect.when.items())
    named = " AND ".join(f"d.{ident(name)} IS NOT NULL" for name in effect.source)
    keyed = " AND ".join(f"e.{ident(name)} IS NOT NULL" for name in effect.key)
    recorded = f"EXISTS (SELECT FROM {where(table)} d WHERE {pairs}{chosen})"
    claim = f"dedupe:{spec.name}.{target}"
    if spec.stored_within_h:
        yield (f"{claim}.lost", _count(f"{where(table)} d WHERE {_between(seen, spec.stored_within_h)} AND {named}{chosen} "
               f"AND NOT EXISTS (SELECT FROM {where(target)} e WHERE {pairs})"))
    if effect.at and _readable(found, target, (effect.at,)):
        made, unrecorded = f"e.{ident(effect.at)}", f"{keyed} AND NOT {recorded}"
        if spec.stored_within_h:
            yield f"{claim}.unrecorded", _count(
                f"{where(target)} e WHERE {_between(made, spec.stored_within_h)} AND {unrecorded}")
        if spec.replay_window_h and spec.replay_window_h != spec.stored_within_h:
            yield f"{claim}.retention", _count(
                f"{where(target)} e WHERE {_between(made, spec.replay_window_h)} AND {unrecorded}")


def _readable(found: Snapshot, table: str, columns: tuple[str, ...]) -> bool:
    return table in found.readable and table not in found.hidden_rows and all(
        f"column:{table}.{shown(name)}" in found.objects for name in columns)


def _between(time: str, hours: int) -> str:
    return (f"{time} > now() - interval '{hours} hours' AND {time} < now() - interval '{GRACE_MINUTES} minutes'")


def _duplicates(table: str, key: tuple[str, ...]) -> str:
    columns = ", ".join(ident(name) for name in key)
    present = " AND ".join(f"{ident(name)} IS NOT NULL" for name in key)
    return _count(f"(SELECT 1 FROM {where(table)} WHERE {present} GROUP BY {columns} HAVING count(*) > 1) g")


def _count(rows: str) -> str:
    return f"SELECT count(*)::text AS doc FROM (SELECT 1 FROM {rows} LIMIT {MAX_COUNTED}) c"
