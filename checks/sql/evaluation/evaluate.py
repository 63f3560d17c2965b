"""What an expression comes to in one row, as far as PostgreSQL surely computes the same (pure).

`None` stands for everything else: an error, a function that is not known, a result that depends on the locale. So
what is not None is proven. Parts are evaluated in PostgreSQL's order, since what raises may be skipped by what stands
before it (manual 4.2.14; execExpr.c evaluates AND and OR from left to right).
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.sql.evaluation import numbers
from checks.sql.evaluation.arrays import elements, item_of, made_of
from checks.sql.evaluation.calls import function, plain_call, word_text
from checks.sql.evaluation.comparisons import test
from checks.sql.evaluation.conversion import converted
from checks.sql.evaluation.harmless import harmless
from checks.sql.evaluation.operators import operator
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
    Subscript,
    Unary,
    identity,
)
from checks.sql.values.constants import NULL, PLAIN, Constant, boolean, constant, text_constant
from checks.sql.values.types import deterministic

Row = Mapping[str, Constant]
"""Columns by identity, as constants of the columns' types."""
NO_ROW: Row = {}
_PLAIN = frozenset(('"C"', '"POSIX"'))

def evaluate(node: Node, row: Row = NO_ROW) -> Constant | None:
    """The value of an expression; None where it is not surely known, or an error."""
    if isinstance(node, ColumnRef):
        return row.get(identity(node))
    if isinstance(node, String | Number):
        return constant(node)
    if isinstance(node, Logic):
        return _logic(node, row)
    if isinstance(node, Binary):
        left, right = evaluate(node.left, row), evaluate(node.right, row)
        return None if left is None or right is None else operator(node.op, left, right)
    if isinstance(node, Cast):
        return _cast(node, row)
    if isinstance(node, Quantified):
        return _quantified(node, row)
    if isinstance(node, FunctionCall):
        return _call(node, row)
    return _rest(node, row)


def known_value(node: Node) -> Constant | None:
    """The single value that an expression without columns stands for, built-in functions computed; else None."""
    literal = constant(node)
    inner = node
    while isinstance(inner, Cast):
        inner = inner.operand
    if literal is not None or not isinstance(inner, FunctionCall | Binary):
        return literal
    found = evaluate(node)
    return None if found is None or found.kind in ("array", "unknown") or found.type.endswith(PLAIN) else found


def _rest(node: Node, row: Row) -> Constant | None:
    if isinstance(node, Is):
        return _is(node, row)
    if isinstance(node, Unary):
        return _unary(node, row)
    if isinstance(node, In):
        tests = [Binary(0, 0, "=", node.operand, item) for item in node.items]
        found = _any(list(tests), row, dominant=True)
        return _negated(found) if node.negated else found
    if isinstance(node, Distinct):
        left, right = evaluate(node.left, row), evaluate(node.right, row)
        if left is None or right is None:
            return None
        same = left.kind == right.kind if "null" in (left.kind, right.kind) else test("=", left, right)
        return None if same is None else boolean(same is node.negated)
    if isinstance(node, CaseExpression):
        return _case(node, row)
    if isinstance(node, Between) and not node.symmetric:
        bounds: list[Node] = [Binary(0, 0, ">=", node.operand, node.low), Binary(0, 0, "<=", node.operand, node.high)]
        found = _any(bounds, row, dominant=False)
        return _negated(found) if node.negated else found
    if isinstance(node, Collate):
        return _collated(node, row)
    if isinstance(node, Subscript):
        return _item(node, row)
    return constant(node) if isinstance(node, Keyword) else None


def _item(node: Subscript, row: Row) -> Constant | None:
    """`array[number]`: NULL beyond its bounds (manual 8.15.3)."""
    found = evaluate(node.operand, row)
    index = node.index[0] if node.form == "[]" and len(node.index) == 1 else None
    number = evaluate(index, row) if index is not None else None
    known = None if found is None else elements(found)
    at = None if number is None else numbers.finite(number)
    if found is None or known is None or at is None:
        return None
    return item_of(found, known.items[int(at) - 1]) if 1 <= at <= len(known.items) else NULL


