"""The parts of a replay, a file for each kind of fault; each is a claim, see claims.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from checks.replays.parts.crash_points import inject_crashes, inject_errors
from checks.replays.parts.race_pairs import race_pairs
from checks.replays.parts.schedules import one_after_the_other
from checks.replays.progress import Progress
from checks.replays.run import Run

ACTS: Mapping[str, Callable[[Progress, Run], None]] = {
    "schedules": one_after_the_other,
    "crashes": lambda progress, whole: inject_crashes(progress),
    "errors": lambda progress, whole: inject_errors(progress),
    "races": lambda progress, whole: race_pairs(progress),
}
"""Part -> what tries it, given the run of all events in order. It ends at its first problem, or out of time."""
