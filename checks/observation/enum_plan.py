"""How each declared enum is held on a target: decided by reading for all values, and what must still be asked. Pure.

CHECKs, those of domains included, the bounds of list partitions, generated columns, a native enum and foreign keys to
lookup tables are all ways to hold an enum. What the CHECKs let in is proven; the server is asked only to confirm a
witness, or about what reading leaves open, and only where it runs nothing but built-ins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from checks.catalog.key import Key
from checks.catalog.objects import Column, Constraint, Domain, EnumType
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import EnumSpec
from checks.observation.evaluate import PredicateQuestion
from checks.observation.guards.column_facts import Guards, table_guards
from checks.observation.guards.heirs import heirs_of, through_partitions, with_children
from checks.observation.guards.other_guards import other_guards, swallowing_rules
from checks.sql.names import shown, split_path
from checks.sql.values_accepted.answers import AcceptedValues, ColumnRow
from checks.sql.values_accepted.decide import decide
from checks.sql.values_accepted.generated import decide_generated
from checks.values import broke_off


class Lookup(NamedTuple):
    """A foreign key to a table that holds the values."""

    key: Key
    reference: Constraint
    column: str
    """The column of the lookup table, unquoted."""
    of_several: bool = False
    """It compares other columns too."""
    folds: bool = False
    """It takes different texts for equal: blanks at the end, or what a collation does not tell apart."""
    tied: bool = False
    """Something else restricts those other columns, so that not every row of the lookup table can be referred to."""


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
    lookups: tuple[Lookup, ...] = ()
    not_null: bool = False
    known_type: bool = True
    """Whether values of the type are equal when PostgreSQL's own rules say so."""
    heirs: Mapping[str, Guards] = field(default_factory=dict)
    """What rows of its partitions or children must pass, where that is something else."""
    partitioned: bool = False
    besides: tuple[str, ...] = ()
    """What may keep a value out and is not decided by reading, in words."""
    swallowed: tuple[str, ...] = ()
    """Those of them that may keep any value out, the declared ones too."""

    @property
    def held(self) -> bool:
        """Whether anything at all restricts the column."""
        return bool(self.guarded or self.guards.idle or self.lookups) or self.labels is not None

    @property
    def guarded(self) -> bool:
        """Whether CHECKs, bounds or an expression say what the column holds."""
        return bool(self.guards.about(self.spec.column)) or any(
            each.about(self.spec.column) for each in self.heirs.values())

    @cached_property
    def decision(self) -> AcceptedValues:
        """What the CHECKs let the column store."""
        own = self._decided(self.guards)
        if not self.heirs:
            return own
        heirs = [self._decided(each) for each in self.heirs.values()]
        return through_partitions(heirs) if self.partitioned else with_children(own, heirs)

    @cached_property
    def failure(self) -> str:
        """Why nothing is decided, where deciding broke off in our own code: one column ends no look."""
        try:
            _ = self.decision
        except Exception as error:
            return broke_off(error)
        return ""

    def _decided(self, guards: Guards) -> AcceptedValues:
        column, values = self.spec.column, self.spec.values
        answer = decide_generated if column in guards.made_of else decide
        return answer(column, values, guards.checks, guards.facts)

    @cached_property
    def through(self) -> str | None:
        """The partition or child that lets other values in."""
        letting = (name for name, each in self.heirs.items() if self._decided(each).others.answer == "yes")
        return next(letting, None)

    @cached_property
    def trial(self) -> EnumTrial | None:
        """What is left to ask: witnesses to confirm, and likely rows where reading leaves an answer open."""
        if self.heirs or self.failure:
            return None  # the table's own CHECKs are not all that its rows must pass
        found = self.decision
        rows = [row for each in (*found.allowed.values(), found.null) if each.answer == "undecided" for row in each.rows]
        rows += [row for row in found.others.rows if not row.session]
        question = self.guards.question(self.spec, rows) if rows else None
        return EnumTrial(tuple(rows), question) if question is not None else None


def plan_enums(specs: Iterable[EnumSpec], found: Snapshot) -> tuple[EnumPlan, ...]:
    """How `found` holds each enum; a table is read once for all of its own."""
    tables: dict[str, Guards] = {}
    return tuple(plan_enum(spec, found, tables) for spec in specs)


def plan_enum(spec: EnumSpec, found: Snapshot, tables: dict[str, Guards] | None = None) -> EnumPlan:
    """How `found` holds the enum `spec`; `tables` keeps what was read of tables."""
    table = shown(spec.schema, spec.table)
    column = found.objects.get(Key.column(table, shown(spec.column)))
    if not isinstance(column, Column):
        return EnumPlan(spec, None)
    known = {} if tables is None else tables
    if table not in known:
        known[table] = table_guards(table, found)
    guards = known[table].of_column(spec.column)
    facts = guards.facts[spec.column]
    item = found.relation(table)
    return EnumPlan(spec, column, facts.type, guards, _labels(column, found), tuple(_lookups(spec, table, guards, found)),
                    facts.not_null, facts.citext or bool(facts.labels) or "." not in facts.type,
                    heirs_of(spec, table, found), item is not None and item.partition_key is not None,
                    tuple(other_guards(table, spec.column, found)), tuple(swallowing_rules(table, found)))


def _labels(column: Column, found: Snapshot) -> tuple[str, ...] | None:
    """The labels of the native enum that the column, or each item of it, has; None of any other type."""
    key = column.user_type
    if key is None and column.type.endswith("[]") and "." in column.type:
        key = Key("enum", "", shown(*split_path(column.type.removesuffix("[]"))))
    if key is None or key.kind != "enum":
        return None
    native = found.objects.get(key)
    return native.labels if isinstance(native, EnumType) else () if column.user_type else None


def _lookups(spec: EnumSpec, table: str, guards: Guards, found: Snapshot) -> Iterator[Lookup]:
    """The foreign keys that let only values of other tables in: those that no NULL in another column switches off."""
    for name, key in found.of(table, "constraint"):
        if key.type != "foreign key" or spec.column not in key.columns or not key.enforced or key.references == table:
            continue
        others = [column for column in key.columns if column != spec.column]
        if not others or key.match == "full" or all(_refuses_null(table, column, found) for column in others):
            tied = any({*others} & columns for columns in guards.columns.values()) or any(
                {*others} & {*each.columns} for own, each in found.of(table, "constraint")
                if own != name and each.type == "foreign key")
            referenced = key.referenced_columns[key.columns.index(spec.column)]
            yield Lookup(Key("constraint", table, name), key,
                         referenced, bool(others), _folds(guards.facts[spec.column].type, key.references or "", referenced,
                                                          found), tied)


def _folds(kind: str, table: str, name: str, found: Snapshot) -> bool:
    """Whether a column of the type `kind` that refers to another may hold a text that the other does not."""
    column = found.objects.get(Key.column(table, shown(name)))
    blanks = ("character(", "bpchar")
    return isinstance(column, Column) and (column.folding or (
        column.type.startswith(blanks) and not kind.startswith(blanks)))


def _refuses_null(table: str, name: str, found: Snapshot) -> bool:
    column = found.objects.get(Key.column(table, shown(name)))
    if not isinstance(column, Column):
        return False
    domain = found.objects.get(column.user_type) if column.user_type else None
    while isinstance(domain, Domain) and not domain.not_null:
        domain = found.objects.get(domain.base_domain) if domain.base_domain else None
    return column.not_null or isinstance(domain, Domain)
