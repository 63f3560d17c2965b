"""What boolean SQL expressions mean, whatever their spelling: CHECKs, index predicates, policies, defaults (pure).

Texts are what `pg_get_expr` and `pg_get_constraintdef` print on PostgreSQL 14 to 18 with search_path = pg_catalog.
`columns` maps a column to its format_type; a domain's own CHECK reads the column `VALUE`; for a column of a domain
give the domain's base type, and for one with a nondeterministic collation append ` COLLATE "name"`, which keeps
its comparisons unexplored. Like PostgreSQL (CREATE TABLE, CHECK) this takes the expressions for immutable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from checks.harness.constants import Type, Value, constant, fits, holds, number, plain, read, type_of, unit
from checks.harness.decide import (
    GIVEN,
    ExhaustedError,
    Satisfaction,
    Some,
    Table,
    accepted,
    atoms_of,
    components,
    satisfy,
    splits,
)
from checks.harness.expression import parse
from checks.harness.formula import Formula, conjuncts_of
from checks.harness.lexemes import ParseError, array_elements, loose, tokens
from checks.harness.nodes import Binary, Case, Cast, Column, Logic, Node, Quantified, Raw, String, Unary, children, walk
from checks.harness.translate import Reader, identity


__all__ = ["Conjunct", "Different", "Same", "Unknown", "accepting_assignment", "canonical", "compare", "conjuncts",
           "literals", "loose", "never_accepts"]


@dataclass(frozen=True)
class Same:
    """Both accept exactly the same rows."""


@dataclass(frozen=True)
class Different:
    """`witness` (column -> text form, None is NULL) is accepted by one side only; unnamed columns do not matter."""

    witness: Mapping[str, str | None]
    accepted_by: Literal["left", "right"]


@dataclass(frozen=True)
class Unknown:
    """Neither could be proven."""

    reason: str


@dataclass(frozen=True)
class Conjunct:
    """A part of a top-level AND: its exact source, and the columns it reads (None: not known)."""

    text: str
    columns: frozenset[str] | None


_NONE: Mapping[str, str] = {}


def canonical(text: str, columns: Mapping[str, str] = _NONE) -> str:
    """The normal form: equal normal forms have equal meaning. Text that cannot be read yields its tokens."""
    try:
        return _canonical(text, _types(text, columns))
    except ParseError:
        return " ".join(_tokens(text))


@lru_cache(maxsize=16384)
def _canonical(text: str, types: tuple[tuple[str, str], ...]) -> str:
    whole = Reader(dict(types)).whole(parse(text))
    attributes = re.search(r"((?:\s+(?:NO INHERIT|NOT VALID|NOT ENFORCED))*)\s*$", text)
    return whole + (attributes.group(1) if attributes and text.lstrip().startswith("CHECK") else "")


def _tokens(text: str) -> list[str]:
    try:
        return [token.text for token in tokens(text)]
    except ParseError:
        return [text.strip()]


@lru_cache(maxsize=16384)
def _columns(text: str) -> frozenset[str]:
    return frozenset(identity(node) for node in walk(parse(text)) if isinstance(node, Column))


def _types(text: str, columns: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The types of the columns that the text mentions: the part of `columns` that its normal form depends on."""
    return tuple((name, columns[name]) for name in sorted(_columns(text)) if name in columns) if columns else ()


def compare(left: str, right: str, columns: Mapping[str, str],
            not_null: Collection[str] = ()) -> Same | Different | Unknown:
    """Whether two CHECKs over one table let the same rows in; a NULL result lets the row in (manual 5.5.1).

    `not_null` names columns that cannot be NULL. `Same` and `Different` are proven, `Unknown` is neither.
    """
    if canonical(left, columns) == canonical(right, columns):
        return Same()
    try:
        one, other = (Reader(columns).formula(parse(text)) for text in (left, right))
    except ParseError as error:
        return Unknown(f"the expression is not understood: {error}")
    table = Table(columns, frozenset(not_null), (*atoms_of(one), *atoms_of(other)))
    try:
        return _difference(table, conjuncts_of(one), conjuncts_of(other))
    except ExhaustedError:
        return Unknown("too many combinations of values to try them all")


