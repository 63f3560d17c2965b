"""What a standby can say of its primary: what it has replayed; what it lacks may be there already. Pure."""

from __future__ import annotations

from dataclasses import replace

from checks.observation.replica import Lag
from checks.values import Case, Verdict


def as_a_standby_tells(cases: tuple[Case, ...], lag: Lag) -> tuple[Case, ...]:
    """`cases`, where nothing is called broken that may only not have arrived yet."""
    if not lag.behind:
        return cases
    return tuple(replace(case, verdicts=tuple(_open(verdict, lag) for verdict in case.verdicts)) for case in cases)


def _open(verdict: Verdict, lag: Lag) -> Verdict:
    if verdict.verdict != "broken":
        return verdict
    detail = f"On this standby: {verdict.detail} But {lag.behind}, so the primary may be further."
    return replace(verdict, verdict="unverified", detail=detail, witness="",
                   next_step="Verify the primary, or run again when the standby has caught up.")
