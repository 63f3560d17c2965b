"""A replay in hand: what was found and tried so far, and how a breach is told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from checks.replays.consumers.scratch_tables import State, StoredRow, text_of
from checks.replays.effects import Problem
from checks.replays.plays import Scene, scene
from checks.replays.results import Breach, Budget
from checks.replays.run import Handed, Run
from checks.replays.testbed import Testbed

COUNTED = ("schedules", "duplicates", "deliveries", "crash_points", "errors", "interleavings")
"""What is counted: what was really delivered of each kind of fault, and how many schedules and deliveries that took."""
BATCHED = 3
"""Events of a batch that is crashed and raced, at most."""
NOTHING_SOUND = "not tried: no event has its one effect even when nothing goes wrong"


@dataclass
class Progress:
    """What was found and tried so far."""

    testbed: Testbed
    budget: Budget
    breaches: list[Breach] = field(default_factory=list)
    tried: dict[str, str] = field(default_factory=dict)
    untried: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    _scenes: dict[tuple[tuple[Handed, ...], Handed], Scene] = field(default_factory=dict)
    telling: Counter[str] = field(default_factory=Counter)
    """Part -> how many of its faults met a delivery that has an effect: elsewhere there is nothing to lose or double."""

    def found(self, part: str, problem: Problem, run: Run) -> None:
        """Writes the breach down, with its story."""
        testbed = self.testbed
        told = story(run.lines, run.before, run.after, testbed.plain(run.events).after, testbed.shown_tables(run),
                     testbed.volatile)
        self.breaches.append(Breach(part, problem.kind, problem.sentence, told))

    def delivered(self, part: str, counted: str, events: Collection[int], times: int = 1) -> None:
        """Counts faults that were really delivered, to deliveries of `events`."""
        self.counts[counted] = self.counts.get(counted, 0) + times
        self.telling[part] += times if self.testbed.effective(events) else 0

    def ended(self, part: str, tried: str, nothing: str) -> None:
        """A part is over. It is not held when none of its faults met an effect: `nothing` says what did not happen."""
        self.tried[part] = tried
        if not self.telling[part]:
            self.untried[part] = self._why(nothing)

    def _why(self, nothing: str) -> str:
        effective = [event for event in self.representatives() if self.testbed.effective([event])]
        if not effective:
            return f"no event of {self.testbed.spec.events} has an effect, so there is nothing to lose and nothing to double"
        return nothing if any(self.sound([event]) for event in effective) else NOTHING_SOUND

    def deadline(self) -> float:
        """When the part that begins now must end, in monotonic seconds."""
        return time.monotonic() + self.budget.part_s

    def sound(self, events: Sequence[int]) -> bool:
        """Whether the consumer gets these right when nothing at all goes wrong."""
        return self.testbed.judge(self.testbed.plain(events)) is None

    def several(self) -> list[int]:
        """Events for one batch, those with an effect first; none where the consumer takes no batches."""
        events = sorted(range(len(self.testbed.events)), key=lambda event: not self.testbed.effective([event]))
        chosen: list[int] = []
        for event in events:
            if len(chosen) < min(self.testbed.batch, BATCHED) and self.testbed.batch > 1 and self.sound([*chosen, event]):
                chosen.append(event)
        return chosen

    def scene(self, prefix: tuple[Handed, ...], last: Handed) -> Scene:
        """`prefix` and `last` as they go when nothing goes wrong; played once for all injections."""
        if (prefix, last) not in self._scenes:
            self._scenes[prefix, last] = scene(self.testbed, prefix, last)
        return self._scenes[prefix, last]

    def representatives(self) -> list[int]:
        """The events that are crashed and raced: those with an effect first, then one of each other shape."""
        events = self.testbed.events
        order = sorted(range(len(events)), key=lambda n: not any(events[n].keys))
        if self.budget.every_event:
            return order
        shapes: dict[object, int] = {}
        for n in order:
            shapes.setdefault((events[n].shape, any(events[n].keys)), n)
        return list(shapes.values())


ROWS, COLUMNS, WIDTH = 6, 6, 60


def story(lines: Sequence[str], before: State, after: State, plain: State,
          keys: Mapping[str, Collection[str]], volatile: Mapping[str, Collection[str]]) -> str:
    """The whole story. `keys` names the tables to show, with the columns that name a row there."""
    parts = list(lines)
    for table, named in keys.items():
        hidden = set(volatile.get(table, ())) - set(named)
        columns = _columns([*before[table], *after[table], *plain[table]], named, hidden)
        parts.append(f"{table} ({', '.join(columns)})")
        for title, state in (("before", before), ("after", after), ("each once in order", plain)):
            parts += _rows(title, state[table], columns)
    return "\n".join(parts)


def _columns(rows: Sequence[StoredRow], named: Collection[str], hidden: Collection[str]) -> list[str]:
    """The key, then columns whose values differ between rows, then others that hold something."""
    names = list(dict.fromkeys(column for row in rows for column in row))
    values = {name: {text_of(row.get(name)) for row in rows} for name in names}
    told = [name for name in names if name not in named and name not in hidden and values[name] != {"NULL"}]
    told.sort(key=lambda name: len(values[name]) == 1)
    return [*named, *told][:max(COLUMNS, len(named))]


def _rows(title: str, rows: Sequence[StoredRow], columns: Sequence[str]) -> list[str]:
    shown = sorted(" | ".join(text_of(row.get(column))[:WIDTH] for column in columns) for row in rows)
    more = [f"  {'':>18}  … and {len(shown) - ROWS} more"] if len(shown) > ROWS else []
    lines = [f"  {title if number == 0 else '':>18}: {line}" for number, line in enumerate(shown[:ROWS])]
    return lines + more or [f"  {title:>18}: no rows"]
