"""What was seen of a target, judged claim by claim: (Expectation, Observation) -> Report. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from checks.claims.access.judge import judge_access
from checks.claims.access.role import access_left_out
from checks.claims.causes import with_causes
from checks.claims.constraints import constraints_left_out, judge_constraints
from checks.claims.dedupe.stored import dedupe_left_out
from checks.claims.dedupe.structure import judge_dedupe
from checks.claims.drift import judge_drift
from checks.claims.enums import judge_enums
from checks.claims.ledger import judge_ledger
from checks.claims.standby import as_a_standby_tells
from checks.contract.accept import Accept
from checks.contract.contract import Contract
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.observation.observe import Observation
from checks.target.target import Target
from checks.values import Case, HarnessError, LeftOut, Verdict


@dataclass(frozen=True)
class Report:
    """What a run came to for one target."""

    target: Target
    cases: tuple[Case, ...]
    left_out: tuple[LeftOut, ...]
    identity: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, int] = field(default_factory=dict)
    failure: str = ""
    """Why the target could not be looked at, when it could not."""
    elsewhere: bool = False
    """None of the expected tables is there."""
    notes: tuple[str, ...] = ()
    """What is told at the end beside the claims."""


class Judging(Protocol):
    """How every case is judged: `judged`, or `Shared.judged`, which does it once for targets that look alike."""

    def __call__(self, expectation: Expectation, seen: Observation, target: Target, today: dt.date) -> tuple[Case, ...]:
        """Every case, in the order of the areas."""


def judge(expectation: Expectation, seen: Observation, target: Target, today: dt.date,
          judging: Judging | None = None) -> Report:
    """What `seen` says of every claim.

    Args:
        expectation: what should be there.
        seen: what was asked of the target, and answered.
        target: which.
        today: the date in UTC, for what the contract accepts until then.
        judging: how; None: by itself.
    """
    left = [*expectation.contract.absent, *always_left_out(target, expectation), *dedupe_left_out(expectation, seen),
            *access_left_out(expectation, ours=target.ours)]
    if expectation.derived is not None:
        left += constraints_left_out(expectation, seen)
    tables = [key for key in expectation.objects if key.kind == "table"]
    elsewhere = bool(tables) and not any(key in seen.snapshot.objects for key in tables)
    cases, identity = (judging or judged)(expectation, seen, target, today), dict(seen.snapshot.identity)
    if seen.lag is not None:
        cases, identity = as_a_standby_tells(cases, seen.lag), {**identity, "replica": seen.lag}
        if target.scratch and target.spec.route == "direct":
            left += [LeftOut("enums", "no INSERT is attempted: a standby only reads"),
                     LeftOut("dedupe", "no event is replayed: a standby only reads")]
    return Report(target, cases, tuple(left), identity, dict(seen.cost), elsewhere=elsewhere)


def judged(expectation: Expectation, seen: Observation, target: Target, today: dt.date) -> tuple[Case, ...]:
    """Every case, in the order of the areas."""
    settled = Settled(expectation, seen)
    return with_causes((*of_the_ledger(settled), *of_the_rest(settled, target, today)))


def of_the_ledger(settled: Settled) -> tuple[Case, ...]:
    """The cases that rest on the ledger's rows too."""
    return _judged_apart(lambda: judge_ledger(settled)) if settled.expectation.derived is not None else ()


def of_the_rest(settled: Settled, target: Target, today: dt.date) -> tuple[Case, ...]:
    """The cases that rest on everything but the ledger's rows."""
    expectation, seen = settled.expectation, settled.seen
    areas: list[Callable[[], Iterable[Case]]] = [
        lambda: judge_enums(expectation, seen), lambda: judge_dedupe(expectation, seen),
        lambda: judge_access(settled, ours=target.ours), lambda: judge_drift(settled, today)]
    if expectation.derived is not None:
        areas = [lambda: judge_constraints(settled), *areas]
    return tuple(case for area in areas for case in _judged_apart(area))


def _judged_apart(area: Callable[[], Iterable[Case]]) -> tuple[Case, ...]:
    """The cases of one area; none where judging it broke off, and then each of its claims is unverified."""
    try:
        return tuple(area())
    except HarnessError:
        raise
    except Exception:
        return ()


def always_left_out(target: Target, expectation: Expectation) -> Iterator[LeftOut]:
    """What no claim is made about on this target, whatever is found there."""
    if not target.spec.deployment:
        yield LeftOut("deployment", f"target {target.name} names no service, function, logs, freshness or rollback")
    if expectation.contract.enums and not (target.scratch and target.spec.route == "direct"):
        yield LeftOut("enums", "no INSERT is attempted: " + (
            "a query function only reads" if target.spec.route == "lambda" else "writes = \"never\""))
    yield from replay_left_out(target.scratch, target.spec.route, expectation.contract)
    if target.spec.through and expectation.pending:
        yield LeftOut("ledger", f"{len(expectation.pending)} migrations after {target.spec.through} are pending")


def replay_left_out(place_scratch: bool, route: str, contract: Contract) -> Iterator[LeftOut]:
    """Why no event is replayed, where none is."""
    for spec in contract.dedupe:
        if spec.consumer is None:
            yield LeftOut("dedupe", f"no event is replayed: dedupe.{spec.name} names no consumer")
        elif contract.pattern is not None:
            yield LeftOut("dedupe", f"no event is replayed: a consumer works in one schema, and {contract.pattern} stands "
                          "for many")
        elif not place_scratch:
            yield LeftOut("dedupe", "no event is replayed: writes = \"never\"")
        elif route == "lambda":
            yield LeftOut("dedupe", "no event is replayed: a query function only reads")


def one_case_an_area(report: Report) -> Report:
    """`report` with all the claims of an area in one case without a name."""
    areas: dict[str, list[Verdict]] = {}
    for case in report.cases:
        areas.setdefault(case.area, []).extend(case.verdicts)
    return replace(report, cases=tuple(Case(area, "", tuple(verdicts)) for area, verdicts in areas.items()))


def with_accepted(report: Report, accepts: Sequence[Accept], today: dt.date) -> Report:
    """`report` with every broken claim marked that one of `accepts` covers, and a note of each that covers none."""
    if not accepts:
        return report
    valid = [accept for accept in accepts if not accept.expired(today)]
    cases = tuple(replace(case, verdicts=tuple(_marked(verdict, valid) for verdict in case.verdicts))
                  for case in report.cases)
    verdicts = [verdict for case in report.cases for verdict in case.verdicts]
    return replace(report, cases=cases, notes=(*report.notes, *_notes(verdicts, accepts, today)))


def _marked(verdict: Verdict, accepts: Sequence[Accept]) -> Verdict:
    accept = next((each for each in accepts if each.covers(verdict.claim)), None) if verdict.verdict == "broken" else None
    return verdict if accept is None else replace(verdict, accepted=accept.mark)


def _notes(verdicts: Sequence[Verdict], accepts: Sequence[Accept], today: dt.date) -> Iterator[str]:
    for accept in accepts:
        about = [verdict for verdict in verdicts if accept.covers(verdict.claim)]
        if accept.expired(today):
            yield f"[[accept]] {accept.claim} ran out on {accept.until}: it accepts nothing any more"
        elif not about:
            yield f"[[accept]] {accept.claim} is about no claim of this target"
        elif all(verdict.verdict != "broken" for verdict in about):
            yield f"[[accept]] {accept.claim} accepts nothing: no such claim is broken here; remove it"
