"""The claims that nothing which did not happen is taken for a success: the declared reply shape, and both Lambdas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from checks.catalog.snapshot import Snapshot
from checks.claims.functions.deployed_code import judge_code, judge_executed, may_fetch
from checks.claims.functions.query_function import judge_query
from checks.contract.contract import LOCAL_MIGRATION, LOCAL_QUERY, Contract
from checks.expectation.expectation import Expectation
from checks.lambdas.client import invoke, plain_name
from checks.lambdas.replies.corpus import misjudged
from checks.lambdas.replies.reply import Reply
from checks.lambdas.replies.specimens import Specimen, load
from checks.resources import PAYLOADS
from checks.target.open_target import Place
from checks.target.session import Cost, Session
from checks.target.target import Target
from checks.values import FALSE_SUCCESS, Case, LeftOut, UsageError, Verdict

SHAPE = "reply-shape"


def judge_false_success(place: Place, expectation: Expectation, found: Snapshot | None = None,
                        session_factory: Callable[[], Session] | None = None,
                        ) -> tuple[tuple[Case, ...], tuple[LeftOut, ...], Mapping[str, int]]:
    """Every case of this area but the audits; also when the look itself failed, since a lie may be why.

    Args:
        place: the target.
        expectation: the migrations that the deployed code should hold.
        found: what the look saw; not needed.
        session_factory: not needed; the query function is asked past the session, so that its reply is seen.

    Returns:
        Cases, what is left out, and what it cost: statements, scans, invocations. Failing probes are invocations.
    """
    spec = place.target.spec
    cases = [_reply_shape(place.target)]
    cost = Cost()
    if spec.route != "lambda":
        why = "no Lambda is on this route: only the reply shape is claimed"
        return tuple(cases), (LeftOut(FALSE_SUCCESS, why),), _told(cost)
    left = []
    client = place.client()
    try:
        replies: list[Reply] = []

        def ask(sql: str) -> Reply:
            cost.invocations += 1
            cost.statements += 1
            replies.append(invoke(client, spec.query_function or "", {"sql": sql}, spec.qualifier))
            return replies[-1]

        probes = place.target.ours if spec.error_probes is None else spec.error_probes
        name = plain_name(spec.query_function or LOCAL_QUERY)
        verdicts = list(judge_query(spec, name, ask, probes=probes))
        if spec.qualifier:
            function = spec.query_function or LOCAL_QUERY
            verdicts.append(judge_executed(spec.qualifier, function, name, client, replies[0].executed_version))
        cases.append(Case(FALSE_SUCCESS, name, tuple(verdicts)))
        if not probes:
            left.append(LeftOut(FALSE_SUCCESS, "no failing question is asked: error_probes is off for given targets"))
        if spec.migration_function:
            name = plain_name(spec.migration_function)
            bundle = expectation.contract.root / spec.bundle if spec.bundle else None
            cases.append(Case(FALSE_SUCCESS, name, tuple(
                judge_code(spec, name, client, bundle, expectation.migrations))))
            if bundle is None:
                left.append(LeftOut(FALSE_SUCCESS, f"no `bundle` says what {name} should run"))
                if not may_fetch(client, spec):
                    left.append(LeftOut(FALSE_SUCCESS, f"the code of {name} may not be fetched (lambda:GetFunction)"))
        else:
            left.append(LeftOut(FALSE_SUCCESS, "the target names no migration_function"))
    finally:
        client.close()
    return tuple(cases), tuple(left), _told(cost)


def false_success_names(contract: Contract, target: Target) -> tuple[str, ...]:
    """The names of the cases, known without contacting the target; audits among them."""
    spec = target.spec
    names = [SHAPE]
    if spec.route == "lambda":
        names.append(plain_name(spec.query_function or LOCAL_QUERY))
        if spec.migration_function or target.ours:
            names.append(plain_name(spec.migration_function or LOCAL_MIGRATION))
    return (*names, *audit_names(contract, target))


def audit_names(contract: Contract, target: Target) -> tuple[str, ...]:
    """The names of the cases that `audit_cases` gives: one for each `[audit.NAME]`, where it may be written."""
    return tuple(f"audit.{spec.name}" for spec in contract.audits) if target.scratch else ()


@cache
def _corpus() -> tuple[Specimen, ...]:
    return load(PAYLOADS)


def _reply_shape(target: Target) -> Case:
    claim, sentence = f"{FALSE_SUCCESS}:{SHAPE}", "the declared reply shapes let no false success pass, and every true one"
    spec = target.spec
    try:
        corpus = _corpus()
    except UsageError as error:
        return Case(FALSE_SUCCESS, SHAPE, (Verdict(claim, sentence, "unverified", "observed", str(error), "",
                                          "Run the suite from its checkout, which has the corpus."),))
    wrong = [bad for function, shape in (("migration", spec.reply), ("query", spec.query_reply))
             for bad in misjudged(shape, [one for one in corpus if one.function == function])]
    if wrong:
        more = f" And {len(wrong) - 3} more." if len(wrong) > 3 else ""
        verdict = Verdict(claim, sentence, "broken", "observed", "\n".join(bad.sentence for bad in wrong[:3]) + more,
                          wrong[0].specimen.name,
                          f"Describe the replies more closely: [target.{spec.name}.reply] and "
                          f"[target.{spec.name}.query_reply].")
    else:
        verdict = Verdict(claim, sentence, "held", "observed", f"{len(corpus)} replies told in them")
    return Case(FALSE_SUCCESS, SHAPE, (verdict,))


def _told(cost: Cost) -> Mapping[str, int]:
    return {"statements": cost.statements, "scans": cost.scans, "invocations": cost.invocations}
