"""Tables whose CHECKs are of the plainest shapes, decided without a search: thousands of them in no time (pure).

A CHECK's shape is its text without its literals. What is read once off a shape holds whatever the literals are, so that
tables which differ in literals only are read once. Everything else is for `decide` to search.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from checks.sql.evaluation.evaluate import evaluate
from checks.sql.evaluation.harmless import harmless
from checks.sql.syntax.expression import parse
from checks.sql.syntax.lexemes import ParseError
from checks.sql.syntax.nodes import Binary, Cast, ColumnRef, FunctionCall, Node, Number, Quantified, String, identity, walk
from checks.sql.syntax.rewrite import rewritten
from checks.sql.values.constants import NULL, Constant
from checks.sql.values.types import INTEGERS, Type, length_limit, type_of
from checks.sql.values_accepted.answers import AcceptedValues, ColumnFacts, ColumnRow, NamedCheck, Storability
from checks.sql.values_accepted.session import session_column

_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<![\w.])([0-9]+)(?![\w.])")
_TEXTS, _NUMBERS = ("text", "character varying"), (*INTEGERS, "numeric")
_SOME = "\0literal"
"""Stands for a literal, whose value is not looked at."""
_NEAR = {"=": 0, ">=": 0, "<=": 0, ">": 1, "<": -1, "<>": 1}
_SMALL = 9_999
"""A number up to which a value beside a literal fits every numeric type with as many digits."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a CHECK says whatever its literals are."""

    columns: frozenset[str]
    listed: str = ""
    """`list`: one column's value is among the literals; an operator: the column compares so with the only literal."""
    numbers: bool = False
    """The literals are integers."""
    null: bool = False
    """It lets a row in where all its columns are NULL."""


@dataclass(frozen=True, slots=True)
class _Plain:
    """A CHECK of a known shape."""

    shape: _Shape
    literals: tuple[str, ...]


@lru_cache(maxsize=32768)
def _plain(text: str) -> _Plain | None:
    """The shape and literals of a CHECK; None where its literals cannot be told from its text."""
    if "\\" in text or "$" in text or '"' in text:
        return None
    literals: list[str] = []

    def cut(match: re.Match[str]) -> str:
        quoted, digits = match.groups()
        literals.append(digits if quoted is None else quoted.replace("''", "'"))
        return "0" if quoted is None else "''"

    shape = _shape(_LITERAL.sub(cut, text))
    return None if shape is None else _Plain(shape, tuple(literals))


@lru_cache(maxsize=4096)
def _shape(text: str) -> _Shape | None:
    try:
        node = parse(text)
    except (ParseError, RecursionError):
        return None
    inside = list(walk(node))
    if any(session_column(each) is not None or (isinstance(each, Binary) and each.op == "||") for each in inside):
        return None
    columns = frozenset(identity(each) for each in inside if isinstance(each, ColumnRef))
    if "VALUE" in columns:
        return None
    listed, numbers = _listed(node)
    return _Shape(columns, listed, numbers, _null(node, columns))


def _null(node: Node, columns: frozenset[str]) -> bool:
    def change(each: Node) -> Node | None:
        return ColumnRef(0, 0, (_SOME,)) if isinstance(each, String | Number) or (
            isinstance(each, Cast) and isinstance(each.operand, String | Number)) else None

    if not harmless(node, {}):
        return False
    row = {**dict.fromkeys(columns, NULL), _SOME: Constant("literal", "", "unknown", "")}
    found = evaluate(rewritten(node, change), row)
    return found is not None and (found.kind == "null" or found.value is True)


def _listed(node: Node) -> tuple[str, bool]:
    """How a column is compared with literals, and whether they are numbers; nothing for any other CHECK."""
    if isinstance(node, Quantified) and node.op == "=" and not node.every and _column(node.left):
        array = node.right.operand if isinstance(node.right, Cast) and node.right.type == "text[]" else node.right
        items = array.args if isinstance(array, FunctionCall) and array.name == "array[]" else ()
        for numbers in (False, True):
            if items and all(_literal(each, numbers=numbers) for each in items):
                return "list", numbers
    if isinstance(node, Binary) and node.op in _NEAR and _column(node.left):
        for numbers in (False, True) if node.op == "=" else (True,):
            if _literal(node.right, numbers=numbers):
                return node.op if numbers else "list", numbers
    return "", False


def _column(node: Node) -> bool:
    inner = node.operand if isinstance(node, Cast) and node.type == "text" else node
    return isinstance(inner, ColumnRef) and len(inner.path) == 1


