"""The sections about access -> objects: who can do what, role by role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.catalog.key import Key, function_key
from checks.catalog.objects import Access, Object, Other
from checks.sql.names import shown

_PRIVILEGES = {"r": "select", "a": "insert", "w": "update", "d": "delete", "D": "truncate"}
_DEFAULTS = {"r": "tables", "S": "sequences", "f": "functions", "T": "types", "n": "schemas", "L": "large objects"}


def access_objects(doc: Mapping[str, Any], tables: Mapping[int, str]) -> Iterator[tuple[Key, Object]]:
    """Every object of the sections that sections/access.py reads."""
    for oid, role, whole, partly, sequences in doc["access"]:
        yield Key("access", tables[oid], shown(role)), Access(
            _words(whole), tuple((word, tuple(columns)) for letter, columns in partly or () for word in _words(letter)
                                 if word not in _words(whole)), "o" in whole,
            tuple(name.removeprefix("public.") for name in sequences or ()))
    for role, superuser, bypasses in doc["roles"]:
        yield Key("role", "", shown(role)), Other((("bypassrls", _yes(bypasses)), ("superuser", _yes(superuser))))
    for role, schema in doc["locked"]:
        yield Key("locked schema", "", f"{shown(schema)} for {shown(role)}"), Other()
    for role, *function in doc["denied"]:
        yield Key("denied function", "", f"{function_key(*function).own} for {shown(role)}"), Other()
    for function in doc["definers"]:
        yield Key("open definer", "", function_key(*function).own), Other()
    for schema, in doc["creatable"]:
        yield Key("open schema", "", shown(schema)), Other()
    for schema, kind, role, privileges in doc["default_privileges"]:
        where = f" in {shown(schema)}" if schema else ""
        yield Key("default privileges", "", f"{_DEFAULTS[kind]}{where} for {shown(role)}"), Other((
            ("privileges", privileges),))


def _words(letters: str) -> tuple[str, ...]:
    return tuple(word for letter, word in _PRIVILEGES.items() if letter in letters)


def _yes(value: int) -> str:
    return "yes" if value else "no"
