"""The claims about a service on ECS: it runs what was deployed, with these tasks and images, and stays up. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from checks.contract.deployment.sections import ServiceSpec
from checks.contract.deployment.times import shown_duration
from checks.deployment.seen import DeploymentSeen
from checks.deployment.services import Service, ServiceSeen, Task
from checks.kinds import Finding, claim
from checks.values import Unverified, Verdict

FLAPPING = 2
"""So many tasks that stopped by themselves are no accident."""
_CALM = re.compile(r"Scaling activity initiated by|Service was deleted|Task stopped by user")
_REASONS = re.compile(r"Essential container in task exited|Task failed (?:ELB|container) health checks|OutOfMemoryError|"
                      r"CannotPullContainerError|CannotStartContainerError|CannotCreateContainerError|TaskFailedToStart|"
                      r"ResourceInitializationError|Timeout waiting for network interface")
"""AWS's own words; a user who stops a task may write what he likes."""
_ALLOW = "Allow it (docs/deployment.md has the policy), then run again."


def judge_service(spec: ServiceSpec, seen: DeploymentSeen) -> Iterator[Verdict]:
    """The claims about one service."""
    told = seen.services[spec.name]
    service = told.service
    yield running(spec.name, spec, service)
    yield rollout(spec.name, spec, told)
    yield tasks(spec.name, told, seen.since or spec.deployed_after, seen)
    if spec.image is not None:
        yield image(spec.name, spec.image, told)
    yield steady(spec.name, told, spec, seen)


@claim("deployment:service.{name}.running", evidence=("observed",),
       breaks="it is gone, not ACTIVE, wants no task or runs fewer than it wants or than the contract says")
def running(name: str, spec: ServiceSpec, service: Service | Unverified | None) -> Finding:
    """the service {name} is ACTIVE and runs every task that it wants"""
    if not isinstance(service, Service):
        return _unseen(service) if service is not None else Finding(
            "broken", f"The cluster {spec.cluster} has no service {spec.service}.", spec.service,
            f"aws ecs list-services --cluster {spec.cluster}")
    counts = f"desired {service.desired}, running {service.running}, pending {service.pending}"
    scale = f"aws ecs update-service --cluster {spec.cluster} --service {spec.service} --desired-count {spec.min_running}"
    if service.status != "ACTIVE":
        return Finding("broken", f"It is {service.status}.", service.status, f"Deploy the service {spec.service} again.")
    if service.desired < 1:
        return Finding("broken", f"It wants no task: {counts}.", counts, scale)
    if service.desired < spec.min_running:
        return Finding("broken", f"It wants fewer than {spec.min_running}: {counts}.", counts, scale)
    if service.running != service.desired:
        primary = service.primary
        if primary is not None and primary.state == "IN_PROGRESS":
            return Finding("unverified", f"It is still being rolled out: {counts}.", "", _wait(spec), moving=True)
        return Finding("broken", f"It does not run what it wants: {counts}.", counts,
                       f"aws ecs describe-services --cluster {spec.cluster} --services {spec.service} "
                       "--query services[].events")
    return Finding("held", counts)


@claim("deployment:service.{name}.rollout", evidence=("observed",),
       breaks="the rollout failed or was rolled back, or the service runs another task definition than the expected one; "
              "unverified while it is rolled out")
