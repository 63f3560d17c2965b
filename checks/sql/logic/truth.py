"""Sets of truth values of three-valued logic, as bits (pure): manual 9.1."""

from __future__ import annotations

from collections.abc import Iterable

from checks.sql.values.constants import Constant

T, F, N = 1, 2, 4
BIT: dict[bool | None, int] = {True: T, False: F, None: N}


def bit_of(found: Constant | None) -> int:
    """The truth value of a constant as a bit; 0 if it is none, or not known."""
    if found is None or found.kind not in ("boolean", "null"):
        return 0
    return BIT[found.value if isinstance(found.value, bool) else None]


def negated(mask: int) -> int:
    """NOT."""
    return (mask & N) | (F if mask & T else 0) | (T if mask & F else 0)


def conjunction(masks: Iterable[int]) -> int:
    """AND: FALSE if one part may be, TRUE if all may be, NULL if one may be and none must be FALSE."""
    true, false, null, blocked = True, False, False, False
    for mask in masks:
        true = true and bool(mask & T)
        false = false or bool(mask & F)
        null = null or bool(mask & N)
        blocked = blocked or mask == F
    return (T if true else 0) | (F if false else 0) | (N if null and not blocked else 0)


def same(left: int, right: int) -> int:
    """`left = right` between booleans: NULL when either is."""
    same = left & right & (T | F)
    other = (left & T and right & F) or (left & F and right & T)
    return (T if same else 0) | (F if other else 0) | ((left | right) & N)