def _difference(table: Table, left: Sequence[Formula], right: Sequence[Formula]) -> Same | Different | Unknown:
    shared = {part.key for part in left} & {part.key for part in right}
    mine = [part for part in left if part.key not in shared]
    theirs = [part for part in right if part.key not in shared]
    unsure = ""
    for group in components(table, [*mine, *theirs], ()):
        one, other = [p for p in mine if p in group], [p for p in theirs if p in group]
        for split in splits(table, one, other):
            winner, loser = (left, right) if split.left else (right, left)
            found = satisfy(table, winner, split.env)
            if found.answer == "no":
                continue
            witness = _witness(table, winner, loser, found.env)
            if split.sure and found.answer == "yes" and witness is not None:
                return Different(witness, "left" if split.left else "right")
            unsure = unsure or " and ".join(part.key for part in group)
    return Unknown(f"it depends on {unsure}") if unsure else Same()


def _witness(table: Table, winner: Sequence[Formula], loser: Sequence[Formula],
             env: Mapping[str, Value | Some]) -> Mapping[str, str | None] | None:
    """The columns that matter, as text; None when a value among them is not known."""
    def tells(kept: Mapping[str, Value | Some]) -> bool:
        return accepted(table, winner, kept) is True and accepted(table, loser, kept) is False

    return _texts(table, _minimal(env, tells) if tells(env) else env)


def _minimal(env: Mapping[str, Value | Some],
             enough: Callable[[Mapping[str, Value | Some]], bool]) -> Mapping[str, Value | Some]:
    for name in list(env):
        fewer = {each: value for each, value in env.items() if each != name}
        if enough(fewer):
            env = fewer
    return env


def _texts(table: Table, env: Mapping[str, Value | Some]) -> Mapping[str, str | None] | None:
    found: dict[str, str | None] = {}
    for name, value in env.items():
        if isinstance(value, Some):
            return None
        floating = isinstance(value, tuple) and type_of(table.types.get(name, "")).family == "float"
        found[name] = repr(float(value[1])) if floating and not value[0] else as_text(value)
    return found


