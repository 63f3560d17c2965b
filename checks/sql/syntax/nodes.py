"""Frozen nodes of a SQL expression, each with its span in the source text (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """A sub-expression; `source[start:end]` is its exact text, outer parentheses left out."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ColumnRef(Node):
    """A column reference (or a domain's VALUE); `path` holds its qualifiers and, last, its name."""

    path: tuple[str, ...]

    @property
    def name(self) -> str:
        """The column's own name, unquoted."""
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class String(Node):
    """A string literal, decoded."""

    value: str


@dataclass(frozen=True, slots=True)
class Number(Node):
    """An unsigned number, as written."""

    text: str


@dataclass(frozen=True, slots=True)
class Keyword(Node):
    """TRUE, FALSE, NULL, CURRENT_DATE …, or a separator inside a call (FROM, PLACING); upper case."""

    word: str


@dataclass(frozen=True, slots=True)
class Raw(Node):
    """A stretch of SQL that is not looked into: a subselect or a bit string."""

    text: str


@dataclass(frozen=True, slots=True)
class Cast(Node):
    """`operand::type`; `type` as format_type writes it."""

    operand: Node
    type: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """A prefix operator: NOT, -, +, ~ …"""

    op: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An infix operator; one of another schema is spelled `OPERATOR(schema.op)`."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """AND or OR of two or more parts."""

    op: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """`left op ANY|ALL (right)`."""

    op: str
    every: bool
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """`operand [NOT] IN (items)`."""

    operand: Node
    items: tuple[Node, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`operand [NOT] BETWEEN [SYMMETRIC] low AND high`."""

    operand: Node
    low: Node
    high: Node
    negated: bool
    symmetric: bool


@dataclass(frozen=True, slots=True)
class Is(Node):
    """`operand IS [NOT] test`; test is NULL, TRUE, FALSE, UNKNOWN, DOCUMENT, NFC NORMALIZED …"""

    operand: Node
    test: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Distinct(Node):
    """`left IS [NOT] DISTINCT FROM right`; negated means NOT DISTINCT."""

    left: Node
    right: Node
    negated: bool


@dataclass(frozen=True, slots=True)
class Collate(Node):
    """`operand COLLATE collation`; collation as written."""

    operand: Node
    collation: str


@dataclass(frozen=True, slots=True)
class FunctionCall(Node):
    """A function call or call-like construct; ARRAY[…] is called `array[]`, ROW(…) `row`."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class CaseExpression(Node):
    """CASE; `branches` are (condition or value, result)."""

    operand: Node | None
    branches: tuple[tuple[Node, Node], ...]
    default: Node | None


@dataclass(frozen=True, slots=True)
class Subscript(Node):
    """`operand[first]`, `operand[first:last]` or `(operand).field` (as a one-word index)."""

    operand: Node
    index: tuple[Node | None, ...]
    form: str
    """`[]`, `[:]` or `.`."""


def identity(column: ColumnRef) -> str:
    """What tells this column from all others of the expression: its bare name, unless it is qualified."""
    return column.name if len(column.path) == 1 else ".".join(f'"{part}"' for part in column.path)


def children(node: Node) -> Iterator[Node]:
    """The node's direct sub-expressions, in source order."""
    for slot in type(node).__slots__:
        yield from _nodes(getattr(node, slot))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)
