"""From a parsed expression to a three-valued formula and its normal form, given the columns' types (pure).

Only operators printed without a schema count as PostgreSQL's own: deparsing with search_path = pg_catalog spells all
others `OPERATOR(schema.op)`. Where a type is not exactly known, a comparison stays an opaque atom.
"""

from __future__ import annotations

from checks.sql.evaluation.constants import Constant, Type, compared, constant, read, type_of
from checks.sql.logic.formula import (
    NULL,
    Atom,
    Formula,
    comparison,
    const,
    iff,
    junction,
    negation,
    null_test,
    pick,
    truth,
)
from checks.sql.logic.spelling import Spelling, literal, name
from checks.sql.logic.terms import DENIAL, MIRROR, STRICT, TESTS, identity, is_array
from checks.sql.syntax.nodes import (
    Between,
    Binary,
    CaseExpression,
    Cast,
    ColumnRef,
    Distinct,
    FunctionCall,
    In,
    Is,
    Logic,
    Node,
    Quantified,
    Unary,
    walk,
)

_NO_LABEL = ("(", "[", "{")
"""How the text of a composite, a range or an array starts, and no sane enum label."""
_TRUTHS = {"TRUE": True, "FALSE": False, "UNKNOWN": None}


def signed(formula: Formula, negated: bool) -> Formula:
    """The formula, or its negation."""
    return negation(formula) if negated else formula


def opaque(key: str, *nodes: Node, strict: frozenset[str] | None = None, total: bool = False) -> Atom:
    """An atom that is not looked into and reads the columns of `nodes`."""
    read_columns = frozenset(identity(each) for node in nodes for each in walk(node) if isinstance(each, ColumnRef))
    return Atom(key, "opaque", strict=strict, total=total, columns=read_columns)


def coalesced(node: Node) -> tuple[Node, ...]:
    """The arguments of a COALESCE, each with the casts that follow it; of anything else, just itself."""
    if isinstance(node, FunctionCall) and node.name == "coalesce":
        return node.args
    if isinstance(node, Cast) and type_of(node.type).scalar:
        return tuple(Cast(node.start, node.end, each, node.type) for each in coalesced(node.operand))
    return (node,)


