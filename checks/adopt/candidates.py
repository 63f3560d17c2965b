"""What a catalogue and the application's code suggest to declare: enums, keys that statements count on, a plain ledger."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from checks.catalog.key import Key
from checks.catalog.objects import Column, Constraint, Domain, EnumType, Index, Object
from checks.sql.names import shown, split_path

_LISTED = re.compile(r"""\(*(?P<column>"(?:[^"]|"")+"|\w+)\)?(?:::[\w\s]+?)?\)?\ =\ ANY\ \(+
    ARRAY\[(?P<values>[^\]]*)\]\)*(?:::[\w\s]+\[\]\)*)?""", re.VERBOSE)
_VALUE = re.compile(r"'((?:[^']|'')*)'")
_CONFLICT = re.compile(r"INSERT\s+INTO\s+(?P<table>[\w.\"]+)(?:(?!INSERT\s+INTO).){0,2000}?"
                       r"ON\s+CONFLICT\s*\((?P<key>[\w\s,\"]+)\)", re.IGNORECASE | re.DOTALL)
_SOURCES = frozenset({".py", ".js", ".ts", ".go", ".rb", ".java", ".kt", ".rs", ".ex", ".exs", ".php", ".cs", ".scala",
                      ".sql"})
_LEDGER = re.compile(r"migration|schema_version|changelog|schema_change|revision", re.IGNORECASE)


class Enum(NamedTuple):
    """A column that holds one of a few values."""

    column: str
    values: tuple[str, ...]
    why: str


class PlainLedger(NamedTuple):
    """A table that looks like a ledger."""

    table: str
    version: str
    applied_at: str
    type: str
    """The version's."""


class DedupeKey(NamedTuple):
    """A key that a statement of the application counts on."""

    table: str
    columns: tuple[str, ...]
    file: str


def enums(objects: Mapping[Key, Object]) -> Iterator[Enum]:
    """Columns whose CHECK, domain or native type lists their values."""
    for key, item in objects.items():
        if isinstance(item, Constraint) and item.type == "check" and item.expression and not key.relation.startswith("pg_"):
            match = _LISTED.fullmatch(item.expression)
            column = match["column"] if match else ""
            if match and _VALUE.findall(match["values"]) and Key.column(key.relation, column) in objects:
                yield Enum(f"{key.relation}.{column}", _values(match["values"]), f"CHECK {key.own}")
        if isinstance(item, Column) and item.user_type is not None:
            kind = objects.get(item.user_type)
            if isinstance(kind, EnumType):
                yield Enum(key.path, kind.labels, f"type {item.user_type.path}")
            if isinstance(kind, Domain) and len(kind.checks) == 1:
                (_, expression, _), = kind.checks
                match = _LISTED.fullmatch(expression)
                if match and match["column"] == "VALUE":
                    yield Enum(key.path, _values(match["values"]), f"domain {item.user_type.path}")


def _values(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.replace("''", "'") for value in _VALUE.findall(text)))


def lookups(objects: Mapping[Key, Object]) -> Iterator[str]:
    """Foreign keys to tables of one key and little else, whose rows may be an enum."""
    for key, item in objects.items():
        if isinstance(item, Constraint) and item.type == "foreign key" and item.references and len(item.columns) == 1:
            columns = [other for other in objects if other.kind == "column" and other.relation == item.references]
            kind = objects.get(Key.column(key.relation, shown(next(iter(item.columns)))))
            if len(columns) <= 3 and isinstance(kind, Column) and kind.type.startswith(("text", "character")):
                yield f"{key.relation}.{next(iter(item.columns))} references {item.references}"


def plain_ledger(objects: Mapping[Key, Object]) -> PlainLedger | None:
    """The table that looks like a ledger of somebody's own making."""
    for key in objects:
        if key.kind == "table" and _LEDGER.search(key.path):
            columns = {other.own: item for other, item in objects.items()
                       if other.relation == key.path and isinstance(item, Column)}
            version = next((name for name in ("version", "migration", "migration_name", "name", "filename", "file", "id")
                            if name in columns), None)
            times = [name for name, item in columns.items() if item.type.startswith("timestamp")]
            if version is not None:
                return PlainLedger(key.path, version, times[0] if len(times) == 1 else "", columns[version].type)
    return None


def dedupe_keys(root: Path, migrations: Path, objects: Mapping[Key, Object]) -> tuple[DedupeKey, ...]:
    """Keys of `ON CONFLICT (…)` in the application's code that a unique index of `objects` is over."""
    unique = {(item.table, frozenset(item.keys)) for item in objects.values()
              if isinstance(item, Index) and item.unique and not item.predicate and not item.expressions}
    found: dict[tuple[str, frozenset[str]], DedupeKey] = {}
    for file in _code(root, migrations):
        for match in _CONFLICT.finditer(file.read_text(encoding="utf-8", errors="replace")):
            table = _shown(match["table"])
            columns = tuple(name.strip().strip('"') for name in match["key"].split(","))
            if table and (table, frozenset(columns)) in unique:
                found.setdefault((table, frozenset(columns)), DedupeKey(table, columns, file.relative_to(root).as_posix()))
    return tuple(found.values())


def _code(root: Path, migrations: Path) -> Iterable[Path]:
    skipped = {"node_modules", "site-packages", "vendor", "target", "dist", "venv", "checks"}
    for file in sorted(root.rglob("*")):
        parts = file.relative_to(root).parts
        if file.suffix in _SOURCES and file.is_file() and not skipped & set(parts) and migrations not in file.parents \
                and not any(part.startswith(".") for part in parts) and file.stat().st_size < 1_000_000:
            yield file


def _shown(written: str) -> str:
    try:
        return shown(*split_path(written))
    except ValueError:
        return ""
