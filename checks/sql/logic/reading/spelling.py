"""How normal forms spell terms: names, constants and expressions of any type (pure)."""

from __future__ import annotations

import re
from abc import abstractmethod

from checks.sql.logic.formula import Formula
from checks.sql.logic.reading.terms import TESTS, Terms, is_array
from checks.sql.syntax.lexemes import tokens
from checks.sql.syntax.nodes import (
    Binary,
    CaseExpression,
    Cast,
    Collate,
    ColumnRef,
    FunctionCall,
    Keyword,
    Node,
    Raw,
    Subscript,
    Unary,
)
from checks.sql.values.constants import Constant, constant, plain
from checks.sql.values.types import Value

_SYNONYMS = {"CURRENT_TIMESTAMP": "now()"}
_SIMPLE = re.compile(r"[a-z_][a-z0-9_$]*")
_WORDS = frozenset(("true", "false", "null", "not", "and", "or", "is", "iff", "case", "when", "then", "else", "any",
                    "all", "collate", "distinct", "from"))


def name(*path: str) -> str:
    """A name as normal forms spell it: quoted unless it is simple."""
    return ".".join(part if _SIMPLE.fullmatch(part) and part not in _WORDS else '"' + part.replace('"', '""') + '"'
                    for part in path)


def quoted(text: str) -> str:
    """A string as normal forms spell it."""
    return "'" + text.replace("'", "''") + "'"


def word(value: Value) -> str:
    """TRUE, FALSE or NULL as normal forms spell it."""
    return "null" if value is None else "true" if value else "false"


def literal(known: Constant, *, tagged: bool = True) -> str:
    """A constant as a comparison spells it: by value; `tagged` says the type where it matters."""
    if isinstance(known.value, tuple):
        return plain(known.value) + ("::double precision" if known.kind == "float" and tagged else "")
    if known.kind in ("null", "boolean"):
        return word(known.value)
    shown = quoted(str(known.value))
    if known.kind == "text" or not tagged:
        return shown
    return f"{shown}::{'bpchar' if known.kind == 'bpchar' else known.type}"


def typed(known: Constant) -> str:
    """A constant where its type and spelling may matter, as in a function's argument."""
    if known.kind == "null":
        return f"null::{known.type}"
    if known.kind in ("boolean", "float"):
        return literal(known)
    if known.kind == "exact":
        return known.raw if known.type == "integer" else f"{known.raw}::{known.type}"
    return f"{quoted(known.raw)}::{known.type}"


class Spelling(Terms):
    """Spells terms over one table; conditions inside them are spelled as `formula` reads them."""

    @abstractmethod
    def formula(self, node: Node) -> Formula:
        """The meaning of a boolean expression."""

    @abstractmethod
    def when(self, node: CaseExpression, value: Node) -> Formula:
        """The condition of a CASE's branch."""

    def operand(self, node: Node) -> str:
        """A comparison's operand, without casts of a column that do not change the comparison."""
        peeled = None if isinstance(node, Collate) else self.peeled(node)
        if peeled is not None:
            source = self.declared(peeled[0])
            if source is not None and source.family == peeled[1].family:
                return name(peeled[0].name)
        known = None if is_array(node) else constant(node)
        return self.term(node) if known is None else literal(known)

    def term(self, node: Node) -> str:
        """The normal form of an expression of any type, where types and spelling of constants may matter."""
        if isinstance(node, ColumnRef):
            return name(*node.path)
        if is_array(node):
            return self._array(node)
        known = constant(node)
        if known is not None:
            return typed(known)
        if isinstance(node, Cast):
            return f"{self.term(node.operand)}::{node.type}"
        if isinstance(node, Binary) and node.op not in TESTS:
            return f"({self.term(node.left)} {node.op} {self.term(node.right)})"
        if self.boolean(node):
            return self.formula(node).key
        return self._construct(node)

    def _array(self, node: Node) -> str:
        items = self.elements(node, flat=False)
        known = [constant(item) for item in items or ()]
        if items == [] and isinstance(node, Cast):
            return f"array[]::{node.type}"
        if known and None not in known:
            return "array[" + ", ".join(typed(each) for each in known if each is not None) + "]"
        return f"{self.term(node.operand)}::{node.type}" if isinstance(node, Cast) else self._construct(node)

    def _construct(self, node: Node) -> str:
        if isinstance(node, FunctionCall):
            return f"{node.name}(" + ", ".join(self.term(arg) for arg in node.args) + ")"
        if isinstance(node, Unary):
            return f"({node.op} {self.term(node.operand)})"
        if isinstance(node, Collate):
            return f"({self.term(node.operand)} collate {node.collation})"
        if isinstance(node, Subscript):
            bounds = ["" if each is None else self.term(each) for each in node.index]
            return f"({self.term(node.operand)}){node.form[0]}{':'.join(bounds)}{node.form[-1]}"
        if isinstance(node, CaseExpression):
            shown = [f"when {self.when(node, value).key} then {self.term(each)}" for value, each in node.branches]
            default = "null" if node.default is None else self.term(node.default)
            return f"(case {' '.join(shown)} else {default})"
        if isinstance(node, Keyword):
            return _SYNONYMS.get(node.word, node.word)
        if isinstance(node, Raw):
            return "(" + " ".join(token.text for token in tokens(node.text)) + ")"
        raise TypeError(type(node).__name__)
