"""Runs -> CTRF, the Common Test Report Format: a test a claim, by the claim's own id. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import checks
from checks.reports.runs import Claim, RunRecord, word

_STATUS = {"held": "passed", "accepted": "passed", "broken": "failed", "unverified": "other"}
"""What nobody could look at is neither passed nor failed; `rawStatus` has our own word."""


def ctrf(runs: Sequence[RunRecord]) -> str:
    """The report; suites are targets, then areas."""
    tests = [_test(claim, run) for run in runs for claim in run.document["claims"]]
    counts = Counter(test["status"] for test in tests)
    start = min(run.at for run in runs)
    stop = max(dt.datetime.fromisoformat(run.document["finished_at"]) for run in runs)
    return json.dumps({
        "reportFormat": "CTRF", "specVersion": "0.0.0", "generatedBy": f"postdeploy-checks {checks.__version__}",
        "timestamp": stop.isoformat(), "results": {
            "tool": {"name": "postdeploy-checks", "version": checks.__version__},
            "summary": {"tests": len(tests), **{name: counts[name] for name in (
                "passed", "failed", "skipped", "pending", "other")}, "start": _ms(start), "stop": _ms(stop)},
            "tests": tests,
            "environment": {"testEnvironment": ", ".join(run.target for run in runs),
                            "extra": {"targets": [run.document["target"] for run in runs]}},
        }}, indent=1) + "\n"


def _test(claim: Claim, run: RunRecord) -> dict[str, Any]:
    extra = {name: claim[name] for name in ("sentence", "evidence", "witness", "next_step", "note", "cause", "accepted",
                                            "differs", "figures") if claim.get(name)}
    return {"id": str(uuid5(NAMESPACE_URL, f"postdeploy-checks:{run.target}:{claim['id']}")), "testId": claim["id"],
            "name": claim["id"], "status": _STATUS[word(claim)], "rawStatus": word(claim), "duration": 0,
            "suite": [run.target, claim["area"]], **({"message": claim["detail"]} if claim.get("detail") else {}),
            "extra": extra}


def _ms(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)
