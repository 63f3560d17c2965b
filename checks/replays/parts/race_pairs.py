"""Races: which two deliveries are run at once, and through how many interleavings."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from math import comb

from checks.replays.consumers.interleaving import Interleavings, Turn
from checks.replays.plays import race
from checks.replays.progress import Progress
from checks.replays.run import Delivery, Handed, Run
from checks.replays.testbed import Testbed

Pair = tuple[Handed, Handed]
APART = "two deliveries of which one has an effect were never in the database at once"


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
            progress.delivered("races", "interleavings", _events(pair), any(len(turn.enabled) > 1 for turn in turns))
            if (problem := progress.testbed.judge(run)) is not None:
                progress.found("races", problem, run)
                break
        complete = complete and search.exhausted
        if problem is not None:
            break
    progress.ended("races", _tried(progress, raced, possible, complete), f"0 interleavings: {APART}")


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
        done, turns = race(progress.testbed, pair, order)
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
    """One event twice; two events of a group; two events of different groups, the most alike first; batches before all."""
    events = progress.testbed.events
    twice: list[Pair] = [((Delivery(n),), (Delivery(n, 1),)) for n in progress.representatives()]
    both: list[Pair] = [((Delivery(a),), (Delivery(b),)) for a, b in combinations(range(len(events)), 2)]
    effective = {pair: progress.testbed.effective(_events(pair)) for pair in both}
    grouped = [pair for pair in both if _same_group(progress.testbed, pair) and effective[pair]]
    apart = [pair for pair in both if not _same_group(progress.testbed, pair) and effective[pair] == 2]
    apart.sort(key=lambda pair: -_alike(progress.testbed, pair))
    several = tuple(Delivery(event) for event in progress.several())
    batches = [(several, several[::-1])] if len(several) > 1 else []
    ordered = [*batches, *(pair for turn in _turns(twice, grouped, apart) for pair in turn)]
    sound = (pair for pair in ordered if progress.sound(_events(pair)))
    return sound if progress.budget.every_event else islice(sound, progress.budget.pairs)


def _turns(*lists: list[Pair]) -> Iterator[list[Pair]]:
    for at in range(max(map(len, lists))):
        yield [pairs[at] for pairs in lists if at < len(pairs)]


def _events(pair: Pair) -> list[int]:
    return [delivery.event for handed in pair for delivery in handed]


def _same_group(testbed: Testbed, pair: Pair) -> bool:
    return len({testbed.events[event].group for event in _events(pair)}) == 1


def _alike(testbed: Testbed, pair: Pair) -> int:
    """How many fields the two events have in common."""
    first, second = (set(_leaves(testbed.events[event].document)) for event in _events(pair))
    return len(first & second)


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}")
    else:
        yield path, str(value)
