"""One run's looks at a target, in order, each a handful of round trips: Session -> Observation.

    BEGIN; the Snapshot; ledger rows, lookup tables and predicates in one SELECT; ROLLBACK: four, on any schema.
    Scratch targets: INSERT attempts, one more. Scans of stored rows: one a table with NOT VALID constraints.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from checks.catalog.objects import Column, Object
from checks.catalog.select import snapshot_select
from checks.catalog.snapshot import Snapshot, decode
from checks.contract.contract import Contract
from checks.observation.check_plan import check_questions
from checks.observation.dedupe_rows import scan_dedupe
from checks.observation.enum_plan import EnumPlan, plan_enum
from checks.observation.evaluate import Answer, Question, as_answer, ask_all
from checks.observation.insert_attempts import attempt
from checks.observation.stored_rows import scan
from checks.sql.names import ident, shown, split_path, text_array
from checks.target.session import Cost, Session
from checks.values import Rejected, Unverified

MAX_LEDGER_ROWS = 20_000
MAX_LOOKUP_ROWS = 10_000


@dataclass(frozen=True)
class Refusal:
    """A question that the server refused."""

    sqlstate: str
    message: str

    def told(self) -> str:
        """The refusal as a sentence part; the server's words only where they cannot hold a stored value."""
        if not self.sqlstate:
            return "the target refused to say, and not why"
        if self.sqlstate[:2] in ("22", "23"):
            return f"the server could not evaluate it (SQLSTATE {self.sqlstate})"
        return f"{self.message} (SQLSTATE {self.sqlstate})"


@dataclass(frozen=True)
class Observation:
    """All that one run saw of one target. JSON all through, so that workers can be handed it."""

    document: str
    """The catalogue document as it came."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """By part: `ledger`, `lookup:COLUMN`, and the names of Questions; a refused one is {"sqlstate", "message"}."""
    attempts: Mapping[str, Any] = field(default_factory=dict)
    scans: Mapping[str, Any] = field(default_factory=dict)
    cost: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """For another process."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Observation:
        """What `to_json` wrote."""
        return Observation(**json.loads(text))

    def answer(self, question: Question) -> Answer | Refusal:
        """What the server said to `question`.

        Raises:
            Unverified: the answer is not one to this question.
        """
        value = self.part(question.name)
        if isinstance(value, Refusal):
            return value
        try:
            return as_answer(value, lambda: (len(question.rows), len(question.predicates)))
        except ValueError as error:
            raise Unverified(f"The target did not answer the question about {question.name}: {error}.") from None

    def part(self, name: str) -> Any:
        """The raw value of a part, or its Refusal, or None when it was not asked."""
        value = self.answers.get(name)
        if isinstance(value, dict) and value.keys() == {"sqlstate", "message"}:
            return Refusal(**value)
        return value


def observe(session: Session, contract: Contract, expected: Mapping[str, Object]) -> tuple[Observation, Snapshot]:
    """Looks at a target.

    Args:
        session: the way there.
        contract: what is declared.
        expected: the derived objects, for predicates that differ and must be told apart.

    Raises:
        Unverified: the target did not answer, or not as a catalogue does.
        Rejected: the role may not read the catalogue.
    """
    ledger = contract.ledger.table if contract.ledger else None
    document = _text(session.ask(snapshot_select(contract.schemas, ledger)))
    try:
        found = decode(document)
    except (ValueError, KeyError, TypeError, IndexError):
        raise Unverified("The target answered the question about its catalogue with something else. "
                         "Look whether the route leads to a PostgreSQL 14 or later.") from None
    plans = [plan_enum(spec, found) for spec in contract.enums]
    parts = dict(_parts(contract, found, plans, expected))
    answers = ask_all(session, parts) if parts else {}
    session.rest()
    attempts = attempt(session, found, plans) if session.can_run else {}
    scans = {**scan(session, found, expected), **scan_dedupe(session, contract, found)}
    return Observation(document, {name: _plain(value) for name, value in answers.items()}, attempts, scans,
                       _cost(session.cost)), found


def _text(rows: list[Any]) -> str:
    if not rows or not rows[0] or not isinstance(rows[0][0], str):
        raise Unverified("The target answered nothing to the question about its catalogue.")
    return str(rows[0][0])


def _cost(cost: Cost) -> dict[str, int]:
    return {"statements": cost.statements, "scans": cost.scans, "invocations": cost.invocations}


def _plain(value: object) -> object:
    if isinstance(value, Rejected):
        return {"sqlstate": value.sqlstate, "message": value.message}
    return value


def _parts(contract: Contract, found: Snapshot, plans: list[EnumPlan], expected: Mapping[str, Object],
           ) -> Iterator[tuple[str, str]]:
    rows = _ledger_rows(contract, found)
    if rows:
        yield "ledger", rows
    if found.identity.get("search_path", "").replace(" ", "").find("pg_catalog") > 0:
        return  # built-in names may not mean the built-in things: nothing is evaluated, so nothing is green
    for plan in plans:
        if plan.lookup:
            yield from _lookup_part(plan, found)
        for question in plan.questions:
            yield question.name, question.select()
    for question in check_questions(expected, found):
        yield question.name, question.select()


def _ledger_rows(contract: Contract, found: Snapshot) -> str | None:
    """Versions and times (seconds since 1970 UTC) of the ledger, if the role may read them."""
    spec = contract.ledger
    if spec is None or spec.shown not in found.readable or spec.schema not in (found.identity["usage"] or ()):
        return None
    columns = dict(found.of(spec.shown, "column"))
    if shown(spec.version) not in columns:
        return None
    time = columns.get(shown(spec.applied_at)) if spec.applied_at else None
    when = "NULL"
    if isinstance(time, Column) and time.type.startswith(("timestamp", "date")):
        when = f"extract(epoch FROM l.{ident(spec.applied_at or '')})::float8"
    return (f"SELECT json_build_object('now', extract(epoch FROM now())::float8, 'rows', coalesce(json_agg("
            f"json_build_array(r.version, r.at)), '[]'::json)) FROM (SELECT l.{ident(spec.version)}::text AS version, "
            f"{when} AS at FROM {ident(spec.schema, spec.table)} l ORDER BY 2, 1 LIMIT {MAX_LEDGER_ROWS}) r")


def _lookup_part(plan: EnumPlan, found: Snapshot) -> Iterator[tuple[str, str]]:
    """How many values a lookup table holds beside the declared ones, and which of those it holds."""
    if plan.lookup is None or not plan.lookup[1].references:
        return
    table = plan.lookup[1].references
    if table not in found.readable:
        return
    path = split_path(table)
    where = ident(*(path if len(path) == 2 else ("public", *path)))
    column = ident(plan.lookup[1].referenced_columns[0])
    allowed = text_array(plan.spec.values)
    yield (f"lookup:{plan.spec.shown}",
           f"SELECT json_build_object('others', count(*) FILTER (WHERE v.v <> ALL ({allowed})), 'present', "
           f"json_agg(v.v) FILTER (WHERE v.v = ANY ({allowed}))) FROM (SELECT l.{column}::text AS v FROM {where} l "
           f"LIMIT {MAX_LOOKUP_ROWS}) v")
