"""The key of an object: its kind, the relation it belongs to, and its own name, as reports show them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from checks.sql.names import ident, shown, split_path

MEMBERS = frozenset({"column", "constraint", "trigger", "rule", "policy", "access"})
"""Kinds of objects whose names are unique within their relation only."""
PLAINLY_NAMED = MEMBERS | {"table", "index", "sequence", "enum", "domain", "type", "function", "aggregate"}
"""Kinds whose objects a claim names without saying their kind."""
WITHOUT_SCHEMA = frozenset({"schema", "extension", "cast", "event trigger", "publication", "foreign data wrapper", "server",
                            "language", "access method", "transform", "setting", "role"})
"""Kinds of objects that belong to the database itself."""


_BEFORE_ARGUMENTS = re.compile(r'(?:"(?:[^"]|"")*"|[^"(])*')


class Key(NamedTuple):
    """Names one object. `str(key)` is `kind:name`, as the lock file, evidence and `[[drift.ignore]]` write it."""

    kind: str
    """`table`, `column`, `constraint`, …: a key of `objects.KINDS`."""
    relation: str = ""
    """Shown name of the relation itself, or of the one a member belongs to; of a domain's CHECK, the domain."""
    own: str = ""
    """The object's own name as shown: without its relation, with its schema when it has one of its own."""

    @classmethod
    def of(cls, text: str) -> Key:
        """The key that `str` wrote; see there."""
        return _read(text)

    @classmethod
    def table(cls, name: str) -> Key:
        """The key of the relation shown as `name`."""
        return cls("table", name)

    @classmethod
    def column(cls, relation: str, own: str) -> Key:
        """The key of a column; both names as shown."""
        return cls("column", relation, own)

    @property
    def path(self) -> str:
        """The whole name: `sales.orders.side`."""
        return f"{self.relation}.{self.own}" if self.relation and self.own else self.relation or self.own

    @property
    def title(self) -> str:
        """The name that a claim is known by: `sales.f(integer)`, `event trigger guard`."""
        return self.path if self.kind in PLAINLY_NAMED else f"{self.kind} {self.path}"

    @property
    def home(self) -> str:
        """The schema as the catalogue holds it; empty for what stands in none."""
        if self.kind in WITHOUT_SCHEMA:
            return ""
        parts = split_path(self.relation or called(self.own)[0])
        return parts[0] if len(parts) == 2 else "public"

    @property
    def bare(self) -> str:
        """The own name as the catalogue holds it: unquoted, without a schema or a function's arguments."""
        name = self.own or self.relation
        return split_path(called(name)[0] if self.kind == "function" else name)[-1]

    def __str__(self) -> str:
        return f"{self.kind}:{self.path}"


def called(shown_function: str) -> tuple[str, str]:
    """(name, arguments) of a function as shown; a quoted name may hold brackets of its own."""
    name = _BEFORE_ARGUMENTS.match(shown_function)
    end = name.end() if name else 0
    return shown_function[:end], shown_function[end:].removeprefix("(").removesuffix(")")


def function_key(schema: str, name: str, arguments: str) -> Key:
    """The key of a function; `arguments` as pg_get_function_identity_arguments prints them."""
    return Key("function", "", f"{shown(schema, name)}({arguments})")


@lru_cache(maxsize=65536)
def _read(text: str) -> Key:
    kind, _, name = text.partition(":")
    if kind == "table":
        return Key(kind, name)
    if kind in MEMBERS:
        parent = parent_name(name)
        return Key(kind, parent, name[len(parent) + 1:])
    return Key(kind, "", name)


def parent_name(path: str) -> str:
    """`sales."Odd.Name".side` without its last part."""
    if path.endswith('"'):
        start = path.rindex('"', 0, len(path) - 1)
        while start > 0 and path[start - 1] == '"':
            start = path.rindex('"', 0, start - 1)
        return path[: start - 1]
    return path.rpartition(".")[0]


def column_path(relation: str, name: str) -> str:
    """A column as reports write it; `name` unquoted."""
    return f"{relation}.{shown(name)}"


def relation_sql(name: str) -> str:
    """The relation shown as `name`, as SQL: always with its schema."""
    path = split_path(name)
    return ident(*(path if len(path) == 2 else ("public", *path)))
