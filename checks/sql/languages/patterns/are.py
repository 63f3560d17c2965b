"""PostgreSQL's advanced regular expressions, parsed (pure).

The grammar is src/backend/regex/regc_lex.c and regcomp.c (manual 9.7.3): what those refuse raises `PatternError`, for a
CHECK that holds such a pattern refuses every row. Word boundaries and lookaround become a `Guess`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from checks.sql.languages.charsets import Bounds, caseless, chars, exactly
from checks.sql.languages.language import UNKNOWN, Language, matching
from checks.sql.languages.patterns.brackets import SHORTHANDS, bracket, escaped
from checks.sql.languages.trees import (
    ANY,
    Chain,
    Echo,
    Edge,
    Either,
    Guess,
    OneOf,
    Pattern,
    PatternError,
    Repeat,
)

_MOST_TIMES = 255
_DIGITS = frozenset("0123456789")
_QUANTIFIERS = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class UnreadError(Exception):
    """A pattern in a form that is not looked into."""


@dataclass(frozen=True, slots=True)
class Flags:
    """How a pattern is read."""

    caseless: bool = False
    plain: bool = False
    """The collation is known to be C or POSIX."""

    def one_of(self, characters: Bounds) -> OneOf:
        """A character of these, or of their case variants."""
        if not self.caseless:
            return OneOf(characters)
        below, above = (caseless(each, plain=self.plain) for each in (characters.surely, characters.maybe))
        return OneOf(Bounds(below.surely, above.maybe))


@lru_cache(maxsize=4096)
def matched_by(pattern: str, flags: Flags) -> Language:
    """The texts in which `pattern` matches somewhere (`~`, or `~*` with `flags.caseless`).

    Raises:
        PatternError: matching with it raises an error.
    """
    try:
        return matching(parse(pattern, flags), anywhere=True)
    except (UnreadError, RecursionError):
        return UNKNOWN


def parse(pattern: str, flags: Flags) -> Pattern:
    """The pattern's tree.

    Raises:
        PatternError: it is malformed.
        UnreadError: it is in another dialect or mode.
    """
    body, flags = _director(pattern, flags)
    return _AreParser(body, flags).whole()


def _director(pattern: str, flags: Flags) -> tuple[str | Pattern, Flags]:
    """What follows `***:`, `***=` and `(?i)`, and the flags these set."""
    if pattern.startswith("***"):
        if pattern[3:4] == "=":
            return Chain(tuple(flags.one_of(exactly(chars(each))) for each in pattern[4:])), flags
        if pattern[3:4] != ":":
            raise PatternError("quantifier operand invalid")
        pattern = pattern[4:]
    if pattern.startswith("(?") and pattern[2:3].isascii() and pattern[2:3].isalpha():
        at = 2
        while pattern[at:at + 1].isascii() and pattern[at:at + 1].isalpha():
            if pattern[at] not in "icst":
                raise UnreadError(f"the embedded option {pattern[at]}")
            if pattern[at] in "ic":
                flags = replace(flags, caseless=pattern[at] == "i")
            at += 1
        if pattern[at:at + 1] != ")":
            raise PatternError("invalid embedded option")
        pattern = pattern[at + 1:]
    return pattern, flags


class _AreParser:
    def __init__(self, text: str | Pattern, flags: Flags) -> None:
        self.made = text if isinstance(text, Pattern) else None
        self.text = "" if isinstance(text, Pattern) else text
        self.flags = flags
        self.at = 0
        self.groups: list[Pattern | None] = []
        self.around = 0
        """How deep it stands in lookaround, where parentheses do not capture and no back reference may stand."""

    def whole(self) -> Pattern:
        """The whole text."""
        if self.made is not None:
            return self.made
        tree = self._branches()
        if self.at < len(self.text):
            raise PatternError("parentheses () not balanced")
        return tree

    def _take(self, text: str) -> bool:
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def _branches(self) -> Pattern:
        branches = [self._branch()]
        while self._take("|"):
            branches.append(self._branch())
        return branches[0] if len(branches) == 1 else Either(tuple(branches))

    def _branch(self) -> Pattern:
        parts: list[Pattern] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            if self.text.startswith("(?#", self.at):
                raise UnreadError("a comment")
            condition = self._condition()
            parts.append(condition if condition is not None else self._times(self._atom()))
        return parts[0] if len(parts) == 1 else Chain(tuple(parts))

    def _condition(self) -> Pattern | None:
        """What takes no characters and may not be repeated; None if something else is next."""
        for mark in ("^", "$"):
            if self._take(mark):
                return Edge(mark)
        for text, mark in (("\\A", "^"), ("\\Z", "$")):
            if self._take(text):
                return Edge(mark)
        for text in ("\\m", "\\M", "\\y", "\\Y", "[[:<:]]", "[[:>:]]"):
            if self._take(text):
                return Guess()
        for text in ("(?=", "(?!", "(?<=", "(?<!"):
            if self._take(text):
                self.around += 1
                self._branches()
                self.around -= 1
                if not self._take(")"):
                    raise PatternError("parentheses () not balanced")
                return Guess()
        return None

    def _atom(self) -> Pattern:
        character = self.text[self.at]
        self.at += 1
        if character in _QUANTIFIERS or (character == "{" and self._digit()):
            raise PatternError("quantifier operand invalid")
        if character == "(":
            return self._group()
        if character == ".":
            return ANY
        if character == "[":
            self.at, characters = bracket(self.text, self.at, self.flags)
            return OneOf(characters)
        if character == "\\":
            return self._escape()
        return self.flags.one_of(exactly(chars(character)))

    def _group(self) -> Pattern:
        captures = not self._take("?:") and not self.around
        if self.text.startswith("?", self.at):
            raise PatternError("quantifier operand invalid")
        number = len(self.groups)
        if captures:
            self.groups.append(None)
        tree = self._branches()
        if not self._take(")"):
            raise PatternError("parentheses () not balanced")
        if captures:
            self.groups[number] = tree
        return tree

    def _escape(self) -> Pattern:
        name = self.text[self.at:self.at + 1]
        if name in SHORTHANDS:
            self.at += 1
            return OneOf(SHORTHANDS[name](self.flags.plain))
        if name in _DIGITS - {"0"}:
            number = self._back_reference()
            if number is not None:
                if self.around or number > len(self.groups) or self.groups[number - 1] is None:
                    raise PatternError("invalid backreference number")
                return Echo(self.groups[number - 1] or ANY)
        self.at, character = escaped(self.text, self.at)
        return self.flags.one_of(exactly(chars(character)))

    def _back_reference(self) -> int | None:
        end = self.at
        while self.text[end:end + 1] in _DIGITS:
            end += 1
        number = int(self.text[self.at:end])
        if end - self.at > 1 and number > len(self.groups):
            return None
        self.at = end
        return number

    def _digit(self) -> bool:
        return self.text[self.at:self.at + 1] in _DIGITS

    def _times(self, atom: Pattern) -> Pattern:
        following = self.text[self.at:self.at + 1]
        if following and following in _QUANTIFIERS:
            self.at += 1
            low, high = _QUANTIFIERS[following]
        elif following == "{" and self.text[self.at + 1:self.at + 2] in _DIGITS:
            self.at += 1
            low, high = self._bounds()
        else:
            return atom
        self._take("?")
        return Repeat(atom, low, high)

    def _bounds(self) -> tuple[int, int | None]:
        low = self._number()
        high: int | None = low
        if self._take(","):
            high = self._number() if self._digit() else None
        if not self._take("}") or (high is not None and low > high):
            raise PatternError("invalid repetition count(s)")
        return low, high

    def _number(self) -> int:
        end = self.at
        while self.text[end:end + 1] in _DIGITS:
            end += 1
        if end == self.at or int(self.text[self.at:end]) > _MOST_TIMES:
            raise PatternError("invalid repetition count(s)")
        number, self.at = int(self.text[self.at:end]), end
        return number

