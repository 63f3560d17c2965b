"""The cases of the area deployment: one for each name that the target's `deployment` lists. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from checks.claims.deployment.freshness import judge_freshness
from checks.claims.deployment.functions import judge_function
from checks.claims.deployment.logs import judge_logs
from checks.claims.deployment.rollback import judge_rollback, rollback_left_out
from checks.claims.deployment.services import judge_service
from checks.contract.contract import TargetSpec
from checks.contract.deployment.sections import ROLLBACK
from checks.deployment.seen import DeploymentSeen
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.values import Case, LeftOut, Verdict

AREA = "deployment"


def judge_deployment(spec: TargetSpec, expectation: Expectation, seen: DeploymentSeen, settled: Settled | None,
                     ) -> tuple[Case, ...]:
    """What `seen` says of every claim.

    Args:
        spec: the target, with the names.
        expectation: with the contract's sections, and the migrations' effects.
        seen: what AWS and the evidence files told.
        settled: the database as it was looked at; None: it could not be.
    """
    return tuple(Case(AREA, name, tuple(_judged(name, expectation, seen, settled))) for name in spec.deployment)


def _judged(name: str, expectation: Expectation, seen: DeploymentSeen, settled: Settled | None) -> Iterator[Verdict]:
    known = expectation.contract.deployment
    kind, _, own = name.partition(".")
    if kind == "service":
        yield from judge_service(known.services[own], seen)
    elif kind == "function":
        yield from judge_function(own, seen.functions[own])
    elif kind == "logs":
        yield from judge_logs(known.logs[own], seen)
    elif kind == "freshness":
        yield from judge_freshness(known.freshness[own], seen, settled.seen if settled else None)
    else:
        yield from judge_rollback(expectation, seen, settled)


def deployment_left_out(spec: TargetSpec, expectation: Expectation, seen: DeploymentSeen, settled: Settled | None,
                        ) -> Iterator[LeftOut]:
    """What of a deploy no claim is made about on a target that names some; arguments as above."""
    if ROLLBACK in spec.deployment:
        yield from rollback_left_out(expectation, seen, settled)
