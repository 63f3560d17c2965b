"""How each declared enum is held on a target, and what must be asked about it. Pure.

A CHECK, a domain, a native enum and a foreign key to a lookup table are all ways to hold an enum. A CHECK is taken
apart at its top-level ANDs: a part that mentions only the column rejects a value whatever the other columns hold; a
part that mentions others is tried with the values it compares them with.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from checks.catalog.difference import column_types
from checks.catalog.key import Key
from checks.catalog.objects import Column, Constraint, Domain, EnumType
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import EnumSpec
from checks.observation.candidates import candidates, suspects
from checks.observation.evaluate import PredicateQuestion, length_of
from checks.sql import meaning
from checks.sql.names import shown

MAX_ROWS = 3_000
"""Candidate rows of one question; beyond, combinations of other columns are cut and the claim says so."""

WHOLE_ROW = "?"
"""What a Snapshot calls a column that is none: a CHECK looks at the whole row, or at a system column."""


@dataclass(frozen=True)
class Guard:
    """One AND-part of a CHECK that mentions the column."""

    constraint: Key
    """The constraint, or the CHECK of a domain."""
    text: str
    columns: frozenset[str]
    """Names it mentions; none for a constant, which speaks of every value."""


class Unsafe(NamedTuple):
    """A CHECK that must not be evaluated."""

    constraint: Key
    why: str


class Lookup(NamedTuple):
    """A foreign key to a table that holds the values."""

    key: Key
    reference: Constraint


class GuardQuestion(NamedTuple):
    """Guards that are asked about together."""

    guards: tuple[Guard, ...]
    """In the order of the question's predicates."""
    question: PredicateQuestion
    mixed: bool = False
    """Whether each value is tried with each of the plan's `settings`."""


@dataclass(frozen=True)
class EnumPlan:
    """One declared enum as this target holds it."""

    spec: EnumSpec
    column: Column | None
    type: str = ""
    """The type values are stored in: a domain's base."""
    sole: tuple[Guard, ...] = ()
    mixed: tuple[Guard, ...] = ()
    unsafe: tuple[Unsafe, ...] = ()
    idle: tuple[Key, ...] = ()
    """CHECKs on the column that are NOT ENFORCED."""
    labels: tuple[str, ...] | None = None
    lookup: Lookup | None = None
    not_null: bool = False
    wrong: tuple[str, ...] = ()
    """Values it must refuse, to be tried."""
    others: tuple[tuple[str, str], ...] = ()
    """(name, type) of the other columns that mixed guards mention."""
    settings: tuple[tuple[str | None, ...], ...] = ((),)
    """What those columns are tried with."""
    cut: bool = False
    """Whether `settings` had to be cut at MAX_ROWS."""

    @property
    def held(self) -> bool:
        """Whether anything at all restricts the column."""
        return bool(self.sole or self.mixed or self.unsafe or self.idle or self.lookup) or self.labels is not None

    @cached_property
    def tried(self) -> tuple[str | None, ...]:
        """Every value asked about: the allowed ones that fit, the wrong ones, NULL."""
        return (*self.allowed_that_fit, *self.wrong, None)

    @property
    def allowed_that_fit(self) -> tuple[str, ...]:
        """Declared values that the column's length lets in."""
        limit = length_of(self.type)
        return tuple(value for value in self.spec.values if limit is None or len(value) <= limit)

    def questions(self) -> Iterator[GuardQuestion]:
        """At most three: the CHECKs about the column alone, those of its domains, and those about others too."""
        about = f"the enum {self.spec.shown}"
        rows = tuple(zip(self.tried, strict=True))
        alone = tuple(guard for guard in self.sole if guard.constraint.kind != "domain")
        domain = tuple(guard for guard in self.sole if guard.constraint.kind == "domain")
        if alone:
            yield GuardQuestion(alone, PredicateQuestion(
                about, self.spec.table, ((self.spec.column, self.type),), rows, _texts(alone)))
        if domain:
            yield GuardQuestion(domain, PredicateQuestion(about, "d", (("value", self.type),), rows, _texts(domain)))
        if self.mixed:
            yield GuardQuestion(self.mixed, PredicateQuestion(
                about, self.spec.table, ((self.spec.column, self.type), *self.others),
                tuple((value, *setting) for value in self.tried for setting in self.settings), _texts(self.mixed)),
                mixed=True)


def _texts(guards: tuple[Guard, ...]) -> tuple[str, ...]:
    return tuple(guard.text for guard in guards)


