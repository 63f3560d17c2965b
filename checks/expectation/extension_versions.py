"""Versions of extensions: what a scratch server happens to have is no expectation, what a migration states is one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.catalog.key import Key
from checks.catalog.objects import Object, Other
from checks.sql.names import shown

_NAME = r'("(?:[^"]|"")+"|\w+)'
_STATED = re.compile(rf"\bCREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}[^;]*?\bVERSION\b"
                     rf"|\bALTER\s+EXTENSION\s+{_NAME}\s+UPDATE\s+TO\b", re.IGNORECASE)


def stated_versions(sql: str) -> Iterator[str]:
    """The extensions, as shown, whose version the migration `sql` states."""
    for found in _STATED.finditer(sql):
        name = found[1] or found[2]
        yield shown(name[1:-1].replace('""', '"') if name.startswith('"') else name.lower())


def without_version(key: Key, item: Object) -> Object:
    """An extension as it is expected where no migration states its version; anything else as it is."""
    if key.kind != "extension" or not isinstance(item, Other):
        return item
    return item._replace(attributes=tuple((name, value) for name, value in item.attributes if name != "version"))
