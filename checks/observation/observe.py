"""One run's looks at a target, in order, each a handful of round trips: Session -> Observation.

    BEGIN; the Snapshot; ledger rows, lookup tables and predicates in one SELECT; ROLLBACK: four, on any schema.
    Scratch targets: INSERT attempts, one more. Scans of stored rows: one a table with NOT VALID constraints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

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


def observe(session: Session, contract: Contract, expected: Mapping[Key, Object],
            freshness: Sequence[FreshnessSpec] = (), decoded: Callable[[str], Snapshot] = decode) -> Observation:
    """Looks at a target.

    Args:
        session: the way there.
        contract: what is declared.
        expected: the derived objects, for predicates that differ and must be told apart.
        freshness: the tables that must have rows of late.
        decoded: makes a Snapshot of the catalogue's document.

    Raises:
        Unverified: the target did not answer, or not as a catalogue does.
        Rejected: the role may not read the catalogue.
    """
    roles = {spec.role for spec in contract.access} | {key.bare for key in expected if key.kind == "role"}
    found = _snapshot(session, contract, sorted(roles), decoded)
    plans = plan_enums(contract.enums, found)
    ledger = ledger_question(contract, found)
    lookups = {plan.spec: lookup_question(plan, found) for plan in plans}
    trials = {plan.spec: plan.trial for plan in plans}
    checks, replica = dict(check_questions(expected, found)), lag_question(found)

    def asked() -> Iterator[Question]:
        if ledger is not None:
            yield ledger
        for plan in plans:
            lookup = lookups[plan.spec]
            if lookup is not None:
                yield lookup
            trial = trials[plan.spec]
            if trial is not None:
                yield trial.question
        yield from checks.values()
        if replica is not None:
            yield replica

    answers = ask_all(session, asked())
    session.rest()
    attempts = attempt(session, found, plans) if session.can_run and replica is None else {}
    enums = {plan.spec: EnumSeen(plan, _tried(trials[plan.spec], answers),
                                 _asked(lookups[plan.spec], answers) or _left(lookup_unasked(plan, found)),
                                 attempts.get(plan.spec.shown, ())) for plan in plans}
    stored, dedupe = scan(session, found, expected), scan_dedupe(session, contract, found)
    renewed = scan_freshness(session, contract, freshness, found) if freshness else ()
    return Observation(
        found, _asked(ledger, answers), enums,
        {key: Asked(question, answers.get(question)) for key, question in checks.items()},
        stored, dedupe, _asked(replica, answers), asdict(session.cost), renewed)


def look(place: Place, contract: Contract, expected: Mapping[Key, Object],
         decoded: Callable[[str], Snapshot] = decode) -> Observation:
    """One look at a target whose server is up, through a fresh session; arguments as `observe` has them.

    Raises:
        Unverified: with what would let us look.
    """
    session = place.session()
    named, known = place.target.spec.deployment, contract.deployment.freshness
    try:
        return observe(session, contract, expected, [spec for name, spec in known.items() if f"freshness.{name}" in named],
                       decoded)
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
