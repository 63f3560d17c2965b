"""A file of SQL as its author wrote it, cut into statements: for what must be sent one by one, and told by its line (pure).

Lexical rules: PostgreSQL manual 4.1; where a statement ends, as psql finds it: not inside parentheses, quotes, dollar
quotes, comments, or the body between BEGIN ATOMIC and END.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LEXEME = re.compile(r"""
    (?P<comment> --[^\n]* | /\* )
  | (?P<quoted> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" )
  | (?P<dollar> \$(?:[^\W\d]\w*)?\$ )
  | (?P<word> [^\W\d][\w$]* )
  | (?P<mark> [;()\\] )
""", re.VERBOSE | re.DOTALL)
_NESTING = re.compile(r"/\*|\*/")
_COPY_IN = re.compile(r"COPY\b.*\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
_TRANSACTION = frozenset({"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"})


class FileStatement(NamedTuple):
    """One statement of a file, without the semicolon that ends it."""

    text: str
    line: int
    """Of its first word, from 1."""
    words: tuple[str, ...]
    """Its first words in upper case, three at most."""

    @property
    def in_place(self) -> str:
        """The statement below as many empty lines as stand above it in the file, so that a server tells the right line."""
        return "\n" * (self.line - 1) + self.text

    @property
    def controls_transaction(self) -> bool:
        """Whether it begins or ends a transaction."""
        return bool(self.words) and self.words[0] in _TRANSACTION


class PsqlOnly(NamedTuple):
    """Something that only psql understands."""

    text: str
    line: int


def statements(sql: str) -> tuple[FileStatement, ...]:
    """Every statement of `sql` that is not empty."""
    return tuple(item for item in _read(sql) if isinstance(item, FileStatement))


def psql_only(sql: str) -> PsqlOnly | None:
    """The first meta-command, or COPY … FROM STDIN, whose rows stand below it in the file."""
    for item in _read(sql):
        if isinstance(item, PsqlOnly):
            return item
        if item.words[:1] == ("COPY",) and _COPY_IN.match(item.text):
            return PsqlOnly(item.text.splitlines()[0], item.line)
    return None


def _read(sql: str) -> Iterator[FileStatement | PsqlOnly]:
    start: int | None = None
    depth = atomic = 0
    words: list[str] = []
    at, line, counted = 0, 1, 0
    while (match := _LEXEME.search(sql, at)) is not None:
        kind, text, at = match.lastgroup, match[0], match.end()
        if kind == "comment":
            at = _after_comment(sql, match) if text == "/*" else at
            continue
        if kind == "dollar":
            end = sql.find(text, at)
            at = len(sql) if end < 0 else end + len(text)
        if start is None and text != ";":
            start = match.start()
            line += sql.count("\n", counted, start)
            counted = start
        if kind == "word" and len(words) < 3:
            words.append(text.upper())
        if kind == "word" and _defines(words):
            atomic += _depth(text.upper(), sql, at, atomic)
        if text == "\\":
            line += sql.count("\n", counted, match.start())
            yield PsqlOnly(sql[match.start():].splitlines()[0], line)
            counted = at = sql.find("\n", at) if "\n" in sql[at:] else len(sql)
            start, words = None, []
            continue
        depth = max(0, depth + {"(": 1, ")": -1}.get(text, 0))
        if text == ";" and depth == 0 and atomic == 0:
            if start is not None:
                yield FileStatement(sql[start:match.start()].rstrip(), line, tuple(words))
                line += sql.count("\n", counted, at)
                counted = at
            start, words = None, []
    if start is not None:
        yield FileStatement(sql[start:].rstrip(), line, tuple(words))


def _after_comment(sql: str, match: re.Match[str]) -> int:
    """The offset after a block comment, which may hold others."""
    depth, at = 1, match.end()
    while depth:
        mark = _NESTING.search(sql, at)
        if mark is None:
            return len(sql)
        depth += 1 if mark[0] == "/*" else -1
        at = mark.end()
    return at


def _defines(words: list[str]) -> bool:
    return words[0] == "CREATE" and bool({"FUNCTION", "PROCEDURE", "OR"} & set(words[1:]))


def _depth(word: str, sql: str, at: int, atomic: int) -> int:
    """How `word` changes the depth inside BEGIN ATOMIC."""
    if word == "BEGIN":
        return 1 if re.match(r"\s+ATOMIC\b", sql[at:at + 40], re.IGNORECASE) else 0
    if atomic and word == "CASE":
        return 1
    return -1 if atomic and word == "END" else 0
