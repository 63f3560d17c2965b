"""Looks at whether a table has rows of late, which only counts: nothing of a row leaves the server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from checks.catalog.difference import column_types
from checks.catalog.key import Key, relation_sql
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import Contract
from checks.contract.deployment.sections import FreshnessSpec
from checks.observation.questions import Asked, Refusal, Unasked, ask_one
from checks.sql.names import ident, shown
from checks.target.session import Session

SLACK_MINUTES = 5
"""How far in the future a row may be: clocks differ."""
_TIMES = ("timestamp with time zone", "timestamp without time zone", "date")


@dataclass(frozen=True)
class FreshnessQuestion:
    """Whether a table has rows newer than it may be without."""

    spec: FreshnessSpec
    table: str
    """As shown."""


@dataclass(frozen=True)
class FreshnessAnswer:
    """What the server said."""

    fresh: bool
    """Whether there is a row that is new enough, and not of the future."""
    rows: bool
    """Whether there is any row with a time."""
    ahead: bool
    """Whether there is a row of the future."""


def scan_freshness(session: Session, contract: Contract, specs: Iterable[FreshnessSpec], found: Snapshot,
                   ) -> tuple[Asked[FreshnessQuestion], ...]:
    """A FreshnessAnswer for each table that is named, a Refusal, or why it was not asked.

    Raises:
        Unreachable: the route is broken.
    """
    questions = [FreshnessQuestion(spec, contract.relation(spec.table)) for spec in specs if spec.table]
    results = tuple(Asked(question, _unasked(question, found) or _told(session, question, found)) for question in questions)
    session.rest()
    return results


def _unasked(question: FreshnessQuestion, found: Snapshot) -> Unasked | None:
    table, column = question.table, question.spec.column or ""
    if Key.column(table, shown(column)) not in found.objects:
        return Unasked(f"there is no {table}.{shown(column)}")
    kind = column_types(found, table).get(column, "")
    if not kind.startswith(("timestamp", "date")):
        return Unasked(f"{table}.{shown(column)} is a {kind}, not a time ({', '.join(_TIMES)})")
    role = ident(found.identity["role"])
    if table not in found.readable:
        return Unasked(f"role {role} may not read {table} (GRANT SELECT ON {table} TO {role};)")
    if table in found.hidden_rows:
        return Unasked(f"row security hides rows of {table} from role {role} (ALTER ROLE {role} BYPASSRLS;)")
    runs = found.runs(table, (column,))
    return Unasked(f"{table} {runs}, so its rows are not read") if runs else None


def _told(session: Session, question: FreshnessQuestion, found: Snapshot) -> FreshnessAnswer | Refusal:
    rows = ask_one(session, select_of(question, column_types(found, question.table)[question.spec.column or ""]))
    if isinstance(rows, Refusal):
        return rows
    try:
        ((document, *_), *_) = rows
        fresh, there, ahead = json.loads(document)
        return FreshnessAnswer(fresh is True, there is True, ahead is True)
    except (ValueError, TypeError):
        return Refusal("XX000", "the target answered something else than was asked")


def select_of(question: FreshnessQuestion, kind: str) -> str:
    """One SELECT of three truths; a column without a time zone is taken for UTC."""
    table, column = relation_sql(question.table), f"t.{ident(question.spec.column or '')}"
    now = "pg_catalog.now()" if kind.endswith("with time zone") else "pg_catalog.timezone('UTC', pg_catalog.now())"
    oldest = f"{now} - interval '{int(question.spec.every.total_seconds())} seconds'"
    newest = f"{now} + interval '{SLACK_MINUTES} minutes'"
    if kind == "date":
        oldest, newest = f"CAST({oldest} AS date)", f"CAST({newest} AS date)"
    truths = ", ".join(f"EXISTS (SELECT FROM {table} t WHERE {condition})" for condition in (
        f"{column} >= {oldest} AND {column} <= {newest}", f"{column} IS NOT NULL", f"{column} > {newest}"))
    return f"SELECT format('%s', json_build_array({truths})) AS doc"
