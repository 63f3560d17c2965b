"""Which index `ON CONFLICT (key)` takes on a table, and why others are none. Pure.

It needs a unique, valid, immediate index over exactly those columns, without predicate, expression or a collation
that takes distinct keys for equal (PostgreSQL manual, INSERT, "ON CONFLICT Clause"). Every index that fits is inferred, so a
deferrable one beside a good one makes each INSERT fail with 55000.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from checks.catalog.objects import Index
from checks.catalog.snapshot import Snapshot

_DEFERRABLE = "it is deferrable (55000 on INSERT)"


class Arbiter(NamedTuple):
    """An index that `ON CONFLICT` can use."""

    name: str
    made_as: Index


def arbiter(table: str, key: tuple[str, ...], found: Snapshot) -> Arbiter | None:
    """The index that `ON CONFLICT (key)` takes on `table`, or None."""
    if late_twin(table, key, found):
        return None
    return next((Arbiter(name, index) for name, index in _over(table, key, found) if not defects(index)), None)


def late_twin(table: str, key: tuple[str, ...], found: Snapshot) -> str:
    """The deferrable constraint over `key` that PostgreSQL infers, and refuses, whatever stands beside it; or nothing."""
    return next((name for name, index in _over(table, key, found)
                 if defects(index) == [_DEFERRABLE]), "")


def _over(table: str, key: tuple[str, ...], found: Snapshot) -> Iterator[tuple[str, Index]]:
    return ((name, index) for name, index in found.of(table, "index")
            if isinstance(index, Index) and set(index.keys) == set(key))


def defects(index: Index) -> list[str]:
    """Why `index` cannot be the arbiter of its own columns."""
    found = []
    if not index.unique:
        found.append("it is not unique")
    if not index.valid:
        found.append("it is invalid: its CREATE INDEX CONCURRENTLY failed")
    if not index.immediate:
        found.append(_DEFERRABLE)
    if index.predicate is not None:
        found.append(f"it is partial (WHERE {index.predicate})")
    if index.expressions:
        found.append("it is over an expression, which may take distinct keys for equal")
    if index.folding:
        found.append(f"its collation {', '.join(index.collations)} takes distinct keys for equal")
    return found


def near_arbiters(table: str, key: tuple[str, ...], found: Snapshot) -> Iterator[str]:
    """Indexes that look like arbiters of `key` and are none, with why."""
    for name, index in found.of(table, "index"):
        if not isinstance(index, Index):
            continue
        told = defects(index)
        if sorted(index.keys) == sorted(key):
            if told:
                yield f"{name}: {', '.join(told)}"
        elif index.unique and any(name_ in text for name_ in key for text in index.keys):
            yield f"{name} is over ({', '.join(index.keys)})" + (f": {', '.join(told)}" if told else "")
