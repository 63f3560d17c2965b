"""Crashes and errors: one fault at each statement of a delivery."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from checks.replays.consumers.delivery import Fault
from checks.replays.progress import Work
from checks.replays.testbed import Delivery


def strike_everywhere(work: Work, part: str, faults: Sequence[Fault], count: str) -> None:
    """Each of `faults` at each statement of first deliveries and redeliveries; ends at the first problem.

    Args:
        part: `crashes` or `errors`.
        count: the name under which the faults that happened are counted.
    """
    end, scenes, complete = work.deadline(), 0, True
    for prefix, last in _scenes(work):
        if scenes and time.monotonic() > end:
            complete = False
            break
        scenes += 1
        if _struck(work, part, faults, count, prefix, last):
            break
    what = "crash points" if part == "crashes" else f"injected errors of {len(faults)} kinds"
    bound = "" if complete else f", stopped after {work.budget.part_s:g} s"
    work.tried[part] = f"{work.counts[count]} {what} in {scenes} scenes{bound}"
    if not scenes:
        work.untried[part] = "not tried: no event has its one effect even when nothing goes wrong"


def _struck(work: Work, part: str, faults: Sequence[Fault], count: str, prefix: list[Delivery],
            last: Delivery) -> bool:
    for fault in faults:
        number, reached = 1, True
        while reached:
            run, gate = work.stage.strike(prefix, last, number, fault)
            number, reached = number + 1, gate.reached
            work.counts[count] += gate.fired
            if gate.fired and (problem := work.stage.judge(run)) is not None:
                work.found(part, problem, run)
                return True
    return False


def _scenes(work: Work) -> Iterator[tuple[list[Delivery], Delivery]]:
    """A first delivery, a redelivery, and a first delivery after all that came before it in its group."""
    stage = work.stage
    for event in work.representatives():
        if work.sound([event]):
            yield [], Delivery(event)
            yield [Delivery(event)], Delivery(event, 1)
    for event in work.representatives():
        earlier = [n for n in range(event) if stage.events[n].group == stage.events[event].group]
        if earlier and work.sound([*earlier, event]):
            yield [Delivery(n) for n in earlier], Delivery(event)
