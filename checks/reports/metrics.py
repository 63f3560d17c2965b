"""Runs -> a Prometheus textfile, as node_exporter's textfile collector reads it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

from checks.reports.history import COSTS
from checks.reports.runs import WORDS, RunRecord, number, word

_VERDICTS = ("held", "broken", "unverified")


def metrics(runs: Sequence[RunRecord], exit_code: int) -> str:
    """The file's text; every series has the label `target`, but for the exit code, which is the run's."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()

    def gauge(name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"postdeploy_checks_{name}", about, labels, registry=registry)

    gauge("exit_code", "Exit code of the run: 0 held, 1 broken, 6 unverified.").set(exit_code)
    verdict = gauge("verdict", "1 for the verdict of the last run, 0 for the others.", "target", "verdict")
    claims = gauge("claims", "Number of claims by area and verdict.", "target", "area", "verdict")
    not_held = gauge("claim_not_held", "1 for each claim that is broken or unverified.", "target", "area", "claim",
                     "verdict")
    finished = gauge("finished_timestamp_seconds", "When the last run ended.", "target")
    costs = {field: gauge({"duration_s": "duration_seconds"}.get(field, field), f"The last run's {name}.", "target")
             for field, name, _ in COSTS}
    figures = gauge("figure", "What a claim counted.", "target", "claim", "figure")
    for run in runs:
        for each in _VERDICTS:
            verdict.labels(run.target, each).set(each == run.verdict)
        for area in dict.fromkeys(claim["area"] for claim in run.document["claims"]):
            told = [word(claim) for claim in run.document["claims"] if claim["area"] == area]
            for each in WORDS:
                claims.labels(run.target, area, each).set(told.count(each))
        for claim in run.not_held():
            not_held.labels(run.target, claim["area"], claim["id"], claim["verdict"]).set(1)
        finished.labels(run.target).set(dt.datetime.fromisoformat(run.document["finished_at"]).timestamp())
        for field, cost in costs.items():
            if not math.isnan(run.figure(field)):
                cost.labels(run.target).set(run.figure(field))
        for claim in run.document["claims"]:
            counted = claim.get("figures")
            for name, value in (counted.items() if isinstance(counted, dict) else ()):
                if not math.isnan(number(value)):
                    figures.labels(run.target, claim["id"], name).set(number(value))
    return generate_latest(registry).decode()
