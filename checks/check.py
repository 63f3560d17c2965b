"""The one orchestrator: a whole check of one target. The look, the replays, its Lambdas, the audits -> Report."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from checks.catalog.decode import decode
from checks.catalog.objects import of_no_table
from checks.catalog.snapshot import Snapshot
from checks.claims.access.role import access_names
from checks.claims.constraints import constrained_tables
from checks.claims.deployment.waiting import as_pending, laid_on, moving, not_yet_applied, without
from checks.claims.drift import EXTRA, SCHEMA
from checks.claims.fleet.schemas import judge_views, nobody
from checks.claims.fleet.shared import Shared
from checks.claims.functions.false_success import audit_names, false_success_names, judge_false_success
from checks.claims.verify import Judging, Report, always_left_out, judge, with_accepted
from checks.contract.migration import Migration
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.expectation.tenants import SchemaView, views
from checks.observation.observe import Observation, Scope, look, look_each
from checks.replays.claims import replay_verdicts
from checks.target.open_target import Place, open_place
from checks.target.target import Target
from checks.values import AREAS, FALSE_SUCCESS, INTERRUPTED, Case, Say, Unverified, Verdict, as_unverified


@dataclass(frozen=True)
class Deploy:
    """What a run knows of the deploy that it follows."""

    since: dt.datetime | None = None
    """When the deploy began, UTC."""
    wait: dt.timedelta = dt.timedelta()
    """For how long it looks again while something is still on its way."""
    pause: Callable[[float], None] = time.sleep
    """Waits for so many seconds."""
    clock: Callable[[], float] = time.monotonic
    """Seconds that only grow."""
    shared: Shared | None = None
    """What the run's other targets were judged by, where there are others."""


NO_DEPLOY = Deploy()
_OF_THE_DATABASE = ("ledger", "constraints", "enums", "dedupe", "access", "drift")
"""Areas that are judged by the look at the database alone."""


def check(target: Target, expectation: Expectation, areas: Collection[str] = AREAS,
          say: Say = lambda line: None, deploy: Deploy = NO_DEPLOY) -> Report:
    """Looks at `target` and judges what is there.

    Args:
        target: where.
        expectation: what should be there.
        areas: which areas somebody wants; the slow ones are only run when they are among them.
        say: takes a line about what takes long.
        deploy: which deploy this run follows, and for how long it waits for it.

    Raises:
        UsageError: the target cannot be set up as the contract says.
    """
    try:
        with as_unverified(), open_place(target, expectation.contract, expectation.migrations) as place:
            report = _until_settled(_Look(place, expectation, areas, say, deploy.since, deploy.shared), deploy)
    except Unverified as error:
        return unseen(target, expectation, str(error))
    except KeyboardInterrupt:
        return unseen(target, expectation, INTERRUPTED)
    if "false-success" in areas and expectation.contract.audits and target.scratch:
        from checks.audits.report import audit_cases

        say(f"auditing {', '.join(spec.name for spec in expectation.contract.audits)} …")
        try:
            report = _with_cases(report, audit_cases(expectation.contract, target))
        except KeyboardInterrupt:
            report = _with_cases(report, tuple(_unseen(FALSE_SUCCESS, name, INTERRUPTED)
                                               for name in audit_names(expectation.contract, target)))
    report = _complete(_nothing_held_elsewhere(report), names_of(expectation, report.target))
    return with_accepted(report, expectation.contract.accepts, dt.datetime.now(dt.UTC).date())


def _until_settled(look: _Look, deploy: Deploy) -> Report:
    """Looks again while something is on its way, until the time is up; then what is not there is broken."""
    if not deploy.wait:
        return look.once()
    start, pause_s = deploy.clock(), 2.0
    report = look.once(patient=True)
    while waiting := moving(report):
        left_s = deploy.wait.total_seconds() - (deploy.clock() - start)
        if left_s <= 0:
            return laid_on(report, replace(look, again=True).once())
        more = f" and {len(waiting) - 3} more" if len(waiting) > 3 else ""
        look.say(f"waiting for {', '.join(waiting[:3])}{more}: {left_s:,.0f} s left …")
        deploy.pause(min(pause_s, left_s))
        pause_s = min(pause_s * 1.5, 30.0)
        report = laid_on(report, replace(look, again=True).once(patient=True))
    return report


