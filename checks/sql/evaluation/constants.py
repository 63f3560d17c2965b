"""Constants and column types of SQL comparisons, as far as their values are exactly known (pure).

Numbers are ordered pairs (tier, value): tier -1 is -Infinity, 0 finite, 1 Infinity, 2 NaN, which PostgreSQL
sorts above everything and holds equal to itself (manual 8.1.2). Trailing blanks of bpchar do not count (8.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from checks.sql.syntax.nodes import Cast, Keyword, Node, Number, String, Unary

Ordered = tuple[int, Fraction]
Value = str | Ordered | bool | None
ZERO = Fraction(0)
_TIERS = {"nan": 2, "inf": 1, "infinity": 1, "+inf": 1, "+infinity": 1, "-inf": -1, "-infinity": -1}
_INTEGERS = {"smallint": 15, "integer": 31, "bigint": 63}
_WIDER = ("smallint", "integer", "bigint", "numeric")
_TEXTS = ("text", "character varying", "name")
_SCALARS = frozenset((
    "bigint", "integer", "smallint", "numeric", "real", "double precision", "money", "oid", "boolean", "text", "name",
    "character varying", "character", "bpchar", '"char"', "bytea", "bit", "bit varying", "uuid", "xml", "json",
    "jsonb", "date", "interval", "timestamp without time zone", "timestamp with time zone",
    "time without time zone", "time with time zone", "inet", "cidr", "macaddr", "macaddr8", "regclass", "point",
    "tsvector", "tsquery", "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"))
_TRUE, _FALSE = ("t", "true", "yes", "on", "1"), ("f", "false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Type:
    """A format_type, taken apart."""

    base: str
    modifiers: tuple[int, ...] = ()
    array: bool = False

    @property
    def family(self) -> str | None:
        """text, bpchar, exact, float or boolean when the values are known exactly, else None."""
        if self.array:
            return None
        if self.base in _TEXTS:
            return "text"
        if self.base in ("bpchar", "character"):
            return "bpchar"
        if self.base in _WIDER:
            return "exact"
        return {"double precision": "float", "boolean": "boolean"}.get(self.base)

    @property
    def scalar(self) -> bool:
        """Whether it surely is no composite type, so that IS NULL and IS NOT NULL are opposites."""
        return self.base in _SCALARS


@lru_cache(maxsize=4096)
def type_of(text: str) -> Type:
    """Takes a format_type such as `character varying(10)[]` apart; `numeric(10,2)` has modifiers (10, 2)."""
    match = re.fullmatch(r'(.*?)(?:\((-?\d+(?:,-?\d+)*)\))?((?: with| without) time zone)?((?:\[\])*)', text)
    if match is None:
        return Type(text)
    base, modifiers, zone, array = match.groups()
    numbers = tuple(int(n) for n in (modifiers or "").split(",") if n)
    return Type(base + (zone or ""), numbers or ((1,) if base == "character" else ()), bool(array))


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal, casts done. `kind`: text, bpchar, exact, float, boolean, null, unknown (untyped) or other."""

    kind: str
    value: Value
    type: str
    raw: str
    """The literal's own text, for contexts where its spelling may count."""


def number(text: str, base: str = "numeric") -> Ordered | None:
    """The value of `text` as `base` reads it; None when it does not, or when it is absurdly long."""
    text = text.strip(" \t\n\r\f\v")
    if base in _INTEGERS:
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


def fits(value: Ordered, kind: Type) -> bool:
    """Whether a column of the numeric type `kind` can hold exactly this value."""
    tier, finite = value
    if kind.base in _INTEGERS:
        bits = 1 << _INTEGERS[kind.base]
        return tier == 0 and finite.denominator == 1 and -bits <= finite < bits
    if kind.base == "double precision":
        return tier != 0 or Fraction(float(finite)) == finite
    if not kind.modifiers:
        return True
    step = unit(kind) or 1
    return tier == 2 or (tier == 0 and (finite / step).denominator == 1 and abs(finite) <= limit(kind))


def unit(kind: Type) -> Fraction | None:
    """The distance between neighbours in an integer or numeric(p,s) type; None where values are dense."""
    if kind.base in _INTEGERS:
        return Fraction(1)
    scale = kind.modifiers[1] if len(kind.modifiers) > 1 else 0
    return Fraction(10) ** -scale if kind.base == "numeric" and kind.modifiers else None


def limit(kind: Type) -> Fraction:
    """The largest value of a stepped numeric type."""
    if kind.base in _INTEGERS:
        return Fraction((1 << _INTEGERS[kind.base]) - 1)
    return Fraction(10 ** kind.modifiers[0] - 1) * (unit(kind) or 1)


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
    if family in ("text", "bpchar"):
        value = text.rstrip(" ") if family == "bpchar" else text
        return Constant(family, value, target, text) if holds(value, kind) else None
    value_of = number(text, kind.base)
    if value_of is None or not fits(value_of, kind):
        return None
    return Constant(family, value_of, target, text.strip())


def holds(text: str, kind: Type) -> bool:
    """Whether a text, varchar(n), name or character(n) can hold `text` uncut."""
    if kind.base == "name":
        return len(text.encode()) <= 63
    return not kind.modifiers or len(text) <= kind.modifiers[0]


def lossless(source: Type, target: str) -> bool:
    """Whether every value of type `source` keeps its identity under `::target` in comparisons."""
    kind = type_of(target)
    if source.array or kind.array or source.family is None:
        return False
    if kind == source:
        return True
    if source.family in ("text", "bpchar"):
        if kind.base in ("text", "character varying"):
            wide = source.base == "character varying" and source.modifiers <= kind.modifiers
            return not kind.modifiers or (wide and bool(source.modifiers))
        return source.family == "bpchar" and kind == Type("bpchar")
    if source.family == "exact" and kind.family == "exact":
        return not kind.modifiers and _WIDER.index(kind.base) >= _WIDER.index(source.base)
    return False


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
    return plain(value) if isinstance(value, tuple) else value
