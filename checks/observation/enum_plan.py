"""How each declared enum is held on a target, and what must be asked about it. Pure.

A CHECK, a domain, a native enum and a foreign key to a lookup table are all ways to hold an enum. A CHECK is taken
apart at its top-level ANDs: a part that mentions only the column rejects a value whatever the other columns hold; a
part that mentions others is tried with the values it compares them with.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from checks.catalog.difference import column_types
from checks.catalog.objects import Column, Constraint, Domain, EnumType
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import EnumSpec
from checks.observation.evaluate import (
    INTEGER_TYPES,
    TEXT_TYPES,
    Question,
    base_type,
    candidates,
    length_of,
    variants,
    woven,
)
from checks.sql import meaning
from checks.sql.names import shown

MAX_ROWS = 3_000
"""Candidate rows of one question; beyond, combinations of other columns are cut and the claim says so."""

WHOLE_ROW = "?"
"""What a Snapshot calls a column that is none: a CHECK looks at the whole row, or at a system column."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Guard:
    """One AND-part of a CHECK that mentions the column."""

    constraint: str
    """Key, for its own name in reports."""
    text: str
    columns: frozenset[str]
    """Names it mentions; none for a constant, which speaks of every value."""


@dataclass(frozen=True)
class EnumPlan:
    """One declared enum as this target holds it."""

    spec: EnumSpec
    column: Column | None
    type: str = ""
    """The type values are stored in: a domain's base."""
    sole: tuple[Guard, ...] = ()
    mixed: tuple[Guard, ...] = ()
    unsafe: tuple[tuple[str, str], ...] = ()
    """(constraint key, why it must not be evaluated)."""
    idle: tuple[str, ...] = ()
    """Keys of CHECKs on the column that are NOT ENFORCED."""
    labels: tuple[str, ...] | None = None
    lookup: tuple[str, Constraint] | None = None
    """Key and foreign key, when the column refers to a lookup table."""
    not_null: bool = False
    wrong: tuple[str, ...] = ()
    """Values it must refuse, to be tried."""
    others: tuple[tuple[str, str], ...] = ()
    """(name, type) of the other columns that mixed guards mention."""
    settings: tuple[tuple[str | None, ...], ...] = ((),)
    """What those columns are tried with."""
    cut: bool = False
    """Whether `settings` had to be cut at MAX_ROWS."""

    @cached_property
    def tried(self) -> tuple[str | None, ...]:
        """Every value asked about: the allowed ones that fit, the wrong ones, NULL."""
        return (*self.allowed_that_fit, *self.wrong, None)

    @property
    def allowed_that_fit(self) -> tuple[str, ...]:
        """Declared values that the column's length lets in."""
        limit = length_of(self.type)
        return tuple(value for value in self.spec.values if limit is None or len(value) <= limit)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """At most two: the parts about the column alone, and those about others too."""
        return tuple(self._questions())

    def _questions(self) -> Iterator[Question]:
        name = "value" if self.column is not None and self.column.user_type else self.spec.column
        alone: list[str] = []
        domain: list[str] = []
        for guard in self.sole:
            (domain if guard.constraint.startswith("domain:") else alone).append(guard.text)
        rows = tuple(zip(self.tried, strict=True))
        if alone:
            yield Question(f"sole:{self.spec.shown}", self.spec.table, ((self.spec.column, self.type),), rows,
                           tuple(alone))
        if domain:
            yield Question(f"domain:{self.spec.shown}", "d", ((name, self.type),), rows, tuple(domain))
        if self.mixed:
            yield Question(f"mixed:{self.spec.shown}", self.spec.table,
                           ((self.spec.column, self.type), *self.others),
                           tuple((value, *setting) for value in self.tried for setting in self.settings),
                           tuple(guard.text for guard in self.mixed))


def plan_enum(spec: EnumSpec, found: Snapshot) -> EnumPlan:
    """How `found` holds the enum `spec`; worked out once."""
    if spec not in found.plans:
        found.plans[spec] = _plan(spec, found)
    plan: EnumPlan = found.plans[spec]
    return plan


