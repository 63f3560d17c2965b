"""Crashes and errors: one injection at each statement of a delivery."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from checks.replays.consumers.delivery import CRASHES, ERRORS, Injection
from checks.replays.plays import Scene, inject
from checks.replays.progress import Progress
from checks.replays.run import Delivery, Handed

UNSEEN = "no delivery that has an effect sent a statement through the connection that it was lent"


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
        if _broken(progress, part, injections, counted, progress.scene(prefix, last)):
            break
    bound = "" if complete else f", stopped after {progress.budget.part_s:g} s"
    progress.ended(part, f"{progress.counts[counted]} {what} in {scenes} scenes{bound}", f"0 {what}: {UNSEEN}")


def _broken(progress: Progress, part: str, injections: Sequence[Injection], counted: str, scene: Scene) -> bool:
    for injection in injections:
        for number, statement in enumerate(scene.sent, 1):
            if not injection.can_meet(statement):
                continue
            run, happened = inject(progress.testbed, scene, number, injection)
            if not happened:
                continue
            progress.delivered(part, counted, [delivery.event for delivery in scene.last])
            if (problem := progress.testbed.judge(run)) is not None:
                progress.found(part, problem, run)
                return True
    return False


def _scenes(progress: Progress) -> Iterator[tuple[tuple[Handed, ...], Handed]]:
    """A first delivery, a redelivery, and a first delivery after all that came before it in its group; batches first."""
    testbed = progress.testbed
    if len(several := progress.several()) > 1:
        whole = tuple(Delivery(event) for event in several)
        yield (), whole
        yield (whole[:1],), whole
    for event in progress.representatives():
        if progress.sound([event]):
            yield (), (Delivery(event),)
            yield ((Delivery(event),),), (Delivery(event, 1),)
    for event in progress.representatives():
        earlier = [n for n in range(event) if testbed.events[n].group == testbed.events[event].group]
        if earlier and progress.sound([*earlier, event]):
            yield tuple((Delivery(n),) for n in earlier), (Delivery(event),)
