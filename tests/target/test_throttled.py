"""A query function that the account has no room for: asked no more, and nothing is called held or broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from checks.lambdas.local.endpoint import LocalAws
from checks.lambdas.package import pack
from checks.resources import LAMBDAS
from checks.target.routes.through_lambda import LambdaSession
from checks.values import Unreachable
from tests.support.running import verify
from tests.support.sabotage_harness import Bench, InProcess, projects, report_on, target_of

REFERENCE = projects()[0]


class Throttled(InProcess):
    """The query function of an account that has no room for it after the first `answers` invocations."""

    def __init__(self, dsn: str, answers: int) -> None:
        super().__init__(dsn)
        self.left = answers
        self.asked = 0

    def invoke(self, **more: Any) -> dict[str, Any]:
        self.asked += 1
        if self.asked > self.left:
            raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."},
                               "ResponseMetadata": {"HTTPStatusCode": 429}}, "Invoke")
        return super().invoke(**more)


def test_a_function_that_is_throttled_in_mid_look_is_asked_no_more(bench: Bench) -> None:
    """After each answer in turn; what was told before it is not enough for any verdict."""
    expectation = bench.project(REFERENCE)[1]
    with bench.database(REFERENCE) as dsn:
        enough = Throttled(dsn, answers=100)
        report_on(LambdaSession(target_of("lambda").spec, enough), expectation, target_of("lambda"))
        assert enough.asked > 3
        for answers in range(enough.asked):
            function = Throttled(dsn, answers)
            with pytest.raises(Unreachable, match=r"TooManyRequestsException.* run again in a minute, or raise its limit"):
                report_on(LambdaSession(target_of("lambda").spec, function), expectation, target_of("lambda"))
            assert function.asked == answers + 1


def test_a_function_without_room_is_told_to_the_user(aws: LocalAws, tmp_path: Path) -> None:
    """As AWS itself refuses: its reserved concurrency is none."""
    aws.deploy("ops-query", pack(LAMBDAS / "db_query"))
    aws.client("lambda").put_function_concurrency(FunctionName="ops-query", ReservedConcurrentExecutions=0)
    (tmp_path / "contract.toml").write_text(
        f'[target.prod]\nroute = "lambda"\nregion = "us-west-2"\nendpoint_url = "{aws.endpoint_url}"\n'
        'query_function = "ops-query"\n[enums]\n"a.side" = ["long"]\n')
    ran = verify("prod", "--contract", str(tmp_path / "contract.toml"), evidence=tmp_path / "evidence.json",
                 environment={"AWS_ACCESS_KEY_ID": "AKIATESTING", "AWS_SECRET_ACCESS_KEY": "testing"})
    assert ran.code == 6, ran.out
    assert "TooManyRequestsException" in ran.evidence["failure"]
    assert ran.evidence["failure"].endswith("Too much is asked of it at once: run again in a minute, or raise its limit.")
    assert set(ran.claims.values()) == {"unverified"}
    assert ran.evidence["invocations"] == 1
