"""LIKE, ILIKE and SIMILAR TO patterns as languages (pure): like_match.c, regexp.c, manual 9.7.1 and 9.7.2."""

from __future__ import annotations

from functools import lru_cache

from checks.sql.languages.charsets import Bounds, chars, exactly
from checks.sql.languages.images.case import lowered, lowered_within
from checks.sql.languages.language import Language, matching
from checks.sql.languages.trees import ANY, ANYTHING, NEVER, Chain, Echo, OneOf, Pattern, PatternError


@lru_cache(maxsize=4096)
def liked(pattern: str) -> Language:
    """The texts that are LIKE `pattern`, whose escape is a backslash.

    Raises:
        PatternError: it ends with its escape, so matching with it raises an error.
    """
    return matching(_tree(pattern, caseless=False, plain=False), anywhere=False)


@lru_cache(maxsize=1024)
def liked_caseless(pattern: str, *, plain: bool) -> Language:
    """The texts that are ILIKE `pattern`: both sides are made lower case; `plain`: in the C collation.

    Raises:
        PatternError: it ends with its escape.
    """
    return lowered_within(matching(_tree(pattern, caseless=True, plain=plain), anywhere=False), plain=plain)


def _tree(pattern: str, *, caseless: bool, plain: bool) -> Pattern:
    parts: list[Pattern] = []
    characters = iter(pattern)
    for each in characters:
        if each == "%":
            parts.append(ANYTHING)
        elif each == "_":
            parts.append(ANY)
        else:
            meant = next(characters, None) if each == "\\" else each
            if meant is None:
                raise PatternError("LIKE pattern must not end with escape character")
            parts.append(_lowered(meant, plain) if caseless else OneOf(exactly(chars(meant))))
    return Chain(tuple(parts))


def _lowered(character: str, plain: bool) -> Pattern:
    images = lowered(character, plain=plain)
    if images is None:
        return Echo(ANYTHING)
    if len(images) == 1:
        return OneOf(exactly(chars(next(iter(images)))))
    return OneOf(Bounds(NEVER.chars.surely, chars("".join(images))))


def like_escape(pattern: str, escape: str) -> str | None:
    """The pattern with a backslash as its escape, as `like_escape` makes it; None where that raises."""
    if len(escape) > 1:
        return None
    if escape == "\\":
        return pattern
    made, after = [], False
    for each in pattern:
        if each == escape and not after:
            made.append("\\")
            after = True
            continue
        made.append("\\" if each == "\\" and not after else "")
        made.append(each)
        after = False
    return "".join(made)


def similar_to_escape(pattern: str, escape: str = "\\") -> str | None:
    """The regular expression that `similar_to_escape` makes of a SIMILAR TO pattern.

    None where it raises, where majors differ (odd bracket expressions), and for parts marked with `"`.
    """
    if len(escape) > 1:
        return None
    made, after, inside = ["^(?:"], False, False
    for at, each in enumerate(pattern):
        if after:
            if each == '"' or inside:
                return None
            made.append("\\" + each)
            after = False
        elif each == escape:
            after = True
        elif inside:
            if each == "[" or (each == "]" and pattern[at - 1] in "[^"):
                return None
            made.append("\\\\" if each == "\\" else each)
            inside = each != "]"
        else:
            inside = each == "["
            made.append({"%": ".*", "_": ".", "(": "(?:"}.get(each, "\\" + each if each in "\\.^$" else each))
    return None if inside or after else "".join(made) + ")$"
