"""What the live predicates say of candidate values, asked in a SELECT that touches no table of the user's.

A predicate is evaluated over a row made of nothing but the columns it mentions, each cast to its type without length,
so that no other column's domain or NOT NULL can raise. Only predicates that the Snapshot does not call unsafe get here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from checks.sql.names import ident, text_array
from checks.sql.syntax.expression import parse
from checks.sql.syntax.lexemes import ParseError
from checks.sql.syntax.nodes import (
    Binary,
    Cast,
    FunctionCall,
    Keyword,
    Node,
    Number,
    Quantified,
    Raw,
    String,
    Subscript,
    Unary,
    walk,
)
from checks.values import Unverified

TEXT_TYPES = frozenset({"text", "character varying", "character", "bpchar", "name", "citext", "public.citext"})
INTEGER_TYPES = {"smallint": 15, "integer": 31, "bigint": 63}
_LENGTH = re.compile(r"(?P<base>character varying|character|bit|bit varying)\((?P<n>\d+)\)\Z")


Truths = tuple[tuple[bool | None, ...], ...]
"""Per row, per predicate."""


@dataclass(frozen=True, eq=False)
class PredicateQuestion:
    """Predicates over candidate rows of one relation."""

    about: str
    """What is asked about, in words."""
    alias: str
    """The relation's bare name, in case a predicate names it."""
    columns: tuple[tuple[str, str], ...]
    """(name, type) of each column that the rows fill."""
    rows: tuple[tuple[str | None, ...], ...]
    """Candidate rows as text, NULL as None."""
    predicates: tuple[str, ...]

    @property
    def may_raise(self) -> bool:
        """See Question."""
        return not all(map(_is_total, self.predicates))

    def select(self) -> str:
        """A SELECT of one JSON string: for each row, for each predicate, a letter: t true, f false, n null."""
        names = [f"v{at}" for at in range(len(self.columns))]
        arrays = ", ".join(text_array([row[at] for row in self.rows]) for at in range(len(self.columns)))
        casts = ", ".join(f"{_made(f'u.{name}', kind)} AS {ident(column)}"
                          for name, (column, kind) in zip(names, self.columns, strict=True))
        truths = " || ".join(f"CASE ({predicate}) WHEN true THEN 't' WHEN false THEN 'f' ELSE 'n' END"
                             for predicate in self.predicates)
        return (f"SELECT to_json(string_agg({truths}, '' ORDER BY \"postdeploy n\")) FROM (SELECT {casts}, "
                f"u.\"postdeploy n\" FROM unnest({arrays}) WITH ORDINALITY AS u({', '.join(names)}, "
                f"\"postdeploy n\")) AS {ident(self.alias)}")

    def read(self, value: object) -> Truths:
        """The letters as truth values.

        Raises:
            Unverified: they are not one for each row and predicate.
        """
        width = len(self.predicates)
        if not isinstance(value, str) or len(value) != len(self.rows) * width or not _LETTERS.keys() >= set(value):
            raise Unverified(f"The target answered something else than was asked about {self.about}. Look whether the "
                             "route leads to the database itself, then run again.")
        truths = [_LETTERS[letter] for letter in value]
        return tuple(zip(*[iter(truths)] * width, strict=True))


_TOTAL_OPERATORS = frozenset({"=", "<>", "<", "<=", ">", ">=", "~~", "!~~", "~~*", "!~~*", "||"})
_TOTAL_FUNCTIONS = frozenset({"lower", "upper", "length", "char_length", "btrim", "ltrim", "rtrim", "coalesce", "array[]",
                              "starts_with", "md5", "reverse", "nullif"})


@lru_cache(maxsize=4096)
def _is_total(predicate: str) -> bool:
    """Whether a predicate has an answer for every value: nothing in it raises."""
    if "\\" in predicate:
        return False  # a pattern must not end with one
    try:
        return all(map(_cannot_raise, walk(parse(predicate))))
    except (ParseError, RecursionError):
        return False


def _cannot_raise(node: Node) -> bool:
    if isinstance(node, Cast):  # of a constant: it was made when the CHECK was
        return isinstance(node.operand, String | Number | Keyword) or base_type(node.type).removesuffix("[]") in TEXT_TYPES
    if isinstance(node, Binary | Quantified):
        return node.op in _TOTAL_OPERATORS
    if isinstance(node, FunctionCall):
        return node.name in _TOTAL_FUNCTIONS
    return not isinstance(node, Raw | Subscript) and not (isinstance(node, Unary) and node.op not in ("NOT", "-"))


_LETTERS: Mapping[str, bool | None] = {"t": True, "f": False, "n": None}


def _made(text: str, kind: str) -> str:
    """A value of `kind` as a column holds it, of its text; what does not fit must not get here."""
    padded = length_of(kind) if kind.startswith("character(") or kind == "character" else None
    if padded is not None:  # a column pads its values, and LIKE sees that
        return f"pg_catalog.rpad({text}, {padded})::pg_catalog.bpchar"
    return f"{text}::{without_length(kind)}"


def without_length(kind: str) -> str:
    """`kind` without its length, since an explicit cast to varchar(3) cuts instead of refusing."""
    if kind.startswith("character(") or kind in ("character", "bpchar"):
        return "pg_catalog.bpchar"
    return re.sub(r"\(\d+(,-?\d+)?\)", "", kind)


def length_of(kind: str) -> int | None:
    """n of varchar(n) and char(n), else None."""
    found = _LENGTH.match(kind)
    if found:
        return int(found.group("n"))
    return 1 if kind == "character" else 63 if kind == "name" else None


def base_type(kind: str) -> str:
    """`character varying(10)` -> `character varying`."""
    return re.sub(r"\(.*\)", "", kind)
