"""Objects of one schema as those of another: what a replay made in a schema that stands for many. Pure.

The schema that stands for many is called like the pattern (`tenant_*`), a name that must be quoted wherever it is
written. So `"tenant_*"` before a dot is that schema and nothing else, in names as reports show them and in what PostgreSQL
deparses. Only what a replay of ours made is renamed, never what a target says: there nothing is rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checks.catalog.key import WITHOUT_SCHEMA, Key
from checks.catalog.objects import Object, Other
from checks.sql.names import ident, shown, split_path

_SHOWN = frozenset({"parents", "references", "table", "parent", "function"})
"""Fields that hold the name of a relation or function as reports show it, and not as PostgreSQL deparses it."""
_FIRST = re.compile(r'(?P<schema>"(?:[^"]|"")*"|[^."(\s]+)\.')
_OF_TYPES = ("cast", "transform")
_QUALIFIER = re.compile(r'(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)(?=\.)')
_PARTS = re.compile(r"""(?P<literal>E?'(?:[^']|'')*'(?P<oid>::reg)?)|(?P<name>"(?:[^"]|"")*"(?=\.))|"(?:[^"]|"")*"|"""
                    r"""[^"'E]+|.""", re.DOTALL)
"""Of a deparsed expression: literals, of which only those of oids name objects; qualifiers; the rest."""


@dataclass(frozen=True)
class Renaming:
    """One schema in the place of another."""

    pattern: str
    """The schema that stands for many: a name that has to be quoted."""
    schema: str
    """The one that takes its place."""
    spelled: str
    """How PostgreSQL spells that one's name in what it deparses: in quotes or without."""

    @cached_property
    def _old(self) -> str:
        return f"{ident(self.pattern)}."

    @cached_property
    def _new(self) -> str:
        return f"{shown(self.schema)}." if self.schema != "public" else ""

    def name(self, text: str) -> str:
        """A name as reports show it."""
        return self._new + text[len(self._old):] if text.startswith(self._old) else text

    def deparsed(self, text: str) -> str:
        """What PostgreSQL deparses."""
        if ident(self.pattern) not in text:
            return text
        return "".join(map(self._part, _PARTS.finditer(text)))

    def _part(self, part: re.Match[str]) -> str:
        if part["name"] == ident(self.pattern):
            return self.spelled
        if part["oid"] and part["literal"].startswith("'"):
            inner = part["literal"][1:-len("'::reg")].replace("''", "'")
            return "'" + self.deparsed(inner).replace("'", "''") + "'::reg"
        return part.group()

    def key(self, key: Key) -> Key:
        """The key of an object."""
        if ident(self.pattern) not in key.relation and ident(self.pattern) not in key.own:
            return key
        if key.kind in ("schema", "open schema"):
            return Key(key.kind, "", shown(self.schema)) if key.own == ident(self.pattern) else key
        if key.kind in ("locked schema", "default privileges"):
            return Key(key.kind, "", re.sub(rf"(?:(?<=^)|(?<= in )){re.escape(ident(self.pattern))}(?= for )",
                                            lambda _: shown(self.schema), key.own))
        own = self.name(key.own)
        kept = len(self._new) if own != key.own else 0
        return Key(key.kind, self.name(key.relation), own[:kept] + self.deparsed(own[kept:]))

    def object(self, item: Object) -> Object:
        """An object; the same one where it names nothing of that schema."""
        if isinstance(item, Other):
            return Other(tuple((name, self.deparsed(value)) for name, value in item.attributes),
                         item.table and self.name(item.table))
        changed = {}
        for name, value in item._asdict().items():
            rename = self.name if name in _SHOWN else self.deparsed
            new = self._config(value) if name == "config" else self._value(rename, value)
            if new != value:
                changed[name] = new
        return item._replace(**changed) if changed else item  # type: ignore[arg-type]

    def objects(self, objects: Mapping[Key, Object]) -> dict[Key, Object]:
        """Objects under their keys."""
        return {self.key(key): self.object(item) for key, item in objects.items()}

    def _value(self, rename: Callable[[str], str], value: Any) -> Any:
        if isinstance(value, Key):
            return self.key(value)
        if isinstance(value, str):
            return rename(value)
        return tuple(self._value(rename, each) for each in value) if isinstance(value, tuple) else value

    def _config(self, settings: tuple[str, ...]) -> tuple[str, ...]:
        """A function's settings: of a search_path each name is one."""
        mark = re.compile(rf"(?:(?<=[=\s,])){re.escape(ident(self.pattern))}(?=\s*(?:,|$))")
        return tuple(mark.sub(lambda _: shown(self.schema), setting) if setting.startswith("search_path=") else setting
                     for setting in settings)


def standing_in(key: Key) -> str:
    """The schema in which an object stands, as shown; empty for what belongs to the database itself.

    A cast or transform, which every range type brings along, counts as standing where the first type stands that it names.
    """
    if key.kind in ("schema", "open schema"):
        return key.own
    if key.kind == "locked schema":
        return key.own.rpartition(" for ")[0]
    if key.kind == "default privileges":
        return key.own.rpartition(" for ")[0].partition(" in ")[2]
    if key.kind in _OF_TYPES:
        of = _QUALIFIER.search(key.own)
        return shown(*split_path(of.group())) if of else ""
    if key.kind in WITHOUT_SCHEMA:
        return ""
    first = _FIRST.match(key.relation or key.own)
    return first["schema"] if first else "public"


def names(pattern: str, key: Key, item: Object) -> bool:
    """Whether an object or its key names anything of the schema that stands for many."""
    mark = ident(pattern)
    return mark in key.relation or mark in key.own or mark in repr(item)
