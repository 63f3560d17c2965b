"""SQL text as PostgreSQL prints it, cut into tokens (pure): strings, quoted names, array literals.

Lexical rules: PostgreSQL manual 4.1 (standard_conforming_strings = on) and 8.15.2 for array literals.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class ParseError(Exception):
    """The text is not an expression this parser knows."""


class Token(NamedTuple):
    """One lexical element."""

    kind: str
    """string, quoted, word, number, op, mark or bits."""
    text: str
    """As written."""
    start: int
    end: int
    key: str
    """A word in upper case, a mark or operator as it is, else empty."""


_LEXEME = re.compile(r"""\s*(?:
    (?P<string> [eE]'(?:[^'\\]|\\.|'')*' | (?:[uU]&)?'(?:[^']|'')*' )
  | (?P<quoted> (?:[uU]&)?"(?:[^"]|"")+" )
  | (?P<bits> [bBxX]'[0-9a-fA-F]*' )
  | (?P<word> [^\W\d][\w$]* )
  | (?P<number> (?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)? )
  | (?P<mark> :: | [()\[\],.;:] | \$\d+ )
  | (?P<op> [-+*/<>=~!@#%^&|`?]+ )
)""", re.VERBOSE | re.DOTALL)
_LICENCE = frozenset("~!@#%^&|`?")
"""An operator of several characters may end in + or - only if it has one of these."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def tokens(text: str) -> list[Token]:
    """Splits SQL into tokens without whitespace.

    Raises:
        ParseError: a character that starts no token (dollar quotes, an open string).
    """
    found: list[Token] = []
    text = text.rstrip()
    at, size, match_at, make = 0, len(text), _LEXEME.match, Token._make
    while at < size:
        match = match_at(text, at)
        kind = match.lastgroup if match is not None else None
        if match is None or kind is None:
            raise ParseError(f"no SQL token at offset {at}")
        word = match[kind]
        start, end = match.span(kind)
        key = ""
        if kind == "word":
            key = word.upper()
        elif kind == "op":
            key = word = _operator(word)
            end = start + len(word)
        elif kind == "mark":
            key = word
        found.append(make((kind, word, start, end, key)))
        at = end
    return found


def _operator(run: str) -> str:
    """The operator at the start of a run of operator characters (manual 4.1.3).

    Raises:
        ParseError: a comment starts in it.
    """
    if "--" in run or "/*" in run:
        raise ParseError("a comment")
    if len(run) > 1 and run[-1] in "+-" and not _LICENCE.intersection(run):
        return run.rstrip("+-") or run[0]
    return run


def _escaped(body: str) -> str:
    def decode(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] in "xuU" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code[0] in "01234567":
            return chr(int(code, 8))
        return "'" if code == "''" else _ESCAPES.get(code, code)

    return re.sub(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|.)", decode, body, flags=re.DOTALL)


def unquote(token: str) -> str:
    """The value of a string literal or the name of a quoted identifier.

    Raises:
        ParseError: an escape that is no character.
    """
    if token[0] in "'\"":
        return token[1:-1].replace(token[0] * 2, token[0])
    try:
        return _unquoted(token)
    except (ValueError, OverflowError):
        raise ParseError("an escape that is no character") from None


def _unquoted(token: str) -> str:
    quote = token[-1]
    head, _, body = token[:-1].partition(quote)
    body = body.replace(quote * 2, quote)
    if head in ("e", "E"):
        return _escaped(body)
    if head:
        return re.sub(r"\\(?:(\\)|\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))",
                      lambda m: m.group(1) or chr(int(m.group(2) or m.group(3), 16)), body)
    return body


def array_elements(text: str, *, flat: bool = True) -> tuple[str | None, ...]:
    """The scalars of an array literal such as `{a,"b c",NULL}`, nested ones flattened if `flat`; None is NULL.

    Raises:
        ParseError: malformed, with explicit bounds, or nested though not `flat`.
    """
    if not re.fullmatch(r"\s*\{.*\}\s*", text, re.DOTALL):
        raise ParseError("not an array literal")
    found: list[str | None] = []
    depth = 0
    for match in re.finditer(r'\s*(?:([{}])|,|"((?:[^"\\]|\\.)*)"|((?:[^{},"\\]|\\.)+))', text, re.DOTALL):
        brace, quoted, bare = match.groups()
        depth += {"{": 1, "}": -1}.get(brace or "", 0)
        if depth > 1 and not flat:
            raise ParseError("a nested array literal")
        if quoted is not None:
            found.append(re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL))
        elif bare is not None and bare.strip():
            bare = bare.strip()
            found.append(None if bare.upper() == "NULL" else re.sub(r"\\(.)", r"\1", bare, flags=re.DOTALL))
    if depth:
        raise ParseError("unbalanced array literal")
    return tuple(found)
