"""Deliveries one after the other: plainly, then in schedules that a Hypothesis state machine makes.

A schedule that breaks the claim is cut down to one that only just does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from checks.replays.consumers.events import OTHER_PAYLOAD, VARIANTS, variant
from checks.replays.effects import Problem
from checks.replays.plays import play
from checks.replays.progress import Progress
from checks.replays.run import Delivery, Run, Schedule, first_unaltered
from checks.replays.testbed import Testbed

STEPS = 5
"""Rules a schedule is made of; one rule makes one to eight deliveries."""


def one_after_the_other(progress: Progress, whole: Run) -> None:
    """Each event alone, all in order (`whole`), then the schedules of Hypothesis."""
    testbed = progress.testbed
    for run, problem in _plain_problems(testbed, whole):
        progress.tried["schedules"] = "each event once, alone and in order"
        progress.found("schedules", problem, run)
        return
    end = progress.deadline()
    worst, played = try_schedules(testbed, progress.budget.schedules, end)
    bound = f", stopped after {progress.budget.part_s:g} s" if worst is None and time.monotonic() > end else ""
    progress.counts["schedules"] = len(played)
    for schedule in played:
        again = _again(schedule)
        progress.delivered("schedules", "duplicates", [delivery.event for delivery in again], len(again))
        if testbed.spec.payload:
            progress.delivered("schedules", "payloads", (), sum(delivery.altered for delivery in again))
    duplicates = f"{progress.counts['duplicates']} duplicates"
    if testbed.spec.payload:
        duplicates += f", {progress.counts['payloads']} of them with another payload"
    progress.ended("schedules", f"{len(played)} schedules of {len(testbed.events)} events, {duplicates}{bound}",
                   "0 duplicates: no event that has an effect was delivered twice")
    if worst is not None:
        found = testbed.judge(worst) or Problem("stuck", "the outcome changes from run to run")
        progress.found("schedules", found, worst)


def _again(schedule: Schedule) -> list[Delivery]:
    """The deliveries of events that had been delivered before."""
    return [delivery for at, delivery in enumerate(first_unaltered(schedule))
            if any(earlier.event == delivery.event for earlier in schedule[:at])]


def _plain_problems(testbed: Testbed, whole: Run) -> Iterator[tuple[Run, Problem]]:
    """What is wrong although nothing went wrong, the smallest schedule first."""
    alone = [testbed.plain([event]) for event in range(len(testbed.events))]
    for run in alone:
        if (problem := testbed.judge(run)) is not None:
            yield run, problem
    if (problem := testbed.judge(whole)) is not None:
        for other in range(len(testbed.events)):
            pair = testbed.plain({other, other if problem.event is None else problem.event})
            if (smaller := testbed.judge(pair)) is not None:
                yield pair, smaller
        yield whole, problem
    yield from _merged(testbed, alone)


def _merged(testbed: Testbed, alone: Sequence[Run]) -> Iterator[tuple[Run, Problem]]:
    """Different events under one dedupe key: the second would be taken for a duplicate of the first."""
    owners: dict[tuple[str, ...], int] = {}
    for event, run in enumerate(alone):
        for key in testbed.dedupe_keys(run):
            first = owners.setdefault(key, event)
            if first != event:
                said = (f"{testbed.events[first]} and {testbed.events[event]} are different, but share the key "
                        f"{' '.join(key)} of {testbed.scratch.dedupe}: one is taken for the other")
                yield testbed.plain({first, event}), Problem("merged", said, event)


class Played:
    """Schedules already played, and those that broke."""

    def __init__(self, testbed: Testbed) -> None:
        self._testbed = testbed
        self.runs: dict[Schedule, Run | None] = {}
        """Schedule -> the run that broke the claim, or None."""

    def breaks(self, schedule: Schedule) -> bool:
        """Plays `schedule`, unless it was played already, and has it judged."""
        if schedule not in self.runs:
            run = play(self._testbed, schedule)
            self.runs[schedule] = run if self._testbed.judge(run) is not None else None
        return self.runs[schedule] is not None


def _first(testbed: Testbed) -> Iterator[Schedule]:
    """What is played before all: an event that has an effect, twice; and each such event, and after it another message
    under its key, where the contract names a payload."""
    effective = [number for number in range(len(testbed.events)) if testbed.effective([number])]
    yield from ((Delivery(number), Delivery(number, 1)) for number in effective[:1])
    for number in effective:
        document = testbed.events[number].document
        if variant(document, OTHER_PAYLOAD, (), testbed.spec.payload) != document:
            yield Delivery(number), Delivery(number, OTHER_PAYLOAD)


def try_schedules(testbed: Testbed, count: int, end: float) -> tuple[Run | None, list[Schedule]]:
    """Plays `count` schedules, or as many as there is time for until `end` (monotonic seconds); at least one.

    Returns:
        The run of a smallest schedule that breaks the claim, or None; and those that were played until one broke.
    """
    from hypothesis import HealthCheck, Phase, Verbosity, settings
    from hypothesis.stateful import run_state_machine_as_test

    played, broken = Played(testbed), list[Schedule]()

    def check(schedule: Schedule) -> None:
        over = bool(broken or (played.runs and time.monotonic() > end))
        if not over and played.breaks(schedule):
            broken.append(schedule)

    wanted = settings(max_examples=count, stateful_step_count=STEPS, derandomize=True, deadline=None, database=None,
                      suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet, phases=(Phase.generate,))
    for schedule in _first(testbed):
        check(schedule)
    run_state_machine_as_test(_broker(testbed, check), settings=wanted)
    tried = list(played.runs)
    for schedule in broken:
        return played.runs[smallest(schedule, played.breaks)], tried
    return None, tried


def smallest(schedule: Schedule, breaks: Callable[[Schedule], bool]) -> Schedule:
    """A schedule that breaks, and no longer does with any one delivery left out or made plain.

    Hypothesis would play hundreds of schedules to shrink one; here it is at most a few times its length.
    """
    size = len(schedule)
    while size:
        at = 0
        while at < len(schedule):
            shorter = schedule[:at] + schedule[at + size:]
            if shorter and breaks(shorter):
                schedule = shorter
            else:
                at += size
        size = size // 2 if size > 1 or at == 0 else 0
    for at, delivery in enumerate(schedule):
        plainer = (*schedule[:at], replace(delivery, variant=0), *schedule[at + 1:])
        if delivery.variant and breaks(plainer):
            schedule = plainer
    return schedule


def _broker(testbed: Testbed, check: Callable[[Schedule], None]) -> Any:
    """The state machine: what a broker may do. Its model is a dict: event -> times delivered."""
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

    together = _groups(testbed)
    changes = st.integers(0, (OTHER_PAYLOAD | VARIANTS - 1) if testbed.spec.payload else VARIANTS - 1)

    class Broker(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.model: dict[int, int] = {}
            self.schedule: list[Delivery] = []

        def hand_over(self, event: int, change: int) -> None:
            self.model[event] = self.model.get(event, 0) + 1
            self.schedule.append(Delivery(event, change))

        @rule(picks=st.sampled_from(together).flatmap(
            lambda group: st.lists(st.tuples(st.sampled_from(group), changes), min_size=1, max_size=4)))
        def in_any_order(self, picks: list[tuple[int, int]]) -> None:
            for event, change in picks:
                self.hand_over(event, change)

        @precondition(lambda self: bool(self.model))
        @rule(data=st.data(), change=changes)
        def again(self, data: st.DataObject, change: int) -> None:
            self.hand_over(data.draw(st.sampled_from(sorted(self.model))), change)

        @rule(event=st.integers(0, len(testbed.events) - 1), changed=st.lists(changes, min_size=2, max_size=3))
        def burst(self, event: int, changed: list[int]) -> None:
            for change in changed:
                self.hand_over(event, change)

        @precondition(lambda self: 0 < len(self.model) <= 8)
        @rule(change=changes)
        def late_replay(self, change: int) -> None:
            for event in list(self.model):
                self.hand_over(event, change)

        def teardown(self) -> None:
            if self.schedule:
                check(tuple(self.schedule))

    return Broker


def _groups(testbed: Testbed) -> list[Sequence[int]]:
    """The events that belong together, those with an effect first."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, event in enumerate(testbed.events):
        groups.setdefault(event.group, []).append(number)
    return sorted(groups.values(), key=lambda group: not any(any(testbed.events[n].keys) for n in group))
