"""What may be told: secrets masked, control characters escaped, others' words only where they cannot hold a value. Pure.

A server's error text quotes what it stumbled over: a stored value, a password. So its words are repeated only where
SQLSTATE and shape say that they hold names alone (classes 08, 42 and 57, names that stand in our own question); all
else is a sentence of ours, with the SQLSTATE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST_VALUE = 120
"""Characters of a stored value (a ledger's version, say) that are shown."""

_KEY = (r"(?:passw(?:or)?d|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential"
        r"|signature)[\w-]*")
_VALUE = r"""'(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.)*"?|[^\s'",;&)}\]]+"""
_MASKS = (
    (("private key",), r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", "…"),
    (("://",), r"(://[^\s/@:'\"]*:)[^\s'\"]*@", r"\1…@"),
    (("@",), r"(?<![\w/])([\w.%+-]{1,63}:)[^\s@'\"/…]+@(?=[\w\[/])", r"\1…@"),
    (("pass", "pwd", "secret", "token", "key", "credential", "signature"),
     rf"""({_KEY}['"]?\s*=\s*)(?:{_VALUE})""", r"\1…"),
    (("pass", "pwd", "secret", "token"),
     rf"""((?:password|passwd|pwd|passphrase|secret|token)['"]?\s*:(?!:)\s*)(?:{_VALUE})""", r"\1…"),
    (("password",), r"(\bpassword\s+)(?:'(?:[^']|'')*'?)", r"\1…"),
    (("bearer", "basic"), r"(\b(?:bearer|basic)\s+)[\w.~+/=-]{12,}", r"\1…"),
    (("eyj",), r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?", "…"),
    (("akia", "asia"), r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b", "…"),
    (("gh", "glpat-", "xox", "sk_"),
     r"\b(?:gh[opsu]_|github_pat_|glpat-|xox[abprs]-|sk_(?:live|test)_)[\w-]{16,}", "…"),
)
"""What looks like a key, a URL with credentials or part of a DSN: a word that it holds, all of it, what is shown."""
_COMPILED = tuple((needles, re.compile(pattern, re.IGNORECASE | re.DOTALL), shown) for needles, pattern, shown in _MASKS)
_FORTY = re.compile(r"(?<![\w/+=-])[A-Za-z0-9/+]{40}(?![\w/+=-])")


def masked(text: str) -> str:
    """`text` without what looks like a password, a key or a token, wherever it came from."""
    lower = text.lower()
    for needles, pattern, shown in _COMPILED:
        if any(needle in lower for needle in needles):
            text = pattern.sub(shown, text)
    return _FORTY.sub(_unless_hexadecimal, text) if len(text) >= 40 else text


def _unless_hexadecimal(found: re.Match[str]) -> str:
    """An AWS secret key has forty characters of base64; a digest in hexadecimal, or a long name, is none."""
    kinds = (str.isupper, str.islower, str.isdigit)
    return "…" if all(any(map(kind, found[0])) for kind in kinds) else found[0]


def printable(text: str, *, lines: bool = False) -> str:
    """`text` with every control, format and other unprintable character escaped as Python writes it.

    Args:
        text: names and values from anywhere.
        lines: whether line ends stay.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or (lines and letter == "\n")
                   else letter.encode("unicode_escape").decode("ascii") for letter in text)


def fit(text: str, *, lines: bool = False) -> str:
    """`text` fit for a terminal, a report or a log: `masked` and `printable`."""
    return printable(masked(text), lines=lines)


def quoted(value: str) -> str:
    """A stored value in quotes, escaped, and cut where it is long."""
    return repr(value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE - 1] + "…")


SENTENCES: Mapping[str, str] = {
    "0A000": "the server cannot do that", "22001": "a value is too long for its type",
    "22003": "a number is out of its type's range", "22007": "a value is no date or time",
    "22008": "a date or time is out of range", "22012": "it divides by zero", "22023": "a value is not one it takes",
    "22P02": "a value is not of the type it is read as", "23502": "a column may not be NULL",
    "23503": "a foreign key was violated", "23505": "a unique key is there already", "23514": "a CHECK was violated",
    "25006": "the transaction only reads", "40001": "others changed the same rows", "40P01": "it waited in a ring",
    "3F000": "there is no such schema",
    "42501": "permission denied", "42601": "it is no valid SQL", "42703": "there is no such column",
    "42704": "there is no such object", "42883": "there is no such function or operator",
    "42P01": "there is no such table", "53200": "the server is out of memory", "53300": "too many connections",
    "54001": "it is nested too deep", "55P03": "somebody else holds the lock", "57014": "it took too long",
    "57P01": "the server is shutting down", "P0001": "code of the database's own raised an error",
}
"""SQLSTATE -> what it means, in our words (PostgreSQL manual, appendix A)."""
_HOLD_NAMES_ONLY = ("08", "3F", "42", "57")
"""Classes of SQLSTATE whose messages tell of names and not of values: connections, schemas, syntax and access,
operators."""
_PHRASES = tuple((re.compile(pattern, re.IGNORECASE), state) for pattern, state in (
    (r"permission denied|must be owner|InsufficientPrivilege", "42501"),
    (r"statement timeout|QueryCanceled", "57014"),
    (r"lock timeout|LockNotAvailable", "55P03"),
    (r"deadlock detected|DeadlockDetected", "40P01"),
    (r"invalid input syntax|InvalidTextRepresentation|invalid input value for enum", "22P02"),
    (r"invalid value for|InvalidDatetimeFormat", "22007"),
    (r"date/time field value out of range|DatetimeFieldOverflow", "22008"),
    (r"value too long|StringDataRightTruncation", "22001"),
    (r"out of range|NumericValueOutOfRange", "22003"),
    (r"division by zero|DivisionByZero", "22012"),
    (r"violates check constraint|CheckViolation", "23514"),
    (r"violates foreign key|ForeignKeyViolation", "23503"),
    (r"duplicate key|violates unique|UniqueViolation", "23505"),
    (r"not-null constraint|NotNullViolation", "23502"),
    (r"read-only transaction|ReadOnlySqlTransaction", "25006"),
    (r"relation .* does not exist|UndefinedTable", "42P01"),
    (r"column .* does not exist|UndefinedColumn", "42703"),
    (r"(?:function|operator) .* does not exist|UndefinedFunction", "42883"),
    (r"syntax error at|SyntaxError at", "42601"),
    (r"too many (?:clients|connections)|remaining connection slots", "53300"),
    (r"RaiseException", "P0001"),
))
_SQLSTATE = re.compile(r"(?:SQLSTATE|pgcode|code)\W{0,4}([0-9A-Z]{5})\b|\(([0-9A-Z]{2}[0-9P][0-9]{2})\)")


def sqlstate_of(text: str) -> str:
    """The SQLSTATE that an error's text names, or that its words go with; empty when there is none."""
    named = _SQLSTATE.search(text)
    if named:
        return named[1] or named[2]
    return next((state for pattern, state in _PHRASES if pattern.search(text)), "")


def words(sqlstate: str, message: str, known: str) -> str:
    """What may be told of a refusal.

    Args:
        sqlstate: five characters.
        message: the server's own words, its first line.
        known: the text whose names may be repeated: the question.
    """
    line = message.strip().partition("\n")[0]
    if sqlstate[:2] in _HOLD_NAMES_ONLY and names_only(line, known):
        return fit(line)
    return SENTENCES.get(sqlstate, "the server refused it")


def names_only(line: str, known: str) -> bool:
    """Whether everything that `line`, in English, quotes stands in `known`, and it is no longer than such messages are."""
    return len(line) <= 300 and line.isascii() and line.isprintable() and all(
        part in known for part in re.findall(r'"([^"]*)"', line))
