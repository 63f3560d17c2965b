"""From a parsed expression to a formula and its normal form, given the columns' types (pure).

Only operators found without a schema count as PostgreSQL's own: deparsing with search_path = pg_catalog spells all
others `OPERATOR(schema.op)`. Where a type is not exactly known, a comparison stays an opaque atom.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from checks.harness.constants import Constant, Type, Value, constant, lossless, plain, read, type_of
from checks.harness.formula import (
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
from checks.harness.lexemes import ParseError, array_elements, tokens
from checks.harness.nodes import (
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Collate,
    Column,
    Distinct,
    In,
    Is,
    Keyword,
    Logic,
    Node,
    Quantified,
    Raw,
    String,
    Subscript,
    Unary,
    walk,
)

_MIRROR = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_DENIAL = {"<>": "=", ">=": "<", "<=": ">", "!~~": "~~", "!~~*": "~~*", "!~": "~", "!~*": "~*"}
_STRICT_OPERATORS = frozenset(("=", "<", ">", "~~", "~~*", "~", "~*"))
_STRICT_ARITHMETIC = frozenset(("+", "-", "*", "/", "%"))
_STRICT_CALLS = frozenset(("lower", "upper", "length", "char_length", "character_length", "octet_length", "btrim",
                           "ltrim", "rtrim", "abs", "initcap", "reverse", "md5"))
_SIMPLE = re.compile(r"[a-z_][a-z0-9_$]*")
_WORDS = frozenset(("true", "false", "null", "not", "and", "or", "is", "iff", "case", "when", "then", "else", "any"))
_UNLABELLED = ("(", "[", "{")


def name(*path: str) -> str:
    """A name as keys spell it: quoted unless it is simple."""
    return ".".join(
        part if _SIMPLE.fullmatch(part) and part not in _WORDS else '"' + part.replace('"', '""') + '"'
        for part in path)


def quoted(text: str) -> str:
    """A string as keys spell it."""
    return "'" + text.replace("'", "''") + "'"


def identity(column: Column) -> str:
    """What tells this column from all others of the expression: its bare name, unless it is qualified."""
    return column.name if len(column.path) == 1 else name(*column.path)


def test(op: str, left: Value, right: Value) -> bool:
    """The comparison of two values of one family; text only knows = and <>."""
    if op in ("=", "<>"):
        return (left == right) is (op == "=")
    if not isinstance(left, tuple) or not isinstance(right, tuple):
        raise TypeError("only numbers are ordered")
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op]


def literal(known: Constant, *, tagged: bool = True) -> str:
    """A constant as a comparison's key spells it: by value; `tagged` says the type where it matters."""
    if isinstance(known.value, tuple):
        return plain(known.value) + ("::double precision" if known.kind == "float" and tagged else "")
    if known.kind in ("null", "boolean"):
        return const(known.value if isinstance(known.value, bool) else None).key
    if known.kind == "text" or not tagged:
        return quoted(str(known.value))
    return quoted(str(known.value)) + "::" + ("bpchar" if known.kind == "bpchar" else known.type)


def typed(known: Constant) -> str:
    """A constant where its type and spelling may matter, as a function's argument."""
    if known.kind == "null":
        return f"null::{known.type}"
    if known.kind == "boolean":
        return literal(known)
    if known.kind == "exact":
        return known.raw if known.type == "integer" else f"{known.raw}::{known.type}"
    if known.kind == "float":
        return literal(known)
    return f"{quoted(known.raw)}::{known.type}"


