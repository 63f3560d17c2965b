"""What deliveries should have left, and what they left: one effect an event. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from checks.contract.dedupe import Effect
from checks.replays.consumers.events import Event
from checks.replays.consumers.scratch_tables import State, StoredRow, stable, text_of

Stable = Counter[tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Problem:
    """Why an end state is not one effect an event."""

    kind: str
    """lost, doubled, extra, regressed, overwritten, merged or stuck."""
    sentence: str
    event: int | None = None
    """The event it is about, where one is: an index into the corpus."""


def promised(events: Sequence[Event], delivered: Collection[int], number: int) -> dict[tuple[str, ...], int]:
    """The model of effect `number`: each key that must be there exactly once, and the event it is of."""
    return {key: n for n in sorted(delivered) if (key := events[n].keys[number]) is not None}


def wrong_key(effect: Effect, table: str, rows: Sequence[StoredRow], model: Mapping[tuple[str, ...], int],
              events: Sequence[Event]) -> Problem | None:
    """A key of the model that is not there exactly once, or one that nothing promised."""
    found = Counter(tuple(text_of(row[column]) for column in effect.key) for row in rows)
    for key, event in model.items():
        count = found.pop(key, 0)
        if count != 1:
            said = f"{events[event]} has {_rows(count)} in {table}, not 1"
            return Problem("doubled" if count else "lost", said, event)
    for key in sorted(found):
        named = ", ".join(f"{column}={value}" for column, value in zip(effect.key, key, strict=True))
        return Problem("extra", f"{table} holds a row with {named}, which no delivered event should have")
    return None


def wrong_state(plain: State, found: State, volatile: Mapping[str, frozenset[str]],
                kind: str = "regressed") -> Problem | None:
    """A difference to each event delivered once in order; volatile columns apart. `kind`: of one in a row."""
    for table, rows in found.items():
        hidden = volatile.get(table, frozenset())
        want, have = stable(plain[table], hidden), stable(rows, hidden)
        if want != have:
            return _difference(table, want, have, kind)
    return None


def _difference(table: str, want: Stable, have: Stable, kind: str) -> Problem:
    if want.total() != have.total():
        return Problem("doubled" if have.total() > want.total() else "lost",
                       f"{table} has {_rows(have.total())}; each event once in order leaves {want.total()}")
    expected = min(want - have)
    near = dict(max(sorted(have - want), key=lambda row: len(set(row) & set(expected))))
    said = ", ".join(f"{column} {near.get(column, 'NULL')}, not {value}"
                     for column, value in expected if near.get(column) != value)
    return Problem(kind, f"a row of {table} has {said[:200]} as each event once in order leaves it")


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
