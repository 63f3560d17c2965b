"""Comparisons and matches as formulas: of exactly known values, enum labels, languages, arrays, or opaque (pure).

Only operators printed without a schema count as PostgreSQL's own: deparsing with search_path = pg_catalog spells all
others `OPERATOR(schema.op)`. Where a type is not exactly known, a comparison stays an opaque atom.
"""

from __future__ import annotations

from abc import abstractmethod

from checks.sql.evaluation.arrays import elements
from checks.sql.evaluation.evaluate import evaluate, known_value
from checks.sql.languages.cells import Product
from checks.sql.languages.images.views import Membership, held_by
from checks.sql.languages.patterns.integers import INTEGERS_AS_TEXT
from checks.sql.logic.formula import NULL, Atom, Formula, comparison, const, iff, junction, negation, pick
from checks.sql.logic.reading.memberships import Memberships, View
from checks.sql.logic.reading.spelling import Spelling, literal, name
from checks.sql.logic.reading.terms import DENIAL, MIRROR, STRICT, TESTS, is_array
from checks.sql.syntax.nodes import (
    Binary,
    CaseExpression,
    Cast,
    ColumnRef,
    FunctionCall,
    Keyword,
    Node,
    Quantified,
    identity,
    walk,
)
from checks.sql.values.constants import Constant, as_text, cast, compared, read
from checks.sql.values.types import type_of

_NO_LABEL = ("(", "[", "{")
"""How the text of a composite, a range or an array starts, and no sane enum label."""
_FOLDABLE = ("exact", "float", "text", "bpchar", "boolean")
_MOST_WHOLE_NUMBERS = 500
_CONTAINMENT = ("<@", "@>", "&&")


def signed(formula: Formula, negated: bool) -> Formula:
    """The formula, or its negation."""
    return negation(formula) if negated else formula


def columns_of(*nodes: Node) -> frozenset[str]:
    """Every column these read."""
    return frozenset(identity(each) for node in nodes for each in walk(node) if isinstance(each, ColumnRef))


def opaque(key: str, node: Node, strict: frozenset[str] | None = None, *, total: bool = False) -> Atom:
    """An atom that is not looked into, but for columns whose values are known."""
    return Atom(key, "opaque", strict=strict, total=total, columns=columns_of(node), node=node)


def coalesced(node: Node) -> tuple[Node, ...]:
    """The arguments of a COALESCE, each with the casts that follow it; of anything else, just itself."""
    if isinstance(node, FunctionCall) and node.name == "coalesce":
        return node.args
    if isinstance(node, Cast) and type_of(node.type).scalar:
        return tuple(Cast(node.start, node.end, each, node.type) for each in coalesced(node.operand))
    return (node,)


def chosen(node: Node) -> CaseExpression | None:
    """The CASE that a term is, a NULLIF being one, with the casts that follow it in its branches."""
    if isinstance(node, CaseExpression):
        return node
    if isinstance(node, FunctionCall) and node.name == "nullif" and len(node.args) == 2:
        first, second = node.args
        equal = Binary(node.start, node.end, "=", first, second)
        return CaseExpression(node.start, node.end, None, ((equal, Keyword(0, 0, "NULL")),), first)
    inner = chosen(node.operand) if isinstance(node, Cast) and type_of(node.type).scalar else None
    if inner is None or not isinstance(node, Cast):
        return None
    kind = node.type
    branches = tuple((test, Cast(0, 0, each, kind)) for test, each in inner.branches)
    default = None if inner.default is None else Cast(0, 0, inner.default, kind)
    return CaseExpression(node.start, node.end, inner.operand, branches, default)


