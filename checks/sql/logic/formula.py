"""Three-valued formulas in negation normal form, each with a key: equal keys mean equal meaning (pure).

The laws used hold in Kleene's logic, which is SQL's (manual 9.1): De Morgan, double negation, flattening, order,
repetition, the constants TRUE and FALSE. `x OR NOT x` is not TRUE, for x may be NULL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.sql.languages.images.views import Membership
from checks.sql.syntax.nodes import Node
from checks.sql.values.types import Value

_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A node; `key` is its normal form."""

    key: str


@dataclass(frozen=True, slots=True, eq=False)
class Const(Formula):
    """TRUE, FALSE or NULL."""

    value: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Atom(Formula):
    """A test that is not taken apart.

    kind compare: `column op value`, values exactly known; label: the same for an enum's labels (= only);
    boolean: the boolean column itself; within: the column's text lies in a language; elements: a test of an array column
    that depends only on which items it has;
    null: `column IS NULL`; notnull: `column IS NOT NULL` where that is not known to be the opposite;
    opaque: anything else.
    """

    kind: str
    column: str = ""
    op: str = ""
    value: Value = None
    shown: str = ""
    """How the key spells the column."""
    literal: str = ""
    """How the key spells the value."""
    strict: frozenset[str] | None = None
    """Opaque: NULL exactly when one of these columns is; None when that is not known."""
    total: bool = False
    """Opaque: never NULL."""
    columns: frozenset[str] = frozenset()
    """Every column it reads."""
    membership: Membership | None = None
    """Within: what language, through what functions."""
    node: Node | None = None
    """Within, elements and opaque: the expression, for columns whose values are known."""


@dataclass(frozen=True, slots=True, eq=False)
class Not(Formula):
    """The negation of an Atom, Truth or Iff."""

    part: Formula


@dataclass(frozen=True, slots=True, eq=False)
class Junction(Formula):
    """AND or OR (`op` is `and` or `or`) of two or more parts, sorted by key."""

    op: str
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Iff(Formula):
    """`left = right` between booleans: NULL when either is."""

    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True, eq=False)
class Truth(Formula):
    """`part IS TRUE | FALSE | NULL`: never NULL."""

    part: Formula
    want: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Pick(Formula):
    """CASE: the result of the first branch whose condition is TRUE, else the default."""

    branches: tuple[tuple[Formula, Formula], ...]
    default: Formula


TRUE, FALSE, NULL = Const("true", True), Const("false", False), Const("null", None)


def const(value: bool | None) -> Const:
    """The constant formula of a three-valued value."""
    return NULL if value is None else TRUE if value else FALSE


def comparison(column: str, shown: str, op: str, value: Value, literal: str) -> Atom:
    """`column op value` with exactly known values; `shown` and `literal` are how its key spells them."""
    return Atom(f"{shown} {op} {literal}", "compare", column, op, value, shown, literal, columns=frozenset((column,)))


def junction(op: str, parts: Iterable[Formula]) -> Formula:
    """AND or OR of any number of parts."""
    neutral, dominant = (TRUE, FALSE) if op == "and" else (FALSE, TRUE)
    found: dict[str, Formula] = {}
    for part in parts:
        for each in part.parts if isinstance(part, Junction) and part.op == op else (part,):
            if each is dominant:
                return dominant
            if each is not neutral:
                found[each.key] = each
    if len(found) < 2:
        return next(iter(found.values()), neutral)
    keys = sorted(found)
    return Junction("(" + f" {op} ".join(keys) + ")", op, tuple(found[key] for key in keys))


