"""What is known of the terms of an expression over one table, and how normal forms spell names and constants (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from checks.sql.evaluation.arrays import element_type, elements
from checks.sql.evaluation.evaluate import evaluate, known_value
from checks.sql.syntax.lexemes import ParseError, array_elements
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
    Quantified,
    String,
    Unary,
)
from checks.sql.values.constants import as_text, constant
from checks.sql.values.types import Type, deterministic, lossless, type_of

MIRROR = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
DENIAL = {"<>": "=", ">=": "<", "<=": ">", "!~~": "~~", "!~~*": "~~*", "!~": "~", "!~*": "~*"}
STRICT = frozenset(("=", "<", ">", "~~", "~~*", "~", "~*"))
"""Built-in operators that are NULL exactly when an operand is (those of DENIAL are their negations)."""
TESTS = frozenset((*MIRROR, *DENIAL, *STRICT))
_STRICT_ARITHMETIC = frozenset(("+", "-", "*", "/", "%"))
_STRICT_CALLS = frozenset(("lower", "upper", "length", "char_length", "character_length", "octet_length", "btrim",
                           "ltrim", "rtrim", "abs", "initcap", "reverse", "md5"))


class Terms:
    """Questions about terms; `columns` maps the table's columns to their format_type."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.columns = columns

    def declared(self, node: Node) -> Type | None:
        """The declared type of a plain column reference, if known."""
        if not isinstance(node, ColumnRef) or len(node.path) > 1:
            return None
        text = self.columns.get(node.path[0])
        return None if text is None else type_of(text)

    def peeled(self, node: Node) -> tuple[ColumnRef, Type] | None:
        """The column of a known family under casts that keep its identity, and the type after them; else None."""
        if isinstance(node, ColumnRef):
            kind = self.declared(node)
            return None if kind is None or kind.family is None else (node, kind)
        if isinstance(node, Cast):
            inner = self.peeled(node.operand)
            if inner is None or not lossless(inner[1], node.type):
                return None
            return inner[0], type_of(node.type)
        if isinstance(node, Collate) and deterministic(node.collation):
            inner = self.peeled(node.operand)
            return inner if inner is not None and inner[1].family in ("text", "bpchar") else None
        return None

    def scalar(self, node: Node) -> bool:
        """Whether it surely is of a built-in type that is no composite."""
        kind = self.declared(node)
        if kind is not None:
            return kind.scalar
        if isinstance(node, Cast):
            return type_of(node.type).scalar
        if isinstance(node, Binary):
            return not node.op.startswith("OPERATOR(")
        return self.boolean(node) or (isinstance(node, FunctionCall) and node.name in _STRICT_CALLS)

    def boolean(self, node: Node) -> bool:
        """Whether it surely is boolean."""
        if isinstance(node, Binary):
            return node.op in TESTS
        if isinstance(node, Unary):
            return node.op == "NOT"
        if isinstance(node, ColumnRef):
            return self.declared(node) == Type("boolean")
        results: tuple[Node, ...] = ()
        if isinstance(node, CaseExpression):
            results = (*(result for _, result in node.branches), *(() if node.default is None else (node.default,)))
        elif isinstance(node, FunctionCall) and node.name == "coalesce":
            results = node.args
        if any(self.boolean(each) or ((known := constant(each)) and known.kind == "boolean") for each in results):
            return True
        return isinstance(node, Logic | Quantified | In | Between | Is | Distinct)

    def strict(self, node: Node) -> frozenset[str] | None:
        """The columns whose NULL, and nothing else, makes the term NULL; None when that is not known."""
        if isinstance(node, ColumnRef):
            kind = self.declared(node)
            return frozenset((node.name,)) if kind is not None and kind.scalar else None
        peeled = self.peeled(node)
        if peeled is not None:
            return frozenset((peeled[0].name,))
        known = constant(node)
        if known is not None:
            return None if known.kind == "null" else frozenset()
        if isinstance(node, Keyword) or (isinstance(node, FunctionCall) and node.name == "now"):
            return frozenset() if isinstance(node, FunctionCall) or node.word.startswith(("CURRENT_", "LOCALTIME")) else None
        parts: tuple[Node, ...] = ()
        if isinstance(node, Binary) and node.op in _STRICT_ARITHMETIC:
            parts = (node.left, node.right)
        elif isinstance(node, FunctionCall) and node.name in _STRICT_CALLS and all(
                self.peeled(arg) or constant(arg) for arg in node.args):
            parts = node.args
        found = [self.strict(part) for part in parts]
        sure = [each for each in found if each is not None]
        return frozenset().union(*sure) if found and len(sure) == len(found) else None

    def elements(self, node: Node, *, flat: bool = True) -> list[Node] | None:
        """The scalars of an array constructor or literal; None when one may be an array, or cannot be read."""
        if isinstance(node, String):
            try:
                texts = array_elements(node.value, flat=flat)
            except ParseError:
                return None
            return [Keyword(0, 0, "NULL") if text is None else String(0, 0, text) for text in texts]
        if isinstance(node, Cast):
            inner = self.elements(node.operand, flat=flat) if node.type.endswith("[]") else None
            return None if inner is None else [Cast(0, 0, each, node.type[:-2]) for each in inner]
        if not isinstance(node, FunctionCall) or node.name != "array[]":
            return _computed(node)
        found: list[Node] = []
        for item in node.args:
            inner = self._items(item, flat)
            if inner is None:
                return None
            found += inner
        return found

    def _items(self, item: Node, flat: bool) -> list[Node] | None:
        if is_array(item):
            return self.elements(item) if flat else None
        return [item] if known_value(item) is not None or self.peeled(item) is not None else None


def _computed(node: Node) -> list[Node] | None:
    """The items of an array that a function of constants returns."""
    made = evaluate(node) if isinstance(node, FunctionCall | Binary) else None
    found = None if made is None else elements(made)
    if made is None or found is None:
        return None
    texts = [as_text(item) for item in found.items]
    return [Cast(0, 0, Keyword(0, 0, "NULL") if text is None else String(0, 0, text), element_type(made.type))
            for text in texts]


def is_array(node: Node) -> bool:
    """Whether it is an array constructor or a cast to an array type."""
    if isinstance(node, Cast):
        return node.type.endswith("[]")
    return isinstance(node, FunctionCall) and node.name == "array[]"
