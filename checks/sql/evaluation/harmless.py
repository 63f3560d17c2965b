"""Which expressions surely raise no error, whatever the row (pure)."""

from __future__ import annotations

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
from checks.sql.values.constants import constant
from checks.sql.values.types import type_of

_HARMLESS = frozenset(("lower", "upper", "length", "char_length", "character_length", "btrim", "ltrim", "rtrim",
                       "trim", "left", "right", "md5", "strpos", "position", "starts_with", "reverse", "coalesce",
                       "concat", "array[]", "cardinality", "abs", "replace", "translate"))


def harmless(node: Node) -> bool:
    """Whether evaluating it surely raises no error."""
    for each in walk(node):
        if isinstance(each, FunctionCall):
            if each.name not in _HARMLESS:
                return False
        elif isinstance(each, Binary | Quantified):
            if each.op in MATCHES and not (isinstance(each, Binary) and _sound_pattern(each)):
                return False
            if each.op not in COMPARISONS and each.op not in MATCHES and each.op not in ("||", "<@", "@>", "&&"):
                return False
        elif isinstance(each, Cast):
            kind = type_of(each.type)
            if constant(each) is None and not (kind.family in ("text", "bpchar") or (kind.array and "text" in kind.base)):
                return False
        elif not isinstance(each, ColumnRef | String | Number | Keyword | Logic | Is | In | Distinct | Between | Collate
                            | CaseExpression | Unary):
            return False
    return True


def _sound_pattern(node: Binary) -> bool:
    pattern = constant(node.right)
    return pattern is not None and isinstance(pattern.value, str) and language_of(
        node.op.removeprefix("!"), pattern.value, plain=False) is not None
