"""Which columns an expression mentions, and the same with expressions in their places (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from checks.sql.syntax.expression import parse
from checks.sql.syntax.lexemes import ParseError
from checks.sql.syntax.nodes import ColumnRef, identity, walk


def columns_of(text: str) -> frozenset[str]:
    """The bare, unquoted names of the columns that `text`, an expression or a list of them, mentions.

    None of an expression that is not understood.
    """
    try:
        return frozenset(identity(each) for each in walk(parse(f"({text})")) if isinstance(each, ColumnRef))
    except (ParseError, RecursionError):
        return frozenset()


def written_out(text: str, expressions: Mapping[str, str]) -> str:
    """`text` with an expression, in parentheses, in place of each column that `expressions` names.

    As it was where it is not understood.
    """
    try:
        nodes = [each for each in walk(parse(text)) if isinstance(each, ColumnRef) and identity(each) in expressions]
    except (ParseError, RecursionError):
        return text
    for node in sorted(nodes, key=lambda each: each.start, reverse=True):
        text = f"{text[:node.start]}({expressions[identity(node)]}){text[node.end:]}"
    return text
