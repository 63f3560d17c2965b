"""Bracket expressions and escapes of PostgreSQL's regular expressions (pure): regc_lex.c, manual 9.7.3.2 and 9.7.3.3."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from checks.sql.languages.charsets import NONE, Bounds, exactly, named
from checks.sql.languages.trees import OneOf, PatternError


class MatchRules(Protocol):
    """How a pattern is read."""

    @property
    def caseless(self) -> bool:
        """Whether case does not count."""

    @property
    def plain(self) -> bool:
        """Whether the collation is known to be C or POSIX."""

    def one_of(self, characters: Bounds) -> OneOf:
        """A character of these, or of their case variants."""


_CONTROLS = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "B": "\\"}
_CODES = (("x", re.compile(r"x([0-9a-fA-F]+)"), 16), ("u", re.compile(r"u([0-9a-fA-F]{4})"), 16),
          ("U", re.compile(r"U([0-9a-fA-F]{8})"), 16))
_OCTAL = re.compile(r"[0-7]{1,3}")
_COLLATING = {
    "NUL": 0, "SOH": 1, "STX": 2, "ETX": 3, "EOT": 4, "ENQ": 5, "ACK": 6, "BEL": 7, "alert": 7, "BS": 8,
    "backspace": 8, "HT": 9, "tab": 9, "LF": 10, "newline": 10, "VT": 11, "vertical-tab": 11, "FF": 12,
    "form-feed": 12, "CR": 13, "carriage-return": 13, "ESC": 27, "space": 32, "exclamation-mark": 33,
    "quotation-mark": 34, "number-sign": 35, "dollar-sign": 36, "percent-sign": 37, "ampersand": 38, "apostrophe": 39,
    "left-parenthesis": 40, "right-parenthesis": 41, "asterisk": 42, "plus-sign": 43, "comma": 44, "hyphen": 45,
    "hyphen-minus": 45, "period": 46, "full-stop": 46, "slash": 47, "solidus": 47, "colon": 58, "semicolon": 59,
    "less-than-sign": 60, "equals-sign": 61, "greater-than-sign": 62, "question-mark": 63, "commercial-at": 64,
    "left-square-bracket": 91, "backslash": 92, "reverse-solidus": 92, "right-square-bracket": 93, "circumflex": 94,
    "circumflex-accent": 94, "underscore": 95, "low-line": 95, "grave-accent": 96, "left-brace": 123,
    "left-curly-bracket": 123, "vertical-line": 124, "right-brace": 125, "right-curly-bracket": 125, "tilde": 126,
    "DEL": 127}


def _class(name: str, plain: bool) -> Bounds:
    found = named(name, plain=plain)
    if found is None:
        raise PatternError("invalid character class")
    return found


SHORTHANDS: Mapping[str, Callable[[bool], Bounds]] = {
    "d": lambda plain: _class("digit", plain), "s": lambda plain: _class("space", plain),
    "w": lambda plain: _class("word", plain), "D": lambda plain: _class("digit", plain).complement,
    "S": lambda plain: _class("space", plain).complement, "W": lambda plain: _class("word", plain).complement}
"""`\\d` and the like; the argument says whether the collation is C."""


def escaped(text: str, at: int) -> tuple[int, str]:
    """The character that an escape stands for, whose backslash is before `at`, and where it ends.

    Raises:
        PatternError: there is no such escape.
    """
    name = text[at:at + 1]
    if not name:
        raise PatternError("invalid escape \\ sequence")
    if not (name.isascii() and name.isalnum()):
        return at + 1, name
    if name in _CONTROLS:
        return at + 1, _CONTROLS[name]
    if name == "c" and at + 1 < len(text):
        return at + 2, _character(ord(text[at + 1]) & 0o37)
    for letter, code, base in _CODES:
        found = code.match(text, at) if name == letter else None
        if found is not None:
            return found.end(), _character(int(found.group(1), base))
    octal = _OCTAL.match(text, at)
    if octal is None:
        raise PatternError("invalid escape \\ sequence")
    digits = octal.group()
    if int(digits, 8) > 0xFF:
        digits = digits[:2]
    return at + len(digits), _character(int(digits, 8))


def _character(code: int) -> str:
    if code > 0x10FFFF:
        raise PatternError("invalid escape \\ sequence")
    return chr(code)


def bracket(text: str, at: int, reading: MatchRules) -> tuple[int, Bounds]:
    """The set of a bracket expression whose `[` is before `at`, and where it ends.

    Raises:
        PatternError: it is malformed.
    """
    negated = text.startswith("^", at)
    at += negated
    found, first = exactly(NONE), at
    while not text.startswith("]", at) or at == first:
        if at >= len(text):
            raise PatternError("brackets [] not balanced")
        at, part = _part(text, at, first, reading)
        found = found.joined(part)
    return at + 1, found.complement if negated else found


def _part(text: str, at: int, first: int, reading: MatchRules) -> tuple[int, Bounds]:
    """One element, range or class."""
    if text.startswith("[:", at):
        end, name = _enclosed(text, at, ":")
        wide = reading.caseless and name in ("lower", "upper")
        return end, _class("alpha" if wide else name, reading.plain)
    if text.startswith("\\", at) and text[at + 1:at + 2] in SHORTHANDS:
        return at + 2, SHORTHANDS[text[at + 1]](reading.plain)
    if text.startswith("-", at) and at != first and not text.startswith("-]", at):
        raise PatternError("invalid character range")
    equivalents = text.startswith("[=", at)
    at, low = _element(text, at)
    high = low
    if not equivalents and text.startswith("-", at) and not text.startswith("-]", at):
        if text.startswith(("-[=", "-[:"), at):
            raise PatternError("invalid character range")
        at, high = _element(text, at + 1)
    if low > high:
        raise PatternError("invalid character range")
    return at, reading.one_of(exactly(((ord(low), ord(high)),))).chars


def _element(text: str, at: int) -> tuple[int, str]:
    if text.startswith("\\", at):
        return escaped(text, at + 1)
    for mark in ".=":
        if text.startswith("[" + mark, at):
            end, name = _enclosed(text, at, mark)
            if len(name) == 1:
                return end, name
            if name not in _COLLATING:
                raise PatternError("invalid collating element")
            return end, chr(_COLLATING[name])
    if at >= len(text):
        raise PatternError("brackets [] not balanced")
    return at + 1, text[at]


def _enclosed(text: str, at: int, mark: str) -> tuple[int, str]:
    end = text.find(mark + "]", at + 2)
    if end < 0:
        raise PatternError("brackets [] not balanced")
    return end + 2, text[at + 2:end]

