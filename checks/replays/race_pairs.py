"""Races: which two deliveries are run at once, and through how many interleavings."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from math import comb

from checks.replays.consumers.interleaving import Interleavings, Turn
from checks.replays.progress import Progress
from checks.replays.run import Delivery, Run
from checks.replays.testbed import Testbed

Pair = tuple[Delivery, Delivery]


def race_pairs(progress: Progress) -> None:
    """Two deliveries at once, pair by pair; ends at the first problem."""
    end = progress.deadline()
    complete, raced, possible = True, 0, 0
    for pair in _pairs(progress):
        if raced and time.monotonic() > end:
            complete = False
            break
        raced += 1
        search, problem = Interleavings(progress.budget.interleavings), None
        for run, turns in _interleaved(progress, search, pair, end):
            possible = max(possible, _ways(turns))
            if (problem := progress.testbed.judge(run)) is not None:
                progress.found("races", problem, run)
                break
        progress.counts["interleavings"] += search.tried
        complete = complete and search.exhausted
        if problem is not None:
            break
    progress.tried["races"] = _tried(progress, raced, possible, complete)
    if not raced:
        progress.untried["races"] = "not tried: no event has its one effect even when nothing goes wrong"


def _tried(progress: Progress, raced: int, possible: int, complete: bool) -> str:
    bound = "all there are" if complete else (
        f"those with the fewest switches first, at most {progress.budget.interleavings} a pair and "
        f"{progress.budget.part_s:g} s together")
    return (f"{progress.counts['interleavings']} interleavings of {raced} pairs of deliveries: {bound} "
            f"(without locks a pair would have at most {possible})")


def _interleaved(progress: Progress, search: Interleavings, pair: Pair,
                 end: float) -> Iterator[tuple[Run, Sequence[Turn]]]:
    runs: list[Run] = []

    def run(order: tuple[int, ...]) -> Sequence[Turn]:
        done, turns = progress.testbed.race(pair, order)
        runs.append(done)
        return turns

    for turns in search.explore(run):
        yield runs[-1], turns
        if time.monotonic() > end:
            return


def _ways(turns: Sequence[Turn]) -> int:
    """How many interleavings there would be of that many statements if no lock forbade one."""
    return comb(len(turns), sum(1 for turn in turns if turn.chosen == 0))


def _pairs(progress: Progress) -> Iterator[Pair]:
    """One event twice; two events of a group; two events of different groups, the most alike first."""
    events = progress.testbed.events
    twice = [(Delivery(n), Delivery(n, 1)) for n in progress.representatives()]
    both = [(Delivery(a), Delivery(b)) for a, b in combinations(range(len(events)), 2)]
    grouped = [pair for pair in both if _same_group(progress.testbed, pair) and _effects(progress.testbed, pair)]
    apart = [pair for pair in both if not _same_group(progress.testbed, pair) and _effects(progress.testbed, pair) == 2]
    apart.sort(key=lambda pair: -_alike(progress.testbed, pair))
    ordered = [pair for turn in _turns(twice, grouped, apart) for pair in turn]
    sound = (pair for pair in ordered if progress.sound([delivery.event for delivery in pair]))
    return sound if progress.budget.every_event else islice(sound, progress.budget.pairs)


def _turns(*lists: list[Pair]) -> Iterator[list[Pair]]:
    for at in range(max(map(len, lists))):
        yield [pairs[at] for pairs in lists if at < len(pairs)]


def _same_group(testbed: Testbed, pair: Pair) -> bool:
    return len({testbed.events[delivery.event].group for delivery in pair}) == 1


def _effects(testbed: Testbed, pair: Pair) -> int:
    """How many of the two have an effect."""
    return sum(any(testbed.events[delivery.event].keys) for delivery in pair)


def _alike(testbed: Testbed, pair: Pair) -> int:
    """How many fields the two events have in common."""
    first, second = (set(_leaves(testbed.events[delivery.event].document)) for delivery in pair)
    return len(first & second)


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}")
    else:
        yield path, str(value)
