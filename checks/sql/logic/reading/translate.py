"""From a parsed expression to a three-valued formula and its normal form, given the columns' types (pure).

Only operators printed without a schema count as PostgreSQL's own: deparsing with search_path = pg_catalog spells all
others `OPERATOR(schema.op)`. Where a type is not exactly known, a comparison stays an opaque atom.
"""

from __future__ import annotations

from checks.sql.evaluation.evaluate import known_value
from checks.sql.languages.charsets import ALL, ASCII, Bounds
from checks.sql.languages.language import matching
from checks.sql.languages.trees import OneOf, Repeat
from checks.sql.logic.formula import NULL, Atom, Formula, const, junction, negation, null_test, pick, truth
from checks.sql.logic.reading.comparing import Comparisons, chosen, opaque, signed
from checks.sql.logic.reading.spelling import literal, name
from checks.sql.logic.reading.terms import TESTS, is_array
from checks.sql.syntax.nodes import (
    Between,
    Binary,
    CaseExpression,
    ColumnRef,
    Distinct,
    FunctionCall,
    In,
    Is,
    Logic,
    Node,
    Quantified,
    Unary,
    identity,
)
from checks.sql.values.constants import constant
from checks.sql.values.types import Type

_TRUTHS = {"TRUE": True, "FALSE": False, "UNKNOWN": None}
_NORMAL = matching(Repeat(OneOf(Bounds(ASCII, ALL)), 0, None), anywhere=False)
"""The texts that are in every normal form, and those that may be in one."""


