"""Functions of text, as far as PostgreSQL surely computes the same (pure): manual 9.4.

A length counts characters of a UTF-8 database. What depends on the locale is known only where no locale differs.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from checks.sql.evaluation.numbers import finite
from checks.sql.languages.images.case import lowered, uppered
from checks.sql.languages.patterns.like import like_escape, similar_to_escape
from checks.sql.values.constants import Constant, boolean, folds, is_plain, text_constant, whole
from checks.sql.values.types import Elements, type_of

_LONGEST = 100_000
_SEARCHES = frozenset(("replace", "split_part", "strpos", "starts_with", "string_to_array"))
"""What looks for one text in another, by the collation's own idea of equality."""


class UncertainError(Exception):
    """The result is not known, or it is an error."""


def text(constant: Constant) -> str:
    """The text that a function of text gets; trailing blanks of bpchar are gone.

    Raises:
        UncertainError: it is no text.
    """
    if constant.kind not in ("text", "unknown", "bpchar", "folded") or not isinstance(constant.value, str):
        raise UncertainError
    return constant.value


def stored(constant: Constant) -> str:
    """The text with the blanks that bpchar is filled up with, which LIKE and ~ look at.

    Raises:
        UncertainError: it is no text, or how long its column is is not known.
    """
    if constant.kind != "bpchar":
        return text(constant)
    kind = type_of(constant.type)
    if not kind.modifiers:
        raise UncertainError
    return text(constant).ljust(kind.modifiers[0])


def count(constant: Constant) -> int:
    """An integer argument.

    Raises:
        UncertainError: it is none.
    """
    value = finite(constant)
    if value is None or value.denominator != 1 or abs(value) > _LONGEST:
        raise UncertainError
    return int(value)


def _single(found: frozenset[str] | None) -> str:
    if found is None or len(found) != 1:
        raise UncertainError
    return next(iter(found))


def _substring(args: Sequence[Constant]) -> str:
    source, start = text(args[0]), count(args[1])
    if len(args) < 3:
        return source[max(start, 1) - 1:]
    size = count(args[2])
    if size < 0:
        raise UncertainError
    return source[max(start, 1) - 1:max(start + size, 1) - 1]


def _cut(args: Sequence[Constant], *, right: bool) -> str:
    source, size = text(args[0]), count(args[1])
    if right:
        return source[-size:] if size else ""
    return source[:size] if size >= 0 else source[:max(len(source) + size, 0)]


def _trim(strip: Callable[[str, str], str]) -> Callable[[Sequence[Constant]], str]:
    return lambda args: strip(text(args[0]), text(args[1]) if len(args) > 1 else " ")


def _translate(args: Sequence[Constant]) -> str:
    source, old, new = map(text, args)
    table: dict[int, str] = {}
    for at, character in enumerate(old):
        table.setdefault(ord(character), new[at:at + 1])
    return source.translate(table)


def _pad(args: Sequence[Constant], *, right: bool) -> str:
    source, size, fill = text(args[0]), count(args[1]), text(args[2]) if len(args) > 2 else " "
    if size <= len(source) or not fill:
        return source[:max(size, 0)]
    more = (fill * size)[:size - len(source)]
    return source + more if right else more + source


def _split_part(args: Sequence[Constant]) -> str:
    source, mark, number = text(args[0]), text(args[1]), count(args[2])
    if number == 0:
        raise UncertainError
    parts = source.split(mark) if mark and source else [source]
    at = number - 1 if number > 0 else len(parts) + number
    return parts[at] if 0 <= at < len(parts) else ""


def _initcap(args: Sequence[Constant]) -> str:
    words = text(args[0]).split(" ")
    if not all(word.isascii() and (word.isalpha() or not word) for word in words):
        raise UncertainError  # where words begin is the locale's
    plain = is_plain(*args)
    return " ".join(_single(uppered(word[:1], plain=plain)) + _single(lowered(word[1:], plain=plain)) for word in words)


def _chr(args: Sequence[Constant]) -> str:
    code = count(args[0])
    if not 0 < code < 128:
        raise UncertainError
    return chr(code)


