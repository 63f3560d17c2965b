"""Each fault of code, services and pipeline breaks its claim, and what only looks like one breaks none."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.deployment.saboteurs import LOOKALIKES, SABOTEURS, Spoil, drop_lines, one_old_task
from tests.deployment.stage import FUNCTION, NOW, Stage
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


@pytest.mark.parametrize(("claim", "spoil"), [
    ("service.trade-stream.rollout", lambda s: s.roll(rolloutState="IN_PROGRESS")),
    ("service.trade-stream.running", lambda s: (s.roll(rolloutState="IN_PROGRESS"), setattr(s.service, "running_count", 1))),
    ("service.trade-stream.tasks", lambda s: (s.roll(rolloutState="IN_PROGRESS"), one_old_task(s))),
    (f"function.{FUNCTION}.settled", lambda s: s.functions_say(LastUpdateStatus="InProgress")),
], ids=["rollout", "running", "tasks", "function"])
def test_what_is_still_moving_is_unverified_and_may_be_waited_for(claim: str, spoil: Spoil, stage: Stage) -> None:
    spoil(stage)
    verdict = stage.verdicts()[claim]
    assert (verdict.verdict, verdict.moving) == ("unverified", True)


def test_the_first_lines_after_a_deploy_may_be_late(stage: Stage) -> None:
    drop_lines(stage)
    verdict = stage.verdicts(since=NOW - dt.timedelta(minutes=1))["logs.trade-stream.alive"]
    assert (verdict.verdict, verdict.moving) == ("unverified", True)


def test_the_way_back_is_told_as_a_command_that_is_right(stage: Stage) -> None:
    found = stage.verdicts()
    assert found["rollback.service.trade-stream"].detail == (
        "aws ecs update-service --cluster trading --service trade-stream --task-definition trade-stream:2")
    assert found[f"rollback.function.{FUNCTION}"].detail == (
        f"aws lambda update-alias --function-name {FUNCTION} --name live --function-version 1 "
        "--routing-config AdditionalVersionWeights={}")
    stage.alter(functions__qualifier=None)
    assert "update-function-code" in stage.verdicts()[f"rollback.function.{FUNCTION}"].detail
