"""A deploy on the local AWS endpoint, as it should be: a service, a function, a log group; and what is claimed of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.claims.deployment.judge import judge_deployment
from checks.contract.contract import Contract
from checks.contract.reader import read_contract
from checks.deployment import seen
from checks.deployment.seen import DeploymentSeen, see_deployment
from checks.expectation.expectation import Expectation
from checks.lambdas.local.endpoint import LocalAws
from checks.target.open_target import Place
from checks.target.target import Target
from checks.values import Verdict
from tests.claims.functions.live import MIGRATIONS, migration_zip
from tests.support import ROOT

CLUSTER, SERVICE, GROUP, FUNCTION = "trading", "trade-stream", "/ecs/trade-stream", "stats-job"
DIGEST = "sha256:" + "a" * 64
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
SINCE = NOW - dt.timedelta(minutes=20)
CONTRACT = f"""
migrations = "{ROOT / 'migrations'}"
[ledger]
table = "schema_migrations"
[target.prod]
dsn = "env:NOWHERE"
region = "us-west-2"
deployment = ["service.trade-stream", "function.{FUNCTION}", "logs.trade-stream", "freshness.nightly", "rollback"]
[service.trade-stream]
cluster = "{CLUSTER}"
min_running = 2
image = "{DIGEST}"
task_definition = "{SERVICE}"
[function.{FUNCTION}]
qualifier = "live"
bundle = "build.zip"
migrations = true
[logs.trade-stream]
group = "{GROUP}"
must_match = ["consumer ready"]
must_not_match = ["position lost"]
count = {{ at_most = 3, at_least = 1 }}
[freshness.nightly]
evidence = "evidence/*.json"
every = "26h"
"""


class Stage:
    """The deploy, with what moto keeps of it at hand, so that it can be spoiled."""

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self.aws, self.folder = aws, folder
        self.ecs, self.logs, self.functions = aws.client("ecs"), aws.client("logs"), aws.client("lambda")
        (folder / "contract.toml").write_text(CONTRACT)
        (folder / "build.zip").write_bytes(migration_zip())
        self.contract: Contract = read_contract(folder / "contract.toml")
        self._service()
        self._function()
        self._lines()
        (folder / "evidence").mkdir()
        self.evidence("last-night.json", NOW - dt.timedelta(hours=8))

    def _service(self) -> None:
        self.ecs.create_cluster(clusterName=CLUSTER)
        for revision in (1, 2, 3):
            self.register(revision)
        self.ecs.create_service(cluster=CLUSTER, serviceName=SERVICE, taskDefinition=f"{SERVICE}:3", desiredCount=2,
                                launchType="FARGATE")
        self.service.running_count, self.service.pending_count = 2, 0
        self.service.deployments[0].update(rolloutState="COMPLETED", runningCount=2, pendingCount=0)
        self.run(3, 2)

    def register(self, revision: int, family: str = SERVICE) -> None:
        """A task definition."""
        self.ecs.register_task_definition(family=family, containerDefinitions=[
            {"name": "app", "image": f"repo/app:{revision}", "cpu": 1, "memory": 64}])

    def run(self, revision: int, count: int, started: dt.datetime = NOW - dt.timedelta(minutes=15), digest: str = DIGEST,
            group: str = f"service:{SERVICE}") -> list[Any]:
        """Starts tasks of a revision."""
        answer = self.ecs.run_task(cluster=CLUSTER, taskDefinition=f"{SERVICE}:{revision}", count=count, group=group,
                                   launchType="FARGATE")
        tasks = [self._ecs.tasks[CLUSTER][each["taskArn"]] for each in answer["tasks"]]
        for task in tasks:
            task.started_at = started
            task.containers[0].image_digest = digest
        return tasks

    def stop(self, task: Any, code: str, reason: str, exit_code: int = 0) -> None:
        """Ends a task, ten minutes ago."""
        self.ecs.stop_task(cluster=CLUSTER, task=task.task_arn, reason=reason)
        task.stopped_at, task.stop_code = NOW - dt.timedelta(minutes=10), code
        task.containers[0].exitCode = exit_code

    @property
    def _ecs(self) -> Any:
        from moto.ecs.models import ecs_backends

        return ecs_backends[self.aws.account][self.aws.region]

    @property
    def service(self) -> Any:
        """moto's service."""
        return self._ecs.services[f"{CLUSTER}:{SERVICE}"]

    @property
    def tasks(self) -> list[Any]:
        """moto's tasks that run."""
        return [task for task in self._ecs.tasks[CLUSTER].values() if task.desired_status == "RUNNING"]

    def roll(self, **said: Any) -> None:
        """What ECS says of the rollout."""
        self.service.deployments[0].update(said)

    def _function(self) -> None:
        for code in (migration_zip(MIGRATIONS[:-1]), migration_zip()):
            self.aws.deploy(FUNCTION, code, publish=True)
        self.functions.create_alias(FunctionName=FUNCTION, Name="live", FunctionVersion="2")

    def functions_say(self, **said: str) -> None:
        """What Lambda tells of the function."""
        from moto.awslambda.models import lambda_backends

        function = lambda_backends[self.aws.account][self.aws.region].get_function(FUNCTION, "live")
        told = function.get_configuration
        function.get_configuration = lambda *args, **more: {**told(*args, **more), **said}

    def _lines(self) -> None:
        self.logs.create_log_group(logGroupName=GROUP)
        self.logs.create_log_stream(logGroupName=GROUP, logStreamName="task")
        self.say("INFO consumer ready, 0 errors")
        self.say("INFO Event already processed: event 17", "INFO filled")

    def say(self, *lines: str, at: dt.datetime = NOW - dt.timedelta(minutes=10)) -> None:
        """Lines of the service's log."""
        self.logs.put_log_events(logGroupName=GROUP, logStreamName="task", logEvents=[
            {"timestamp": int(at.timestamp() * 1000), "message": line} for line in lines])

    def evidence(self, name: str, ended: dt.datetime, target: str = "prod", verdict: str = "held", **more: Any) -> None:
        """An evidence file."""
        import json

        document = {"schema": 1, "target": {"name": target}, "finished_at": ended.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "claims": [{"id": "ledger:x", "verdict": verdict}], **more}
        (self.folder / "evidence" / name).write_text(json.dumps(document))

    def seen(self, since: dt.datetime | None = SINCE, **spec: Any) -> DeploymentSeen:
        """What is asked of it."""
        target = replace(self.contract.targets["prod"], **spec)
        place = Place(Target(target, None), None, endpoint_url=self.aws.endpoint_url)
        return see_deployment(place, self.contract, MIGRATIONS, since, NOW)

    def verdicts(self, since: dt.datetime | None = SINCE) -> dict[str, Verdict]:
        """Claim without its area -> verdict."""
        spec, expectation = self.contract.targets["prod"], Expectation(self.contract, None, MIGRATIONS, ())
        cases = judge_deployment(spec, expectation, self.seen(since), None)
        return {verdict.claim.partition(":")[2]: verdict for case in cases for verdict in case.verdicts}

    def alter(self, **keys: Any) -> None:
        """Another `[service.trade-stream]`, `[logs.trade-stream]` …: section__key = value."""
        known = self.contract.deployment
        for name, value in keys.items():
            section, key = name.split("__")
            specs = dict(getattr(known, section))
            first = next(iter(specs))
            specs[first] = replace(specs[first], **{key: value})
            known = replace(known, **{section: specs})
        self.contract = replace(self.contract, deployment=known)

    def clear(self) -> None:
        """Forgets it."""
        from moto.logs.models import logs_backends

        for group in list(logs_backends[self.aws.account][self.aws.region].groups):
            self.logs.delete_log_group(logGroupName=group)
        self._ecs.__dict__.update(clusters={}, services={}, tasks={}, task_definitions={})
        self.functions.delete_function(FunctionName=FUNCTION)


@pytest.fixture
def stage(aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The deploy as it should be. Clients are the endpoint's own, which are made once: that takes longest."""
    monkeypatch.setattr(seen, "reading_client", lambda service, spec, endpoint_url: aws.client(service))
    found = Stage(aws, tmp_path)
    yield found
    found.clear()