def unseen(target: Target, expectation: Expectation, why: str, *, failed: bool = True) -> Report:
    """The Report of a target that could not be looked at: every case is unverified."""
    left = (*expectation.contract.absent, *always_left_out(target, expectation))
    cases = tuple(_unseen(area, name, why) for area, name in names_of(expectation, target))
    return Report(target, cases, left, failure=why if failed else "")


def says_anything(expectation: Expectation, target: Target) -> bool:
    """Whether a claim is about the target itself, and not only about how this suite reads replies."""
    about_it = any(area != FALSE_SUCCESS for area, _ in names_of(expectation, target))
    return about_it or target.spec.route == "lambda" or bool(expectation.contract.audits)


def names_of(expectation: Expectation, target: Target) -> tuple[tuple[str, str], ...]:
    """(area, case) of every item, known without contacting the target: an item a table, migration, enum or function."""
    contract, objects = expectation.contract, expectation.objects
    names: list[tuple[str, str]] = []
    if expectation.derived is not None:
        if contract.ledger is not None:
            names += [("ledger", migration.version) for migration in expectation.migrations]
            names.append(("ledger", contract.ledger.shown))
        names += [("constraints", name) for name in constrained_tables(expectation)]
    names += [("enums", spec.shown) for spec in contract.enums]
    names += [("dedupe", spec.name) for spec in contract.dedupe]
    names += [("false-success", name) for name in false_success_names(contract, target)]
    names += [("access", name) for name in access_names(expectation, ours=target.ours)]
    names += [("deployment", name) for name in target.spec.deployment]
    if expectation.derived is not None:
        names += [("drift", key.relation) for key in objects if key.kind == "table" and expectation.judges(key)]
        if any(map(expectation.judges, of_no_table(objects))):
            names.append(("drift", SCHEMA))
        names.append(("drift", EXTRA))
    return tuple(names)


@dataclass(frozen=True)
class _Look:
    """How a target is looked at, once or again and again."""

    place: Place
    expectation: Expectation
    areas: Collection[str]
    say: Say
    since: dt.datetime | None
    shared: Shared | None = None
    again: bool = False
    """Whether this is a later look: no event is replayed a second time."""

    def once(self, *, patient: bool = False) -> Report:
        """One look. `patient`: migrations that are not there at all are pending, not broken."""
        report, settled = self._database(patient)
        if not report.failure or self.place.target.spec.route == "lambda":  # a function that lies may be why the look failed
            report = _with_live_claims(report, self.place, self.expectation)
        return self._with_deployment(report, settled)

    def _database(self, patient: bool) -> tuple[Report, Settled | None]:
        place, expectation = self.place, self.expectation
        try:
            with as_unverified():
                if expectation.contract.pattern is not None:
                    return self._many(patient), None
                seen = look(place, expectation.contract, expectation.objects, self._decoded)
                report = self._judged(expectation, seen, patient, None if self.shared is None else self.shared.judged)
        except Unverified as error:
            return unseen(place.target, expectation, str(error)), None
        settled = Settled(expectation, seen)
        if "dedupe" not in self.areas or report.elsewhere or self.again \
                or report.identity.get("in_recovery"):
            return report, settled
        replayed = replay_verdicts(place, expectation.contract, self.say)
        return replace(report, cases=tuple(
            replace(case, verdicts=(*case.verdicts, *replayed.get(case.name, ()))) if case.area == "dedupe" else case
            for case in report.cases)), settled

    def _many(self, patient: bool) -> Report:
        """Of many schemas that the same migrations make."""
        place, expectation, seen = self.place, self.expectation, list[SchemaView]()

        def split(snapshot: Snapshot) -> list[Scope]:
            seen[:] = views(expectation, snapshot)
            return [view.scope for view in seen]

        observed = look_each(place, expectation.contract, expectation.objects, split, self._decoded)

        def judged(one: Expectation, its: Observation) -> Report:
            names = (name for name in names_of(one, place.target) if name[0] in _OF_THE_DATABASE)
            return _complete(self._judged(one, its, patient), tuple(names))

        report = judge_views(expectation, list(zip(seen, observed, strict=True)), judged)
        if len(seen) > 1:
            return report
        told = {(case.area, case.name) for case in report.cases}
        return replace(report, cases=(*report.cases, *(
            _unseen(area, name, nobody(expectation.contract)) for area, name in names_of(expectation, place.target)
            if area in _OF_THE_DATABASE and (area, name) not in told)))

    @property
    def _decoded(self) -> Callable[[str], Snapshot]:
        return decode if self.shared is None else self.shared.decoded

    def _judged(self, expectation: Expectation, seen: Observation, patient: bool, judging: Judging | None = None) -> Report:
        report = judge(expectation, seen, self.place.target, dt.datetime.now(dt.UTC).date(), judging)
        absent = not_yet_applied(expectation, seen) if patient else ()
        return self._with_pending(report, expectation, seen, absent) if absent else report

    def _with_pending(self, strict: Report, expectation: Expectation, seen: Observation, absent: Sequence[Migration],
                      ) -> Report:
        report = judge(without(expectation, absent), seen, self.place.target, dt.datetime.now(dt.UTC).date())
        names = {migration.version for migration in absent}
        waiting = (as_pending(case) for case in strict.cases if case.area == "ledger" and case.name in names)
        return replace(report, cases=(*report.cases, *waiting))

    def _with_deployment(self, report: Report, settled: Settled | None) -> Report:
        spec = self.place.target.spec
        if not spec.deployment or "deployment" not in self.areas:
            return report
        from checks.claims.deployment.judge import deployment_left_out, judge_deployment
        from checks.deployment.seen import see_deployment

        try:
            with as_unverified():
                seen = see_deployment(self.place, self.expectation.contract, self.expectation.migrations, self.since,
                                      dt.datetime.now(dt.UTC))
                cases = judge_deployment(spec, self.expectation, seen, settled)
                left = tuple(deployment_left_out(spec, self.expectation, seen, settled))
        except Unverified as error:  # what the database said stands
            names = names_of(self.expectation, self.place.target)
            cases, left = tuple(_unseen(area, name, str(error)) for area, name in names if area == "deployment"), ()
        return replace(_with_cases(report, cases), left_out=(*report.left_out, *left))


