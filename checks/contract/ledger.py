"""`[ledger]`: where applied migrations are recorded, and what a row of it says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from checks.contract.ledgers.presets import PRESETS
from checks.contract.toml_table import TomlTable
from checks.sql.names import shown, split_path

Cells = Mapping[str, str | None]
"""Column -> what a row holds there, as text; None is NULL."""
Marks = Mapping[str, tuple[str, ...]]
"""Column -> the texts by which a row is marked; `null` and `not null` are any of those."""
_BLANK = re.compile(r"\{(?P<column>\w+)(?:\|(?P<other>\w+)|:(?P<part>name))?\}")


@dataclass(frozen=True)
class LedgerSpec:
    """Where applied migrations are recorded."""

    schema: str
    table: str
    version: str
    """The column that holds a migration's version; or what several make of it: `{app}.{name}`, `{version|script}` (the
    second where the first is NULL), `{filename:name}` (what follows the last slash)."""
    applied_at: str | None
    """The column that holds the time; None when the ledger has none (`applied_at = ""`)."""
    version_from: str | None = None
    """How a file's name gives its version, see `version_of`; None: as the tool does it."""
    tool: str = "plain"
    """Whose ledger it is, one of `PRESETS`."""
    unique: tuple[str, ...] = ()
    """Columns that an index must make unique, where they are there; empty: the tool keeps no such index."""
    one_row: bool = False
    """Whether a row stands for all the migrations up to it."""
    last_by: str | None = None
    """Column by which the last row of a version is the one that counts; None: a version has one row."""
    failed: Marks = field(default_factory=dict)
    """Of rows of migrations that failed."""
    ignored: Marks = field(default_factory=dict)
    """Of rows that are no applied migration."""
    baseline: Marks = field(default_factory=dict)
    """Of rows that stand for all the migrations up to them."""
    checksum: str | None = None
    """The column that tells the file's content."""
    own: tuple[str, ...] = ()
    """Further tables of the tool, beside the ledger."""

    @property
    def shown(self) -> str:
        """The table as reports write it."""
        return shown(self.schema, self.table)

    @property
    def and_ordered(self) -> str:
        """How the claim about times goes on: tools apply what was merged late when it comes, and say so."""
        return ", and in the order of the migrations" if self.tool == "plain" else ""

    @cached_property
    def version_columns(self) -> tuple[str, ...]:
        """The columns that the version is made of."""
        if "{" not in self.version:
            return (self.version,)
        return tuple(name for match in _BLANK.finditer(self.version) for name in match.group("column", "other") if name)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read as text."""
        marks = (*self.failed, *self.ignored, *self.baseline)
        more = (name for name in (self.last_by, self.checksum) if name)
        return tuple(dict.fromkeys((*self.version_columns, *marks, *more)))

    def version_in(self, cells: Cells) -> str | None:
        """The version that a row is about."""
        if "{" not in self.version:
            return cells.get(self.version)
        parts = [cells.get(name) for name in self.version_columns]
        return None if not any(parts) else _BLANK.sub(lambda match: _filled(match, cells), self.version)

    def owns(self, relation: str) -> bool:
        """Whether the relation shown as `relation` is the tool's own, and no matter of the application's."""
        return self.tool != "plain" and relation in {self.shown, *(shown(self.schema, name) for name in self.own)}


def _filled(match: re.Match[str], cells: Cells) -> str:
    value = cells.get(match["column"])
    if value is None and match["other"]:
        value = cells.get(match["other"])
    return (value or "").rpartition("/")[2] if match["part"] else value or ""


def mark_of(marks: Marks, cells: Cells) -> str | None:
    """The first of `marks` that a row has, in words."""
    for column, words in marks.items():
        value = cells.get(column)
        if (value if value is not None else "null") in words or (value is not None and "not null" in words):
            return f"{column} is {'NULL' if value is None else value}"
    return None


def read_ledger(top: TomlTable, schemas: tuple[str, ...], tool: str) -> LedgerSpec | None:
    """`[ledger]`, or None; `tool` is the one of the migrations.

    Raises:
        UsageError: with the key path and the remedy.
    """
    table = top.table("ledger")
    if table is None:
        return None
    tool = table.choice("tool", tuple(PRESETS), tool)
    preset = PRESETS[tool]
    written = table.text("table", preset.get("table", "schema_migrations"))
    *owner, name = _path(table, "table", written)
    version = table.text("version", preset.get("version", "version"))
    spec = LedgerSpec(
        schema=next(iter((*owner, *schemas))), table=name, version=version,
        applied_at=table.text("applied_at", preset.get("applied_at", "applied_at")) or None,
        version_from=table.take("version_from", str), tool=tool,
        unique=tuple(_texts(table, "unique", preset.get("unique", [version]))),
        one_row=table.take("one_row", bool, preset.get("one_row", False)),
        last_by=table.text("last_by", preset.get("last_by", "")) or None,
        **{name: _marks(table, name, preset.get(name, {})) for name in ("failed", "ignored", "baseline")},
        checksum=table.text("checksum", preset.get("checksum", "")) or None,
        own=tuple(_texts(table, "own", preset.get("own", []))),
    )
    table.finish()
    if "{" in version and _BLANK.sub("", version).count("{"):
        raise table.error("version", f"must be a column, or a form such as '{{app}}.{{name}}', not {version!r}")
    return spec


def _path(table: TomlTable, key: str, written: str) -> tuple[str, ...]:
    try:
        path = split_path(written)
    except ValueError as error:
        raise table.error(key, str(error)) from None
    if len(path) > 2:
        raise table.error(key, "must be TABLE or SCHEMA.TABLE")
    return path


def _texts(table: TomlTable, key: str, default: Iterable[str]) -> tuple[str, ...]:
    value: Any = table.take(key, list, list(default))
    if not all(isinstance(item, str) for item in value):
        raise table.error(key, "must be a list of strings")
    return tuple(value)


def _marks(table: TomlTable, key: str, default: Mapping[str, Any]) -> Marks:
    value: Mapping[str, Any] = table.take(key, dict, default)
    return {column: tuple(map(_word, words if isinstance(words, list) else [words])) for column, words in value.items()}


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
