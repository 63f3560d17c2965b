"""Infix operators over constants (pure)."""

from __future__ import annotations

from checks.sql.evaluation import numbers, texts
from checks.sql.evaluation.arrays import contained, joined
from checks.sql.evaluation.calls import language_of
from checks.sql.evaluation.comparisons import test
from checks.sql.values.constants import NULL, Constant, boolean, is_plain

COMPARISONS = frozenset(("=", "<>", "<", "<=", ">", ">="))
MATCHES = {"~": True, "!~": False, "~*": True, "!~*": False, "~~": True, "!~~": False, "~~*": True, "!~~*": False,
            "^@": True}


def operator(op: str, left: Constant, right: Constant) -> Constant | None:
    """`left op right`; None where that is not known, or an error."""
    if op == "||":
        return joined(left, right)
    if op in ("<@", "@>", "&&"):
        return contained(op, left, right)
    if op not in COMPARISONS and op not in MATCHES and op not in ("+", "-", "*", "/", "%"):
        return None
    if "null" in (left.kind, right.kind):
        return NULL
    if op in COMPARISONS:
        found = test(op, left, right)
        return None if found is None else boolean(found)
    return _matched(op, left, right) if op in MATCHES else numbers.calculated(op, left, right)


def _matched(op: str, left: Constant, right: Constant) -> Constant | None:
    if right.kind not in ("text", "unknown", "folded") or not isinstance(right.value, str):
        return None
    base = op.removeprefix("!")
    if left.kind == "folded":
        if left.type != "citext" or right.type != "citext":
            return None
        base = {"~": "~*", "~~": "~~*"}.get(base, base)
    language = language_of(base, right.value, plain=is_plain(left, right))
    try:
        held = None if language is None else language.holds(texts.stored(left))
    except texts.UncertainError:
        return None
    return None if held is None else boolean(held is MATCHES[op])