def as_text(value: Value) -> str | None:
    """A value as PostgreSQL reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if isinstance(value, tuple) else value


def never_accepts(text: str, column: str, value: str | None, columns: Mapping[str, str],
                  not_null: Collection[str] = ()) -> bool | None:
    """Whether the CHECK is FALSE for `column = value` whatever the other columns and opaque atoms are.

    False: some values of the other columns surely let it in. None: it cannot be told, also when the type cannot
    hold the value.
    """
    found = _acceptance(text, column, value, columns, not_null)
    return None if found is None or found.answer == "open" else found.answer == "no"


def accepting_assignment(text: str, column: str, value: str | None, columns: Mapping[str, str],
                         not_null: Collection[str] = ()) -> Mapping[str, str | None] | None:
    """Values of the other columns that let `column = value` in for sure (empty: none matter), or None."""
    found = _acceptance(text, column, value, columns, not_null)
    if found is None or found.answer != "yes":
        return None
    return {name: as_text(each) for name, each in found.env.items() if name != column and not isinstance(each, Some)}


def _acceptance(text: str, column: str, value: str | None, columns: Mapping[str, str],
                not_null: Collection[str]) -> Satisfaction | None:
    try:
        formula = Reader(columns).formula(parse(text))
    except ParseError:
        return None
    table = Table(columns, frozenset(not_null), tuple(atoms_of(formula)))
    fixed, storable = held(table, column, value)
    parts = conjuncts_of(formula)
    try:
        found = satisfy(table, parts, {column: fixed}) if fixed is not UNREADABLE else None
    except ExhaustedError:
        return None
    if found is None or found.answer == "yes" and not storable:
        return None
    sure = accepted(table, parts, found.env) is True
    env = _minimal(found.env, lambda kept: column in kept and accepted(table, parts, kept) is True) if sure else found.env
    return Satisfaction(found.answer, env)


UNREADABLE = Some()


def held(table: Table, column: str, value: str | None) -> tuple[Value | Some, bool]:
    """What the column holds after `value` is assigned to it, and whether it can be; UNREADABLE if not a value."""
    kind = type_of(table.types.get(column, ""))
    if value is None or kind.family is None:
        known = value is None or column in table.labelled
        return (value if known else GIVEN), True
    if kind.family == "boolean":
        known_as = read(value, "boolean")
        return (UNREADABLE, False) if known_as is None else (known_as.value, True)
    if kind.family in ("text", "bpchar"):
        return _held_text(kind, value)
    read_as = number(value, kind.base)
    if read_as is None:
        return UNREADABLE, False
    step = unit(kind)
    if step is not None and not read_as[0]:
        whole = math.floor(abs(read_as[1]) / step + Fraction(1, 2)) * step
        read_as = (0, whole if read_as[1] >= 0 else -whole)
    return (read_as, True) if fits(read_as, kind) else (UNREADABLE, False)


def _held_text(kind: Type, value: str) -> tuple[Value | Some, bool]:
    if kind.base == "name" and len(value.encode()) > 63:
        return UNREADABLE, False
    size = kind.modifiers[0] if kind.modifiers else len(value)
    if kind.family == "bpchar":
        value = value.rstrip(" ")
    elif not value[size:].strip(" "):
        value = value[:size]
    return value, holds(value, kind) and "\0" not in value


def conjuncts(text: str) -> tuple[Conjunct, ...]:
    """The parts of the top-level AND, nested ones flattened, with their exact source and the columns they read."""
    try:
        parts = list(_parts(parse(text)))
    except ParseError:
        return (Conjunct(text.strip(), None),)
    return tuple(Conjunct(text[part.start:part.end], _read_by(part)) for part in parts)


def _parts(node: Node) -> Iterator[Node]:
    if isinstance(node, Logic) and node.op == "AND":
        for part in node.parts:
            yield from _parts(part)
    else:
        yield node


def _read_by(node: Node) -> frozenset[str] | None:
    inside = list(walk(node))
    if any(isinstance(each, Raw) and "SELECT" in each.text.upper() for each in inside):
        return None
    return frozenset(identity(each) for each in inside if isinstance(each, Column))


def literals(text: str) -> Mapping[str, tuple[str | None, ...]]:
    """Every literal that is compared with each column, as text; inside functions and patterns, with every column there.

    LIKE patterns come without their wildcards, regular expressions as the words between `^ $ ( ) |`.
    """
    found: dict[str, dict[str | None, None]] = {}
    try:
        tests = list(_tests(parse(text)))
    except ParseError:
        return {}
    for test in tests:
        values = [value for node in test for value in _values(node)]
        for name in {identity(each) for node in test for each in walk(node) if isinstance(each, Column)}:
            found.setdefault(name, {}).update(dict.fromkeys(values))
    return {name: tuple(values) for name, values in found.items()}


def _tests(node: Node) -> Iterator[tuple[Node, ...]]:
    """The smallest groups of sub-expressions that are tested together."""
    if isinstance(node, Logic):
        for part in node.parts:
            yield from _tests(part)
    elif isinstance(node, Unary) and node.op == "NOT":
        yield from _tests(node.operand)
    elif isinstance(node, Case):
        for value, result in node.branches:
            yield from [(node.operand, value)] if node.operand is not None else _tests(value)
            yield from _tests(result)
        yield from _tests(node.default) if node.default is not None else ()
    else:
        yield (node,)


def _values(node: Node) -> Iterator[str | None]:
    known = constant(node)
    if isinstance(node, Cast) and node.type.endswith("[]") and isinstance(node.operand, String):
        try:
            yield from array_elements(node.operand.value)
        except ParseError:
            yield node.operand.value
    elif known is not None:
        yield as_text(known.value) if known.kind != "other" else known.raw
    else:
        matching = node.op if isinstance(node, Binary | Quantified) else ""
        for child in children(node):
            for value in _values(child):
                yield from _words(matching, value) if value is not None else (None,)


def _words(op: str, pattern: str) -> Iterator[str]:
    if "~~" in op:
        yield pattern.replace("%", "")
    elif "~" in op:
        yield from (word for word in re.split(r"\|", re.sub(r"\(\?[:=!]|[\^$()]", "", pattern)))
    else:
        yield pattern