def rollout(name: str, spec: ServiceSpec, told: ServiceSeen) -> Finding:
    """the last rollout of the service {name} is COMPLETED, of the expected task definition"""
    service, wanted = told.service, told.wanted
    if not isinstance(service, Service):
        return _unseen(service)
    primary = service.primary
    again = f"aws ecs update-service --cluster {spec.cluster} --service {spec.service} --task-definition {wanted}"
    failed = next((each for each in service.rollouts if each.state == "FAILED"), None)
    if failed is not None:
        return Finding("broken", f"The rollout of {failed.definition} FAILED"
                       + (f", and {primary.definition} is back" if primary and primary is not failed else "")
                       + f"; {failed.failed} tasks did not start.", f"{failed.definition} FAILED", again)
    if isinstance(wanted, Unverified):
        return _unseen(wanted)
    now = primary.definition if primary is not None else service.definition
    if primary is not None and "circuit breaker" in primary.reason and "rolling back" in primary.reason:
        return Finding("broken", f"The circuit breaker rolled it back to {now}.", f"{now} by rollback", again)
    if now != wanted:
        return Finding("broken", f"It runs {now}, and {wanted} is expected: it was not rolled out, or was rolled back.", now,
                       again)
    if primary is None or not primary.state:
        return Finding("unverified", f"Its deployment controller does not tell ECS how the rollout of {now} goes.", "",
                       "aws deploy list-deployments")
    others = [each.definition for each in service.rollouts if each is not primary and each.status == "ACTIVE"]
    if primary.state != "COMPLETED" or others:
        return Finding("unverified", f"It is still being rolled out: {now} is {primary.state}"
                       + (f", beside {', '.join(others)}" if others else "") + ".", "", _wait(spec), moving=True)
    return Finding("held", now)


@claim("deployment:service.{name}.tasks", evidence=("observed",),
       breaks="a running task is of another revision, or was started before the deploy")
def tasks(name: str, told: ServiceSeen, since: dt.datetime | None, seen: DeploymentSeen) -> Finding:
    """every running task of the service {name} is of the expected task definition, started by the deploy"""
    service, found, wanted = told.service, told.running, told.wanted
    if not isinstance(service, Service):
        return _unseen(service)
    for part in (found, wanted):
        if isinstance(part, Unverified):
            return _unseen(part)
    if not found or isinstance(found, Unverified):
        return Finding("unverified", "No task of it is listed as running.", "", "Look at the service's events.",
                       moving=_moving(service))
    old = [task for task in found if task.definition != wanted]
    if old and _moving(service):
        return Finding("unverified", f"{len(old)} of {len(found)} tasks are still of {old[0].definition}.", "",
                       "Wait until the rollout is done.", moving=True)
    if old:
        return Finding("broken", f"{len(old)} of {len(found)} running tasks are of {_definitions(old)}, not {wanted}.",
                       f"task {old[0].name} of {old[0].definition}", "aws ecs stop-task, and look why the service keeps it.")
    if since is None:
        return Finding("held", f"{len(found)} tasks of {wanted}; nobody said when the deploy began (--since)")
    starting = [task for task in found if task.started is None]
    if starting:
        return Finding("unverified", f"{len(starting)} of {len(found)} tasks have not started yet.", "", "Run again.",
                       moving=True)
    early = [task for task in found if task.started is not None and task.started < since]
    if early and not seen.clocks_agree:
        return _skewed(seen)
    if early:
        return Finding("broken", f"{len(early)} of {len(found)} running tasks started before the deploy at "
                       f"{since:%Y-%m-%d %H:%M:%S} UTC: what was deployed does not run there.",
                       f"task {early[0].name}, started {early[0].started:%Y-%m-%d %H:%M:%S} UTC",
                       "aws ecs update-service --force-new-deployment with the cluster and the service.")
    return Finding("held", f"{len(found)} tasks of {wanted}")


@claim("deployment:service.{name}.image", evidence=("observed",),
       breaks="a running task has another image or digest, or its tasks have several digests of one tag")
