"""Races: which two deliveries are run at once, and through how many interleavings."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from math import comb

from checks.replays.consumers.interleaving import Interleavings, Step
from checks.replays.progress import Work
from checks.replays.testbed import Delivery, Run, Stage

Pair = tuple[Delivery, Delivery]


def race_pairs(work: Work) -> None:
    """Two deliveries at once, pair by pair; ends at the first problem."""
    end = work.deadline()
    complete, raced, possible = True, 0, 0
    for pair in _pairs(work):
        if raced and time.monotonic() > end:
            complete = False
            break
        raced += 1
        search = Interleavings(work.budget.interleavings)
        for run, steps in _interleaved(work, search, pair, end):
            possible = max(possible, _ways(steps))
            if (problem := work.stage.judge(run)) is not None:
                work.found("races", problem, run)
                break
        work.counts["interleavings"] += search.tried
        complete = complete and search.exhausted
        if work.findings and work.findings[-1].part == "races":
            break
    work.tried["races"] = _tried(work, raced, possible, complete)
    if not raced:
        work.untried["races"] = "not tried: no event has its one effect even when nothing goes wrong"


def _tried(work: Work, raced: int, possible: int, complete: bool) -> str:
    bound = "all there are" if complete else (
        f"those with the fewest switches first, at most {work.budget.interleavings} a pair and "
        f"{work.budget.part_s:g} s together")
    return (f"{work.counts['interleavings']} interleavings of {raced} pairs of deliveries: {bound} "
            f"(without locks a pair would have at most {possible})")


def _interleaved(work: Work, search: Interleavings, pair: Pair,
                 end: float) -> Iterator[tuple[Run, Sequence[Step]]]:
    runs: list[Run] = []

    def run(order: tuple[int, ...]) -> Sequence[Step]:
        done, steps = work.stage.race(pair, order)
        runs.append(done)
        return steps

    for steps in search.explore(run):
        yield runs[-1], steps
        if time.monotonic() > end:
            return


def _ways(steps: Sequence[Step]) -> int:
    """How many interleavings there would be of that many statements if no lock forbade one."""
    return comb(len(steps), sum(1 for step in steps if step.chosen == 0))


def _pairs(work: Work) -> Iterator[Pair]:
    """One event twice; two events of a group; two events of different groups, the most alike first."""
    events = work.stage.events
    twice = [(Delivery(n), Delivery(n, 1)) for n in work.representatives()]
    both = [(Delivery(a), Delivery(b)) for a, b in combinations(range(len(events)), 2)]
    grouped = [pair for pair in both if _same_group(work.stage, pair) and _effects(work.stage, pair)]
    apart = [pair for pair in both if not _same_group(work.stage, pair) and _effects(work.stage, pair) == 2]
    apart.sort(key=lambda pair: -_alike(work.stage, pair))
    ordered = [pair for turn in _turns(twice, grouped, apart) for pair in turn]
    sound = (pair for pair in ordered if work.sound([delivery.event for delivery in pair]))
    return sound if work.budget.every_event else islice(sound, work.budget.pairs)


def _turns(*lists: list[Pair]) -> Iterator[list[Pair]]:
    for at in range(max(map(len, lists))):
        yield [pairs[at] for pairs in lists if at < len(pairs)]


def _same_group(stage: Stage, pair: Pair) -> bool:
    return len({stage.events[delivery.event].group for delivery in pair}) == 1


def _effects(stage: Stage, pair: Pair) -> int:
    """How many of the two have an effect."""
    return sum(any(stage.events[delivery.event].keys) for delivery in pair)


def _alike(stage: Stage, pair: Pair) -> int:
    """How many fields the two events have in common."""
    first, second = (set(_leaves(stage.events[delivery.event].document)) for delivery in pair)
    return len(first & second)


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}")
    else:
        yield path, str(value)
