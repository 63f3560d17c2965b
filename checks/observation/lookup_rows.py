"""The values of a lookup table that a foreign key holds an enum with: counted, and named only where declared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from checks.catalog.key import relation_sql
from checks.catalog.snapshot import Snapshot
from checks.observation.enum_plan import EnumPlan
from checks.sql.names import ident, text_array

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

    def select(self) -> str:
        """See Question."""
        return self.sql

    def read(self, value: object) -> LookupAnswer | None:
        """The values, or None when `value` holds none."""
        if not isinstance(value, dict) or "others" not in value:
            return None
        return LookupAnswer(value["others"], value["present"] or ())


def lookup_question(plan: EnumPlan, found: Snapshot) -> LookupQuestion | None:
    """The question about the plan's lookup table; None when it has none, or the role may not read it."""
    table = plan.lookup.reference.references if plan.lookup else None
    if plan.lookup is None or not table or table not in found.readable:
        return None
    column, allowed = ident(plan.lookup.column), text_array(plan.spec.values)
    return LookupQuestion(
        f"SELECT json_build_object('others', count(*) FILTER (WHERE v.v <> ALL ({allowed})), 'present', "
        f"json_agg(v.v) FILTER (WHERE v.v = ANY ({allowed}))) FROM (SELECT l.{column}::text AS v FROM "
        f"{relation_sql(table)} l LIMIT {MAX_LOOKUP_ROWS}) v")
