"""What cannot be looked at is unverified, and told with what would let us look."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from checks.claims.deployment.services import tasks
from checks.contract.contract import TargetSpec
from checks.deployment.aws import looked, reading_client
from checks.deployment.seen import see_deployment
from checks.deployment.services import ServiceSeen, see_service
from checks.lambdas.local.endpoint import LocalAws
from checks.target.open_target import Place
from checks.target.target import Target
from checks.values import Unverified
from tests.claims.functions.live import MIGRATIONS
from tests.deployment.stage import FUNCTION, NOW, SINCE, Stage
from tests.support import ROOT

DENIED = {
    "ecs.DescribeServices": ("service.trade-stream.running", "ecs:DescribeServices"),
    "ecs.DescribeTaskDefinition": ("service.trade-stream.rollout", "ecs:DescribeTaskDefinition"),
    "ecs.ListTasks": ("service.trade-stream.tasks", "ecs:ListTasks"),
    "ecs.DescribeTasks": ("service.trade-stream.image", "ecs:DescribeTasks"),
    "ecs.ListTaskDefinitions": ("rollback.service.trade-stream", "ecs:ListTaskDefinitions"),
    "logs.FilterLogEvents": ("logs.trade-stream.clean", "logs:FilterLogEvents"),
    "lambda.GetFunctionConfiguration": (f"function.{FUNCTION}.settled", "lambda:GetFunctionConfiguration"),
    "lambda.GetAlias": (f"function.{FUNCTION}.routing", "lambda:GetAlias"),
    "lambda.ListVersionsByFunction": (f"rollback.function.{FUNCTION}", "lambda:ListVersionsByFunction"),
}
"""Operation -> (a claim that rests on it, its IAM action)."""


@contextmanager
def refused(client: Any, operation: str, code: str, times: int = 99) -> Iterator[list[str]]:
    """A time in which AWS refuses an operation; yields what was refused."""
    seen: list[str] = []

    def answer(request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        if len(seen) >= times:
            return None
        seen.append(operation)
        body = json.dumps({"__type": code, "message": "arn:aws:iam::1:user/me, secret"}).encode()
        return AWSResponse(request.url, 400, {"x-amzn-errortype": code}, SimpleNamespace(
            stream=lambda: iter([body]), read=lambda: body))

    name = f"before-send.{operation}"
    client.meta.events.register(name, answer)
    try:
        yield seen
    finally:
        client.meta.events.unregister(name, answer)


@pytest.mark.parametrize("operation", DENIED)
def test_a_denied_call_leaves_its_claims_unverified_with_the_action(operation: str, stage: Stage) -> None:
    claim, action = DENIED[operation]
    with refused(stage.aws.client(operation.partition(".")[0]), operation, "AccessDeniedException"):
        found = stage.verdicts()
    assert found[claim].verdict == "unverified"
    assert f"{action} is denied" in found[claim].detail
    assert found[claim].next_step
    assert "secret" not in str(found)
    assert {v.verdict for v in found.values()} == {"held", "unverified"}


@pytest.mark.parametrize(("code", "told"), [
    ("InvalidSignatureException", "clock is wrong"), ("ExpiredTokenException", "Log in again"),
    ("ServerException", "ServerException"),
])
def test_other_refusals_say_what_to_do(code: str, told: str, stage: Stage) -> None:
    with refused(stage.ecs, "ecs.DescribeServices", code):
        verdict = stage.verdicts()["service.trade-stream.running"]
    assert (verdict.verdict, told in verdict.detail) == ("unverified", True)


def test_throttling_is_waited_out(stage: Stage, abroad: Callable[[], TargetSpec]) -> None:
    client = reading_client("ecs", abroad())
    with refused(client, "ecs.DescribeServices", "ThrottlingException", times=1) as seen:
        found = see_service(client, stage.contract.deployment.services["trade-stream"])
    assert seen
    assert not isinstance(found.service, Unverified)


@pytest.fixture
def abroad(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Callable[[], TargetSpec]:
    """A given target whose AWS is the local endpoint, found by the environment as a user's is."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in {"ENDPOINT_URL": aws.endpoint_url, "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x",
                        "CONFIG_FILE": os.devnull, "SHARED_CREDENTIALS_FILE": os.devnull,
                        "EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    return lambda: TargetSpec("prod", region="us-west-2")