def _literal(node: Node, *, numbers: bool) -> bool:
    if numbers:
        inner = node.operand if isinstance(node, Cast) and node.type in _NUMBERS else node
        return isinstance(inner, Number) and inner.text.isdigit()
    return isinstance(node, Cast) and node.type in _TEXTS and isinstance(node.operand, String)


def listed_values(text: str) -> tuple[str, ...]:
    """The values that a CHECK lists for its one column, where it plainly is such a list; else nothing."""
    plain = _plain(text)
    listed = plain is not None and len(plain.shape.columns) == 1 and plain.shape.listed == "list"
    return plain.literals if plain is not None and listed else ()


def plainly(column: str, allowed: Sequence[str], checks: Sequence[NamedCheck], facts: Mapping[str, ColumnFacts],
            ) -> AcceptedValues | None:
    """The answers where one CHECK lists the column's values and all others leave it alone; else None."""
    own: _Plain | None = None
    name = ""
    alone: dict[str, str | None] = {}
    for check in checks:
        plain = _plain(check.text)
        if plain is None:
            return None
        if column in plain.shape.columns:
            if own is not None or len(plain.shape.columns) > 1:
                return None
            own, name = plain, check.name
        else:
            found = _elsewhere(plain, facts, alone)
            if found is None:
                return None
            alone.update(found)
    kind = _simple(facts.get(column))
    return None if own is None or kind is None else _answers(own, name, kind, allowed, facts[column].not_null, alone)


def _simple(facts: ColumnFacts | None) -> Type | None:
    """The column's type, if nothing else is to be known of it."""
    if facts is None or facts.checks or facts.generated or facts.labels or facts.citext or facts.collation:
        return None
    return type_of(facts.type)


def _elsewhere(plain: _Plain, facts: Mapping[str, ColumnFacts], known: Mapping[str, str | None],
               ) -> dict[str, str | None] | None:
    """Values that satisfy a CHECK of other columns: NULL where they can be, else one beside its literal."""
    kinds = {name: _simple(facts.get(name)) for name in plain.shape.columns}
    if None in kinds.values():
        return None
    if plain.shape.null and not any(facts[name].not_null for name in kinds):
        return dict.fromkeys(kinds) if all(known.get(name) is None for name in kinds) else None
    if len(kinds) != 1 or not plain.shape.listed or not plain.literals:
        return None
    ((name, kind),) = kinds.items()
    if kind is None or name in known:
        return None
    if plain.shape.numbers:
        value = int(plain.literals[0]) + _NEAR.get(plain.shape.listed, 0)
        digits = kind.modifiers[0] - (kind.modifiers[1:] or (0,))[0] if kind.modifiers else len(str(_SMALL))
        wide = kind.base in _NUMBERS and digits >= len(str(_SMALL))
        return {name: str(value)} if wide and abs(value) < _SMALL else None
    fits = kind.base in _TEXTS and not kind.array and any(_fits(each, kind) for each in plain.literals)
    return {name: next(each for each in plain.literals if _fits(each, kind))} if fits else None


def _fits(text: str, kind: Type) -> bool:
    limit = length_limit(kind)
    return limit is None or len(text) <= limit


def _answers(own: _Plain, name: str, kind: Type, allowed: Sequence[str], not_null: bool,
             alone: Mapping[str, str | None]) -> AcceptedValues | None:
    if own.shape.listed not in ("list", "=") or kind.array:
        return None
    if own.shape.numbers:
        if kind.base not in INTEGERS or not all(each.isdigit() and each == str(int(each)) and int(each) <= _SMALL
                                                for each in (*allowed, *own.literals)):
            return None
    elif kind.base not in _TEXTS or "\0" in "".join(allowed):
        return None
    values = {each for each in own.literals if own.shape.numbers or _fits(each, kind)}
    by = (name,)
    refused = Storability("no", by=by)

    def goes_in(value: str | None) -> Storability:
        return Storability("yes", (ColumnRow(value, elsewhere=alone),))

    found = {}
    for value in allowed:
        if value in values:
            found[value] = goes_in(value)
        elif own.shape.numbers or _fits(value, kind):
            found[value] = refused
        else:
            return None
    other = next((each for each in own.literals if each in values and each not in found), None)
    return AcceptedValues(found, refused if other is None else goes_in(other),
                          Storability("no", why="NOT NULL") if not_null else goes_in(None))
