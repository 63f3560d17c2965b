"""Which expressions surely raise no error, whatever the row (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from checks.sql.evaluation.calls import language_of
from checks.sql.evaluation.operators import COMPARISONS, MATCHES
from checks.sql.syntax.nodes import (
    Between,
    Binary,
    CaseExpression,
    Cast,
    Collate,
    ColumnRef,
    Distinct,
    FunctionCall,
    In,
    Is,
    Keyword,
    Logic,
    Node,
    Number,
    Quantified,
    String,
    Unary,
    walk,
)
from checks.sql.values.constants import Constant, constant, folds
from checks.sql.values.types import type_of

_HARMLESS = frozenset(("lower", "upper", "length", "char_length", "character_length", "btrim", "ltrim", "rtrim",
                       "trim", "left", "right", "md5", "reverse", "coalesce", "concat", "array[]", "cardinality",
                       "translate"))
_SEARCHES = frozenset(("strpos", "position", "starts_with", "replace"))
"""Harmless, but for texts of a nondeterministic collation, as is matching (manual 24.2.2.4)."""


def harmless(node: Node, row: Mapping[str, Constant]) -> bool:
    """Whether evaluating it surely raises no error, in a row whose columns are all known."""
    folding = any(folds(each) for each in row.values())
    return all(_harmless(each, folding) for each in walk(node))


def _harmless(node: Node, folding: bool) -> bool:
    if isinstance(node, FunctionCall):
        return node.name in _HARMLESS or (node.name in _SEARCHES and not folding)
    if isinstance(node, Binary | Quantified):
        if node.op in MATCHES:
            return not folding and isinstance(node, Binary) and _sound_pattern(node)
        return node.op in COMPARISONS or node.op in ("||", "<@", "@>", "&&")
    if isinstance(node, Cast):
        kind = type_of(node.type)
        return constant(node) is not None or kind.family in ("text", "bpchar") or (kind.array and "text" in kind.base)
    if isinstance(node, Is):
        return not node.test.endswith("NORMALIZED")
    if isinstance(node, Unary):
        return node.op == "NOT" or constant(node) is not None
    return isinstance(node, ColumnRef | String | Number | Keyword | Logic | In | Distinct | Between | Collate
                      | CaseExpression)


def _sound_pattern(node: Binary) -> bool:
    pattern = constant(node.right)
    return pattern is not None and isinstance(pattern.value, str) and language_of(
        node.op.removeprefix("!"), pattern.value, plain=False) is not None
