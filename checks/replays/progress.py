"""A replay in hand: what was found and tried so far; and its first part, deliveries one after the other."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checks.replays.consumers.scratch_tables import Row, State, text_of
from checks.replays.effects import Problem
from checks.replays.findings import Budget, Finding
from checks.replays.schedules import try_schedules
from checks.replays.testbed import Run, Stage


@dataclass
class Work:
    """The work in hand."""

    stage: Stage
    budget: Budget
    findings: list[Finding] = field(default_factory=list)
    tried: dict[str, str] = field(default_factory=dict)
    untried: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(
        ("schedules", "deliveries", "crash_points", "errors", "interleavings"), 0))

    def found(self, part: str, problem: Problem, run: Run) -> None:
        """Writes the finding down, with its story."""
        stage = self.stage
        told = story(run.lines, run.before, run.after, stage.plain(run.events).after, stage.shown_tables(run),
                     stage.volatile)
        self.findings.append(Finding(part, problem.kind, problem.sentence, told))

    def deadline(self) -> float:
        """When the part that begins now must end, in monotonic seconds."""
        return time.monotonic() + self.budget.part_s

    def sound(self, events: Sequence[int]) -> bool:
        """Whether the consumer gets these right when nothing at all goes wrong."""
        return self.stage.judge(self.stage.plain(events)) is None

    def representatives(self) -> list[int]:
        """The events that are crashed and raced: those with an effect first, then one of each other shape."""
        events = self.stage.events
        order = sorted(range(len(events)), key=lambda n: not any(events[n].keys))
        if self.budget.every_event:
            return order
        shapes: dict[object, int] = {}
        for n in order:
            shapes.setdefault((events[n].shape, any(events[n].keys)), n)
        return list(shapes.values())


def one_after_the_other(work: Work, whole: Run) -> None:
    """Each event alone, all in order (`whole`), then the schedules of Hypothesis."""
    stage = work.stage
    for run, problem in _plain_problems(stage, whole):
        work.tried["schedules"] = "each event once, alone and in order"
        work.found("schedules", problem, run)
        return
    end = work.deadline()
    worst, tried = try_schedules(stage, work.budget.schedules, end)
    bound = f", stopped after {work.budget.part_s:g} s" if worst is None and time.monotonic() > end else ""
    work.counts["schedules"] = tried
    work.tried["schedules"] = f"{tried} schedules of {len(stage.events)} events{bound}"
    if worst is not None:
        found = stage.judge(worst) or Problem("stuck", "the outcome changes from run to run")
        work.found("schedules", found, worst)


def _plain_problems(stage: Stage, whole: Run) -> Iterator[tuple[Run, Problem]]:
    """What is wrong although nothing went wrong, the smallest schedule first."""
    alone = [stage.plain([event]) for event in range(len(stage.events))]
    for run in alone:
        if (problem := stage.judge(run)) is not None:
            yield run, problem
    if (problem := stage.judge(whole)) is not None:
        for other in range(len(stage.events)):
            pair = stage.plain({other, other if problem.event is None else problem.event})
            if (smaller := stage.judge(pair)) is not None:
                yield pair, smaller
        yield whole, problem
    yield from _merged(stage, alone)


def _merged(stage: Stage, alone: Sequence[Run]) -> Iterator[tuple[Run, Problem]]:
    """Different events under one dedupe key: the second would be taken for a duplicate of the first."""
    owners: dict[tuple[str, ...], int] = {}
    for event, run in enumerate(alone):
        for key in stage.dedupe_keys(run):
            first = owners.setdefault(key, event)
            if first != event:
                said = (f"{stage.events[first]} and {stage.events[event]} are different, but share the key "
                        f"{' '.join(key)} of {stage.scratch.dedupe}: one is taken for the other")
                yield stage.plain({first, event}), Problem("merged", said, event)


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


def _columns(rows: Sequence[Row], named: Collection[str], hidden: Collection[str]) -> list[str]:
    """The key, then columns whose values differ between rows, then others that hold something."""
    names = list(dict.fromkeys(column for row in rows for column in row))
    values = {name: {text_of(row.get(name)) for row in rows} for name in names}
    told = [name for name in names if name not in named and name not in hidden and values[name] != {"NULL"}]
    told.sort(key=lambda name: len(values[name]) == 1)
    return [*named, *told][:max(COLUMNS, len(named))]


def _rows(title: str, rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    shown = sorted(" | ".join(text_of(row.get(column))[:WIDTH] for column in columns) for row in rows)
    more = [f"  {'':>18}  … and {len(shown) - ROWS} more"] if len(shown) > ROWS else []
    lines = [f"  {title if number == 0 else '':>18}: {line}" for number, line in enumerate(shown[:ROWS])]
    return lines + more or [f"  {title:>18}: no rows"]
