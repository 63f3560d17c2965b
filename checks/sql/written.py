"""SQL as a person would write and run it: names that no search_path leads astray, statements in one line. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from checks.sql.names import ident, split_path

_SIMPLE = re.compile(r"[a-z_][a-z0-9_$]*\Z")
_KEYWORDS = frozenset("""
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char
    character check coalesce collate collation column concurrently constraint create cross current_catalog current_date
    current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do
    else end except exists extract false fetch float for foreign freeze from full grant greatest group grouping having ilike
    in initially inner inout int integer intersect interval into is isnull join json json_array json_arrayagg json_exists
    json_object json_objectagg json_query json_scalar json_serialize json_table json_value lateral leading least left like
    limit localtime localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset
    on only or order out outer overlaps overlay placing position precision primary real references returning right row
    select session_user setof similar smallint some substring symmetric system_user table tablesample then time timestamp to
    trailing treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes
    xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable""".split())  # noqa: SIM905 - a list of words
"""What quote_ident quotes (pg_get_keywords of PostgreSQL 18, without the unreserved)."""
_LITERAL_OR_SPACE = re.compile(r"""[Ee]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\s+""", re.DOTALL)


@lru_cache(maxsize=65536)
def written(*parts: str) -> str:
    """An identifier path as a person would write it in SQL: quoted where it is odd, or a word of SQL's own."""
    return ".".join(part if _SIMPLE.match(part) and part not in _KEYWORDS else ident(part) for part in parts)


def rewritten(shown_path: str) -> str:
    """A shown path as `written`: with its schema, so that no search_path leads it elsewhere."""
    path = split_path(shown_path)
    return written(*(path if len(path) > 1 else ("public", *path)))


def own_written(shown_name: str) -> str:
    """A shown name that belongs to no schema, as `written`."""
    return written(*split_path(shown_name))


def one_line(sql: str) -> str:
    """`sql` in one line of printable characters, of the same meaning."""
    return _LITERAL_OR_SPACE.sub(_in_line, sql).strip()


def _in_line(found: re.Match[str]) -> str:
    text = found[0]
    if text.isspace():
        return " "
    if text.isprintable() or text.startswith('"'):
        return text
    inner = text[1:-1] if text.startswith("'") else text[2:-1]
    escaped = inner.replace("\\", "\\\\") if text.startswith("'") else inner
    return "E'" + "".join(map(_escaped, escaped)) + "'"


def _escaped(letter: str) -> str:
    if letter.isprintable():
        return letter
    return f"\\x{ord(letter):02x}" if letter.isascii() else f"\\U{ord(letter):08x}"
