"""One run's looks at a target, in order, each a handful of round trips: Session -> Observation.

    BEGIN; the Snapshot; ledger rows, lookup tables and predicates in one SELECT; ROLLBACK: four, on any schema.
    Scratch targets: INSERT attempts, one more. Scans of stored rows: one a table with NOT VALID constraints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from checks.catalog.decode import decode
from checks.catalog.key import Key
from checks.catalog.objects import Object
from checks.catalog.select import snapshot_select
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import Contract, EnumSpec
from checks.contract.deployment.sections import FreshnessSpec
from checks.observation.check_plan import check_questions
from checks.observation.dedupe_rows import DedupeCount, scan_dedupe
from checks.observation.enum_plan import EnumPlan, EnumTrial, plan_enums
from checks.observation.evaluate import PredicateQuestion
from checks.observation.freshness import FreshnessQuestion, scan_freshness
from checks.observation.insert_attempts import Attempt, attempt
from checks.observation.ledger_rows import LedgerQuestion, ledger_question
from checks.observation.lookup_rows import LookupQuestion, lookup_question, lookup_unasked
from checks.observation.questions import Asked, Question, Refusal, Unasked, ask_all
from checks.observation.replica import Lag, LagQuestion, lag_question
from checks.observation.stored_rows import StoredRows, scan
from checks.sql.values_accepted.answers import ColumnRow
from checks.target.open_target import Place
from checks.target.session import Session
from checks.values import Rejected, Unverified


@dataclass(frozen=True)
class EnumSeen:
    """What was asked about one declared enum, and answered."""

    plan: EnumPlan
    trial: Asked[EnumTrial] | None = None
    """The rows that the server was asked about, with its Truths."""
    lookup: Asked[LookupQuestion] | Asked[None] | None = None
    """The question about its lookup table; without one, the answer says why."""
    attempts: tuple[Attempt, ...] = ()
    """What became of real INSERTs; empty when none was made."""

    @property
    def refusal(self) -> Refusal | None:
        """Why the server did not say what it makes of the trial's rows, if it refused."""
        answer = self.trial.answer if self.trial else None
        return answer if isinstance(answer, Refusal) else None

    def accepts(self, row: ColumnRow) -> bool | None:
        """Whether the CHECKs that were evaluated let `row` in; None when it was not asked, or not answered."""
        if self.trial is None or not isinstance(self.trial.answer, tuple):
            return None
        rows = zip(self.trial.question.rows, self.trial.answer, strict=True)
        return next((False not in truths for asked, truths in rows if asked is row), None)


@dataclass(frozen=True)
class Observation:
    """All that one run saw of one target; every answer stands with its question."""

    snapshot: Snapshot
    ledger: Asked[LedgerQuestion] | None = None
    enums: Mapping[EnumSpec, EnumSeen] = field(default_factory=dict)
    checks: Mapping[Key, Asked[PredicateQuestion]] = field(default_factory=dict)
    """CHECKs that reading cannot tell from the expected ones: (expected, found) over rows that may tell them apart."""
    stored: StoredRows = field(default_factory=StoredRows)
    dedupe: tuple[Asked[DedupeCount], ...] = ()
    replica: Asked[LagQuestion] | None = None
    """How far behind a standby is; None: it is the primary."""
    cost: Mapping[str, int] = field(default_factory=dict)
    """statements, scans, invocations."""
    freshness: tuple[Asked[FreshnessQuestion], ...] = ()

    @property
    def lag(self) -> Lag | None:
        """What a standby told of itself, or that it told nothing; None: it is the primary."""
        if self.replica is None:
            return None
        return self.replica.answer if isinstance(self.replica.answer, Lag) else Lag()


class Scope(NamedTuple):
    """What is asked about together: of one contract, a part of what one SELECT saw."""

    contract: Contract
    expected: Mapping[Key, Object]
    """The objects that are judged, for predicates that differ and must be told apart."""
    snapshot: Snapshot


Split = Callable[[Snapshot], Sequence[Scope]]
"""The scopes of what was seen."""


def observe(session: Session, contract: Contract, expected: Mapping[Key, Object],
            freshness: Sequence[FreshnessSpec] = (), decoded: Callable[[str], Snapshot] = decode) -> Observation:
    """Looks at a target as a whole; see `observe_each`."""
    seen, = observe_each(session, contract, expected, lambda found: (Scope(contract, expected, found),), freshness, decoded)
    return seen


def observe_each(session: Session, contract: Contract, expected: Mapping[Key, Object], split: Split,
                 freshness: Sequence[FreshnessSpec] = (), decoded: Callable[[str], Snapshot] = decode,
                 ) -> tuple[Observation, ...]:
    """Looks at a target once, whatever there are of scopes: one Snapshot, and one SELECT with the questions of all of them.

    Args:
        session: the way there.
        contract: what is declared.
        expected: the derived objects.
        split: which scopes there are.
        freshness: the tables that must have rows of late.
        decoded: makes a Snapshot of the catalogue's document.

    Returns:
        What was seen, a scope each.

    Raises:
        Unverified: the target did not answer, or not as a catalogue does.
        Rejected: the role may not read the catalogue.
    """
    roles = {spec.role for spec in contract.access} | {key.bare for key in expected if key.kind == "role"}
    found = _snapshot(session, contract, sorted(roles), decoded)
    asked = [_ScopeAsked(scope) for scope in split(found)]
    replica = lag_question(found)
    answers = ask_all(session, [*(question for each in asked for question in each.questions()), *filter(None, [replica])])
    session.rest()
    plans = [plan for each in asked for plan in each.plans]
    attempts = attempt(session, found, plans) if session.can_run and replica is None else {}
    every = asked[0].scope.expected if len(asked) == 1 else {
        key: item for each in asked for key, item in each.scope.expected.items()}
    stored = scan(session, found, every)
    dedupe = [scan_dedupe(session, each.scope.contract, each.scope.snapshot) for each in asked]
    renewed = scan_freshness(session, contract, freshness, found) if freshness else ()
    cost = asdict(session.cost)
    return tuple(Observation(
        each.scope.snapshot, _asked(each.ledger, answers), each.enums(answers, attempts),
        {key: Asked(question, answers.get(question)) for key, question in each.checks.items()},
        _part(stored, each.scope) if len(asked) > 1 else stored, counts, _asked(replica, answers), cost, renewed)
        for each, counts in zip(asked, dedupe, strict=True))