def _md5(args: Sequence[Constant]) -> str:
    source = text(args[0])
    if not source.isascii():
        raise UncertainError
    return hashlib.md5(source.encode(), usedforsecurity=False).hexdigest()


def _repeat(args: Sequence[Constant]) -> str:
    source, times = text(args[0]), count(args[1])
    if len(source) * times > _LONGEST:
        raise UncertainError
    return source * times


def _normalize(args: Sequence[Constant]) -> str:
    source, form = text(args[0]), text(args[1]) if len(args) > 1 else "NFC"
    if any(unicodedata.ucd_3_2_0.category(character) == "Cn" for character in source):
        raise UncertainError  # which characters are assigned differs by major
    return unicodedata.normalize(form, source)  # type: ignore[arg-type]


def _escaped(make: Callable[..., str | None]) -> Callable[[Sequence[Constant]], str]:
    def call(args: Sequence[Constant]) -> str:
        found = make(*map(text, args))
        if found is None:
            raise UncertainError
        return found

    return call


def _octets(args: Sequence[Constant]) -> int:
    return len(stored(args[0]).encode())


_TEXTS: Mapping[str, Callable[[Sequence[Constant]], str]] = {
    "lower": lambda args: _single(lowered(text(args[0]), plain=is_plain(*args))),
    "upper": lambda args: _single(uppered(text(args[0]), plain=is_plain(*args))),
    "initcap": _initcap, "btrim": _trim(str.strip), "ltrim": _trim(str.lstrip), "rtrim": _trim(str.rstrip),
    "left": lambda args: _cut(args, right=False), "right": lambda args: _cut(args, right=True),
    "substring": _substring, "substr": _substring, "translate": _translate,
    "replace": lambda args: text(args[0]).replace(text(args[1]), text(args[2])) if text(args[1]) else text(args[0]),
    "reverse": lambda args: text(args[0])[::-1], "repeat": _repeat, "split_part": _split_part, "chr": _chr,
    "lpad": lambda args: _pad(args, right=False), "rpad": lambda args: _pad(args, right=True), "md5": _md5,
    "normalize": _normalize, "like_escape": _escaped(like_escape), "similar_to_escape": _escaped(similar_to_escape)}
_LENGTHS: Mapping[str, Callable[[Sequence[Constant]], int]] = {
    **dict.fromkeys(("length", "char_length", "character_length"), lambda args: len(text(args[0]))),
    "octet_length": _octets, "ascii": lambda args: ord(text(args[0])[:1] or "\0"),
    "strpos": lambda args: text(args[0]).find(text(args[1])) + 1}


def called(name: str, args: Sequence[Constant]) -> Constant | None:
    """What a strict function of text returns, no argument being NULL; None where that is not known.

    Raises:
        UncertainError: as None.
    """
    if name in _SEARCHES and folds(*args):
        return None
    try:
        if name in _TEXTS:
            made = _TEXTS[name](args)
            return text_constant(made, *args) if "\0" not in made else None
        if name in _LENGTHS:
            return whole(_LENGTHS[name](args))
        if name == "starts_with":
            return boolean(text(args[0]).startswith(text(args[1])))
        if name == "string_to_array" and len(args) == 2:
            return _string_to_array(text(args[0]), text(args[1]))
    except (IndexError, ValueError):
        return None
    return None


def _string_to_array(source: str, mark: str) -> Constant:
    parts = (source.split(mark) if mark else [source]) if source else []
    return Constant("array", Elements(tuple(parts)), "text[]", source)


def known(name: str) -> bool:
    """Whether it is one of these functions."""
    return name in _TEXTS or name in _LENGTHS or name in ("starts_with", "string_to_array")


def spelled(constant: Constant) -> str:
    """What `||` and concat make of a value.

    Raises:
        UncertainError: it is neither text nor an integer.
    """
    if constant.kind == "exact" and type_of(constant.type).base in ("smallint", "integer", "bigint"):
        return str(finite(constant))
    return text(constant)