class Reader(Comparisons):
    """Reads expressions over one table."""

    def whole(self, node: Node) -> str:
        """The normal form of a complete expression; a bare constant's type yields to its column's."""
        known = None if is_array(node) else constant(node)
        if known is None:
            return self.formula(node).key
        if known.kind == "exact":
            return known.raw
        return literal(known, tagged=known.kind not in ("text", "unknown"))

    def formula(self, node: Node) -> Formula:
        """The meaning of a boolean expression; one of another type becomes an opaque atom."""
        if isinstance(node, Logic):
            return junction(node.op.lower(), [self.formula(part) for part in node.parts])
        if isinstance(node, Binary):
            return self._binary(node)
        if isinstance(node, Quantified):
            return self._quantified(node)
        if isinstance(node, Is):
            return self._is(node)
        if isinstance(node, Unary) and node.op == "NOT":
            return negation(self.formula(node.operand))
        if isinstance(node, In):
            tests = [self.comparing("=", node.operand, item) for item in node.items]
            return signed(junction("or", tests), node.negated)
        if isinstance(node, Between):
            return self._between(node)
        if isinstance(node, Distinct):
            return self._distinct(node)
        return self._leaf(node)

    def _leaf(self, node: Node) -> Formula:
        if isinstance(node, CaseExpression):
            default = NULL if node.default is None else self.formula(node.default)
            return pick([(self.when(node, value), self.formula(each)) for value, each in node.branches], default)
        if isinstance(node, FunctionCall) and node.name == "coalesce" and node.args:
            *early, last = [self.formula(arg) for arg in node.args]
            return pick([(negation(truth(each, None)), each) for each in early], last)
        if isinstance(node, ColumnRef):
            shown, mine = name(*node.path), frozenset((identity(node),))
            if self.declared(node) == Type("boolean"):
                return Atom(shown, "boolean", node.name, shown=shown, columns=mine)
            return Atom(shown, "opaque", columns=mine)
        known = known_value(node)
        if known is not None and known.kind in ("boolean", "null"):
            return const(known.value if isinstance(known.value, bool) else None)
        if isinstance(node, FunctionCall):
            return self._matching_call(node) or opaque(self.term(node), node)
        return opaque(self.term(node), node)

    def _matching_call(self, node: FunctionCall) -> Formula | None:
        """`starts_with(a, 'x')` and `regexp_like(a, 'x')`."""
        op = {("starts_with", 2): "^@", ("regexp_like", 2): "~"}.get((node.name, len(node.args)))
        return None if op is None else self.within(self.term(node), op, *node.args)

    def when(self, node: CaseExpression, value: Node) -> Formula:
        """A branch's condition; a simple CASE does not show its operator, so that must be a built-in one."""
        if node.operand is None:
            return self.formula(value)
        return self.comparing("=" if self.scalar(node.operand) else "CASE =", node.operand, value)

    def _between(self, node: Between) -> Formula:
        def within(low: Node, high: Node) -> Formula:
            tests = [self.comparing(">=", node.operand, low), self.comparing("<=", node.operand, high)]
            return junction("and", tests)

        inside = within(node.low, node.high)
        if node.symmetric:
            inside = junction("or", [inside, within(node.high, node.low)])
        return signed(inside, node.negated)

    def _quantified(self, node: Quantified) -> Formula:
        known = constant(node.right)
        if known is not None and known.kind == "null":
            return NULL
        items = self.elements(node.right)
        if items is None:
            word = "all" if node.every else "any"
            key = f"({self.term(node.left)} {node.op} {word} {self.term(node.right)})"
            return self.containment(node, key) or opaque(key, node)
        return junction("and" if node.every else "or", [self.comparing(node.op, node.left, item) for item in items])

    def _is(self, node: Is) -> Formula:
        if node.test in _TRUTHS:
            return signed(truth(self.formula(node.operand), _TRUTHS[node.test]), node.negated)
        if node.test == "NULL":
            return self.null(node.operand, node.negated)
        key, test = f"({self.term(node.operand)} is {node.test})", Is(node.start, node.end, node.operand, node.test, False)
        view = self.view(node.operand) if node.test.endswith("NORMALIZED") else None
        if view is not None and not self.whole_number(view.column):
            member = self.member(key, view, view.membership(language=_NORMAL), test)
            return signed(member or opaque(key, test), node.negated)
        return signed(opaque(key, test), node.negated)

    def null(self, operand: Node, negated: bool = False) -> Formula:
        """`operand IS [NOT] NULL`; the two are opposites only where the operand is no composite."""
        peeled = self.peeled(operand)
        if peeled is not None:
            return signed(null_test(identity(peeled[0]), name(*peeled[0].path)), negated)
        known = known_value(operand)
        if known is not None:
            return const((known.kind == "null") is not negated)
        found = self._null_of_term(operand)
        if found is not None:
            return signed(found, negated)
        opposite = self.scalar(operand)
        if isinstance(operand, ColumnRef):
            atom = null_test(identity(operand), name(*operand.path), negated=negated and not opposite)
            return signed(atom, negated and opposite)
        if self.boolean(operand):
            return signed(truth(self.formula(operand), None), negated)
        words = "is not null" if negated and not opposite else "is null"
        test = Is(operand.start, operand.end, operand, "NULL", negated and not opposite)
        return signed(opaque(f"({self.term(operand)} {words})", test, total=True), negated and opposite)

    def _null_of_term(self, operand: Node) -> Formula | None:
        """`operand IS NULL` where the operand is a function of known columns or of known results."""
        view = self.view(operand)
        if view is not None:
            return null_test(identity(view.column), name(*view.column.path))
        strict = self.strict(operand)
        if strict:
            return junction("or", [null_test(each, name(each)) for each in sorted(strict)])
        case = chosen(operand)
        if case is not None:
            default = const(True) if case.default is None else self.null(case.default)
            return pick([(self.when(case, value), self.null(each)) for value, each in case.branches], default)
        if isinstance(operand, FunctionCall) and len(operand.args) == 2:
            first, second = operand.args
            if operand.name == "regexp_match":
                return negation(truth(self.comparing("~", first, second), True))
            items = self.elements(first) if operand.name == "array_position" else None
            known = [known_value(each) for each in items or ()]
            if items and not any(each is None or each.kind == "null" for each in known):
                return negation(truth(junction("or", [self.comparing("=", second, each) for each in items]), True))
        return None

    def _distinct(self, node: Distinct) -> Formula:
        left, right = node.left, node.right
        if known_value(left) is not None:
            left, right = right, left
        known = known_value(right)
        if known is not None and known.kind == "null":
            return self.null(left, not node.negated)
        if known is not None and (self.peeled(left) is not None or self.view(left) is not None):
            return signed(truth(self.comparing("=", left, right), True), not node.negated)
        if chosen(left) is not None or chosen(right) is not None:
            both = junction("and", [self.null(left), self.null(right)])
            return signed(junction("or", [both, truth(self.comparing("=", left, right), True)]), not node.negated)
        first, second = sorted((self.term(left), self.term(right)))
        test = Distinct(left.start, right.end, left, right, True)
        return signed(opaque(f"({first} is not distinct from {second})", test, total=True), not node.negated)

    def _binary(self, node: Binary) -> Formula:
        if node.op in TESTS:
            return self.comparing(node.op, node.left, node.right)
        key = self.term(node)
        if node.op == "^@":
            return self.within(key, node.op, node.left, node.right) or opaque(key, node)
        return self.containment(node, key) or opaque(key, node)