def _part(stored: StoredRows, scope: Scope) -> StoredRows:
    """What was counted of one scope."""
    there = scope.snapshot.objects
    return StoredRows({key: stored.constraints[key] for key in there if key in stored.constraints},
                      {key: stored.sequences[key] for key in there if key in stored.sequences})


class _ScopeAsked:
    """The questions of one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope, (contract, expected, found) = scope, scope
        self.plans = plan_enums(contract.enums, found)
        self.ledger = ledger_question(contract, found)
        self.lookups = {plan.spec: lookup_question(plan, found) for plan in self.plans}
        self.trials = {plan.spec: plan.trial for plan in self.plans}
        self.checks = dict(check_questions(expected, found))

    def questions(self) -> Iterator[Question]:
        """All of them."""
        if self.ledger is not None:
            yield self.ledger
        for plan in self.plans:
            lookup, trial = self.lookups[plan.spec], self.trials[plan.spec]
            if lookup is not None:
                yield lookup
            if trial is not None:
                yield trial.question
        yield from self.checks.values()

    def enums(self, answers: Mapping[Question, Any], attempts: Mapping[str, tuple[Attempt, ...]],
              ) -> dict[EnumSpec, EnumSeen]:
        """What was answered about each declared enum."""
        return {plan.spec: EnumSeen(
            plan, _tried(self.trials[plan.spec], answers),
            _asked(self.lookups[plan.spec], answers) or _left(lookup_unasked(plan, self.scope.snapshot)),
            attempts.get(plan.spec.shown, ())) for plan in self.plans}


def look(place: Place, contract: Contract, expected: Mapping[Key, Object],
         decoded: Callable[[str], Snapshot] = decode) -> Observation:
    """One look at a target as a whole; see `look_each`."""
    seen, = look_each(place, contract, expected, lambda found: (Scope(contract, expected, found),), decoded)
    return seen


def look_each(place: Place, contract: Contract, expected: Mapping[Key, Object], split: Split,
              decoded: Callable[[str], Snapshot] = decode) -> tuple[Observation, ...]:
    """One look at a target whose server is up, through a fresh session; arguments as `observe_each` has them.

    Raises:
        Unverified: with what would let us look.
    """
    session = place.session()
    named, known = place.target.spec.deployment, contract.deployment.freshness
    fresh = [spec for name, spec in known.items() if f"freshness.{name}" in named]
    try:
        return observe_each(session, contract, expected, split, fresh, decoded)
    except Rejected as refusal:
        raise Unverified(f"Target {place.target.name!r} refused the question about its catalogue: {refusal}."
                         + _remedy(refusal)) from None
    finally:
        session.close()


_REMEDIES = {
    "42501": "Let the role read pg_catalog again: GRANT USAGE ON SCHEMA pg_catalog TO the role; GRANT SELECT ON ALL TABLES "
             "IN SCHEMA pg_catalog TO the role;",
    "22021": "It holds names or expressions that are not UTF-8, as a database of the encoding SQL_ASCII may: rename them, "
             "or load its dump into a database of the encoding UTF8.",
    "57014": "Raise statement_timeout of the target in the contract (over a function: of its role), or run at a quiet time.",
    "55P03": "Somebody holds a table, as a running migration does: run again when it has ended, or raise lock_timeout "
             "of the target in the contract.",
    "40001": "A standby gave the question up for what it had to replay: run again, or verify the primary.",
    "53": "The server is short of connections, memory or disk: run again when it is not.",
    "57P": "The server is being stopped or started: run again when it is up.",
    "25P03": "It waited longer for us than idle_timeout of the target allows: raise it in the contract.",
}
"""SQLSTATE, or how it begins -> what to do."""


def _remedy(refusal: Rejected) -> str:
    return " " + next((remedy for state, remedy in _REMEDIES.items() if refusal.sqlstate.startswith(state)),
                      "PostgreSQL 14 to 18 are supported.")


def _snapshot(session: Session, contract: Contract, roles: Sequence[str], decoded: Callable[[str], Snapshot]) -> Snapshot:
    rows = session.ask(snapshot_select(contract.read_schemas, contract.ledger.table if contract.ledger else None, roles))
    document = next(iter(next(iter(rows), ())), None)
    if not isinstance(document, str):
        raise Unverified("The target answered nothing to the question about its catalogue.")
    try:
        return decoded(document)
    except (ValueError, KeyError, TypeError, IndexError):
        raise Unverified("The target answered the question about its catalogue with something else. "
                         "Look whether the route leads to a PostgreSQL 14 or later.") from None


def _left(why: Unasked | None) -> Asked[None] | None:
    return None if why is None else Asked(None, why)


def _tried(trial: EnumTrial | None, answers: Mapping[Question, Any]) -> Asked[EnumTrial] | None:
    return None if trial is None else Asked(trial, answers.get(trial.question))


def _asked(question: Any, answers: Mapping[Question, Any]) -> Asked[Any] | None:
    return None if question is None else Asked(question, answers.get(question))