def test_the_policy_allows_just_what_is_asked() -> None:
    code = "".join(file.read_text() for file in (ROOT / "checks" / "deployment").glob("*.py"))
    text = (ROOT / "docs" / "deployment.md").read_text().partition("```json\n")[2].partition("```")[0]
    allowed = [action for statement in json.loads(text)["Statement"] for action in statement["Action"]]
    assert sorted(allowed) == sorted(set(re.findall(r'"((?:ecs|logs|lambda):[A-Z]\w+)"', code)))


def test_another_region_has_no_such_cluster(stage: Stage, abroad: Callable[[], TargetSpec]) -> None:
    client = reading_client("ecs", replace(abroad(), region="eu-central-1"))
    found = see_service(client, stage.contract.deployment.services["trade-stream"])
    assert isinstance(found.service, Unverified)
    assert "no cluster trading in region eu-central-1" in str(found.service)


def test_a_cluster_that_is_not_there_is_unverified(stage: Stage) -> None:
    stage.alter(services__cluster="traiding")
    verdict = stage.verdicts()["service.trade-stream.running"]
    assert verdict.verdict == "unverified"
    assert "no cluster traiding" in verdict.detail


@pytest.mark.parametrize(("spec", "told"), [
    ({"region": None}, "Set region"), ({"profile": "nobody"}, "profile"), ({"region": "not a region"}, "region"),
])
def test_no_client_is_told(spec: dict[str, str], told: str, abroad: Callable[[], TargetSpec]) -> None:
    target = replace(abroad(), deployment=("rollback",), **spec)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=told):
        reading_client("ecs", target)


def test_missing_credentials_are_told(abroad: Callable[[], TargetSpec], monkeypatch: pytest.MonkeyPatch,
                                      stage: Stage) -> None:
    spec = abroad()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    client = reading_client("ecs", spec)
    found = see_service(client, stage.contract.deployment.services["trade-stream"])
    assert "no AWS credentials" in str(found.service)


def test_clocks_that_differ_leave_the_time_of_tasks_unverified(stage: Stage) -> None:
    stage.tasks[0].started_at = SINCE - dt.timedelta(minutes=1)
    seen = replace(stage.seen(), skew=dt.timedelta(minutes=10))
    told = seen.services["trade-stream"]
    verdict = tasks("trade-stream", told, SINCE, seen)
    assert (verdict.verdict, "+600 s from AWS's" in verdict.detail) == ("unverified", True)


def test_the_clock_of_aws_is_read_from_its_answers(stage: Stage) -> None:
    assert stage.seen().clocks_agree


def test_every_page_is_followed_where_the_first_is_empty(stage: Stage) -> None:
    tokens: list[str] = []

    def empty(params: dict[str, Any], **_: Any) -> None:
        if "nextToken" in params:
            tokens.append(params["nextToken"])
            del params["nextToken"]

    def first(parsed: dict[str, Any], **_: Any) -> None:
        if not tokens:
            parsed["events"], parsed["nextToken"] = [], "more"

    stage.logs.meta.events.register("before-parameter-build.logs.FilterLogEvents", empty)
    stage.logs.meta.events.register("after-call.logs.FilterLogEvents", first)
    try:
        found = stage.verdicts()
    finally:
        stage.logs.meta.events.unregister("before-parameter-build.logs.FilterLogEvents", empty)
        stage.logs.meta.events.unregister("after-call.logs.FilterLogEvents", first)
    assert tokens == ["more"]
    assert found["logs.trade-stream.alive"].detail.startswith("3 lines")


def test_a_service_that_nobody_answers_for_is_asked_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from checks.deployment import seen as module
    from checks.values import Unreachable

    asked: list[str] = []

    def silent(service: str, *_: Any) -> Any:
        asked.append(service)
        raise Unreachable("Nobody answers.")

    monkeypatch.setattr(module, "reading_client", silent)
    place = Place(Target(stage.contract.targets["prod"], None), None)
    found = see_deployment(place, stage.contract, MIGRATIONS, SINCE, NOW)
    assert asked == ["ecs", "lambda", "logs"]
    assert isinstance(looked(lambda: found.logs["trade-stream"]), Unverified)
    assert isinstance(found.services["trade-stream"], ServiceSeen)
