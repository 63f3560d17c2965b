"""One event, one effect: a real consumer under duplicates, reordering, crashes, errors and races.

Four parts (`findings.PARTS`), each a claim. A part ends at its first problem, or when its share of the budget
is spent; what was tried is counted either way.
"""

from __future__ import annotations

from pathlib import Path

from checks.contract.dedupe import Dedupe
from checks.replays.consumers.delivery import CRASHES, ERRORS
from checks.replays.crash_points import strike_everywhere
from checks.replays.effects import Problem
from checks.replays.findings import PARTS, Budget, Finding, ReplayResult
from checks.replays.progress import Work, one_after_the_other
from checks.replays.race_pairs import race_pairs
from checks.replays.testbed import Run, open_stage

__all__ = ["PARTS", "Budget", "Finding", "ReplayResult", "replay"]


def replay(spec: Dedupe, dsn: str, *, root: Path, budget: Budget | None = None,
           endpoint_url: str | None = None) -> ReplayResult:
    """Drives the consumer of `spec` on the scratch database `dsn`.

    The dedupe and effect tables are emptied; other tables the consumer writes get their rows back.

    Args:
        root: the folder that relative paths of the contract start from.
        endpoint_url: for a Lambda consumer: the local endpoint that runs it.

    Raises:
        UsageError: the contract names a table, column, file or field that is not there; a line is not JSON.
        Unverified: the consumer cannot be imported, hangs, or uses another database; no server answers.
    """
    chosen = budget or Budget.default(spec)
    stage = open_stage(spec, dsn, root, chosen.delivery_s, endpoint_url)
    try:
        work = Work(stage, chosen)
        whole = stage.rehearse()
        if whole.stuck:
            work.found("schedules", Problem("stuck", f"an event is never acknowledged: {whole.stuck}"), whole)
            why = "not tried: the consumer does not even get through the events once, in order"
            work.untried = {part: why for part in chosen.parts if part != "schedules"}
        else:
            _try_parts(work, whole)
        counts = work.counts | {"deliveries": stage.deliveries}
        return ReplayResult(tuple(work.findings), work.tried, work.untried, counts)
    finally:
        stage.close()


def _try_parts(work: Work, whole: Run) -> None:
    acts = {
        "schedules": lambda: one_after_the_other(work, whole),
        "crashes": lambda: strike_everywhere(work, "crashes", CRASHES, "crash_points"),
        "errors": lambda: strike_everywhere(work, "errors", ERRORS, "errors"),
        "races": lambda: race_pairs(work),
    }
    for part in work.budget.parts:
        acts[part]()
