"""Column types as format_type writes them, and what their columns can hold (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

Ordered = tuple[int, Fraction]


@dataclass(frozen=True, slots=True)
class Elements:
    """An array of one dimension, or an empty one."""

    items: tuple[str | Ordered | bool | None, ...]


Value = str | Ordered | bool | Elements | None
INTEGERS = {"smallint": 15, "integer": 31, "bigint": 63}
ENUM = "enum "
"""How the type of a native enum begins, where it is known to be one."""
_WIDER = ("smallint", "integer", "bigint", "numeric")
_TEXTS = ("text", "character varying", "name")
_SCALARS = frozenset((
    "bigint", "integer", "smallint", "numeric", "real", "double precision", "money", "oid", "boolean", "text", "name",
    "character varying", "character", "bpchar", '"char"', "bytea", "bit", "bit varying", "uuid", "xml", "json",
    "jsonb", "date", "interval", "timestamp without time zone", "timestamp with time zone",
    "time without time zone", "time with time zone", "inet", "cidr", "macaddr", "macaddr8", "regclass", "point",
    "tsvector", "tsquery", "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"))


@dataclass(frozen=True, slots=True)
class Type:
    """A format_type, taken apart."""

    base: str
    modifiers: tuple[int, ...] = ()
    array: bool = False
    collation: str = ""
    """C or a nondeterministic one, as a caller says it: ` COLLATE "name"` after the type."""

    @property
    def family(self) -> str | None:
        """What is known of its values: text, bpchar, exact, float, boolean, byte, label or folded; None for nothing.

        folded: text whose `=` takes different texts for equal, be it citext or of a nondeterministic collation; label:
        a native enum, whose name a caller puts after `enum `.
        """
        if self.array:
            return None
        if self.base == "citext" or self.collation not in ("", '"C"'):
            return "folded"
        if self.base in _TEXTS:
            return "text"
        if self.base.startswith(ENUM):
            return "label"
        if self.base in ("bpchar", "character"):
            return "bpchar"
        if self.base in _WIDER:
            return "exact"
        return {"double precision": "float", "boolean": "boolean", '"char"': "byte"}.get(self.base)

    @property
    def scalar(self) -> bool:
        """Whether it surely is no composite type, so that IS NULL and IS NOT NULL are opposites."""
        return self.base in _SCALARS or self.family in ("folded", "label")


def deterministic(collation: str) -> bool:
    """Whether a collation as it is printed after COLLATE surely takes only equal bytes for equal.

    One printed without a schema is a built-in one, and those all do (manual 24.2.2).
    """
    return "." not in re.sub(r'"[^"]*"', "", collation)


def item_type(array: Type) -> Type:
    """The type of an array's items."""
    return replace(array, array=False)


@lru_cache(maxsize=4096)
def type_of(text: str) -> Type:
    """Takes a format_type such as `character varying(10)[]` apart; `numeric(10,2)` has modifiers (10, 2)."""
    text, _, collation = text.partition(" COLLATE ")
    match = re.fullmatch(r'(.*?)(?:\((-?\d+(?:,-?\d+)*)\))?((?: with| without) time zone)?((?:\[\])*)', text)
    if match is None:
        return Type(text, collation=collation)
    base, modifiers, zone, array = match.groups()
    numbers = tuple(int(n) for n in (modifiers or "").split(",") if n)
    return Type(base + (zone or ""), numbers or ((1,) if base == "character" else ()), bool(array),
                collation)


def fits(value: Ordered, kind: Type) -> bool:
    """Whether a column of the numeric type `kind` can hold exactly this value."""
    tier, finite = value
    if kind.base in INTEGERS:
        bits = 1 << INTEGERS[kind.base]
        return tier == 0 and finite.denominator == 1 and -bits <= finite < bits
    if kind.base == "double precision":
        return tier != 0 or Fraction(float(finite)) == finite
    if not kind.modifiers:
        return True
    step = unit(kind) or 1
    return tier == 2 or (tier == 0 and (finite / step).denominator == 1 and abs(finite) <= limit(kind))


@lru_cache(maxsize=1024)
def unit(kind: Type) -> Fraction | None:
    """The distance between neighbours in an integer or numeric(p,s) type; None where values are dense."""
    if kind.base in INTEGERS:
        return Fraction(1)
    scale = kind.modifiers[1] if len(kind.modifiers) > 1 else 0
    return Fraction(10) ** -scale if kind.base == "numeric" and kind.modifiers else None


@lru_cache(maxsize=1024)
def limit(kind: Type) -> Fraction:
    """The largest value of a stepped numeric type."""
    if kind.base in INTEGERS:
        return Fraction((1 << INTEGERS[kind.base]) - 1)
    return Fraction(10 ** kind.modifiers[0] - 1) * (unit(kind) or 1)


def holds(text: str, kind: Type) -> bool:
    """Whether a text, varchar(n), name or character(n) can hold `text` uncut."""
    if kind.base == "name":
        return len(text.encode()) <= 63
    if kind.base == '"char"':
        return len(text) <= 1 and text.isascii()
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


def length_limit(kind: Type) -> int | None:
    """The most characters that a text of this type has; None: no limit."""
    if kind.base == '"char"':
        return 1
    return 63 if kind.base == "name" else kind.modifiers[0] if kind.modifiers else None
