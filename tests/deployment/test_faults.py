"""Each fault of code, services and pipeline breaks its claim, and what only looks like one breaks none."""

from __future__ import annotations

import pytest

from tests.deployment.saboteurs import LOOKALIKES, SABOTEURS
from tests.deployment.stage import Stage
from tests.support.saboteur_index import saw


def test_a_deploy_as_it_should_be_is_held(stage: Stage) -> None:
    found = stage.verdicts()
    assert {claim: (v.verdict, v.detail) for claim, v in found.items() if v.verdict != "held"} == {}
    assert len(found) == 16


@pytest.mark.parametrize("name", SABOTEURS)
def test_a_fault_is_seen(name: str, stage: Stage) -> None:
    spoil, claim, told = SABOTEURS[name]
    spoil(stage)
    verdict = stage.verdicts()[claim]
    assert verdict.verdict == "broken", verdict
    assert told in verdict.detail
    assert verdict.witness
    assert verdict.next_step
    saw(f"deployment/{name}", [verdict])


@pytest.mark.parametrize("name", LOOKALIKES)
def test_what_only_looks_like_a_fault_is_held(name: str, stage: Stage) -> None:
    LOOKALIKES[name](stage)
    found = stage.verdicts()
    assert {claim: (v.verdict, v.detail) for claim, v in found.items() if v.verdict != "held"} == {}
    assert "hunter2" not in str(found)
