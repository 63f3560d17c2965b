"""Function calls and operators other than comparisons, over constants (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from checks.sql.evaluation import numbers, texts
from checks.sql.evaluation.comparisons import elements
from checks.sql.evaluation.constants import NULL, Constant, boolean, text_constant, whole
from checks.sql.evaluation.types import Elements, type_of
from checks.sql.languages.are import Flags, matched_by
from checks.sql.languages.language import Language
from checks.sql.languages.like import liked, liked_caseless
from checks.sql.languages.trees import PatternError
from checks.sql.syntax.nodes import FunctionCall, Keyword, Node

_TRIMS = {"BOTH": "btrim", "LEADING": "ltrim", "TRAILING": "rtrim"}
_FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def plain_call(node: FunctionCall) -> tuple[str, tuple[Node, ...]]:
    """The function and its arguments without key words: `TRIM(LEADING 'x' FROM a)` is `ltrim(a, 'x')`.

    A call with key words that are not known keeps them.
    """
    words = [each.word for each in node.args if isinstance(each, Keyword) and each.word not in _FORMS]
    values = tuple(each for each in node.args if not isinstance(each, Keyword) or each.word in _FORMS)
    marks = [word for word in words if word not in ("TRUE", "FALSE", "NULL")]
    if not marks or len(marks) < len(words):
        return node.name, node.args
    if node.name == "trim" and marks[-1] == "FROM" and len(values) in (1, 2) and len(marks) <= 2:
        return _TRIMS.get(marks[0], "btrim"), (values[-1], *values[:-1])
    if node.name == "substring" and (marks, len(values)) in ((["FROM", "FOR"], 3), (["FROM"], 2)):
        return "substring", values
    if node.name == "position" and marks == ["IN"] and len(values) == 2:
        return "strpos", (values[1], values[0])
    return node.name, node.args


def word_text(node: Node) -> str | None:
    """A normalization form as an argument of normalize."""
    return node.word if isinstance(node, Keyword) and node.word in _FORMS else None


def language_of(op: str, pattern: str, *, plain: bool) -> Language | None:
    """The texts that match a pattern under ~, ~*, ~~, ~~* or ^@; None where matching raises.

    `plain`: in the C collation.
    """
    try:
        if op in ("~", "~*"):
            return matched_by(pattern, Flags(caseless=op == "~*", plain=plain))
        if op == "^@":
            pattern = "".join("\\" + each if each in "%_\\" else each for each in pattern) + "%"
        return liked_caseless(pattern, plain=plain) if op == "~~*" else liked(pattern)
    except PatternError:
        return None


def function(name: str, args: Sequence[Constant]) -> Constant | None:
    """What a built-in function returns; None where that is not known, or an error."""
    try:
        if name in ("concat", "num_nulls", "num_nonnulls", "greatest", "least"):
            return _loose(name, args)
        if name in ("array_position", "cardinality", "array_length", "array_to_string"):
            return _of_array(name, args)
        if name in ("jsonb_typeof", "json_typeof") or (name == "octet_length" and args[0].type == "bytea"):
            return _of_document(name, args[0])
        if not (texts.known(name) or name in numbers.FUNCTIONS):
            return None
        if any(each.kind == "null" for each in args):
            return None if name == "string_to_array" else NULL
        return numbers.FUNCTIONS[name](args) if name in numbers.FUNCTIONS else texts.called(name, args)
    except texts.UncertainError:
        return None


def _loose(name: str, args: Sequence[Constant]) -> Constant | None:
    """Functions that are not NULL when an argument is."""
    if name == "concat":
        return text_constant("".join("" if each.kind == "null" else texts.spelled(each) for each in args))
    if name in ("greatest", "least"):
        values = [(number, each) for each in args if (number := numbers.finite(each)) is not None]
        if len(values) < sum(each.kind != "null" for each in args):
            return None
        return NULL if not values else (max if name == "greatest" else min)(values, key=lambda pair: pair[0])[1]
    if len(args) == 1:
        return None
    nulls = sum(each.kind == "null" for each in args)
    return whole(nulls if name == "num_nulls" else len(args) - nulls)


def _of_array(name: str, args: Sequence[Constant]) -> Constant | None:
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


def _of_document(name: str, value: Constant) -> Constant | None:
    """Of documents and bytes just as plain as the values that columns are tried with."""
    if value.kind == "null":
        return NULL
    if name == "octet_length":
        plain = value.raw.startswith("\\x")
        return whole(len(value.raw) // 2 - 1) if plain else None
    kind = {"{}": "object", "[]": "array", "1": "number", '"a"': "string", "true": "boolean"}.get(value.raw)
    return None if kind is None else text_constant(kind)


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
            return text_constant(texts.spelled(left) + texts.spelled(right))
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