def image(name: str, image: str, told: ServiceSeen) -> Finding:
    """every running task of the service {name} runs {image}"""
    if not isinstance(told.service, Service):
        return _unseen(told.service)
    if isinstance(told.running, Unverified):
        return _unseen(told.running)
    if not told.running:
        return Finding("unverified", "No task of it is listed as running.", "", "Look at the service's events.",
                       moving=_moving(told.service))
    reference, _, digest = image.rpartition("@") if "@" in image else ("", "", image) if image.startswith("sha256:") else (
        image, "", "")
    digests: set[str | None] = set()
    for task in told.running:
        fitting = [c for c in task.containers if not reference or c.image in (reference, image)]
        if digest:
            fitting = [c for c in fitting or task.containers if c.digest == digest or c.image.endswith(f"@{digest}")]
        if not fitting and _moving(told.service):
            return Finding("unverified", "It is still being rolled out.", "", "Wait until the rollout is done.", moving=True)
        if not fitting and digest and all(c.digest is None for c in task.containers):
            return Finding("unverified", f"AWS does not tell the image digest of task {task.name}.", "", "Run again.")
        if not fitting:
            others = ", ".join(f"{c.image} ({c.digest or 'no digest told'})" for c in task.containers)
            return Finding("broken", f"Task {task.name} runs {others}.", others,
                           "Register a task definition with this image, and update the service.")
        digests |= {c.digest for c in fitting}
    if len(digests - {None}) > 1 and not digest:
        listed = ", ".join(sorted(filter(None, digests)))
        return Finding("broken", f"The tag means {len(digests)} images: tasks run {listed}.", f"{len(digests)} digests",
                       "Deploy by digest, or force a new deployment.")
    return Finding("held", f"{len(told.running)} tasks, digest {next(iter(digests)) or 'not told'}")


@claim("deployment:service.{name}.steady", evidence=("observed",),
       breaks="tasks stop by themselves, or do not start, again and again")
def steady(name: str, told: ServiceSeen, spec: ServiceSpec, seen: DeploymentSeen) -> Finding:
    """no tasks of the service {name} stop by themselves"""
    if not isinstance(told.service, Service):
        return _unseen(told.service)
    if isinstance(told.stopped, Unverified):
        return _unseen(told.stopped)
    since, cluster = seen.since or seen.now - spec.window, spec.cluster
    ended = [task for task in told.stopped if task.stopped is not None and task.stopped >= since and not _calm(task)]
    failed = max((each.failed for each in told.service.rollouts if each.status == "PRIMARY"), default=0)
    whose = f"since {since:%Y-%m-%d %H:%M} UTC" if seen.since else f"in the last {shown_duration(spec.window)}"
    if len(ended) >= FLAPPING or failed >= FLAPPING:
        reasons = Counter(_reason(task) for task in ended)
        listed = "; ".join(f"{count} times {reason}" for reason, count in reasons.most_common(4)) or "they did not start"
        return Finding("broken", f"{max(len(ended), failed)} tasks stopped by themselves {whose}: {listed}.", listed,
                       f"aws ecs describe-tasks --cluster {cluster} --tasks {ended[0].name if ended else '…'}")
    return Finding("held", f"{len(ended)} tasks stopped by themselves {whose}")


def _calm(task: Task) -> bool:
    """Whether somebody wanted it to stop: a rollout, a scaling, a user."""
    return task.stop_code == "UserInitiated" or bool(_CALM.search(task.reason)) or task.stop_code in (
        "SpotInterruption", "TerminationNotice")


def _reason(task: Task) -> str:
    words = _REASONS.search(task.reason)
    codes = sorted({str(c.exit_code) for c in task.containers if c.exit_code})
    code = f" (exit code {', '.join(codes)})" if codes else ""
    return (words[0] if words else task.stop_code or "no reason told") + code


def _definitions(found: Sequence[Task]) -> str:
    return ", ".join(sorted({task.definition for task in found})[:3])


def _moving(service: Service) -> bool:
    return service.primary is not None and service.primary.state == "IN_PROGRESS"


def _wait(spec: ServiceSpec) -> str:
    return f"aws ecs wait services-stable --cluster {spec.cluster} --services {spec.service}; then run again"


def _skewed(seen: DeploymentSeen) -> Finding:
    return Finding("unverified", f"This machine's clock is {seen.skew.total_seconds():+.0f} s from AWS's, so the time of "
                   "the deploy says nothing about theirs.", "", "Set this machine's clock (date -u), then run again.")


def _unseen(why: Unverified | None) -> Finding:
    if why is None:
        return Finding("unverified", "There is no such service.", "", "See whether it runs.")
    return Finding("unverified", str(why), "", _ALLOW if "denied" in str(why) else "Mend that, then run again.")
