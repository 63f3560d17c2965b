"""The claims that nothing which did not happen is taken for a success: the declared reply shape, and both Lambdas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from checks.claims.functions.deployed_code import judge_code, judge_executed
from checks.claims.functions.query_function import judge_query
from checks.contract.contract import LOCAL_MIGRATION, LOCAL_QUERY, Contract, TargetSpec
from checks.contract.migration import Migration
from checks.contract.reply_shape import ReplyShape
from checks.deployment.functions import ControlPlane
from checks.expectation.expectation import Expectation
from checks.kinds import Finding, claim
from checks.lambdas.client import invoke, plain_name
from checks.lambdas.replies.corpus import Misjudged, misjudged
from checks.lambdas.replies.reply import Reply
from checks.lambdas.replies.specimens import Specimen, load
from checks.resources import PAYLOADS
from checks.target.open_target import Place
from checks.target.session import Cost
from checks.target.target import Target
from checks.values import FALSE_SUCCESS, Case, LeftOut, UsageError

SHAPE = "reply-shape"
"""The case of the declared reply shapes."""


class Judged(NamedTuple):
    """What the claims of this area came to."""

    cases: tuple[Case, ...]
    left_out: tuple[LeftOut, ...]
    cost: Mapping[str, int]
    """Statements, scans, invocations; failing probes are invocations."""


def judge_false_success(place: Place, expectation: Expectation) -> Judged:
    """Every case of this area but the audits; also when the look itself failed, since a lie may be why.

    Args:
        place: the target. Its query function is asked past the session, so that its replies are seen.
        expectation: the migrations that the deployed code should hold.
    """
    spec, cost = place.target.spec, Cost()
    shape = Case(FALSE_SUCCESS, SHAPE, (reply_shape(spec, _corpus()),))
    if spec.route != "lambda":
        return _judged([shape], ["no Lambda is on this route: only the reply shape is claimed"], cost)
    client = place.client()
    try:
        probes = place.target.ours if spec.error_probes is None else spec.error_probes
        cases = [shape, _query_case(place.target, client, cost, probes)]
        left = [] if probes else ["no failing question is asked: error_probes is off for given targets"]
        if place.target.ours:
            left.append(f"no role is held to be read-only: this suite itself made the one that {_query_name(spec)} asks as")
        if spec.migration_function:
            bundle = expectation.contract.root / spec.bundle if spec.bundle else None
            cases.append(_migration_case(spec, client, bundle, expectation.migrations))
            left += _migration_left_out(spec, client, bundle)
        else:
            left.append("the target names no migration_function")
    finally:
        client.close()
    return _judged(cases, left, cost)


@claim("false-success:reply-shape", evidence=("observed",),
       breaks="a reply of the corpus, told in the declared shape, is called a success and is none, or the reverse")
def reply_shape(spec: TargetSpec, corpus: tuple[Specimen, ...] | UsageError) -> Finding:
    """the declared reply shapes let no false success pass, and every true one"""
    if isinstance(corpus, UsageError):
        return Finding("unverified", str(corpus), next_step="Run the suite from its checkout, which has the corpus.")
    wrong = [bad for function, shape in (("migration", spec.reply), ("query", spec.query_reply))
             for bad in _misjudged(function, shape, corpus)]
    if not wrong:
        return Finding("held", f"{len(corpus)} replies told in them")
    more = f" And {len(wrong) - 3} more." if len(wrong) > 3 else ""
    return Finding("broken", "\n".join(bad.sentence for bad in wrong[:3]) + more, wrong[0].specimen.name,
                   f"Describe the replies more closely: [target.{spec.name}.reply] and "
                   f"[target.{spec.name}.query_reply].")


def _misjudged(function: str, shape: ReplyShape, corpus: tuple[Specimen, ...]) -> Sequence[Misjudged]:
    return _ours_misjudged(function, shape) if corpus is _corpus() else \
        misjudged(shape, [one for one in corpus if one.function == function])


@cache
def _ours_misjudged(function: str, shape: ReplyShape) -> Sequence[Misjudged]:
    """As `misjudged`, once for all targets whose replies are built alike."""
    corpus = _corpus()
    return [] if isinstance(corpus, UsageError) else misjudged(shape, [one for one in corpus if one.function == function])


def false_success_names(contract: Contract, target: Target) -> tuple[str, ...]:
    """The names of the cases, known without contacting the target; audits among them."""
    spec = target.spec
    names = [SHAPE]
    if spec.route == "lambda":
        names.append(_query_name(spec))
        if spec.migration_function or target.ours:
            names.append(plain_name(spec.migration_function or LOCAL_MIGRATION))
    return (*names, *audit_names(contract, target))


def audit_names(contract: Contract, target: Target) -> tuple[str, ...]:
    """The names of the cases that `audit_cases` gives: one for each `[audit.NAME]`, where it may be written."""
    return tuple(f"audit.{spec.name}" for spec in contract.audits) if target.scratch else ()


@cache
def _corpus() -> tuple[Specimen, ...] | UsageError:
    try:
        return load(PAYLOADS)
    except UsageError as error:
        return error


def _query_name(spec: TargetSpec) -> str:
    return plain_name(spec.query_function or LOCAL_QUERY)


def _query_case(target: Target, client: Any, cost: Cost, probes: bool) -> Case:
    spec, name = target.spec, _query_name(target.spec)
    function = spec.query_function or LOCAL_QUERY
    replies: list[Reply] = []

    def ask(sql: str) -> Reply:
        cost.invocations += 1
        cost.statements += 1
        reply = invoke(client, function, {"sql": sql}, spec.qualifier)
        replies.append(reply)
        return reply

    verdicts = list(judge_query(spec, name, ask, probes=probes, own_role=target.ours))
    if spec.qualifier:
        first, *_ = replies
        verdicts.append(judge_executed(spec.qualifier, function, name, client, first.executed_version))
    return Case(FALSE_SUCCESS, name, tuple(verdicts))


def _migration_case(spec: TargetSpec, client: Any, bundle: Path | None, migrations: Sequence[Migration]) -> Case:
    name = plain_name(spec.migration_function or LOCAL_MIGRATION)
    return Case(FALSE_SUCCESS, name, tuple(judge_code(spec, name, client, bundle, migrations)))


def _migration_left_out(spec: TargetSpec, client: Any, bundle: Path | None) -> list[str]:
    function = spec.migration_function or LOCAL_MIGRATION
    name = plain_name(function)
    if bundle is not None:
        return []
    left = [f"no `bundle` says what {name} should run"]
    if not ControlPlane(client).may_fetch(function, spec.qualifier):
        left.append(f"the code of {name} may not be fetched (lambda:GetFunction)")
    return left


def _judged(cases: Sequence[Case], left_out: Sequence[str], cost: Cost) -> Judged:
    return Judged(tuple(cases), tuple(LeftOut(FALSE_SUCCESS, why) for why in left_out),
                  {"statements": cost.statements, "scans": cost.scans, "invocations": cost.invocations})
