"""The parts of a boolean expression: its conjuncts and the literals it compares columns with (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from checks.sql.syntax.expression import parse
from checks.sql.syntax.lexemes import ParseError, array_elements
from checks.sql.syntax.nodes import (
    Binary,
    CaseExpression,
    Cast,
    ColumnRef,
    Logic,
    Node,
    Quantified,
    Raw,
    String,
    Unary,
    children,
    identity,
    walk,
)
from checks.sql.values.constants import as_text, constant


@dataclass(frozen=True)
class Conjunct:
    """A part of a top-level AND: its exact source, and the columns it reads (None: not known)."""

    text: str
    columns: frozenset[str] | None


@lru_cache(maxsize=16384)
def conjuncts(text: str) -> tuple[Conjunct, ...]:
    """The parts of the top-level AND, nested ones flattened, with their exact source and the columns they read.

    Text that is not understood is one part whose columns are not known.
    """
    try:
        return tuple(Conjunct(text[part.start:part.end], _read_by(part)) for part in parts_of(parse(text)))
    except (ParseError, RecursionError):
        return (Conjunct(text.strip(), None),)


def parts_of(node: Node) -> Iterator[Node]:
    """The parts of the top-level AND, nested ones flattened."""
    if isinstance(node, Logic) and node.op == "AND":
        for part in node.parts:
            yield from parts_of(part)
    else:
        yield node


def _read_by(node: Node) -> frozenset[str] | None:
    inside = list(walk(node))
    if any(isinstance(each, Raw) and "SELECT" in each.text.upper() for each in inside):
        return None
    return frozenset(identity(each) for each in inside if isinstance(each, ColumnRef))


@lru_cache(maxsize=16384)
def literals(text: str) -> Mapping[str, tuple[str | None, ...]]:
    """Every literal that is compared with each column, as text; inside functions and patterns, with every column there.

    LIKE patterns come without their wildcards, regular expressions as the words between `^ $ ( ) |`.
    """
    try:
        return literals_of(parse(text))
    except (ParseError, RecursionError):
        return {}


def literals_of(expression: Node) -> Mapping[str, tuple[str | None, ...]]:
    """`literals` of a tree."""
    found: dict[str, dict[str | None, None]] = {}
    for test in _tests(expression):
        values = dict.fromkeys(value for node in test for value in _values(node))
        for name in {identity(each) for node in test for each in walk(node) if isinstance(each, ColumnRef)}:
            found.setdefault(name, {}).update(values)
    return {name: tuple(values) for name, values in found.items()}


def _tests(node: Node) -> Iterator[tuple[Node, ...]]:
    """The smallest groups of sub-expressions that are tested together."""
    if isinstance(node, Logic):
        for part in node.parts:
            yield from _tests(part)
    elif isinstance(node, Unary) and node.op == "NOT":
        yield from _tests(node.operand)
    elif isinstance(node, CaseExpression):
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
