"""What is still on its way: migrations that are pending while a run waits, and looks that are laid on each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from checks.claims.ledger import missing_effects
from checks.claims.ledger_table import read_rows
from checks.claims.verify import Report
from checks.contract.migration import Migration
from checks.expectation.expectation import Expectation, expect
from checks.expectation.settled import Settled
from checks.observation.observe import Observation
from checks.values import Case, Verdict


def not_yet_applied(expectation: Expectation, seen: Observation) -> tuple[Migration, ...]:
    """The last expected migrations of which neither a row nor any effect is there, where an earlier one is."""
    spec = expectation.contract.ledger
    if spec is None or expectation.derived is None or expectation.in_one:
        return ()
    rows, settled = read_rows(spec, seen, expectation.known), Settled(expectation, seen)
    if rows.why_not:
        return ()
    absent: list[Migration] = []
    for migration in reversed(expectation.migrations):
        effects = expectation.effects[migration.version]
        if rows.times.get(migration.version) or len(missing_effects(effects, settled)[0]) < len(effects):
            return tuple(reversed(absent))
        absent.append(migration)
    return ()


def without(expectation: Expectation, absent: Sequence[Migration]) -> Expectation:
    """`expectation` with the last migrations pending."""
    kept = expectation.migrations[:len(expectation.migrations) - len(absent)]
    return replace(expect(expectation.contract, expectation.derived, kept[-1].version), schema=expectation.schema)


def as_pending(case: Case) -> Case:
    """The case of a migration that is not there, while a run waits for it."""
    return replace(case, verdicts=tuple(
        replace(verdict, verdict="unverified", detail="Pending: neither its row nor anything that it does is there yet.",
                witness="", about=(), foremost=False, moving=True, next_step="Apply it: python -m checks apply --target …")
        for verdict in case.verdicts))


def moving(report: Report) -> tuple[str, ...]:
    """The claims that a later look may tell more of."""
    return tuple(verdict.claim for case in report.cases for verdict in case.verdicts if verdict.moving)


def laid_on(first: Report, later: Report) -> Report:
    """What two looks came to: what was broken stays broken, of anything else the later look tells."""
    before = {(case.area, case.name): {verdict.claim: verdict for verdict in case.verdicts} for case in first.cases}
    after = {(case.area, case.name): {verdict.claim: verdict for verdict in case.verdicts} for case in later.cases}
    cases = tuple(Case(*name, tuple(_both(before.get(name, {}), after.get(name, {})))) for name in {**before, **after})
    return replace(later, cases=tuple(case for case in cases if case.verdicts),
                   cost={name: first.cost.get(name, 0) + cost for name, cost in later.cost.items()})


def _both(first: dict[str, Verdict], later: dict[str, Verdict]) -> Iterator[Verdict]:
    for claim in {**first, **later}:
        was, now = first.get(claim), later.get(claim)
        if was is not None and (was.verdict == "broken" or now is None and not was.moving):
            yield was
        elif now is not None:
            yield now
