"""Constants and column types of SQL comparisons, as far as their values are exactly known (pure).

Numbers are ordered pairs (tier, value): tier -1 is -Infinity, 0 finite, 1 Infinity, 2 NaN, which PostgreSQL
sorts above everything and holds equal to itself (manual 8.1.2). Trailing blanks of bpchar do not count (8.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from checks.sql.names import array_literal
from checks.sql.syntax.nodes import Cast, Keyword, Node, Number, String, Unary
from checks.sql.values.types import INTEGERS, Elements, Ordered, Type, Value, fits, holds, type_of

ZERO = Fraction(0)
PLAIN = ' COLLATE "C"'
"""How the type of a text in the C collation ends."""
_FOLDING = ' COLLATE "nondeterministic"'
_TIERS = {"nan": 2, "inf": 1, "infinity": 1, "+inf": 1, "+infinity": 1, "-inf": -1, "-infinity": -1}
_TRUE, _FALSE = ("t", "true", "yes", "on", "1"), ("f", "false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant, casts done.

    `kind`: its type's family; null; unknown (untyped); array (its value is Elements); other, whose value is its text.
    """

    kind: str
    value: Value
    type: str
    raw: str
    """The literal's own text, for contexts where its spelling may count."""


def number(text: str, base: str = "numeric") -> Ordered | None:
    """The value of `text` as `base` reads it; None when it does not, or when it is absurdly long."""
    text = text.strip(" \t\n\r\f\v")
    if base in INTEGERS:
        if not re.fullmatch(r"[+-]?[0-9]{1,30}", text):
            return None
        value = Fraction(int(text))
        return (0, value) if fits((0, value), Type(base)) else None
    if text.lower() in _TIERS:
        return (_TIERS[text.lower()], ZERO)
    match = re.fullmatch(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,4}))?", text)
    if match is None or len(text) > 500 or abs(int(match.group(1) or 0)) > 300:
        return None
    if base == "double precision":
        return (0, Fraction(float(text))) if abs(float(text)) != float("inf") else None
    return (0, Fraction(text))