def _plan(spec: EnumSpec, found: Snapshot) -> EnumPlan:
    table = shown(spec.schema, spec.table)
    column = found.objects.get(f"column:{spec.shown}")
    if not isinstance(column, Column):
        return EnumPlan(spec, None)
    if column.user_type and column.user_type.startswith("enum:"):
        native = found.objects.get(column.user_type)
        labels = native.labels if isinstance(native, EnumType) else ()
        return EnumPlan(spec, column, column.type, labels=labels, not_null=column.not_null)
    guards, unsafe, idle = _check_guards(spec, table, found)
    kind_text, domain_guards, domain_unsafe, domain_not_null = _domain_guards(column, found)
    types = column_types(found, table)
    sole = [guard for guard in guards if guard.columns <= {spec.column}]
    mixed = [guard for guard in guards if guard not in sole]
    literals = [text for guard in (*sole, *mixed) for text in meaning.literals(guard.text).get(spec.column, ())]
    literals += [text for guard in domain_guards for found_ in meaning.literals(guard.text).values()
                 for text in found_]
    wrong = candidates(spec.values, literals, kind_text)
    others, settings, cut = _settings(spec, mixed, types, len(wrong) + len(spec.values) + 1)
    return EnumPlan(
        spec, column, kind_text, (*sole, *domain_guards), tuple(mixed), (*unsafe, *domain_unsafe),
        tuple(idle), None, _lookup(spec, table, found), column.not_null or domain_not_null, wrong, others, settings,
        cut)


def is_held(plan: EnumPlan) -> bool:
    """Whether anything at all restricts the column."""
    return bool(plan.sole or plan.mixed or plan.unsafe or plan.idle or plan.lookup) or plan.labels is not None


def _check_guards(spec: EnumSpec, table: str, found: Snapshot,
                  ) -> tuple[list[Guard], list[tuple[str, str]], list[str]]:
    guards, unsafe, idle = [], [], []
    for name, check in found.of(table, "constraint"):
        if check.type != "check" or (check.columns and not {spec.column, WHOLE_ROW} & {*check.columns}):
            continue
        key = f"constraint:{table}.{name}"
        if not check.enforced:
            idle.append(key)
        elif key in found.unsafe or WHOLE_ROW in check.columns:
            unsafe.append((key, found.unsafe.get(key, "looks at the whole row")))
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


def _domain_guards(column: Column, found: Snapshot) -> tuple[str, list[Guard], list[tuple[str, str]], bool]:
    guards, unsafe = [], []
    kind, key, not_null = column.type, column.user_type, False
    while key is not None:
        domain = found.objects.get(key)
        if not isinstance(domain, Domain):
            break
        not_null = not_null or domain.not_null
        for name, text, _ in domain.checks:
            check = f"{key}.{shown(name)}"
            if check in found.unsafe:
                unsafe.append((check, found.unsafe[check]))
            else:
                guards.append(Guard(check, text, frozenset({"value"})))
        kind, key = domain.base, domain.base_domain
    return kind, guards, unsafe, not_null


def _lookup(spec: EnumSpec, table: str, found: Snapshot) -> tuple[str, Constraint] | None:
    for name, key in found.of(table, "constraint"):
        if key.type == "foreign key" and key.columns == (spec.column,) and key.enforced:
            return f"constraint:{table}.{name}", key
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


def suspects(literals: Iterable[str | None], kind: str, *, wide: bool = False) -> list[str | None]:
    """What a column of `kind` is tried with: NULL, the literals it is compared with, their neighbours, and others."""
    literals, base = list(literals), base_type(kind)
    numbers = base in (*INTEGER_TYPES, "numeric", "real", "double precision")
    found: dict[str | None, None] = {None: None}
    for text in literals:
        if text is None or (numbers and not _NUMBER.fullmatch(text)):
            continue
        found[text] = None
        if numbers and text.lstrip("-").isdigit():
            found.update({str(int(text) + 1): None, str(int(text) - 1): None})
        if base in TEXT_TYPES:
            found.update({text.upper(): None, f"{text} ": None, f"{text}x": None})
    if base == "boolean":
        found = {None: None, "true": None, "false": None}
    elif base in TEXT_TYPES:
        found.update({"zz": None, "": None, "banana": None})
        if wide:
            known = [text for text in literals if text]
            found.update(dict.fromkeys((*variants(known), *woven(known, known))))
    elif numbers:
        found.update({"0": None, "1": None, "-1": None})
    return list(found)
