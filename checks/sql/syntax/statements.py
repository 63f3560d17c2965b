"""A file of SQL, cut into its statements as psql cuts it (pure), and whether one of them ends a transaction.

Lexical rules: PostgreSQL manual 4.1. A semicolon ends a statement unless it stands in parentheses (CREATE RULE) or in the
BEGIN ATOMIC … END of a function.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LEXEME = re.compile(r"""
    (?P<comment> --[^\n]* )
  | (?P<opened> /\* )
  | (?P<string> [eE]'(?:[^'\\]|\\.|'')*'? | '(?:[^']|'')*'? | "(?:[^"]|"")*"? )
  | (?P<dollar> \$ (?:[^\W\d]\w*)? \$ )
  | (?P<word> [^\W\d][\w$]* )
  | (?P<other> . )
""", re.VERBOSE | re.DOTALL)
_COMMENT_MARK = re.compile(r"/\*|\*/")


@dataclass
class ScriptStatement:
    """One statement, as far as it is read: nothing of comments, strings and quoted names."""

    words: list[str] = field(default_factory=list)
    """Bare words, in upper case."""
    bodies: list[str] = field(default_factory=list)
    """What stands in dollar quotes."""

    @property
    def has_body(self) -> bool:
        """Whether it makes a function or a procedure, whose BEGIN ATOMIC … END may hold semicolons."""
        made = [word for word in self.words[:4] if word not in ("OR", "REPLACE")]
        return made[:1] == ["CREATE"] and made[1:2] in (["FUNCTION"], ["PROCEDURE"])

    @property
    def commits(self) -> bool:
        """Whether it ends the transaction it is run in, and keeps what was done."""
        first, second = (*self.words, "", "")[:2]
        if first in ("COMMIT", "END") or (first, second) == ("PREPARE", "TRANSACTION"):
            return True
        return first == "DO" and any(_ends_with_commit(part.words) for body in self.bodies for part in statements(body))


def commits(text: str) -> bool:
    """Whether a file of SQL commits by itself."""
    return any(statement.commits for statement in statements(text))


def statements(text: str) -> Iterator[ScriptStatement]:
    """The statements of `text`, empty ones left out; what is not closed goes on to the end."""
    found, parentheses, blocks, at = ScriptStatement(), 0, 0, 0
    while at < len(text):
        match = _LEXEME.match(text, at)
        if match is None:
            break
        kind, piece, at = match.lastgroup, match[0], match.end()
        if kind == "opened":
            at = _after_comment(text, at)
        elif kind == "dollar":
            end = text.find(piece, at)
            end = len(text) if end < 0 else end
            found.bodies.append(text[at:end])
            at = end + len(piece)
        elif kind == "word":
            word = piece.upper()
            found.words.append(word)
            if found.has_body:
                blocks += (word == "BEGIN") + (word == "CASE" and blocks > 0) - (word == "END" and blocks > 0)
        elif piece in "()":
            parentheses += 1 if piece == "(" else -1
        elif piece == ";" and parentheses <= 0 and blocks == 0:
            if found.words:
                yield found
            found, parentheses = ScriptStatement(), 0
    if found.words:
        yield found


def _after_comment(text: str, at: int) -> int:
    """Where the comment ends that was opened before `at`; comments nest."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(text, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _ends_with_commit(words: list[str]) -> bool:
    """Whether a piece of PL/pgSQL between semicolons ends in COMMIT, or COMMIT AND [NO] CHAIN."""
    plain = [word for word in words if word not in ("AND", "NO", "CHAIN")]
    return plain[-1:] == ["COMMIT"]