class Reader:
    """Reads expressions over one table; `columns` maps names to format_type."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.columns = columns

    def declared(self, column: Node) -> Type | None:
        """The declared type of a plain column reference, if known."""
        if isinstance(column, Column) and len(column.path) == 1:
            text = self.columns.get(column.name)
            return None if text is None else type_of(text)
        return None

    def formula(self, node: Node) -> Formula:
        """The meaning of a boolean expression; one of another type becomes an opaque atom."""
        if isinstance(node, Logic):
            return junction(node.op.lower(), [self.formula(part) for part in node.parts])
        if isinstance(node, Unary) and node.op == "NOT":
            return negation(self.formula(node.operand))
        if isinstance(node, Binary):
            return self.compared(node.op, node.left, node.right, node)
        if isinstance(node, Quantified):
            return self.quantified(node)
        if isinstance(node, In):
            tests = [self.compared("=", node.operand, item) for item in node.items]
            return self.signed(junction("or", tests), node.negated)
        if isinstance(node, Between):
            return self.between(node)
        if isinstance(node, Is):
            return self.tested(node)
        if isinstance(node, Distinct):
            return self.distinct(node)
        return self.leaf(node)

    def scalar(self, node: Node) -> bool:
        """Whether it surely is of a built-in type that is no composite."""
        kind = self.declared(node)
        if kind is not None:
            return kind.scalar
        if isinstance(node, Cast):
            return type_of(node.type).scalar
        if isinstance(node, Binary):
            return not node.op.startswith("OPERATOR(")
        return self.boolean(node) or isinstance(node, Call) and node.name in _STRICT_CALLS

    def leaf(self, node: Node) -> Formula:
        if isinstance(node, Case):
            return self.case(node)
        if isinstance(node, Call) and node.name == "coalesce" and node.args:
            *early, last = [self.formula(arg) for arg in node.args]
            return pick([(negation(truth(each, None)), each) for each in early], last)
        if isinstance(node, Column):
            kind, shown = self.declared(node), name(*node.path)
            plainly = kind == Type("boolean")
            return Atom(shown, "boolean" if plainly else "opaque", identity(node) if plainly else "", shown=shown,
                        columns=frozenset((identity(node),)))
        known = constant(node)
        if known is not None and known.kind in ("boolean", "null"):
            return const(known.value if isinstance(known.value, bool) else None)
        return self.opaque(self.term(node), node)

    def opaque(self, key: str, *nodes: Node, strict: frozenset[str] | None = None, total: bool = False) -> Atom:
        return Atom(key, "opaque", strict=strict, total=total, columns=frozenset(
            identity(each) for node in nodes for each in walk(node) if isinstance(each, Column)))

    def signed(self, formula: Formula, negated: bool) -> Formula:
        return negation(formula) if negated else formula

    def between(self, node: Between) -> Formula:
        def within(low: Node, high: Node) -> Formula:
            return junction("and", [self.compared(">=", node.operand, low), self.compared("<=", node.operand, high)])

        inside = within(node.low, node.high)
        if node.symmetric:
            inside = junction("or", [inside, within(node.high, node.low)])
        return self.signed(inside, node.negated)

    def case(self, node: Case) -> Formula:
        default = NULL if node.default is None else self.formula(node.default)
        branches = [(self.when(node, value), self.formula(result)) for value, result in node.branches]
        return pick(branches, default)

    def when(self, node: Case, value: Node) -> Formula:
        """A branch's condition; a simple CASE does not show its operator, so that must be a known one."""
        if node.operand is None:
            return self.formula(value)
        return self.compared("=" if self.scalar(node.operand) else "CASE =", node.operand, value)

    def tested(self, node: Is) -> Formula:
        want = {"TRUE": True, "FALSE": False, "UNKNOWN": None}.get(node.test, ...)
        if want is not ...:
            return self.signed(truth(self.formula(node.operand), want), node.negated)
        if node.test == "NULL":
            return self.null(node.operand, node.negated)
        return self.signed(self.opaque(f"({self.term(node.operand)} is {node.test})", node), node.negated)

    def null(self, operand: Node, negated: bool) -> Formula:
        peeled = self.peeled(operand)
        if peeled is not None:
            return self.signed(null_test(peeled[0].name, name(*peeled[0].path)), negated)
        if isinstance(operand, Column):
            opposite = self.scalar(operand)
            atom = null_test(identity(operand), name(*operand.path), negated=negated and not opposite)
            return self.signed(atom, negated and opposite)
        if self.boolean(operand):
            return self.signed(truth(self.formula(operand), None), negated)
        known = constant(operand)
        if known is not None:
            return const((known.kind == "null") is not negated)
        scalar = self.scalar(operand)
        words = "is not null" if negated and not scalar else "is null"
        return self.signed(self.opaque(f"({self.term(operand)} {words})", operand, total=True), negated and scalar)

    def distinct(self, node: Distinct) -> Formula:
        left, right = node.left, node.right
        if constant(left) is not None:
            left, right = right, left
        known = constant(right)
        if known is not None and known.kind == "null":
            return self.null(left, not node.negated)
        if known is not None and self.peeled(left) is not None:
            return self.signed(truth(self.compared("=", left, right), True), not node.negated)
        first, second = sorted((self.term(left), self.term(right)))
        same = self.opaque(f"({first} is not distinct from {second})", left, right, total=True)
        return self.signed(same, not node.negated)

    def quantified(self, node: Quantified) -> Formula:
        if (known := constant(node.right)) is not None and known.kind == "null":
            return NULL
        items = self.elements(node.right)
        if items is None:
            word = "all" if node.every else "any"
            return self.opaque(f"({self.term(node.left)} {node.op} {word} {self.term(node.right)})", node)
        tests = [self.compared(node.op, node.left, item) for item in items]
        return junction("and" if node.every else "or", tests)

    def boolean(self, node: Node) -> bool:
        """Whether the expression surely is boolean."""
        if isinstance(node, Binary):
            return node.op in _MIRROR or node.op in _DENIAL or node.op in _STRICT_OPERATORS
        if isinstance(node, Unary):
            return node.op == "NOT"
        if isinstance(node, Column):
            return self.declared(node) == Type("boolean")
        results: tuple[Node, ...] = ()
        if isinstance(node, Case):
            results = (*(result for _, result in node.branches), *(() if node.default is None else (node.default,)))
        elif isinstance(node, Call) and node.name == "coalesce":
            results = node.args
        if any(self.boolean(each) or (known := constant(each)) and known.kind == "boolean" for each in results):
            return True
        return isinstance(node, Logic | Quantified | In | Between | Is | Distinct)

    def compared(self, op: str, left: Node, right: Node, whole: Node | None = None) -> Formula:
        """`left op right` for any infix operator that gives a boolean; else the term as an opaque atom."""
        one, other = constant(left), constant(right)
        if op in _MIRROR:
            if one is not None and other is None:
                return self.compared(_MIRROR[op], right, left, whole)
            if one is not None and other is not None:
                return self.folded(op, one, other, left, right)
            both = self.boolean(left) and self.boolean(right) if other is None else other.kind == "boolean"
            if op in ("=", "<>") and both:
                return self.signed(iff(self.formula(left), self.formula(right)), op == "<>")
            if isinstance(left, Call) and left.name == "coalesce" and other is not None and all(
                    self.scalar(arg) for arg in left.args[:-1]):
                return self.coalesced(op, left, right)
        if other is not None and other.kind == "null" and (op in _MIRROR or op in _DENIAL or op in _STRICT_OPERATORS):
            return NULL
        if other is not None and op in _MIRROR:
            made = self.known(op, left, other)
            if made is not None:
                return made
        return self.unknown(op, left, right, other, whole)

    def coalesced(self, op: str, call: Call, right: Node) -> Formula:
        *early, last = call.args
        branches = [(self.null(arg, True), self.compared(op, arg, right)) for arg in early]
        return pick(branches, self.compared(op, last, right))

    def folded(self, op: str, one: Constant, other: Constant, left: Node, right: Node) -> Formula:
        if one.kind == "null" or other.kind == "null":
            return NULL
        if one.kind == other.kind and (one.kind == "exact" or one.kind in ("text", "boolean") and op in ("=", "<>")):
            return const(test(op, one.value, other.value))
        return self.unknown(op, left, right, other, None)

    def peeled(self, node: Node) -> tuple[Column, Type, Type] | None:
        """The column under casts that keep its identity, its type and the type after them; None if not such."""
        if isinstance(node, Cast):
            inner = self.peeled(node.operand)
            if inner is None or not lossless(inner[1], node.type):
                return None
            return inner[0], inner[1], type_of(node.type)
        if isinstance(node, Collate) and node.collation in ('"C"', '"POSIX"', '"default"'):
            inner = self.peeled(node.operand)
            return inner if inner is not None and inner[1].family == "text" else None
        kind = self.declared(node)
        if kind is None or kind.family is None or not isinstance(node, Column):
            return None
        return node, kind, kind

    def known(self, op: str, left: Node, other: Constant) -> Formula | None:
        """The comparison of a column whose values are exactly known, or of an enum column; else None."""
        peeled = self.peeled(left)
        if peeled is None:
            return self.label(op, left, other)
        column, _, kind = peeled
        if other.kind == "unknown":
            read_as = read(other.raw, {"text": "text", "bpchar": "bpchar"}.get(kind.family or "", kind.base))
            if read_as is None:
                return None
            other = read_as
        if other.kind != kind.family or kind.family in ("text", "bpchar") and op not in ("=", "<>"):
            return None
        return comparison(column.name, name(column.name), op, other.value, literal(other, tagged=False))

    def label(self, op: str, left: Node, other: Constant) -> Formula | None:
        """A user's type compared by a built-in operator, with a literal of no composite, range or array: an enum."""
        if not isinstance(left, Column) or len(left.path) > 1 or other.kind != "other" or "." not in other.type or op not in ("=", "<>"):
            return None
        if other.raw.strip()[:1] in _UNLABELLED or other.raw.strip().lower() == "empty" or type_of(other.type).array:
            return None
        if self.declared(left) is not None and self.columns[left.name] != other.type:
            return None
        shown, spelled = name(*left.path), literal(other)
        atom = Atom(f"{shown} = {spelled}", "label", left.name, "=", other.raw, shown, spelled,
                    columns=frozenset((left.name,)))
        return self.signed(atom, op == "<>")

    def unknown(self, op: str, left: Node, right: Node, other: Constant | None, whole: Node | None) -> Formula:
        """An opaque atom for an infix operator, its operands in order and negative operators turned round."""
        if op in _DENIAL:
            return negation(self.unknown(_DENIAL[op], left, right, other, None))
        first = self.operand(left)
        second = self.operand(right) if other is None else literal(other)
        strict = None
        if op in _STRICT_OPERATORS:
            one, two = self.strict(left), self.strict(right)
            strict = None if one is None or two is None else one | two
        if op in _MIRROR and second < first and other is None:
            first, second, op = second, first, _MIRROR[op]
        if whole is not None and op not in _MIRROR and op not in _STRICT_OPERATORS:
            return self.opaque(self.term(whole), whole)
        return self.opaque(f"({first} {op} {second})", left, right, strict=strict)

    def operand(self, node: Node) -> str:
        """A comparison's operand: casts of a column that do not change the comparison are left out."""
        peeled = self.peeled(node)
        if peeled is None or peeled[1].family == "bpchar" or isinstance(node, Collate):
            known = constant(node)
            return self.term(node) if known is None else literal(known)
        return name(*peeled[0].path)

    def strict(self, node: Node) -> frozenset[str] | None:
        """The columns whose NULL alone makes the expression NULL; None when that is not known."""
        peeled = self.peeled(node)
        if peeled is not None:
            return frozenset((peeled[0].name,))
        kind = self.declared(node)
        if kind is not None:
            return frozenset((node.name,)) if kind.scalar and isinstance(node, Column) else None
        known = constant(node)
        if known is not None:
            return None if known.kind == "null" else frozenset()
        parts: tuple[Node, ...] = ()
        if isinstance(node, Call) and node.name in _STRICT_CALLS:
            parts = node.args
        elif isinstance(node, Binary) and node.op in _STRICT_ARITHMETIC:
            parts = (node.left, node.right)
        found = [self.strict(part) for part in parts]
        if not found or None in found:
            return None
        return frozenset().union(*[each for each in found if each is not None])

    def elements(self, node: Node, *, flat: bool = True) -> list[Node] | None:
        """The scalars of an array constructor or literal; None when one may itself be an array, or cannot be read."""
        if isinstance(node, String):
            try:
                texts = array_elements(node.value, flat=flat)
            except ParseError:
                return None
            return [Keyword(0, 0, "NULL") if text is None else String(0, 0, text) for text in texts]
        if isinstance(node, Cast):
            inner = self.elements(node.operand, flat=flat) if node.type.endswith("[]") else None
            return None if inner is None else [Cast(0, 0, each, node.type[:-2]) for each in inner]
        if not isinstance(node, Call) or node.name != "array[]":
            return None
        found: list[Node] = []
        for item in node.args:
            inner = [item]
            if (isinstance(item, Call) and item.name == "array[]") or (isinstance(item, Cast) and item.type[-2:] == "[]"):
                inner = self.elements(item) if flat else None
            elif constant(item) is None and self.peeled(item) is None:
                return None
            if inner is None:
                return None
            found += inner
        return found

    def term(self, node: Node) -> str:
        """The normal form of an expression of any type."""
        if isinstance(node, Column):
            return name(*node.path)
        if isinstance(node, Cast) and node.type.endswith("[]") or isinstance(node, Call) and node.name == "array[]":
            return self.array(node)
        known = constant(node)
        if known is not None:
            return typed(known)
        if isinstance(node, Cast):
            return f"{self.term(node.operand)}::{node.type}"
        if isinstance(node, Logic | Quantified | In | Between | Is | Distinct) or self.boolean(node):
            return self.formula(node).key
        if isinstance(node, Binary):
            return f"({self.term(node.left)} {node.op} {self.term(node.right)})"
        if isinstance(node, Unary):
            return f"({node.op} {self.term(node.operand)})"
        return self.construct(node)

    def array(self, node: Node) -> str:
        items = self.elements(node, flat=False)
        if items is not None:
            known = [constant(item) for item in items]
            if items and None not in known:
                return "array[" + ", ".join(typed(each) for each in known if each is not None) + "]"
        if isinstance(node, Cast):
            return f"{self.term(node.operand)}::{node.type}"
        return self.construct(node)

    def construct(self, node: Node) -> str:
        if isinstance(node, Call):
            return f"{node.name}(" + ", ".join(self.term(arg) for arg in node.args) + ")"
        if isinstance(node, Collate):
            return f"({self.term(node.operand)} collate {node.collation})"
        if isinstance(node, Subscript):
            bounds = ["" if each is None else self.term(each) for each in node.index]
            return f"({self.term(node.operand)}){node.form[0]}{':'.join(bounds)}{node.form[-1]}"
        if isinstance(node, Case):
            shown = " ".join(f"when {self.when(node, test).key} then {self.term(result)}" for test, result in node.branches)
            return f"(case {shown} else {'null' if node.default is None else self.term(node.default)})"
        if isinstance(node, Keyword):
            return node.word
        if isinstance(node, Raw):
            return "(" + " ".join(token.text for token in tokens(node.text)) + ")"
        raise TypeError(type(node).__name__)

    def whole(self, node: Node) -> str:
        """The normal form of a complete expression: a constant's own type yields to its column's."""
        known = constant(node)
        if known is None:
            return self.formula(node).key
        if known.kind == "exact":
            return known.raw
        return literal(known, tagged=known.kind not in ("text", "unknown"))
