"""What the live predicates say of candidate values, asked in one SELECT that touches no table of the user's.

A predicate is evaluated over a row made of nothing but the columns it mentions, each cast to its type without length,
so that no other column's domain or NOT NULL can raise. Only predicates that the Snapshot does not call unsafe get here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.sql.names import ident, text_array
from checks.target.session import Row, Session
from checks.values import Rejected, Unreachable, Unverified

TEXT_TYPES = frozenset({"text", "character varying", "character", "bpchar", "name", "citext", "public.citext"})
INTEGER_TYPES = {"smallint": 15, "integer": 31, "bigint": 63}
_LENGTH = re.compile(r"(?P<base>character varying|character|bit|bit varying)\((?P<n>\d+)\)\Z")


@dataclass(frozen=True)
class Question:
    """Predicates over candidate rows of one relation."""

    name: str
    """What the answer is filed under."""
    alias: str
    """The relation's bare name, in case a predicate names it."""
    columns: tuple[tuple[str, str], ...]
    """(name, type) of each column that the rows fill."""
    rows: tuple[tuple[str | None, ...], ...]
    """Candidate rows as text, NULL as None."""
    predicates: tuple[str, ...]

    def select(self) -> str:
        """A SELECT of one JSON string: for each row, for each predicate, a letter: t true, f false, n null."""
        names = [f"v{at}" for at in range(len(self.columns))]
        arrays = ", ".join(text_array([row[at] for row in self.rows]) for at in range(len(self.columns)))
        casts = ", ".join(f"u.{name}::{without_length(kind)} AS {ident(column)}"
                          for name, (column, kind) in zip(names, self.columns, strict=True))
        truths = " || ".join(f"CASE ({predicate}) WHEN true THEN 't' WHEN false THEN 'f' ELSE 'n' END"
                             for predicate in self.predicates)
        return (f"SELECT to_json(string_agg({truths}, '' ORDER BY \"postdeploy n\")) FROM (SELECT {casts}, "
                f"u.\"postdeploy n\" FROM unnest({arrays}) WITH ORDINALITY AS u({', '.join(names)}, "
                f"\"postdeploy n\")) AS {ident(self.alias)}")


Answer = tuple[tuple[bool | None, ...], ...]
"""Per row, per predicate."""


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


def candidates(allowed: Sequence[str], also: Sequence[str | None], kind: str) -> tuple[str, ...]:
    """Values that a column of `kind` could store and an enum of `allowed` must refuse, most telling first.

    Args:
        allowed: the declared values.
        also: the literals found in the live predicate, and other suspects.
        kind: the column's type with its length.
    """
    base = base_type(kind)
    if base in INTEGER_TYPES:
        return _integers(allowed, also, INTEGER_TYPES[base])
    if base not in TEXT_TYPES:
        return ()
    padded = base in ("character", "bpchar")
    limit = length_of(kind)
    refused = {value.rstrip(" ") for value in allowed} if padded else set(allowed)
    found: dict[str, None] = {}
    literals = [text for text in also if text is not None]
    for value in (*literals, "banana", "", " ", *variants(allowed), *woven(allowed, literals)):
        stored = value.rstrip(" ") if padded else value
        if stored not in refused and "\0" not in value and (limit is None or len(value) <= limit):
            found[stored] = None
    return tuple(found)


def woven(allowed: Sequence[str], literals: Sequence[str]) -> list[str]:
    """The allowed values with short literals of the predicate before, in and after them: what it may take out again."""
    return [text for value in allowed for mark in literals if 0 < len(mark) <= 3
            for text in (mark + value, value[:2] + mark + value[2:], value + mark)]


