"""Our own code that fails at one thing makes that thing unverified, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from checks.claims import enums, ledger
from checks.observation import enum_plan
from tests.support.sabotage_harness import ROUTES, Bench, look_at, projects, verdicts

REFERENCE = next(project for project in projects() if project.name == "reference")


def broken_for(name: str, works: Any) -> Any:
    """A function that fails where one of its arguments is called `name`, and else does what `works` does."""
    def fails(*args: Any, **more: Any) -> Any:
        if name in args or any(getattr(each, "version", getattr(each, "shown", None)) == name for each in args):
            raise KeyError("a stored value")
        return works(*args, **more)
    return fails


@pytest.mark.parametrize("route", ROUTES)
def test_one_enum_that_cannot_be_decided(route: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enum_plan, "decide", broken_for("strategy_type", enum_plan.decide))
    with bench.database(REFERENCE) as dsn:
        found = verdicts(look_at(bench, REFERENCE, dsn, route))
    unsure = {claim: verdict.detail for claim, verdict in found.items() if verdict.verdict != "held"}
    assert set(unsure) == {"enums:active_positions.strategy_type", "enums:position_history.strategy_type"}
    assert set(unsure.values()) == {"The look at it broke off: KeyError in the harness."}


def test_one_claim_that_cannot_be_judged(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    last = "2026_02_02_0003_add_constraints_no_do"
    monkeypatch.setattr(ledger, "_near", broken_for(last, ledger._near))
    with bench.database(REFERENCE) as dsn:
        found = verdicts(look_at(bench, REFERENCE, dsn))
    assert [(claim, verdict.verdict) for claim, verdict in found.items() if verdict.verdict != "held"] == [
        (f"ledger:{last}", "unverified")]


def test_an_area_that_cannot_be_judged_leaves_the_others(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enums, "shown", broken_for("active_positions", enums.shown))
    with bench.database(REFERENCE) as dsn:
        found = verdicts(look_at(bench, REFERENCE, dsn))
    assert {verdict.verdict for claim, verdict in found.items() if not claim.startswith("enums:")} == {"held"}
