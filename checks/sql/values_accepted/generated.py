"""What a generated column can store: what the columns that it is made of let its expression come to (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from checks.sql.evaluation.evaluate import evaluate
from checks.sql.names import literal
from checks.sql.syntax.columns import columns_of
from checks.sql.syntax.expression import parse
from checks.sql.values.constants import NULL
from checks.sql.values.types import length_limit, type_of
from checks.sql.values_accepted.answers import (
    AcceptedValues,
    ColumnFacts,
    ColumnRow,
    NamedCheck,
    Storability,
    UndecidedPart,
)
from checks.sql.values_accepted.decide import decide

_CONDITION = "?condition"
"""Stands for what is asked, among the names of the CHECKs."""


def decide_generated(column: str, allowed: Sequence[str], checks: Sequence[NamedCheck],
                     facts: Mapping[str, ColumnFacts]) -> AcceptedValues:
    """As `decide`, of a generated column: what its expression can come to, or, as of any other, what it can hold.

    Args:
        column: its bare name, unquoted.
        allowed: the values it should come to, as text.
        checks: every CHECK, over other columns than this one.
        facts: what is known of it and of the columns that it is made of.
    """
    direct = decide(column, allowed, checks, facts)
    made = facts[column].made or f"({facts[column].generated})"
    sources = sorted(columns_of(made) & facts.keys())
    if not sources or not any(each.answer == "undecided" for each in (*direct.allowed.values(), direct.others, direct.null)):
        return AcceptedValues(direct.allowed, _named(direct.others, column), _named(direct.null, column))
    known = {name: each for name, each in facts.items() if name != column}
    values = ", ".join(map(literal, allowed))

    def possible(condition: str) -> Storability:
        found = decide(sources[0], (), (*checks, NamedCheck(_CONDITION, condition)), known)
        return _either(found.others, found.null, column, sources[0], facts)

    here = f"(({made}) IS NOT NULL)"
    return AcceptedValues({value: _surer(found, possible(f"{here} AND (({made}) = {literal(value)})"))
                           for value, found in direct.allowed.items()},
                          _surer(direct.others, possible(f"{here} AND NOT (({made}) IN ({values}))")),
                          _surer(direct.null, possible(f"(({made}) IS NULL)")))


def _surer(one: Storability, other: Storability) -> Storability:
    return other if one.answer == "undecided" else one


def _named(found: Storability, column: str) -> Storability:
    """`found` with what generates the column as the reason, where no CHECK is one."""
    unnamed = found.answer == "no" and not found.by and not found.why
    return replace(found, by=(f"what generates {column}",)) if unnamed else found


def _either(value: Storability, null: Storability, column: str, source: str,
            facts: Mapping[str, ColumnFacts]) -> Storability:
    """What holds of the generated column, by what holds of the first of its sources, NULL included."""
    for each in (value, null):
        if each.answer == "yes":
            return _told(each, source, facts[column], facts)
    if facts[column].cut:  # other texts may come to it, cut
        return Storability("undecided", parts=(UndecidedPart("", facts[column].generated),))
    if value.answer == "no" and null.answer == "no":
        by = tuple(dict.fromkeys(name for each in (value, null) for name in each.by if name != _CONDITION))
        return Storability("no", by=(f"what generates {column}", *by))
    open_ = value if value.answer == "undecided" else null
    return replace(open_, rows=(), by=(), parts=tuple(
        replace(part, constraint="" if part.constraint == _CONDITION else part.constraint) for part in open_.parts))


def _told(found: Storability, source: str, column: ColumnFacts, facts: Mapping[str, ColumnFacts]) -> Storability:
    """`found` with rows that say what the generated column comes to."""
    row = found.rows[0]
    sources = {**row.elsewhere, **row.others, source: row.value}
    values = {name: NULL if value is None else evaluate(parse(f"{literal(value)}::{facts[name].type}"))
              for name, value in sources.items() if name in facts}
    known = {name: each for name, each in values.items() if each is not None}
    come_to = evaluate(parse(column.made or f"({column.generated})"), known)
    if come_to is None or not (come_to.kind == "null" or isinstance(come_to.value, str)):
        return Storability("undecided", parts=found.parts)
    value = None if come_to.kind == "null" else str(come_to.value)
    if value is not None and column.cut and len(value) > (length_limit(type_of(column.type)) or 0):
        return Storability("undecided", parts=found.parts)
    return Storability("yes", (ColumnRow(value, sources, {}, row.session),))
