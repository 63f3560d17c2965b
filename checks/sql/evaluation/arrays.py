"""Arrays of one dimension whose items are exactly known (pure): manual 9.19."""

from __future__ import annotations

from collections.abc import Sequence

from checks.sql.evaluation import texts
from checks.sql.syntax.lexemes import ParseError, array_elements
from checks.sql.values.constants import NULL, PLAIN, Constant, as_text, boolean, read, text_constant, whole
from checks.sql.values.types import Elements, Value, type_of

FUNCTIONS = frozenset(("array_position", "cardinality", "array_length", "array_to_string"))


def elements(constant: Constant) -> Elements | None:
    """The items of an array of one dimension whose element type is exactly known; None for anything else."""
    if isinstance(constant.value, Elements):
        return constant.value
    kind = type_of(constant.type)
    if constant.kind != "other" or not kind.array or not isinstance(constant.value, str):
        return None
    try:
        texts = array_elements(constant.value, flat=False)
    except ParseError:
        return None
    items = [None if each is None else read(each, element_type(constant.type)) for each in texts]
    if any(text is not None and (item is None or item.kind == "other")
           for text, item in zip(texts, items, strict=True)):
        return None
    return Elements(tuple(
        None if item is None else item.value for item in items))  # type: ignore[misc]


def element_type(array: str) -> str:
    """`text[]` -> `text`."""
    return array.removesuffix("[]")


def item_of(array: Constant, item: Value) -> Constant:
    """An item as a constant of the array's element type."""
    kind = element_type(array.type)
    return NULL if item is None else Constant(type_of(kind).family or "other", item, kind, str(as_text(item)))


def made_of(items: Sequence[Constant]) -> Constant | None:
    """`ARRAY[…]` of constants of one known type; None for any other."""
    kinds = {each.type for each in items if each.kind != "null"} - {"unknown"}
    kind = type_of(next(iter(kinds))) if len(kinds) == 1 else None
    if kind is None or kind.family not in ("text", "exact", "bpchar", "boolean", "float", "folded", "byte"):
        return None
    if any(each.kind == "unknown" for each in items):
        return None
    name = next(iter(kinds)).removesuffix(PLAIN)
    return Constant("array", Elements(tuple(each.value for each in items)), name + "[]", "")  # type: ignore[misc]


def array_function(name: str, args: Sequence[Constant]) -> Constant | None:
    """What a function of an array returns; None where that is not known.

    Raises:
        UncertainError: as None.
    """
    if args[0].kind == "null":
        return NULL
    found = elements(args[0])
    if found is None:
        return None
    if name == "cardinality" and len(args) == 1:
        return whole(len(found.items))
    if name == "array_length" and len(args) == 2:
        if args[1].kind == "null" or texts.count(args[1]) != 1 or not found.items:
            return NULL
        return whole(len(found.items))
    if name == "array_to_string" and len(args) == 2:
        if args[1].kind == "null" or type_of(args[0].type.removesuffix("[]")).family != "text":
            return NULL if args[1].kind == "null" else None
        return text_constant(texts.text(args[1]).join(str(item) for item in found.items if item is not None))
    if name == "array_position" and len(args) == 2 and _comparable(args[0], args[1]):
        value = args[1].value
        return whole(found.items.index(value) + 1) if value in found.items else NULL
    return None


def _comparable(array: Constant, item: Constant) -> bool:
    kind = type_of(array.type.removesuffix("[]")).family
    return kind in ("text", "exact", "bpchar") and (item.kind in (kind, "null") or (
        kind == "text" and item.kind == "unknown"))


def joined(left: Constant, right: Constant) -> Constant | None:
    """`left || right`."""
    try:
        one, other = elements(left), elements(right)
        if one is None and other is None:
            if "null" in (left.kind, right.kind):
                return NULL if not (type_of(left.type).array or type_of(right.type).array) else None
            return text_constant(texts.spelled(left) + texts.spelled(right), left, right)
        if one is not None and other is not None:
            return Constant("array", Elements(one.items + other.items), left.type, "") if left.type == right.type else None
        if one is not None and right.kind == "text":
            return Constant("array", Elements((*one.items, right.value)), left.type, "")  # type: ignore[arg-type]
    except texts.UncertainError:
        return None
    return None


def contained(op: str, left: Constant, right: Constant) -> Constant | None:
    """`left <@ right`, `@>` or `&&` between arrays: NULL items equal nothing."""
    if "null" in (left.kind, right.kind):
        return NULL
    if op == "@>":
        left, right = right, left
    one, other = elements(left), elements(right)
    families = {type_of(each.type.removesuffix("[]")).family for each in (left, right)}
    if one is None or other is None or len(families) != 1 or not families <= {"text", "exact", "bpchar", "boolean"}:
        return None
    inside = [item is not None and item in other.items for item in one.items]
    return boolean(any(inside) if op == "&&" else all(inside))
