"""How each declared enum is held on a target: decided by reading for all values, and what must still be asked. Pure.

CHECKs, those of domains included, the bounds of list partitions, a native enum and foreign keys to lookup tables are all
ways to hold an enum. What the CHECKs let in is proven; the server is asked only to confirm a witness, or about what
reading leaves open, and only where it runs nothing but built-ins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from checks.catalog.key import Key
from checks.catalog.objects import Column, Constraint, EnumType
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import EnumSpec
from checks.observation.column_facts import Guards, guards_of
from checks.observation.evaluate import PredicateQuestion
from checks.sql.names import shown
from checks.sql.values_accepted.answers import AcceptedValues, ColumnRow
from checks.sql.values_accepted.decide import decide


class Lookup(NamedTuple):
    """A foreign key to a table that holds the values."""

    key: Key
    reference: Constraint
    column: str
    """The column of the lookup table, unquoted."""


class EnumTrial(NamedTuple):
    """Rows that the server is asked about, and the question."""

    rows: tuple[ColumnRow, ...]
    question: PredicateQuestion


@dataclass(frozen=True)
class EnumPlan:
    """One declared enum as this target holds it."""

    spec: EnumSpec
    column: Column | None
    type: str = ""
    """The type values are stored in: a domain's base."""
    guards: Guards = field(default_factory=Guards)
    labels: tuple[str, ...] | None = None
    lookup: Lookup | None = None
    not_null: bool = False
    known_type: bool = True
    """Whether values of the type are equal when PostgreSQL's own rules say so."""

    @property
    def held(self) -> bool:
        """Whether anything at all restricts the column."""
        return bool(self.guards.about(self.spec.column) or self.guards.idle or self.lookup) or self.labels is not None

    @cached_property
    def decision(self) -> AcceptedValues:
        """What the CHECKs let the column store."""
        return decide(self.spec.column, self.spec.values, self.guards.checks, self.guards.facts)

    @cached_property
    def trial(self) -> EnumTrial | None:
        """What is left to ask: witnesses to confirm, and likely rows where reading leaves an answer open."""
        found = self.decision
        rows = [row for each in (*found.allowed.values(), found.null) if each.answer == "undecided" for row in each.rows]
        rows += [row for row in found.others.rows if not row.session]
        question = self.guards.question(self.spec, rows) if rows else None
        return EnumTrial(tuple(rows), question) if question is not None else None


def plan_enum(spec: EnumSpec, found: Snapshot) -> EnumPlan:
    """How `found` holds the enum `spec`."""
    table = shown(spec.schema, spec.table)
    column = found.objects.get(Key.column(table, shown(spec.column)))
    if not isinstance(column, Column):
        return EnumPlan(spec, None)
    guards = guards_of(spec, table, found)
    facts = guards.facts[spec.column]
    if column.user_type and column.user_type.kind == "enum":
        native = found.objects.get(column.user_type)
        labels: tuple[str, ...] | None = native.labels if isinstance(native, EnumType) else ()
    else:
        labels = None
    return EnumPlan(spec, column, facts.type, guards, labels, _lookup(spec, table, found, guards.not_null),
                    facts.not_null, facts.citext or "." not in facts.type)


def _lookup(spec: EnumSpec, table: str, found: Snapshot, not_null: Mapping[str, bool]) -> Lookup | None:
    """The foreign key that lets only the values of a lookup table in: one that no NULL in another column switches off."""
    for name, key in found.of(table, "constraint"):
        if key.type != "foreign key" or spec.column not in key.columns or not key.enforced:
            continue
        others = [column for column in key.columns if column != spec.column]
        if not others or key.match == "full" or all(not_null.get(column) for column in others):
            return Lookup(Key("constraint", table, name), key,
                          key.referenced_columns[key.columns.index(spec.column)])
    return None