def plain(value: Ordered) -> str:
    """An ordered number as PostgreSQL reads it; a finite one in decimal digits, without trailing zeros."""
    tier, finite = value
    if tier:
        return {-1: "-Infinity", 1: "Infinity", 2: "NaN"}[tier]
    digits, denominator = 0, finite.denominator
    while (10 ** digits) % denominator:
        digits += 1
    whole = abs(finite.numerator) * (10 ** digits // denominator)
    text = str(whole).rjust(digits + 1, "0")
    shown = f"{text[:-digits]}.{text[-digits:]}" if digits else text
    return ("-" if finite < 0 else "") + shown


def constant(node: Node) -> Constant | None:
    """The constant that a literal with its signs and casts stands for; None when it is not surely one."""
    if isinstance(node, Cast):
        inner = constant(node.operand)
        return None if inner is None else cast(inner, node.type)
    if isinstance(node, String):
        return Constant("unknown", node.value, "unknown", node.value)
    if isinstance(node, Number):
        return _plain_number(node.text)
    if isinstance(node, Keyword) and node.word in ("TRUE", "FALSE", "NULL"):
        value = {"TRUE": True, "FALSE": False}.get(node.word)
        return Constant("null" if value is None else "boolean", value, "unknown", node.word.lower())
    if isinstance(node, Unary) and node.op in ("-", "+"):
        inner = constant(node.operand)
        return inner if inner is None or (node.op == "+" and inner.kind == "exact") else _negative(inner)
    return None


def _plain_number(text: str) -> Constant | None:
    value = number(text)
    if value is None:
        return None
    kinds = [base for base in ("integer", "bigint") if text.isdigit() and fits(value, Type(base))]
    return Constant("exact", value, kinds[0] if kinds else "numeric", text)


def _negative(inner: Constant) -> Constant | None:
    if inner.kind != "exact" or not isinstance(inner.value, tuple) or inner.value[0]:
        return None
    value = (0, -inner.value[1])
    raw = inner.raw[1:] if inner.raw[:1] == "-" else "-" + inner.raw.removeprefix("+")
    return Constant("exact", value, inner.type, raw) if fits(value, type_of(inner.type)) else None


def cast(inner: Constant, target: str) -> Constant | None:
    """`inner::target`, or None when the result is not surely known (or is an error)."""
    kind = type_of(target)
    if inner.kind == "null":
        return Constant("null", None, target, "null")
    if inner.kind == "unknown" and isinstance(inner.value, str):
        return read(inner.value, target)
    family = kind.family
    if inner.kind in ("text", "bpchar") and family in ("text", "bpchar"):
        made = read(str(inner.value), target)
        return made if made is None or inner.kind == "bpchar" else Constant(
            made.kind, made.value, target, inner.raw)
    if inner.kind == "exact" and isinstance(inner.value, tuple):
        if family == "exact":
            return Constant("exact", inner.value, target, inner.raw) if fits(inner.value, kind) else None
        return read(plain(inner.value), target) if family == "float" else None
    same = family == "boolean" if inner.kind == "boolean" else inner.type == target
    return Constant(inner.kind, inner.value, target, inner.raw) if same else None


def read(text: str, target: str) -> Constant | None:
    """What the type `target` makes of a string literal; None when it cuts, rounds or refuses it."""
    kind = type_of(target)
    family = kind.family
    if kind.array or family is None:
        return Constant("other", text, target, text)
    if family == "boolean":
        word = text.strip().lower()
        known = True if word in _TRUE else False if word in _FALSE else None
        return None if known is None else Constant("boolean", known, target, word)
    if family in ("text", "bpchar", "folded", "byte", "label"):
        if family == "byte" and len(text) == 4 and text[0] == "\\":
            return None
        value = text.rstrip(" ") if family == "bpchar" else text[:1] if family == "byte" else text
        return Constant(family, value, target, text) if holds(value, kind) else None
    value_of = number(text, kind.base)
    if value_of is None or not fits(value_of, kind):
        return None
    return Constant(family, value_of, target, text.strip())


def compared(op: str, left: Value, right: Value) -> bool:
    """The comparison of two values of one family, neither NULL; only numbers know more than = and <>.

    Raises:
        TypeError: an ordering of anything but numbers.
    """
    if op in ("=", "<>"):
        return (left == right) is (op == "=")
    if not isinstance(left, tuple) or not isinstance(right, tuple):
        raise TypeError("only numbers are ordered")
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op]


def as_text(value: Value) -> str | None:
    """A value as PostgreSQL reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Elements):
        return array_literal([as_text(item) for item in value.items])
    return plain(value) if isinstance(value, tuple) else value


def constant_of(value: Value, kind: str) -> Constant | None:
    """A value of a column of the type `kind`; None where it is no value of it."""
    if value is None:
        return Constant("null", None, kind, "null")
    if isinstance(value, Elements):
        return Constant("array", value, kind, "")
    family = type_of(kind).family
    if family is None:
        return read(value, kind) if isinstance(value, str) else None
    if isinstance(value, bool):
        return boolean(value)
    return Constant(family, value, kind, plain(value) if isinstance(value, tuple) else value)


def is_plain(*constants: Constant) -> bool:
    """Whether an explicit collation makes these compare, fold case and classify characters as C does."""
    return any(each.type.endswith(PLAIN) for each in constants)


def folds(*constants: Constant) -> bool:
    """Whether one has a nondeterministic collation, which then holds for what is made of it too."""
    return any(each.kind == "folded" and each.type != "citext" for each in constants)


def text_constant(text: str, *sources: Constant) -> Constant:
    """A text that a function made of the sources."""
    return Constant("folded", text, f"text{_FOLDING}", text) if folds(*sources) else Constant("text", text, "text", text)


def whole(value: int, kind: str = "integer") -> Constant | None:
    """An integer that a function returned; None where its type cannot hold it, which raises."""
    made = (0, Fraction(value))
    return Constant("exact", made, kind, str(value)) if fits(made, type_of(kind)) else None


def boolean(value: bool | None) -> Constant:
    """TRUE, FALSE or NULL."""
    return NULL if value is None else TRUE if value else FALSE


NULL = Constant("null", None, "unknown", "null")
TRUE, FALSE = Constant("boolean", True, "boolean", "true"), Constant("boolean", False, "boolean", "false")
