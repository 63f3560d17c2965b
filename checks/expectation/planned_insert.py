"""The application's INSERT … ON CONFLICT statements, planned on the scratch server.

EXPLAIN takes RowExclusiveLock and aborts its transaction when a statement is wrong, so it runs where the migrations
are replayed, never on a target. What it learns is kept with the derived contract.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from checks.sql.names import shown
from checks.values import Rejected

_PLACEHOLDER = re.compile(r"%s|%\(\w+\)s|(?<![:\w]):[A-Za-z_]\w*|\?(?![|&?])")
"""psycopg's, SQLAlchemy's and JDBC's; `$1` is PostgreSQL's own."""


class PlannedInsert(NamedTuple):
    """What the server plans for one statement."""

    table: str = ""
    """The relation it inserts into, as reports write it."""
    resolution: str = ""
    """`update`, `nothing`, or empty: it has no ON CONFLICT."""
    arbiters: tuple[str, ...] = ()
    """Names of the indexes it takes as arbiters; none for DO NOTHING without a target."""
    sqlstate: str = ""
    """The refusal's SQLSTATE, when it cannot be planned."""
    message: str = ""


def plan_insert(run: Callable[[str], Sequence[Sequence[Any]]], statement: str) -> PlannedInsert:
    """Plans `statement`, whose placeholders stand for any value.

    Args:
        run: executes one string on the scratch server and returns its rows.
        statement: one INSERT.
    """
    text = _PLACEHOLDER.sub("NULL", statement.strip().rstrip(";"))
    if ";" in text or not re.match(r"(?i)(INSERT|WITH)\b", text):
        return PlannedInsert(sqlstate="42601", message="it is not one INSERT statement")
    try:
        rows = _explained(run, text)
    except Rejected as refusal:
        return PlannedInsert(sqlstate=refusal.sqlstate, message=refusal.message)
    document = rows[0][0]
    plan = (json.loads(document) if isinstance(document, str) else document)[0]["Plan"]
    if plan.get("Operation") != "Insert":
        return PlannedInsert(sqlstate="42601", message="it is not an INSERT")
    return PlannedInsert(shown(plan["Schema"], plan["Relation Name"]), plan.get("Conflict Resolution", "").lower(),
                         tuple(sorted(plan.get("Conflict Arbiter Indexes", ()))))


def _explained(run: Callable[[str], Sequence[Sequence[Any]]], text: str) -> Sequence[Sequence[Any]]:
    """The plan of a statement with parameters; before PostgreSQL 16, which plans none, they are NULL."""
    try:
        return run(f"EXPLAIN (VERBOSE, GENERIC_PLAN, FORMAT JSON) {text}")
    except Rejected as refusal:
        if "generic_plan" not in refusal.message:
            raise
        return run("EXPLAIN (VERBOSE, FORMAT JSON) " + re.sub(r"\$\d+", "NULL", text))
