"""The whole road: contract and target -> Report. Everything is looked at first; then judged, purely."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from checks.catalog.snapshot import Snapshot, decode
from checks.claims.constraints import constraints_left_out, judge_constraints
from checks.claims.dedupe import dedupe_left_out, judge_dedupe, judge_statements, judge_stored
from checks.claims.drift import judge_drift
from checks.claims.enums import judge_enums
from checks.claims.ledger import judge_ledger
from checks.contract.contract import Contract
from checks.expectation.derive import derive
from checks.expectation.derived import Derived
from checks.expectation.expectation import Expectation, expect
from checks.observation.observe import Observation, observe
from checks.target.open_target import Place
from checks.target.servers import ScratchServer, embedded
from checks.target.target import Target
from checks.values import Case, HarnessError, LeftOut, Rejected, Unverified


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


def expectation_of(contract: Contract, target: Target,
                   scratch: Callable[[], AbstractContextManager[ScratchServer]] = embedded) -> Expectation:
    """What `target` should look like.

    Raises:
        UsageError: the contract, the lock or a migration is at fault.
    """
    derived: Derived | None = derive(contract, scratch) if contract.migrations is not None else None
    return expect(contract, derived, target.spec.through)


def look(place: Place, expectation: Expectation) -> Observation:
    """One look at the target, through a fresh session.

    Raises:
        Unverified: with what would let us look.
    """
    session = place.session()
    try:
        return observe(session, expectation.contract, expectation.objects)[0]
    except Rejected as refusal:
        raise Unverified(f"Target {place.target.name!r} refused the question about its catalogue: {refusal}."
                         + _grant(refusal)) from None
    finally:
        session.close()


def _grant(refusal: Rejected) -> str:
    if refusal.sqlstate == "42501":
        return " Let the role read pg_catalog again: GRANT SELECT ON ALL TABLES IN SCHEMA pg_catalog TO the role;"
    return " PostgreSQL 14 to 18 are supported."


def judge(expectation: Expectation, seen: Observation, target: Target, today: dt.date) -> Report:
    """What `seen` says of every claim. Pure."""
    found = decode(seen.document)
    cases = judged(expectation, seen, found, today)
    left = [*expectation.contract.absent, *always_left_out(target, expectation)]
    left += dedupe_left_out(expectation, found)
    if expectation.derived is not None:
        left += constraints_left_out(expectation, found)
    tables = [key for key in expectation.objects if key.startswith("table:")]
    elsewhere = bool(tables) and not any(key in found.objects for key in tables)
    return Report(target, cases, tuple(left), dict(found.identity), dict(seen.cost), elsewhere=elsewhere)


def judged(expectation: Expectation, seen: Observation, found: Snapshot, today: dt.date) -> tuple[Case, ...]:
    """Every case, in the order of the areas."""
    cases: list[Case] = []
    if expectation.derived is not None:
        cases += judge_ledger(expectation, seen, found)
        cases += judge_constraints(expectation, seen, found)
    cases += judge_enums(expectation, seen, found)
    cases += dedupe_cases(expectation, seen, found)
    cases += judge_drift(expectation, found, today, seen)
    return tuple(cases)


def dedupe_cases(expectation: Expectation, seen: Observation, found: Snapshot) -> Iterator[Case]:
    """Structure, statements and stored rows, a case for each `[dedupe.NAME]`."""
    specs = {spec.name: spec for spec in expectation.contract.dedupe}
    for case in judge_dedupe(expectation.contract, found):
        spec = specs[case.name]
        yield replace(case, verdicts=(*case.verdicts, *judge_statements(spec, expectation, found),
                                      *judge_stored(spec, expectation, seen, found)))


def always_left_out(target: Target, expectation: Expectation) -> Iterator[LeftOut]:
    """What no claim is made about on this target, whatever is found there."""
    yield LeftOut("deployment", "services, logs and rollback are not looked at by this version")
    if expectation.contract.enums and not (target.scratch and target.spec.route == "direct"):
        yield LeftOut("enums", "no INSERT is attempted: " + (
            "a query function only reads" if target.spec.route == "lambda" else "writes = \"never\""))
    yield from replay_left_out(target.scratch, target.spec.route, expectation.contract)
    if target.spec.through and expectation.pending:
        yield LeftOut("ledger", f"{len(expectation.pending)} migrations after {target.spec.through} are pending")


@contextmanager
def as_unverified() -> Iterator[None]:
    """Turns whatever else goes wrong while looking into Unverified, without a traceback.

    Raises:
        HarnessError: as it came, or Unverified in the place of any other exception.
    """
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        raise Unverified(f"The look at the target broke off: {type(error).__name__} in the harness. "
                         "Run again; if it stays, report it with the contract.") from error


def replay_left_out(place_scratch: bool, route: str, contract: Contract) -> Iterator[LeftOut]:
    """Why no event is replayed, where none is."""
    for spec in contract.dedupe:
        if spec.consumer is None:
            yield LeftOut("dedupe", f"no event is replayed: dedupe.{spec.name} names no consumer")
        elif not place_scratch:
            yield LeftOut("dedupe", "no event is replayed: writes = \"never\"")
        elif route == "lambda":
            yield LeftOut("dedupe", "no event is replayed: a query function only reads")
