"""Crashes and errors: one injection at each statement of a delivery."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from checks.replays.consumers.delivery import CRASHES, ERRORS, Injection
from checks.replays.progress import Progress
from checks.replays.run import Delivery


def inject_crashes(progress: Progress) -> None:
    """The connection is cut at each statement."""
    _inject_everywhere(progress, "crashes", CRASHES, "crash_points", "crash points")


def inject_errors(progress: Progress) -> None:
    """Each statement is answered with an error."""
    _inject_everywhere(progress, "errors", ERRORS, "errors", f"injected errors of {len(ERRORS)} kinds")


def _inject_everywhere(progress: Progress, part: str, injections: Sequence[Injection], counted: str, what: str) -> None:
    """Each of `injections` at each statement of first deliveries and redeliveries; ends at the first problem.

    Those that happened are counted as `counted`, and called `what`.
    """
    end, scenes, complete = progress.deadline(), 0, True
    for prefix, last in _scenes(progress):
        if scenes and time.monotonic() > end:
            complete = False
            break
        scenes += 1
        if _broken(progress, part, injections, counted, prefix, last):
            break
    bound = "" if complete else f", stopped after {progress.budget.part_s:g} s"
    progress.tried[part] = f"{progress.counts[counted]} {what} in {scenes} scenes{bound}"
    if not scenes:
        progress.untried[part] = "not tried: no event has its one effect even when nothing goes wrong"


def _broken(progress: Progress, part: str, injections: Sequence[Injection], counted: str, prefix: list[Delivery],
            last: Delivery) -> bool:
    for injection in injections:
        number, reached = 1, True
        while reached:
            run, gate = progress.testbed.inject(prefix, last, number, injection)
            number, reached = number + 1, gate.reached
            progress.counts[counted] += gate.fired
            if gate.fired and (problem := progress.testbed.judge(run)) is not None:
                progress.found(part, problem, run)
                return True
    return False


def _scenes(progress: Progress) -> Iterator[tuple[list[Delivery], Delivery]]:
    """A first delivery, a redelivery, and a first delivery after all that came before it in its group."""
    testbed = progress.testbed
    for event in progress.representatives():
        if progress.sound([event]):
            yield [], Delivery(event)
            yield [Delivery(event)], Delivery(event, 1)
    for event in progress.representatives():
        earlier = [n for n in range(event) if testbed.events[n].group == testbed.events[event].group]
        if earlier and progress.sound([*earlier, event]):
            yield [Delivery(n) for n in earlier], Delivery(event)
