"""What breaks a deploy, by name: the claim that must be broken, and words that tell of it; and what only looks like it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from tests.claims.functions.live import MIGRATIONS, migration_zip
from tests.deployment.stage import FUNCTION, GROUP, NOW, SERVICE, SINCE, Stage

Spoil = Callable[[Stage], object]
OLD_DIGEST = "sha256:" + "b" * 64


def rolled_back(stage: Stage) -> None:
    """The circuit breaker brought revision 2 back, and all is calm and COMPLETED."""
    for task in stage.tasks:
        task.task_definition_arn = task.task_definition_arn.replace(":3", ":2")
    stage.service.task_definition = f"{SERVICE}:2"
    stage.roll(taskDefinition=f"x/{SERVICE}:2", rolloutStateReason="ECS deployment completed.")


def breaker_tells(stage: Stage) -> None:
    stage.alter(services__task_definition=None)
    stage.roll(rolloutStateReason="ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.")


def one_old_task(stage: Stage) -> None:
    task = stage.tasks[0]
    task.task_definition_arn = task.task_definition_arn.replace(":3", ":2")


def crashes(stage: Stage) -> None:
    for task in stage.run(3, 2):
        stage.stop(task, "EssentialContainerExited", "Essential container in task exited", 137)


def tag_moved(stage: Stage) -> None:
    stage.alter(services__image="repo/app:3")
    stage.tasks[0].containers[0].image_digest = OLD_DIGEST


def drop_lines(stage: Stage) -> None:
    stage.logs.delete_log_stream(logGroupName=GROUP, logStreamName="task")


def only_old_lines(stage: Stage) -> None:
    drop_lines(stage)
    stage.logs.create_log_stream(logGroupName=GROUP, logStreamName="task")
    stage.say("INFO consumer ready", at=SINCE - dt.timedelta(minutes=1))


def group_misnamed(stage: Stage) -> None:
    stage.logs.delete_log_group(logGroupName=GROUP)
    stage.logs.create_log_group(logGroupName="/ecs/trade-stream-v2")


def without_line(text: str) -> Spoil:
    def spoil(stage: Stage) -> None:
        drop_lines(stage)
        stage.logs.create_log_stream(logGroupName=GROUP, logStreamName="task")
        stage.say(*(line for line in ("INFO consumer ready", "INFO Event already processed") if text not in line), "INFO x")
    return spoil


def old_code(stage: Stage) -> None:
    stage.aws.deploy(FUNCTION, migration_zip(MIGRATIONS[:-1]), publish=True)
    stage.functions.update_alias(FunctionName=FUNCTION, Name="live", FunctionVersion="3")


def alias_on_old(stage: Stage) -> None:
    stage.functions.update_alias(FunctionName=FUNCTION, Name="live", FunctionVersion="2",
                                 RoutingConfig={"AdditionalVersionWeights": {"1": 0.1}})


def one_version(stage: Stage) -> None:
    stage.functions.delete_function(FunctionName=FUNCTION, Qualifier="1")


def no_earlier_definition(stage: Stage) -> None:
    for revision in (1, 2):
        stage.ecs.deregister_task_definition(taskDefinition=f"{SERVICE}:{revision}")


def nightly(stage: Stage, ended: dt.datetime, **more: str) -> None:
    for file in (stage.folder / "evidence").iterdir():
        file.unlink()
    stage.evidence("run.json", ended, **more)


LOGS, SVC, FUN = "logs.trade-stream", "service.trade-stream", f"function.{FUNCTION}"
SABOTEURS: dict[str, tuple[Spoil, str, str]] = {
    "P1_function_update_failed": (lambda s: s.functions_say(LastUpdateStatus="Failed"), f"{FUN}.settled", "Failed"),
    "P1_old_code": (old_code, f"{FUN}.code", "CodeSha256"),
    "P2_alias_weighted_to_old": (alias_on_old, f"{FUN}.routing", "version 1"),
    "P3_zip_lacks_a_migration": (old_code, f"{FUN}.migrations", MIGRATIONS[-1].version),
    "P4_service_gone": (lambda s: s._ecs.services.clear(), f"{SVC}.running", f"no service {SERVICE}"),
    "P4_service_draining": (lambda s: setattr(s.service, "status", "DRAINING"), f"{SVC}.running", "DRAINING"),
    "P4_desired_none": (lambda s: setattr(s.service, "desired_count", 0), f"{SVC}.running", "no task"),
    "P4_too_few_wanted": (lambda s: s.service.__dict__.update(desired_count=1, running_count=1), f"{SVC}.running",
                          "fewer than 2"),
    "P4_too_few_run": (lambda s: setattr(s.service, "running_count", 1), f"{SVC}.running", "running 1"),
    "P4_rollout_failed": (lambda s: s.roll(rolloutState="FAILED", failedTasks=4), f"{SVC}.rollout", "FAILED"),
    "P4_rolled_back": (rolled_back, f"{SVC}.rollout", f"{SERVICE}:2"),
    "P4_circuit_breaker": (breaker_tells, f"{SVC}.rollout", "circuit breaker"),
    "P4_old_task_runs": (one_old_task, f"{SVC}.tasks", f"{SERVICE}:2"),
    "P4_task_from_before": (lambda s: setattr(s.tasks[0], "started_at", SINCE - dt.timedelta(hours=1)), f"{SVC}.tasks",
                            "before the deploy"),
    "P4_old_digest": (lambda s: setattr(s.tasks[1].containers[0], "image_digest", OLD_DIGEST), f"{SVC}.image", OLD_DIGEST),
    "P4_tag_of_two_images": (tag_moved, f"{SVC}.image", "2 images"),
    "P4_flapping": (crashes, f"{SVC}.steady", "exit code 137"),
    "P4_tasks_do_not_start": (lambda s: s.roll(failedTasks=3), f"{SVC}.steady", "3 tasks"),
    "P5_group_misnamed": (group_misnamed, f"{LOGS}.alive", "/ecs/trade-stream-v2"),
    "P5_no_lines": (drop_lines, f"{LOGS}.alive", "no line since"),
    "P5_lines_from_before": (only_old_lines, f"{LOGS}.alive", "no line since"),
    "P5_expected_line_missing": (without_line("ready"), f"{LOGS}.matches", "consumer ready"),
    "P5_constraint_violation": (lambda s: s.say('new row for relation "p" violates check constraint "chk"'), f"{LOGS}.clean",
                                "constraint violations: 1 line"),
    "P5_unhandled": (lambda s: s.say("x\nTraceback (most recent call last):\n  boom"), f"{LOGS}.clean", "unhandled errors"),
    "P5_swallowed": (lambda s: s.say("WARN there is no unique or exclusion constraint matching the ON CONFLICT"),
                     f"{LOGS}.clean", "swallowed errors"),
    "P5_error_level": (lambda s: s.say('{"level": "error", "msg": "no"}'), f"{LOGS}.clean", "swallowed errors"),
    "P5_forbidden_line": (lambda s: s.say("INFO position lost"), f"{LOGS}.clean", "position lost"),
    "P5_too_many_duplicates": (lambda s: s.say(*["Event already processed"] * 5), f"{LOGS}.count", "at most 3"),
    "P5_duplicates_not_recognised": (without_line("already"), f"{LOGS}.count", "at least 1"),
    "P6_no_earlier_definition": (no_earlier_definition, "rollback.service.trade-stream", f"{SERVICE}:3"),
    "P6_no_earlier_version": (one_version, f"rollback.function.{FUNCTION}", "No published version"),
    "P7_nightly_stopped": (lambda s: nightly(s, NOW - dt.timedelta(hours=30)), "freshness.nightly.evidence", "30 h ago"),
    "P7_nightly_without_credentials": (lambda s: nightly(s, NOW, failure="no password"), "freshness.nightly.evidence",
                                       "could not look"),
    "P7_nightly_saw_nothing": (lambda s: nightly(s, NOW, verdict="unverified"), "freshness.nightly.evidence", "not look"),
    "P7_evidence_of_another_target": (lambda s: nightly(s, NOW, target="staging"), "freshness.nightly.evidence", "other"),
    "P7_evidence_of_the_future": (lambda s: nightly(s, NOW + dt.timedelta(days=3)), "freshness.nightly.evidence", "future"),
    "P7_no_evidence": (lambda s: (s.folder / "evidence" / "last-night.json").unlink(), "freshness.nightly.evidence",
                       "No files"),
}
"""Name -> (what is done, the claim that must be broken, what its detail must tell)."""


IN_DATABASE = ("P6_not_null_without_default", "P6_rows_in_the_way", "P7_stats_never_ran", "P7_stats_stopped",
               "P7_stats_future")
"""Those that the tests of a real database commit."""


def scaled_in(stage: Stage) -> None:
    """A rollout stops the tasks before it, and that is no crash."""
    for task in stage.run(2, 3, SINCE - dt.timedelta(hours=1)):
        stage.stop(task, "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)")


def half_written(stage: Stage) -> None:
    (stage.folder / "evidence" / "half.json").write_text('{"schema": 1, "target": {"na')
    (stage.folder / "evidence" / "list.json").write_text("[1, 2]")
    stage.evidence("other.json", NOW, target="staging")


LOOKALIKES: dict[str, Spoil] = {
    "tasks_of_the_rollout_stopped": scaled_in,
    "one_task_crashed_once": lambda s: s.stop(s.run(3, 1)[0], "EssentialContainerExited", "Essential container exited"),
    "somebody_stopped_tasks": lambda s: [s.stop(t, "UserInitiated", "password=hunter2") for t in s.run(3, 2)],
    "a_job_beside_the_service": lambda s: s.run(1, 1, group="family:job"),
    "another_family_is_alike": lambda s: s.register(9, f"{SERVICE}-worker"),
    "errors_before_the_deploy": lambda s: s.say("ERROR Traceback (most recent call last)",
                                                at=SINCE - dt.timedelta(minutes=1)),
    "words_about_errors": lambda s: s.say("INFO 0 errors", "INFO error_rate=0", "INFO NOERROR", "INFO terror"),
    "duplicates_within_bounds": lambda s: s.say("Event already processed", "Event already processed"),
    "same_code_published_again": lambda s: s.aws.deploy(FUNCTION, migration_zip(), publish=True),
    "half_written_and_foreign_evidence": half_written,
    "longer_log_group_beside": lambda s: s.logs.create_log_group(logGroupName=f"{GROUP}-old"),
    "digest_by_reference": lambda s: s.alter(services__image=f"repo/app:3@{s.tasks[0].containers[0].image_digest}"),
}
"""What looks like a fault and is none."""