def plan_enum(spec: EnumSpec, found: Snapshot) -> EnumPlan:
    """How `found` holds the enum `spec`."""
    table = shown(spec.schema, spec.table)
    column = found.objects.get(Key.column(table, shown(spec.column)))
    if not isinstance(column, Column):
        return EnumPlan(spec, None)
    if column.user_type and column.user_type.kind == "enum":
        native = found.objects.get(column.user_type)
        labels = native.labels if isinstance(native, EnumType) else ()
        return EnumPlan(spec, column, column.type, labels=labels, not_null=column.not_null)
    guards, unsafe, idle = _check_guards(spec, table, found)
    kind, domain_guards, domain_unsafe, domain_not_null = _domain_guards(column, found)
    types = column_types(found, table)
    sole = [guard for guard in guards if guard.columns <= {spec.column}]
    mixed = [guard for guard in guards if guard not in sole]
    literals = [text for guard in (*sole, *mixed) for text in meaning.literals(guard.text).get(spec.column, ())]
    literals += [text for guard in domain_guards for found_ in meaning.literals(guard.text).values()
                 for text in found_]
    wrong = candidates(spec.values, literals, kind)
    others, settings, cut = _settings(spec, mixed, types, len(wrong) + len(spec.values) + 1)
    return EnumPlan(
        spec, column, kind, (*sole, *domain_guards), tuple(mixed), (*unsafe, *domain_unsafe),
        tuple(idle), None, _lookup(spec, table, found), column.not_null or domain_not_null, wrong, others, settings,
        cut)


def _check_guards(spec: EnumSpec, table: str, found: Snapshot) -> tuple[list[Guard], list[Unsafe], list[Key]]:
    guards, unsafe, idle = [], [], []
    for name, check in found.of(table, "constraint"):
        if check.type != "check" or (check.columns and not {spec.column, WHOLE_ROW} & {*check.columns}):
            continue
        key = Key("constraint", table, name)
        if not check.enforced:
            idle.append(key)
        elif key in found.unsafe or WHOLE_ROW in check.columns:
            unsafe.append(Unsafe(key, found.unsafe.get(key, "looks at the whole row")))
        elif not check.columns:
            guards.append(Guard(key, check.expression or "", frozenset()))
        else:
            text = check.expression or ""
            parts = meaning.conjuncts(text)
            for part in parts:  # a text that is one part stays as it is: it was read already
                mentioned = part.columns if part.columns is not None else frozenset(check.columns)
                if spec.column in mentioned:
                    guards.append(Guard(key, text if len(parts) == 1 else part.text, mentioned))
    return guards, unsafe, idle


def _domain_guards(column: Column, found: Snapshot) -> tuple[str, list[Guard], list[Unsafe], bool]:
    """(base type, guards, unsafe CHECKs, whether NULL is refused) of the column's domains."""
    guards, unsafe = [], []
    kind, key, not_null = column.type, column.user_type, False
    while key is not None:
        domain = found.objects.get(key)
        if not isinstance(domain, Domain):
            break
        not_null = not_null or domain.not_null
        for name, text, _ in domain.checks:
            check = Key("domain", key.own, shown(name))
            if check in found.unsafe:
                unsafe.append(Unsafe(check, found.unsafe[check]))
            else:
                guards.append(Guard(check, text, frozenset({"value"})))
        kind, key = domain.base, domain.base_domain
    return kind, guards, unsafe, not_null


def _lookup(spec: EnumSpec, table: str, found: Snapshot) -> Lookup | None:
    for name, key in found.of(table, "constraint"):
        if key.type == "foreign key" and key.columns == (spec.column,) and key.enforced:
            return Lookup(Key("constraint", table, name), key)
    return None


def _settings(spec: EnumSpec, mixed: list[Guard], types: Mapping[str, str], values: int,
              ) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str | None, ...], ...], bool]:
    names = sorted({name for guard in mixed for name in guard.columns} - {spec.column})
    if not names:
        return (), ((),), False
    tried = [suspects((text for guard in mixed for text in meaning.literals(guard.text).get(name, ())),
                      types.get(name, "text")) for name in names]
    product = itertools.product(*tried)
    limit = max(1, MAX_ROWS // max(values, 1))
    settings = tuple(itertools.islice(product, limit))
    total = 1
    for values_of_one in tried:
        total *= len(values_of_one)
    return tuple((name, types.get(name, "text")) for name in names), settings, total > len(settings)
