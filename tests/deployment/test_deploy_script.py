"""fixtures/scripts/deploy.sh, from end to end on the local AWS endpoint: healthy, and with each step failing."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.lambdas.local.endpoint import LocalAws
from checks.lambdas.local.request import Invocation, Response
from checks.lambdas.package import pack
from tests.claims.functions.live import LAMBDAS, MIGRATIONS, migration_zip, role
from tests.deployment.stage import SERVICE, Stage
from tests.deployment.test_database import ROW, commit
from tests.support import MIGRATIONS as FILES
from tests.support import ROOT

FUNCTION, QUERY = "ops-pipeline-db-migration", "ops-pipeline-db-query"
UPDATE, CODE = "AmazonEC2ContainerServiceV20141113.UpdateService", f"/functions/{FUNCTION}/code"
STEPS = ("code", "migrations", "service", "gate")


class World:
    """An account in which a service is rolled out when it is told to, and what may go wrong in it."""

    def __init__(self, stage: Stage, dsn: str) -> None:
        self.stage, self.dsn, self.moto = stage, dsn, stage.aws._moto
        self.rolled: Callable[[], object] = self.roll
        self.loses_code = False
        """Whether an update of the function's code is answered as done, and the old code is what answers."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Serves as moto does, then lets happen what ECS would do."""
        answer = self.moto(environ, start_response)
        if self.loses_code and environ["PATH_INFO"].endswith(CODE):
            self.loses_code = False
            self.stage.aws.deploy(FUNCTION, migration_zip(MIGRATIONS[:-1]))
        if environ.get("HTTP_X_AMZ_TARGET") == UPDATE:
            self.rolled()
        return answer

    def roll(self) -> None:
        """The new revision runs, tells that it is there, and the nightly job fills its table."""
        service = self.stage.service
        revision = int(service.task_definition.rpartition(":")[2])
        for task in self.stage.tasks:
            self.stage.stop(task, "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment x)")
        now = dt.datetime.now(dt.UTC)
        self.stage.run(revision, 2, now)
        self.stage.roll(rolloutState="COMPLETED", taskDefinition=f"x/{SERVICE}:{revision}")
        self.stage.say("INFO consumer ready", at=now)
        commit(self.dsn, ROW.format(age="") + " ON CONFLICT (strategy_type, day) DO UPDATE SET computed_at = now()")

    def roll_back(self) -> None:
        """The circuit breaker brings the old revision back, and all is calm."""
        self.stage.service.task_definition = f"{SERVICE}:3"


@pytest.fixture
def world(stage: Stage, migrated: str, scratch_server: Any) -> Iterator[World]:
    """The account before the deploy: old code in the function, the last migration not applied, revision 3 running."""
    commit(migrated, "DROP TABLE strategy_stats", f"DELETE FROM schema_migrations WHERE version = '{FILES[-1].stem}'")
    found = World(stage, migrated)
    stage.aws._moto = found  # type: ignore[assignment]
    with role(scratch_server, _database(migrated)) as (_, reader):
        stage.aws.deploy(QUERY, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": reader})
        stage.aws.deploy(FUNCTION, migration_zip(MIGRATIONS[:-1]), environment={"DATABASE_URL": migrated})
        yield found
        for name in (QUERY, FUNCTION):
            stage.functions.delete_function(FunctionName=name)
    stage.aws.intercept, stage.aws._moto = None, found.moto


def _database(dsn: str) -> str:
    return dsn.split("://", 1)[1].partition("/")[2].partition("?")[0]


def deploy(aws: LocalAws, *steps: str, **more: str) -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of the script."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))}
    ran = subprocess.run(
        [ROOT / "fixtures" / "scripts" / "deploy.sh", *steps], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**bare, "AWS_ENDPOINT_URL": aws.endpoint_url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
             "AWS_DEFAULT_REGION": "us-west-2", "AWS_CONFIG_FILE": os.devnull, "PYTHON": sys.executable,
             "IMAGE": "repo/app:4", "PATH": f"{Path(sys.executable).parent}:{bare['PATH']}", "WAIT": "5s", **more})
    return ran.returncode, ran.stdout, ran.stderr


def proven(out: str) -> list[str]:
    """The steps that are called proven."""
    return [line.removesuffix(": proven") for line in out.splitlines() if line.endswith(": proven")]


def test_a_deploy_that_goes_well_is_proven_step_by_step(world: World) -> None:
    code, out, err = deploy(world.stage.aws)
    assert (code, err) == (0, "")
    assert proven(out) == list(STEPS)
    assert out.endswith(f"DEPLOYED: {' '.join(STEPS)} proven\n")
    assert world.stage.service.task_definition.endswith(":4")


def nothing_applied(world: World) -> None:
    """The migration function says that all went well, and did nothing."""
    body = json.dumps({"success": True, "migrations_applied": [FILES[-1].stem], "migrations_skipped": []})

    def lie(invocation: Invocation) -> Response | None:
        lied = Response(200, json.dumps({"statusCode": 200, "body": body}).encode())
        return lied if invocation.function == FUNCTION else None

    world.stage.aws.intercept = lie


def error_in_the_log(world: World) -> None:
    """All is rolled out, and the service meets an error that it does not handle."""
    commit(world.dsn, FILES[-1].read_text())
    world.roll()
    world.stage.say("Traceback (most recent call last)", at=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30))


FAILING: dict[str, tuple[Callable[[World], object], tuple[str, ...]]] = {
    "code": (lambda world: setattr(world, "loses_code", True), ("was built", "aws lambda update-function-code")),
    "migrations": (nothing_applied, ("Not applied", "migrations they stay")),
    "service": (lambda world: setattr(world, "rolled", world.roll_back), (
        "--task-definition trade-stream:3", "trade-stream.rollout")),
    "gate": (error_in_the_log, ("unhandled errors: 1 line",)),
}
"""Step -> (what goes wrong in it, what must be told)."""


@pytest.mark.parametrize("step", FAILING)
def test_a_step_that_fails_ends_the_deploy_with_the_way_back(step: str, world: World) -> None:
    spoil, told = FAILING[step]
    spoil(world)
    code, out, err = deploy(world.stage.aws, *STEPS[STEPS.index(step):])
    assert code == 1
    assert f"NOT DEPLOYED: {step} is not proven" in err
    for words in told:
        assert words in out + err
    assert proven(out) == []
    assert "DEPLOYED:" not in out