def variants(allowed: Sequence[str]) -> list[str]:
    """Values that a careless predicate takes for one of `allowed`."""
    found = []
    for value in allowed:
        found += [value.upper(), value.lower(), value.title(), value.swapcase(), f" {value}", f"{value} ",
                  f"{value}\n", f"\n{value}", f"{value}\t", f"\u00a0{value}", f"{value}s", f"{value}_x", f"x{value}",
                  value[:-1], value[1:], value[:1], value * 2, f"'{value}'", f"{value},", f"{value[:2]}-{value[2:]}",
                  f"{value[:2]} {value[2:]}", f"{value[:2]}_{value[2:]}", f"{value}\r\n", f"{value}\nx", f"x\n{value}",
                  value.replace("_", " "), value.replace("_", "-"), value.replace("_", "")]
        found += [value[:at] + "z" + value[at + 1:] for at in range(min(len(value), 3))]
        if len(value) > 1:
            found.append(value[1] + value[0] + value[2:])
    if len(allowed) > 1:
        found.append(f"{allowed[0]},{allowed[1]}")
    return found


def _integers(allowed: Sequence[str], also: Sequence[str | None], bits: int) -> tuple[str, ...]:
    numbers = {int(value) for value in allowed if re.fullmatch(r"-?\d+", value)}
    suspects = [int(text) for text in also if text is not None and re.fullmatch(r"-?\d+", text)]
    suspects += [number + step for number in sorted(numbers) for step in (1, -1)]
    suspects += [0, -1, 2**bits - 1, -(2**bits)]
    return tuple(str(number) for number in dict.fromkeys(suspects)
                 if number not in numbers and -(2**bits) <= number < 2**bits)


def ask_all(session: Session, parts: Mapping[str, str]) -> dict[str, object]:
    """Asks every part (name -> SELECT of one JSON value) in as few SELECTs as can be.

    One is the rule. A part that raises takes the whole SELECT with it: then halves are asked, and the part that is to
    blame comes back as a Rejected.

    Raises:
        Unverified: the route did not answer.
    """
    found: dict[str, object] = {}
    waiting = _batches(parts, session.question_bytes)
    while waiting:
        names = waiting.pop()
        select = f"SELECT to_json(ARRAY[{', '.join(f'({parts[name]})' for name in names)}])::text AS doc"
        try:
            rows = session.ask(select)
        except Rejected as refusal:
            session.rest()
            refused = refusal
        except Unreachable:
            raise
        except Unverified as silence:  # a query function that tells of errors in its own way
            refused = Rejected("", str(silence), select)
        else:
            found.update(zip(names, list_in(rows, len(names)), strict=True))
            continue
        if len(names) == 1:
            found[names[0]] = refused
        else:
            middle = len(names) // 2
            waiting += [names[middle:], names[:middle]]
    return found


def list_in(rows: Sequence[Row], count: int) -> list[Any]:
    """The JSON list of `count` values in the one cell of an answer.

    Raises:
        Unverified: the answer is no such thing.
    """
    try:
        found = json.loads(rows[0][0])
    except (IndexError, TypeError, ValueError):
        found = None
    if not isinstance(found, list) or len(found) != count:
        raise Unverified("The target answered something else than was asked. Look whether the route leads to the "
                         "database itself, then run again.")
    return found


def _batches(parts: Mapping[str, str], limit: int) -> list[list[str]]:
    """Names of parts, as many together as make a question of at most `limit` bytes of JSON; the last batch first."""
    batches: list[list[str]] = []
    size = limit
    for name, text in parts.items():
        more = len(json.dumps(text))
        if size + more > limit:
            batches.append([])
            size = 0
        size += more
        batches[-1].append(name)
    return batches[::-1]


_LETTERS: Mapping[str, bool | None] = {"t": True, "f": False, "n": None}


def as_answer(value: object, shape: Callable[[], tuple[int, int]]) -> Answer:
    """A part's JSON value as an Answer.

    Args:
        value: what came back.
        shape: (rows, predicates) that were asked.

    Raises:
        ValueError: it is not of that shape.
    """
    rows, predicates = shape()
    if not isinstance(value, str) or len(value) != rows * predicates or not _LETTERS.keys() >= set(value):
        raise ValueError("the answer does not have the shape of the question")
    truths = [_LETTERS[letter] for letter in value]
    return tuple(zip(*[iter(truths)] * predicates, strict=True))