class Reader(Spelling):
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
        known = constant(node)
        if known is not None and known.kind in ("boolean", "null"):
            return const(known.value if isinstance(known.value, bool) else None)
        return opaque(self.term(node), node)

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
            return opaque(f"({self.term(node.left)} {node.op} {word} {self.term(node.right)})", node)
        return junction("and" if node.every else "or", [self.comparing(node.op, node.left, item) for item in items])

    def _is(self, node: Is) -> Formula:
        if node.test in _TRUTHS:
            return signed(truth(self.formula(node.operand), _TRUTHS[node.test]), node.negated)
        if node.test == "NULL":
            return self.null(node.operand, node.negated)
        return signed(opaque(f"({self.term(node.operand)} is {node.test})", node), node.negated)

    def null(self, operand: Node, negated: bool = False) -> Formula:
        """`operand IS [NOT] NULL`; the two are opposites only where the operand is no composite."""
        peeled = self.peeled(operand)
        if peeled is not None:
            return signed(null_test(identity(peeled[0]), name(*peeled[0].path)), negated)
        known = constant(operand)
        if known is not None:
            return const((known.kind == "null") is not negated)
        opposite = self.scalar(operand)
        if isinstance(operand, ColumnRef):
            atom = null_test(identity(operand), name(*operand.path), negated=negated and not opposite)
            return signed(atom, negated and opposite)
        if self.boolean(operand):
            return signed(truth(self.formula(operand), None), negated)
        words = "is not null" if negated and not opposite else "is null"
        return signed(opaque(f"({self.term(operand)} {words})", operand, total=True), negated and opposite)

    def _distinct(self, node: Distinct) -> Formula:
        left, right = node.left, node.right
        if constant(left) is not None:
            left, right = right, left
        known = constant(right)
        if known is not None and known.kind == "null":
            return self.null(left, not node.negated)
        if known is not None and self.peeled(left) is not None:
            return signed(truth(self.comparing("=", left, right), True), not node.negated)
        first, second = sorted((self.term(left), self.term(right)))
        same = opaque(f"({first} is not distinct from {second})", left, right, total=True)
        return signed(same, not node.negated)

    def _binary(self, node: Binary) -> Formula:
        if node.op in TESTS:
            return self.comparing(node.op, node.left, node.right)
        return opaque(self.term(node), node)

    def comparing(self, op: str, left: Node, right: Node) -> Formula:
        """`left op right` for an infix operator that gives a boolean."""
        one, other = constant(left), constant(right)
        if one is not None and other is None and op in MIRROR:
            return self.comparing(MIRROR[op], right, left)
        if op in TESTS and any(known is not None and known.kind == "null" for known in (one, other)):
            return NULL
        if op not in MIRROR:
            return self._opaque_test(op, left, right, other)
        if one is not None and other is not None:
            foldable = ("exact", "float", "text", "bpchar", "boolean") if op in ("=", "<>") else ("exact", "float")
            sure = one.kind == other.kind and one.kind in foldable
            return const(compared(op, one.value, other.value)) if sure else self._opaque_test(op, left, right, other)
        both = self.boolean(left) and self.boolean(right) if other is None else other.kind == "boolean"
        if op in ("=", "<>") and both:
            return signed(iff(self.formula(left), self.formula(right)), op == "<>")
        if other is None:
            return self._opaque_test(op, left, right, other)
        *early, last = coalesced(left)
        if early and all(self.scalar(arg) for arg in early):
            branches = [(self.null(arg, negated=True), self.comparing(op, arg, right)) for arg in early]
            return pick(branches, self.comparing(op, last, right))
        return self._known_test(op, left, other) or self._label_test(op, left, other) or self._opaque_test(
            op, left, right, other)

    def _known_test(self, op: str, left: Node, other: Constant) -> Formula | None:
        """The comparison of a column whose values are exactly known; None when it is not."""
        peeled = self.peeled(left)
        if peeled is None:
            return None
        column, kind = peeled
        known: Constant | None = other
        if other.kind == "unknown":
            known = read(other.raw, {"text": "text", "bpchar": "bpchar"}.get(kind.family or "", kind.base))
        if known is None or known.kind != kind.family or known.kind == "boolean":
            return None
        if known.kind in ("text", "bpchar") and op not in ("=", "<>"):
            return None
        return comparison(column.name, name(column.name), op, known.value, literal(known, tagged=False))

    def _label_test(self, op: str, left: Node, other: Constant) -> Formula | None:
        """A built-in = or <> between a user's type and a literal of no composite, range or array: an enum's."""
        if not isinstance(left, ColumnRef) or len(left.path) > 1 or op not in ("=", "<>"):
            return None
        if other.kind != "other" or "." not in other.type or type_of(other.type).array:
            return None
        if self.columns.get(left.name, other.type) != other.type:
            return None
        if other.raw.strip()[:1] in _NO_LABEL or other.raw.strip().lower() == "empty":
            return None
        shown, spelled = name(left.name), literal(other)
        atom = Atom(f"{shown} = {spelled}", "label", left.name, "=", other.raw, shown, spelled,
                    columns=frozenset((left.name,)))
        return signed(atom, op == "<>")

    def _opaque_test(self, op: str, left: Node, right: Node, other: Constant | None) -> Formula:
        """An opaque atom: negative operators turned round, and operands in order where the operator has a mirror."""
        if op in DENIAL:
            return negation(self._opaque_test(DENIAL[op], left, right, other))
        first = self.operand(left)
        second = self.operand(right)
        strict = None
        if op in STRICT:
            one, two = self.strict(left), self.strict(right)
            strict = None if one is None or two is None else one | two
        if op in MIRROR and second < first and (other is None or is_array(right)):
            first, second, op = second, first, MIRROR[op]
        return opaque(f"({first} {op} {second})", left, right, strict=strict)
