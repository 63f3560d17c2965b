"""What ECS tells of a service: its rollouts, its running and its stopped tasks, its task definitions.

Sources: Amazon ECS API reference, DescribeServices (Deployment), DescribeTasks (Task), ListTaskDefinitions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.contract.deployment.sections import ServiceSpec
from checks.deployment.aws import NotThere, as_utc, asked, looked, pages
from checks.values import Unverified

TASKS_A_CALL = 100
"""DescribeTasks takes no more."""


@dataclass(frozen=True)
class Rollout:
    """One deployment of a service."""

    status: str
    """PRIMARY, ACTIVE or INACTIVE."""
    state: str
    """COMPLETED, FAILED or IN_PROGRESS; empty: it is not told (of services that AWS CodeDeploy rolls out)."""
    reason: str
    """AWS's words."""
    definition: str
    """`family:revision`."""
    failed: int
    """Tasks that did not start."""


@dataclass(frozen=True)
class Service:
    """A service as it is now."""

    status: str
    desired: int
    running: int
    pending: int
    definition: str
    rollouts: tuple[Rollout, ...]

    @property
    def primary(self) -> Rollout | None:
        """The deployment that counts."""
        return next((rollout for rollout in self.rollouts if rollout.status == "PRIMARY"), None)


@dataclass(frozen=True)
class Container:
    """A container of a task."""

    name: str
    image: str
    digest: str | None
    exit_code: int | None = None


@dataclass(frozen=True)
class Task:
    """A task, running or stopped."""

    name: str
    """The last part of its ARN."""
    definition: str
    started: dt.datetime | None
    containers: tuple[Container, ...]
    stopped: dt.datetime | None = None
    stop_code: str = ""
    reason: str = ""
    """Why it stopped; whoever stops a task may write what he likes."""


@dataclass(frozen=True)
class ServiceSeen:
    """What was asked of one service."""

    service: Service | Unverified | None
    """None: the cluster has none of that name."""
    wanted: str | Unverified = ""
    """The task definition that it should run, `family:revision`."""
    running: tuple[Task, ...] | Unverified = ()
    stopped: tuple[Task, ...] | Unverified = ()
    active: tuple[str, ...] | Unverified = ()
    """Every task definition of the family that is ACTIVE, the newest first."""


def see_service(client: Any, spec: ServiceSpec) -> ServiceSeen:
    """Looks at a service through an ECS client."""
    service = looked(lambda: _service(client, spec))
    if not isinstance(service, Service):
        return ServiceSeen(service)
    wanted = looked(lambda: _wanted(client, spec, service))
    family = (wanted if isinstance(wanted, str) else service.definition).rpartition(":")[0]
    return ServiceSeen(service, wanted, looked(lambda: _tasks(client, spec, "RUNNING")),
                       looked(lambda: _tasks(client, spec, "STOPPED")), looked(lambda: _active(client, family)))


def short(arn: str) -> str:
    """The name at the end of an ARN: `family:revision`, a task's id."""
    return arn.rpartition("/")[2]


def _service(client: Any, spec: ServiceSpec) -> Service | None:
    try:
        answer = asked(client.describe_services, "ecs:DescribeServices", cluster=spec.cluster, services=[spec.service])
    except NotThere:
        raise NotThere(f"There is no cluster {spec.cluster} in region {client.meta.region_name} of this account: look at "
                       f"service.{spec.name}.cluster and at the target's region.") from None
    found = next(iter(answer.get("services", ())), None)
    if found is None:
        return None
    return Service(
        str(found.get("status")), int(found.get("desiredCount", 0)), int(found.get("runningCount", 0)),
        int(found.get("pendingCount", 0)), short(str(found.get("taskDefinition"))),
        tuple(map(_rollout, found.get("deployments", ()))))


def _rollout(each: Mapping[str, Any]) -> Rollout:
    return Rollout(str(each.get("status")), str(each.get("rolloutState") or ""), str(each.get("rolloutStateReason") or ""),
                   short(str(each.get("taskDefinition"))), int(each.get("failedTasks", 0)))


def _wanted(client: Any, spec: ServiceSpec, service: Service) -> str:
    """The contract's task definition; of a family alone, its newest revision that is ACTIVE."""
    if spec.task_definition is None:
        return service.definition
    name = short(spec.task_definition)
    if ":" in name:
        return name
    answer = asked(client.describe_task_definition, "ecs:DescribeTaskDefinition", taskDefinition=name)
    return short(str(answer["taskDefinition"]["taskDefinitionArn"]))


def _tasks(client: Any, spec: ServiceSpec, status: str) -> tuple[Task, ...]:
    arns = [arn for page in pages(client, "list_tasks", "ecs:ListTasks", cluster=spec.cluster, serviceName=spec.service,
                                  desiredStatus=status) for arn in page.get("taskArns", ())]
    return tuple(_read(client, spec, arns))


def _read(client: Any, spec: ServiceSpec, arns: Sequence[str]) -> Iterator[Task]:
    for start in range(0, len(arns), TASKS_A_CALL):
        answer = asked(client.describe_tasks, "ecs:DescribeTasks", cluster=spec.cluster,
                       tasks=arns[start:start + TASKS_A_CALL])
        yield from (_task(each) for each in answer.get("tasks", ())
                    if each.get("group", f"service:{spec.service}") == f"service:{spec.service}")


def _task(each: Mapping[str, Any]) -> Task:
    containers = tuple(Container(str(c.get("name")), str(c.get("image")), c.get("imageDigest"), c.get("exitCode"))
                       for c in each.get("containers", ()))
    return Task(short(str(each.get("taskArn"))), short(str(each.get("taskDefinitionArn"))), as_utc(each.get("startedAt")),
                containers, as_utc(each.get("stoppedAt")), str(each.get("stopCode") or ""),
                str(each.get("stoppedReason") or ""))


def _active(client: Any, family: str) -> tuple[str, ...]:
    found = (short(arn) for page in pages(client, "list_task_definitions", "ecs:ListTaskDefinitions", familyPrefix=family,
                                          status="ACTIVE", sort="DESC") for arn in page.get("taskDefinitionArns", ()))
    return tuple(sorted((each for each in found if each.rpartition(":")[0] == family),
                        key=lambda each: -int(each.rpartition(":")[2])))