class Comparisons(Spelling, Memberships):
    """Reads what compares two terms over one table."""

    @abstractmethod
    def null(self, operand: Node, negated: bool = False) -> Formula:
        """`operand IS [NOT] NULL`."""

    def comparing(self, op: str, left: Node, right: Node) -> Formula:
        """`left op right` for an infix operator that gives a boolean."""
        one, other = known_value(left), known_value(right)
        if one is not None and other is None and op in MIRROR:
            return self.comparing(MIRROR[op], right, left)
        if op in TESTS and any(known is not None and known.kind == "null" for known in (one, other)):
            return NULL
        if op not in MIRROR:
            return self._opaque_test(op, left, right, other)
        if one is not None and other is not None:
            foldable = _FOLDABLE if op in ("=", "<>") else ("exact", "float")
            sure = one.kind == other.kind and one.kind in foldable
            return const(compared(op, one.value, other.value)) if sure else self._opaque_test(op, left, right, other)
        both = self.boolean(left) and self.boolean(right) if other is None else other.kind == "boolean"
        if op in ("=", "<>") and both:
            return signed(iff(self.formula(left), self.formula(right)), op == "<>")
        if other is None:
            if chosen(right) is not None and chosen(left) is None:
                left, right, op = right, left, MIRROR[op]
            return (self._branching(op, left, right) if chosen(left) else None) or self._opaque_test(op, left, right, other)
        return self._branching(op, left, right) or self._known_test(op, left, other) or self._label_test(
            op, left, other) or self._opaque_test(op, left, right, other)

    def _branching(self, op: str, left: Node, right: Node) -> Formula | None:
        """The comparison of a COALESCE or CASE: that of each of its results."""
        *early, last = coalesced(left)
        if early and all(self.scalar(arg) for arg in early):
            branches = [(self.null(arg, negated=True), self.comparing(op, arg, right)) for arg in early]
            return pick(branches, self.comparing(op, last, right))
        case = chosen(left)
        if case is None:
            return None
        default = NULL if case.default is None else self.comparing(op, case.default, right)
        return pick([(self.when(case, value), self.comparing(op, each, right)) for value, each in case.branches], default)

    def _known_test(self, op: str, left: Node, other: Constant) -> Formula | None:
        """The comparison of a column whose values are exactly known; None when it is not."""
        array = elements(other) if op in ("=", "<>") and self._items_known(left) else None
        if array is not None and isinstance(left, ColumnRef):
            return comparison(left.name, name(left.name), op, array, f"{as_text(array)}::{other.type}")
        peeled = self.peeled(left)
        if peeled is None:
            return None
        column, kind = peeled
        known: Constant | None = other
        if other.kind == "unknown":
            known = read(other.raw, {"text": "text", "bpchar": "bpchar"}.get(kind.family or "", kind.base))
        elif other.kind == "exact" and kind.family == "float":
            known = cast(other, kind.base)  # a simple CASE does not print it
        if known is None or known.kind != kind.family or known.kind in ("boolean", "folded"):
            return None
        if known.kind in ("text", "bpchar", "byte", "label") and op not in ("=", "<>"):
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
        """An atom of its own: negative operators turned round, and operands in order where the operator has a mirror."""
        if op in DENIAL:
            return negation(self._opaque_test(DENIAL[op], left, right, other))
        test = Binary(left.start, right.end, op, left, right)
        first = self.operand(left)
        second = self.operand(right)
        strict = None
        if op in STRICT:
            one, two = self.strict(left), self.strict(right)
            strict = None if one is None or two is None else one | two
        spelled = op
        if op in MIRROR and second < first and (other is None or is_array(right)):
            first, second, spelled = second, first, MIRROR[op]
        key = f"({first} {spelled} {second})"
        return self.within(key, op, left, right) or opaque(key, test, strict)

    def within(self, key: str, op: str, left: Node, right: Node) -> Formula | None:
        """The test as a membership of one column's text in a language, under this key; None if it is none."""
        found = self.membership(op, left, right)
        if found is None:
            return None
        view, membership = found
        return self.member(key, view, membership, Binary(left.start, right.end, op, left, right))

    def member(self, key: str, view: View, membership: Membership, node: Node) -> Formula | None:
        """A membership as a formula; that of an integer's digits is the list of its values, if it is short."""
        column = view.column.name
        mine = frozenset((column,))
        if not self.whole_number(view.column):
            return Atom(key, "within", column, strict=mine, columns=mine, membership=membership, node=node)
        language = held_by(membership)
        product = Product((language.outer, INTEGERS_AS_TEXT))
        cell = next((each for each in product.cells if each.signs == (True, True)), None)
        if not language.exact or (cell is not None and cell.count(most=_MOST_WHOLE_NUMBERS) > _MOST_WHOLE_NUMBERS):
            return None
        kind = self.columns[column]
        known = [read(text, kind) for text in ([] if cell is None else cell.words())]
        tests = [comparison(column, name(column), "=", each.value, literal(each, tagged=False))
                 for each in known if each is not None]
        # An empty list is FALSE, but NULL where the column is.
        return junction("or", tests) if tests else junction("and", [
            comparison(column, name(column), "=", (0, bound), str(bound)) for bound in (0, 1)])  # type: ignore[arg-type]

    def containment(self, node: Binary | Quantified, key: str) -> Formula | None:
        """A test of an array column that depends only on which items it has; None if it is none."""
        sides = (node.left, node.right)
        columns = [each for each in sides if isinstance(each, ColumnRef) and self._items_known(each)]
        others = [evaluate(each) for each in sides if each not in columns]
        if len(columns) != 1 or len(others) != 1 or others[0] is None:
            return None
        if isinstance(node, Binary):
            fits = node.op in _CONTAINMENT and elements(others[0]) is not None
        else:
            fits = node.op in ("=", "<>") and columns[0] is node.right and others[0].kind in _FOLDABLE
        if not fits:
            return None
        column = columns[0].name
        return Atom(key, "elements", column, columns=frozenset((column,)), node=node)

    def _items_known(self, node: Node) -> bool:
        kind = self.declared(node)
        return kind is not None and kind.array and type_of(kind.base).family in ("text", "exact", "bpchar")
