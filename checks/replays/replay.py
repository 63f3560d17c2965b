"""One event, one effect: a real consumer under duplicates, reordering, crashes, errors and races.

Four parts (`results.PARTS`), each a claim. A part ends at its first problem, or when its share of the budget
is spent; what was tried is counted either way.
"""

from __future__ import annotations

from pathlib import Path

from checks.contract.dedupe import Dedupe
from checks.replays.effects import Problem
from checks.replays.parts import ACTS
from checks.replays.progress import Progress
from checks.replays.refusals import told
from checks.replays.results import Budget, ReplayResult
from checks.replays.testbed import open_testbed


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
    testbed = open_testbed(spec, dsn, root, chosen.delivery_s, endpoint_url)
    try:
        progress = Progress(testbed, chosen)
        whole = testbed.rehearse()
        if whole.stuck:
            progress.found("schedules", Problem("stuck", f"an event is never acknowledged: {whole.stuck}"), whole)
            why = "not tried: the consumer does not even get through the events once, in order"
            progress.untried = {part: why for part in chosen.parts if part != "schedules"}
        else:
            for part in chosen.parts:
                ACTS[part](progress, whole)
        counts = progress.counts | {"deliveries": testbed.deliveries}
        return ReplayResult(tuple(progress.breaches), progress.tried, progress.untried, counts,
                            told(testbed.swallowed, spec))
    finally:
        testbed.close()