def negation(formula: Formula) -> Formula:
    """NOT, pushed inward."""
    if isinstance(formula, Const):
        return formula if formula.value is None else const(not formula.value)
    if isinstance(formula, Not):
        return formula.part
    if isinstance(formula, Junction):
        return junction("or" if formula.op == "and" else "and", [negation(part) for part in formula.parts])
    if isinstance(formula, Pick):
        return pick([(test, negation(result)) for test, result in formula.branches], negation(formula.default))
    if isinstance(formula, Atom) and formula.kind == "compare" and formula.op in _OPPOSITE:
        return comparison(formula.column, formula.shown, _OPPOSITE[formula.op], formula.value, formula.literal)
    return Not(f"not {formula.key}", formula)


def two_valued(formula: Formula) -> bool:
    """Whether it surely is never NULL."""
    if isinstance(formula, Const):
        return formula.value is not None
    if isinstance(formula, Atom):
        return formula.total or formula.kind in ("null", "notnull")
    if isinstance(formula, Not):
        return two_valued(formula.part)
    if isinstance(formula, Junction):
        return all(two_valued(part) for part in formula.parts)
    if isinstance(formula, Pick):
        return two_valued(formula.default) and all(two_valued(result) for _, result in formula.branches)
    return isinstance(formula, Truth)


def truth(formula: Formula, want: bool | None) -> Formula:
    """`formula IS want`."""
    if isinstance(formula, Const):
        return const(formula.value is want)
    if two_valued(formula):
        return FALSE if want is None else formula if want else negation(formula)
    if isinstance(formula, Atom) and formula.kind in ("compare", "boolean") and want is None:
        return null_test(formula.column, formula.shown)
    if want is False:
        return truth(negation(formula), True)
    if want and isinstance(formula, Junction):
        return junction(formula.op, [truth(part, True) for part in formula.parts])
    if want is None:
        formula = min(formula, negation(formula), key=lambda each: each.key)
    return Truth(f"({formula.key} is {const(want).key})", formula, want)


def null_test(column: str, shown: str, *, negated: bool = False) -> Formula:
    """`column IS NULL` as an atom; `negated` makes the atom IS NOT NULL, for columns where it is no opposite."""
    kind, words = ("notnull", "is not null") if negated else ("null", "is null")
    return Atom(f"{shown} {words}", kind, column, shown=shown, total=True, columns=frozenset((column,)))


def iff(left: Formula, right: Formula) -> Formula:
    """`left = right` between two booleans."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Const):
            return NULL if one.value is None else other if one.value else negation(other)
    if isinstance(left, Not):
        return negation(iff(left.part, right))
    if isinstance(right, Not):
        return negation(iff(left, right.part))
    first, second = sorted((left, right), key=lambda each: each.key)
    return Iff(f"({first.key} iff {second.key})", first, second)


def pick(branches: Iterable[tuple[Formula, Formula]], default: Formula) -> Formula:
    """CASE over conditions; branches that cannot be reached are dropped."""
    kept: list[tuple[Formula, Formula]] = []
    for test, result in branches:
        if test is TRUE:
            default = result
            break
        if test not in (FALSE, NULL):
            kept.append((test, result))
    if not kept:
        return default
    shown = " ".join(f"when {test.key} then {result.key}" for test, result in kept)
    return Pick(f"(case {shown} else {default.key})", tuple(kept), default)


def conjuncts_of(formula: Formula) -> tuple[Formula, ...]:
    """The parts whose AND it is; TRUE has none."""
    if isinstance(formula, Junction) and formula.op == "and":
        return formula.parts
    return () if formula is TRUE else (formula,)


def atoms_of(formula: Formula) -> Iterator[Atom]:
    """Every atom in the formula."""
    if isinstance(formula, Atom):
        yield formula
    elif isinstance(formula, Not | Truth):
        yield from atoms_of(formula.part)
    elif isinstance(formula, Junction):
        for part in formula.parts:
            yield from atoms_of(part)
    elif isinstance(formula, Iff):
        yield from atoms_of(formula.left)
        yield from atoms_of(formula.right)
    elif isinstance(formula, Pick):
        for test_of, result in formula.branches:
            yield from atoms_of(test_of)
            yield from atoms_of(result)
        yield from atoms_of(formula.default)
