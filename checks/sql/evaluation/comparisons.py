"""Comparisons of two constants, as far as PostgreSQL surely says the same (pure).

Text is equal when its bytes are, unless its collation is nondeterministic (manual 24.2.2.4); which text comes first is
known in the C collation only.
"""

from __future__ import annotations

import re
from fractions import Fraction

from checks.sql.evaluation.arrays import elements
from checks.sql.evaluation.moments import comparable, instant
from checks.sql.languages.images.case import lowered
from checks.sql.values.constants import Constant, compared, is_plain
from checks.sql.values.types import Ordered

WHOLE = re.compile(r"-?[0-9]{1,6}")
"""Numbers that real holds exactly."""
_TEXTS = ("text", "folded", "unknown")


def test(op: str, left: Constant, right: Constant) -> bool | None:
    """`left op right` for =, <>, <, <=, > and >=, neither NULL; None where that is not known."""
    if left.kind in _TEXTS and right.kind in _TEXTS:
        return _texts(op, left, right)
    if "unknown" in (left.kind, right.kind):
        return None
    if left.kind == right.kind and left.kind in ("exact", "float"):
        return compared(op, left.value, right.value)
    if left.kind == right.kind and left.kind in ("bpchar", "byte", "label", "boolean"):
        if left.kind == "boolean" and op not in ("=", "<>"):
            return {"<": left.value < right.value, "<=": left.value <= right.value,  # type: ignore[operator]
                    ">": left.value > right.value, ">=": left.value >= right.value}[op]  # type: ignore[operator]
        return compared(op, left.value, right.value) if op in ("=", "<>") else _same_order(op, left, right)
    return _others(op, left, right)


def _same_order(op: str, left: Constant, right: Constant) -> bool | None:
    return op in ("<=", ">=") if left.value == right.value else None


def _texts(op: str, left: Constant, right: Constant) -> bool | None:
    one, other = str(left.value), str(right.value)
    if one == other:
        return op in ("=", "<=", ">=")
    if is_plain(left, right):
        return {"=": False, "<>": True, "<": one < other, "<=": one < other, ">": one > other, ">=": one > other}[op]
    if "folded" not in (left.kind, right.kind):
        return op == "<>" if op in ("=", "<>") else None
    if op not in ("=", "<>") or not {left.type, right.type} <= {"citext"}:
        return None
    same = _same_letters(one, other)
    return None if same is None else same is (op == "=")


def _same_letters(one: str, other: str) -> bool | None:
    """What citext's = says: it compares the lower case of both."""
    left, right = lowered(one, plain=False), lowered(other, plain=False)
    if left is None or right is None:
        return None
    if len(left) == len(right) == 1:
        return left == right
    return None if left & right else False


def _others(op: str, left: Constant, right: Constant) -> bool | None:
    first, second = (instant(left), instant(right)) if comparable(left.type, right.type) else (None, None)
    if "real" in (left.type, right.type):
        first, second = _float(left), _float(right)
    if first is not None and second is not None:
        return compared(op, first, second)
    if left.kind == right.kind == "other" and left.type == right.type == "uuid":
        one, other = (re.sub(r"[{}-]", "", each.raw).lower() for each in (left, right))
        return compared(op, one, other) if op in ("=", "<>") else None
    arrays = elements(left), elements(right)
    if op in ("=", "<>") and arrays[0] is not None and arrays[1] is not None and left.type == right.type:
        return (arrays[0] == arrays[1]) is (op == "=")
    return None


def _float(constant: Constant) -> Ordered | None:
    """A number that real and double precision hold alike; None for any other."""
    if constant.type == "real":
        return (0, Fraction(constant.raw)) if WHOLE.fullmatch(constant.raw) else None
    return constant.value if constant.kind == "float" and isinstance(constant.value, tuple) else None