def _with_live_claims(report: Report, place: Place, expectation: Expectation) -> Report:
    cases, left, cost = judge_false_success(place, expectation)
    if report.failure:  # what was not looked at is not green
        cases = tuple(replace(case, verdicts=tuple(_not_held(verdict, report.failure) for verdict in case.verdicts))
                      for case in cases)
    total = dict(Counter(report.cost) + Counter(cost)) or dict.fromkeys(("statements", "scans", "invocations"), 0)
    total = {name: total.get(name, 0) for name in ("statements", "scans", "invocations")}
    return replace(_with_cases(report, cases), left_out=(*report.left_out, *left), cost=total)


def _with_cases(report: Report, cases: tuple[Case, ...]) -> Report:
    """`report` with `cases` in the place of those of the same area and name."""
    new = {(case.area, case.name) for case in cases}
    return replace(report, cases=(*(case for case in report.cases if (case.area, case.name) not in new), *cases))


def _nothing_held_elsewhere(report: Report) -> Report:
    """Where no expected table is, this looks like another database, and nothing said of it is called held."""
    if not report.elsewhere:
        return report
    why = "None of the expected tables is here: this looks like another database."
    return replace(report, cases=tuple(
        replace(case, verdicts=tuple(_not_held(verdict, why) for verdict in case.verdicts)) for case in report.cases))


def _not_held(verdict: Verdict, why: str) -> Verdict:
    if verdict.verdict != "held":
        return verdict
    return replace(verdict, verdict="unverified", detail=why, next_step="Look at the target's address and database.")


def _complete(report: Report, names: tuple[tuple[str, str], ...]) -> Report:
    """`report` with an unverified case for each promised name that got no verdict."""
    judged = {(case.area, case.name) for case in report.cases}
    missing = tuple(_unseen(area, name, "judging it broke off in the harness") for area, name in names
                    if (area, name) not in judged)
    return replace(report, cases=(*report.cases, *missing))


def _unseen(area: str, name: str, why: str) -> Case:
    return Case(area, name, (Verdict(f"{area}:{name}", f"the {area} claims of {name} hold", "unverified", "catalog",
                                     why, "", "Mend what is said above, then run again."),))
