"""Names and literals, in SQL and in reports. Pure; the Lambda route has no bind parameters, so quoting is ours."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache

_SIMPLE = re.compile(r"[a-z_][a-z0-9_$]*\Z")
_BARE = re.compile(r"[A-Za-z0-9_]+\Z")
_PATH_PART = re.compile(r'"(?:[^"]|"")+"|[^."]+')
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_QUALIFIED = re.compile(r'[\w")]\s*\.\s*["A-Za-z_]|OPERATOR\((?!pg_catalog\.)')
"""A qualified name, of a call, a type or a field: with search_path pinned to pg_catalog, none of them is built in."""


def ident(*parts: str) -> str:
    """`parts` as a quoted SQL identifier path: `"public"."active_positions"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def qualified(expression: str) -> bool:
    """Whether an expression, deparsed with search_path pinned to pg_catalog, may name what is not built in."""
    return _QUALIFIED.search(_LITERAL.sub("", expression)) is not None


def literal(value: str | None) -> str:
    """`value` as an SQL string literal, safe whatever standard_conforming_strings says; None is NULL.

    Raises:
        ValueError: the value holds NUL, which PostgreSQL text cannot.
    """
    if value is None:
        return "NULL"
    if "\0" in value:
        raise ValueError("PostgreSQL text cannot hold NUL")
    quoted = value.replace("'", "''")
    return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in value else f"'{quoted}'"


def text_array(values: Iterable[str | None]) -> str:
    """An SQL `text[]` expression of `values`: one literal, which a server reads faster than ARRAY[…].

    Raises:
        ValueError: a value holds NUL, which PostgreSQL text cannot.
    """
    return literal(array_literal(values)) + "::pg_catalog.text[]"


def array_literal(values: Iterable[str | None]) -> str:
    """The text of an array of `values`, as PostgreSQL reads it: `{a,"b c",NULL}`."""
    return "{" + ",".join(map(_element, values)) + "}"


def as_text(expression: str, kind: str) -> str:
    """`expression` of the built-in type `kind` as text, by a cast or an output function that is built in.

    Where no cast to text is built in, one of the user's would take the output function's place.
    """
    if kind.startswith(("text", "character", "name", "bpchar")):
        return f"{expression}::text"
    return f"CASE WHEN {expression} IS NOT NULL THEN format('%s', {expression}) END"


@lru_cache(maxsize=8192)
def _element(value: str | None) -> str:
    """A value inside an array literal (manual 8.15.2)."""
    if value is None:
        return "NULL"
    if _BARE.match(value) and value.upper() != "NULL":
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@lru_cache(maxsize=65536)
def shown(*parts: str) -> str:
    """An identifier path as reports and claim ids write it: quoted only where it must be, no `public.`."""
    kept = parts[1:] if len(parts) > 1 and parts[0] == "public" else parts
    return ".".join(part if _SIMPLE.match(part) else ident(part) for part in kept)


@lru_cache(maxsize=65536)
def split_path(path: str) -> tuple[str, ...]:
    """The parts of a written identifier path, unquoted: `sales."Order Line".side` has three.

    Raises:
        ValueError: `path` is not such a path.
    """
    parts = _PATH_PART.findall(path)
    if not parts or ".".join(parts) != path:
        raise ValueError(f"{path!r} is not a dotted name; write odd parts in double quotes")
    return tuple(part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts)


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` when something in `known` is close to `name`, else an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def near_miss(name: str, others: Iterable[str]) -> str:
    """` Did you mean 'x'?` when one of `others` is `name` but for case, quotes or a slip of the pen, else nothing."""
    folded = {other.replace('"', "").casefold(): other for other in others if other != name}
    close = difflib.get_close_matches(name.replace('"', "").casefold(), folded, n=1, cutoff=0.85)
    return f" Did you mean {folded[close[0]]!r}?" if close else ""
