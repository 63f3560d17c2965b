"""Arithmetic on exact numbers (pure): manual 9.3. What overflows or divides by zero raises, so it has no result."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from checks.sql.values.constants import Constant, plain
from checks.sql.values.types import INTEGERS, Ordered, fits, type_of, unit

_WIDTH = ("smallint", "integer", "bigint", "numeric")
_MOST_DIGITS = 14
"""Decimals up to which a numeric quotient is surely not rounded (manual 9.3: at least 16 significant digits)."""


def made(value: Fraction, kind: str) -> Constant | None:
    """A result of the type; None where it does not fit, which raises."""
    ordered: Ordered = (0, value)
    return Constant("exact", ordered, kind, plain(ordered)) if fits(ordered, type_of(kind)) else None


def finite(constant: Constant) -> Fraction | None:
    """The value of an exact number that is neither infinite nor NaN."""
    if constant.kind != "exact" or not isinstance(constant.value, tuple) or constant.value[0]:
        return None
    return constant.value[1]


def calculated(op: str, left: Constant, right: Constant) -> Constant | None:
    """`left op right` for + - * / %, neither NULL; None where it raises or is not known."""
    one, other = finite(left), finite(right)
    bases = [type_of(each.type).base for each in (left, right)]
    if one is None or other is None or not set(bases) <= set(_WIDTH):
        return None
    kind = max(bases, key=_WIDTH.index)
    if op in "+-*":
        return made({"+": one + other, "-": one - other, "*": one * other}[op], kind)
    if op not in "/%" or not other:
        return None
    quotient = one / other
    if op == "%":
        return made(one - other * math.trunc(quotient), kind)
    if kind in INTEGERS:
        return made(Fraction(math.trunc(quotient)), kind)
    return made(quotient, kind) if (10 ** _MOST_DIGITS) % quotient.denominator == 0 else None


def rounded(value: Fraction, step: Fraction) -> Fraction:
    """To a multiple of `step`, halves away from zero, as numeric is rounded."""
    size = math.floor(abs(value) / step + Fraction(1, 2)) * step
    return size if value >= 0 else -size


def with_decimals(constant: Constant, count: int) -> str | None:
    """A number as its numeric(p,s) type prints it; None where it is not finite."""
    value = finite(constant)
    if value is None or count < 0:
        return None
    digits = str(abs(value.numerator) * 10 ** count // value.denominator).rjust(count + 1, "0")
    shown = f"{digits[:-count]}.{digits[-count:]}" if count else digits
    return "-" + shown if value < 0 else shown


def fitted(constant: Constant, target: str) -> Constant | None:
    """A number cast to an integer or numeric type, rounded; None where that raises."""
    value, step = finite(constant), unit(type_of(target))
    if value is None:
        return None
    return made(value if step is None else rounded(value, step), target)


def _same(change: Callable[[Fraction], Fraction | int]) -> Callable[[Sequence[Constant]], Constant | None]:
    def call(args: Sequence[Constant]) -> Constant | None:
        value = finite(args[0]) if len(args) == 1 else None
        return None if value is None else made(Fraction(change(value)), type_of(args[0].type).base)

    return call


def _round(args: Sequence[Constant]) -> Constant | None:
    value = finite(args[0])
    digits = finite(args[1]) if len(args) == 2 else Fraction(0)
    if value is None or digits is None or args[0].type in INTEGERS or not -20 < digits < 20:
        return None
    return made(rounded(value, Fraction(10) ** -int(digits)), "numeric")


FUNCTIONS: Mapping[str, Callable[[Sequence[Constant]], Constant | None]] = {
    "abs": _same(abs), "sign": _same(lambda value: (value > 0) - (value < 0)), "floor": _same(math.floor),
    "ceil": _same(math.ceil), "ceiling": _same(math.ceil), "round": _round,
    "mod": lambda args: calculated("%", *args) if len(args) == 2 else None}
"""Each is NULL when an argument is."""
