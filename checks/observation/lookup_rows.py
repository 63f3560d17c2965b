"""The values of a lookup table that a foreign key holds an enum with: counted, and named only where declared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from checks.catalog.difference import column_types
from checks.catalog.key import relation_sql
from checks.catalog.snapshot import Snapshot
from checks.observation.enum_plan import EnumPlan
from checks.observation.questions import Unasked
from checks.sql.names import as_text, ident, text_array

MAX_LOOKUP_ROWS = 10_000


class LookupAnswer(NamedTuple):
    """What the lookup table holds."""

    others: int
    """How many values beside the declared ones."""
    present: Collection[str]
    """Which of the declared ones."""


@dataclass(frozen=True, eq=False)
class LookupQuestion:
    """Asks for the values of one lookup table."""

    sql: str

    @property
    def may_raise(self) -> bool:
        """See Question."""
        return False

    def select(self) -> str:
        """See Question."""
        return self.sql

    def read(self, value: object) -> LookupAnswer | None:
        """The values, or None when `value` holds none."""
        if not isinstance(value, dict) or "others" not in value:
            return None
        return LookupAnswer(value["others"], value["present"] or ())


def lookup_question(plan: EnumPlan, found: Snapshot) -> LookupQuestion | None:
    """The question about the plan's lookup table; None when it has none, or `lookup_unasked` says why not."""
    table = plan.lookup.reference.references if plan.lookup else None
    if plan.lookup is None or not table or table not in found.readable or lookup_unasked(plan, found):
        return None
    name, allowed = plan.lookup.column, text_array(plan.spec.values)
    value = as_text(f"l.{ident(name)}", column_types(found, table).get(name, ""))
    return LookupQuestion(
        f"SELECT json_build_object('others', count(*) FILTER (WHERE v.v <> ALL ({allowed})), 'present', "
        f"json_agg(v.v) FILTER (WHERE v.v = ANY ({allowed}))) FROM (SELECT {value} AS v FROM "
        f"{relation_sql(table)} l LIMIT {MAX_LOOKUP_ROWS}) v")


def lookup_unasked(plan: EnumPlan, found: Snapshot) -> Unasked | None:
    """Why the lookup table must not be read, or None."""
    table = plan.lookup.reference.references if plan.lookup else None
    if plan.lookup is None or not table:
        return None
    runs = found.runs(table, (plan.lookup.column,))
    if runs:
        return Unasked(f"{table} {runs}, so its rows are not read")
    return Unasked(f"row security hides rows of {table}") if table in found.hidden_rows else None