def _collated(node: Collate, row: Row) -> Constant | None:
    inner = evaluate(node.operand, row)
    if inner is None or inner.kind not in ("text", "unknown", "bpchar", "folded") or not deterministic(node.collation):
        return inner if inner is not None and inner.kind == "null" else None
    if inner.kind == "bpchar":
        return inner
    if inner.type == "citext":
        return None
    kind = "text" + PLAIN if node.collation in _PLAIN else "text"
    return Constant("text", inner.value, kind, inner.raw)


def _negated(found: Constant | None) -> Constant | None:
    if found is None or found.kind == "null":
        return found
    return boolean(not found.value) if found.kind == "boolean" else None


def _logic(node: Logic, row: Row) -> Constant | None:
    return _any(list(node.parts), row, dominant=node.op == "OR")


def _any(parts: list[Node], row: Row, *, dominant: bool) -> Constant | None:
    """OR, or AND if `dominant` is False."""
    unknown = null = False
    for part in parts:
        found = evaluate(part, row)
        if found is None:
            if not harmless(part, row):
                return None
            unknown = True
        elif found.kind == "null":
            null = True
        elif found.kind != "boolean":
            return None
        elif found.value is dominant:
            return found
    return None if unknown else NULL if null else boolean(not dominant)


def _cast(node: Cast, row: Row) -> Constant | None:
    literal = constant(node)
    if literal is not None:
        return literal
    inner = evaluate(node.operand, row)
    return None if inner is None else converted(inner, node.type)


def _quantified(node: Quantified, row: Row) -> Constant | None:
    left, right = evaluate(node.left, row), evaluate(node.right, row)
    if left is None or right is None:
        return None
    if right.kind == "null":
        return NULL
    found = elements(right)
    if found is None:
        return None
    answers = [operator(node.op, left, item_of(right, item)) for item in found.items]
    values = {None if each is None else each.value if each.kind == "boolean" else "null" for each in answers}
    if not node.every and True in values:
        return boolean(True)
    if node.every and False in values:
        return boolean(False)
    return None if None in values else NULL if "null" in values else boolean(node.every)


def _call(node: FunctionCall, row: Row) -> Constant | None:
    name, nodes = plain_call(node)
    if name == "coalesce":
        for each in nodes:
            found = evaluate(each, row)
            if found is None or found.kind != "null":
                return found
        return NULL
    words = [word_text(each) for each in nodes]
    args = [evaluate(each, row) if word is None else text_constant(word)
            for each, word in zip(nodes, words, strict=True)]
    known = [each for each in args if each is not None]
    if len(known) < len(args):
        return None
    if name == "array[]":
        return made_of(known)
    if name == "nullif" and len(known) == 2:
        equal = operator("=", known[0], known[1])
        return None if equal is None else NULL if equal.value is True else known[0]
    return function(name, known)


def _is(node: Is, row: Row) -> Constant | None:
    found = evaluate(node.operand, row)
    if found is None:
        return None
    if node.test == "NULL":
        return boolean((found.kind == "null") is not node.negated)
    if node.test in ("TRUE", "FALSE", "UNKNOWN"):
        value = found.value if found.kind == "boolean" else None
        return boolean((value is {"TRUE": True, "FALSE": False}.get(node.test)) is not node.negated)
    if node.test.endswith("NORMALIZED"):
        if found.kind == "null":
            return NULL
        form = node.test.split()[0] if " " in node.test else "NFC"
        made = function("normalize", [found, text_constant(form)])
        return None if made is None else boolean((made.value == found.value) is not node.negated)
    return None


def _unary(node: Unary, row: Row) -> Constant | None:
    found = evaluate(node.operand, row)
    if node.op == "NOT":
        return _negated(found)
    if found is None or found.kind == "null" or node.op not in ("-", "+"):
        return found if found is not None and found.kind == "null" else None
    zero = Constant("exact", (0, 0), found.type, "0")  # type: ignore[arg-type]
    return numbers.calculated(node.op, zero, found)


def _case(node: CaseExpression, row: Row) -> Constant | None:
    for value, result in node.branches:
        condition = value if node.operand is None else Binary(0, 0, "=", node.operand, value)
        found = evaluate(condition, row)
        if found is None:
            return None
        if found.kind == "boolean" and found.value is True:
            return evaluate(result, row)
    return NULL if node.default is None else evaluate(node.default, row)
