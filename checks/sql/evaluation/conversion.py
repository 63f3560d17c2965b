"""Explicit casts of constants, which cut and round where an assignment refuses (pure): manual 4.2.9, 8.1, 8.3."""

from __future__ import annotations

from checks.sql.evaluation import numbers
from checks.sql.evaluation.arrays import element_type, elements
from checks.sql.evaluation.comparisons import WHOLE
from checks.sql.values.constants import PLAIN, Constant, cast, folds, number, read, text_constant
from checks.sql.values.types import Elements, Type, type_of

_TEXTS = ("text", "bpchar", "folded")


def converted(inner: Constant, target: str) -> Constant | None:
    """`inner::target`; None where that raises or is not known."""
    kind = type_of(target)
    if inner.kind in _TEXTS and isinstance(inner.value, str) and kind.family in _TEXTS and not kind.collation:
        return _text(inner, inner.value, kind, target)
    made = cast(inner, target)
    if made is not None and made.kind != "other":
        return made
    if kind.array:
        return _array(inner, target)
    if inner.type == "real" and kind.base == "double precision" and WHOLE.fullmatch(inner.raw):
        return read(inner.raw, target)
    if inner.kind == "exact" and kind.family == "exact":
        return numbers.fitted(inner, target)
    if inner.kind == "boolean" and kind.family == "text" and not kind.modifiers:
        return Constant("text", "true" if inner.value else "false", target, "")
    if inner.kind == "exact" and type_of(inner.type).base in ("smallint", "integer", "bigint") and kind.family == "text":
        return _text(inner, str(numbers.finite(inner)), kind, target)
    if inner.kind == "exact" and kind.family == "text" and len(type_of(inner.type).modifiers) == 2:
        shown = numbers.with_decimals(inner, type_of(inner.type).modifiers[1])
        return None if shown is None else _text(inner, shown, kind, target)
    if inner.kind == "text" and isinstance(inner.value, str) and kind.family == "exact" and not kind.modifiers:
        value = number(inner.value, kind.base)
        return None if value is None else Constant("exact", value, target, inner.value.strip())
    return made


def _text(inner: Constant, text: str, kind: Type, target: str) -> Constant | None:
    if kind.base == "name" and len(text.encode()) > 63:
        return None
    if kind.modifiers:
        text = text[:kind.modifiers[0]]
    family = kind.family or "text"
    if folds(inner):
        return text_constant(text, inner) if family == "text" else None
    plain = PLAIN if inner.type.endswith(PLAIN) and family == "text" and PLAIN not in target else ""
    return Constant(family, text.rstrip(" ") if family == "bpchar" else text, target + plain, text)


def _array(inner: Constant, target: str) -> Constant | None:
    found = elements(inner)
    if found is None:
        return None
    source, kind = element_type(inner.type), element_type(target)
    family = type_of(source).family or "other"
    made = [None if item is None else converted(Constant(family, item, source, str(item)), kind) for item in found.items]
    if any(item is not None and each is None for item, each in zip(found.items, made, strict=True)):
        return None
    return Constant("array", Elements(tuple(
        None if each is None else each.value for each in made)), target, "")  # type: ignore[misc]

