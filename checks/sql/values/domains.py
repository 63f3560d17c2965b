"""One value out of each part of a column's domain, as its literals part it (pure)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from checks.sql.syntax.lexemes import ParseError
from checks.sql.values.constants import ZERO, number, read
from checks.sql.values.types import Ordered, Type, Value, fits, holds, limit, unit

_FRESH = ("other", "x", "y", "z", "q")


def points(kind: Type, literals: Iterable[Value]) -> tuple[Value, ...]:
    """Values a column of this type can hold, but NULL: every literal, one of each gap, one fresh value."""
    if kind.family == "boolean":
        return True, False
    known = set(literals)
    if kind.family in ("text", "bpchar", "folded", "byte", "label"):
        texts = sorted(text for text in known if isinstance(text, str) and _storable(text, kind))
        return (*texts, *_fresh(kind, known))
    return _ordered(kind, sorted(number for number in known if isinstance(number, tuple)))


def _storable(text: str, kind: Type) -> bool:
    stripped = kind.family != "bpchar" or not text.endswith(" ")
    return stripped and "\0" not in text and holds(text, kind)


def _fresh(kind: Type, known: set[Value]) -> Iterator[str]:
    for text in _FRESH:
        if text not in known and holds(text, kind):
            yield text
            return
    for code in range(0xA1, 0x4FF):
        if chr(code) not in known and holds(chr(code), kind):
            yield chr(code)
            return


def _ordered(kind: Type, thresholds: list[Ordered]) -> tuple[Value, ...]:
    if not thresholds:
        return ((0, ZERO),)
    following = [*thresholds[1:], None]
    gaps = [between(kind, threshold, after) for threshold, after in zip(thresholds, following, strict=True)]
    found = [*thresholds, below(kind, thresholds[0]), *gaps]
    return tuple(value for value in found if value is not None and fits(value, kind))


def below(kind: Type, bound: Ordered) -> Ordered | None:
    """A value under `bound`, or None if the type has none."""
    tier, finite = bound
    if tier:
        return None if tier < 0 else (0, ZERO)
    step = unit(kind)
    if step is not None:
        value = min((math.ceil(finite / step) - 1) * step, limit(kind))
        return (0, value) if fits((0, value), kind) else None
    if kind.family == "float":
        return _float(math.nextafter(float(finite), -math.inf))
    return 0, Fraction(math.ceil(finite) - 1)


def between(kind: Type, low: Ordered, high: Ordered | None) -> Ordered | None:
    """A value over `low` and under `high` (None: no bound), or None if the type has none."""
    if low[0] > 0:
        return (2, ZERO) if low[0] == 1 and high is None and _endless(kind) else None
    if low[0] < 0:
        return (0, ZERO) if high is None else below(kind, high)
    found = _next(kind, low[1], high[1] if high is not None and high[0] == 0 else None)
    if found is not None and fits(found, kind) and (high is None or low < found < high):
        return found
    return (2, ZERO) if high is None and _endless(kind) else None


def _endless(kind: Type) -> bool:
    return kind.base in ("numeric", "double precision")


def _next(kind: Type, low: Fraction, high: Fraction | None) -> Ordered | None:
    step = unit(kind)
    if step is not None:
        lowest = -limit(kind) - (step if kind.base != "numeric" else 0)
        return 0, max((math.floor(low / step) + 1) * step, lowest)
    whole = Fraction(math.floor(low) + 1)
    middle = (low + high) / 2 if high is not None else whole
    if kind.family != "float":
        return 0, whole if high is None or whole < high else middle
    for value in (whole, middle):
        near = _float(float(value))
        if (0, low) < near and (high is None or near < (0, high)):
            return near
    return _float(math.nextafter(float(low), math.inf))


def _float(value: float) -> Ordered:
    return (0, Fraction(value)) if math.isfinite(value) else (1 if value > 0 else -1, ZERO)


def assigned(kind: Type, text: str) -> tuple[Value, bool]:
    """What a column of a known family holds after `text` is assigned to it, and whether it can hold it.

    varchar(n) and character(n) drop blanks beyond n, numeric(p,s) rounds (manual 8.3, 8.1.2).

    Raises:
        ParseError: the text is no value of the type.
    """
    if kind.family in ("text", "bpchar", "folded", "byte", "label"):
        return _assigned_text(kind, text)
    if kind.family == "boolean":
        known = read(text, "boolean")
        if known is None:
            raise ParseError("no boolean")
        return known.value, True
    value = number(text, kind.base)
    if value is None:
        raise ParseError(f"no {kind.base}")
    step = unit(kind)
    if step is not None and not value[0]:
        whole = math.floor(abs(value[1]) / step + Fraction(1, 2)) * step
        value = (0, whole if value[1] >= 0 else -whole)
    return value, fits(value, kind)


def _assigned_text(kind: Type, text: str) -> tuple[str, bool]:
    if kind.base in ("name", '"char"') and not holds(text, kind):
        raise ParseError("it is cut")
    size = kind.modifiers[0] if kind.modifiers else len(text)
    if kind.family == "bpchar":
        text = text.rstrip(" ")
    elif not text[size:].strip(" "):
        text = text[:size]
    return text, holds(text, kind) and "\0" not in text
