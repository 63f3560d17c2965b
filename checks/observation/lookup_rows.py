"""The values of the lookup tables that foreign keys hold an enum with: counted, and named only where declared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from checks.catalog.difference import column_types
from checks.catalog.key import relation_sql
from checks.catalog.snapshot import Snapshot
from checks.observation.enum_plan import EnumPlan, Lookup
from checks.observation.questions import Unasked
from checks.sql.names import as_text, ident, text_array

MAX_LOOKUP_ROWS = 10_000


class LookupAnswer(NamedTuple):
    """What the lookup tables hold, all of them together."""

    others: int
    """How many values beside the declared ones."""
    present: Collection[str]
    """Which of the declared ones."""


@dataclass(frozen=True, eq=False)
class LookupQuestion:
    """Asks for the values of one enum's lookup tables."""

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
    """The question about the values that all of the plan's lookup tables hold; None when it has none, when one may not be
    read, or when `lookup_unasked` says why not.
    """
    tables = [each.reference.references or "" for each in plan.lookups]
    if not tables or not {*tables} <= found.readable or lookup_unasked(plan, found):
        return None
    allowed, (first, *others) = text_array(plan.spec.values), [_values(each, found) for each in plan.lookups]
    return LookupQuestion(
        f"SELECT json_build_object('others', count(*) FILTER (WHERE v.v <> ALL ({allowed})), 'present', "
        f"json_agg(v.v) FILTER (WHERE v.v = ANY ({allowed}))) FROM (SELECT DISTINCT l.v FROM ({first}) l "
        + "".join(f"{'AND' if number else 'WHERE'} l.v IN ({each}) " for number, each in enumerate(others))
        + f"LIMIT {MAX_LOOKUP_ROWS}) v")


def _values(lookup: Lookup, found: Snapshot) -> str:
    table = lookup.reference.references or ""
    value = as_text(f"l.{ident(lookup.column)}", column_types(found, table).get(lookup.column, ""))
    return f"SELECT {value} AS v FROM {relation_sql(table)} l"


def lookup_unasked(plan: EnumPlan, found: Snapshot) -> Unasked | None:
    """Why a lookup table must not be read, or None."""
    for lookup in plan.lookups:
        table = lookup.reference.references or ""
        runs = found.runs(table, (lookup.column,))
        if runs:
            return Unasked(f"{table} {runs}, so its rows are not read")
        if table in found.hidden_rows:
            return Unasked(f"row security hides rows of {table}")
    return None
