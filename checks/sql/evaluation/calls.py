"""Function calls and operators other than comparisons, over constants (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from checks.sql.evaluation import numbers, texts
from checks.sql.evaluation.arrays import FUNCTIONS, array_function
from checks.sql.languages.language import Language
from checks.sql.languages.patterns.are import Flags, matched_by
from checks.sql.languages.patterns.like import liked, liked_caseless
from checks.sql.languages.trees import PatternError
from checks.sql.syntax.nodes import FunctionCall, Keyword, Node
from checks.sql.values.constants import NULL, Constant, text_constant, whole

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
        if name in FUNCTIONS:
            return array_function(name, args)
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
        return text_constant("".join("" if each.kind == "null" else texts.spelled(each) for each in args), *args)
    if name in ("greatest", "least"):
        values = [(number, each) for each in args if (number := numbers.finite(each)) is not None]
        if len(values) < sum(each.kind != "null" for each in args):
            return None
        return NULL if not values else (max if name == "greatest" else min)(values, key=lambda pair: pair[0])[1]
    if len(args) == 1:
        return None
    nulls = sum(each.kind == "null" for each in args)
    return whole(nulls if name == "num_nulls" else len(args) - nulls)


def _of_document(name: str, value: Constant) -> Constant | None:
    """Of documents and bytes just as plain as the values that columns are tried with."""
    if value.kind == "null":
        return NULL
    if name == "octet_length":
        plain = value.raw.startswith("\\x")
        return whole(len(value.raw) // 2 - 1) if plain else None
    kind = {"{}": "object", "[]": "array", "1": "number", '"a"': "string", "true": "boolean"}.get(value.raw)
    return None if kind is None else text_constant(kind)
