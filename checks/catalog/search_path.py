"""What a name without a schema means in the sessions that are known: through whose search_path, which relation. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from checks.catalog.key import Key
from checks.catalog.objects import Object
from checks.catalog.snapshot import Snapshot
from checks.sql.names import shown

_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class Shadow(NamedTuple):
    """A relation that takes another's name in somebody's sessions."""

    whose: str
    """Whose sessions, in words."""
    relation: str
    """What the name means there, as shown."""
    setting: Key | None
    """The setting that says so; None: it is this session's, whoever set it."""


def shadows(table: str, found: Snapshot) -> Iterator[Shadow]:
    """What stands before the relation shown as `table` on a search_path that has its schema too."""
    key = Key.table(table)
    homes = found.homes.get(key.bare, frozenset()) | {key.home}
    if len(homes) == 1:
        return
    for whose, path, role, setting in search_paths(found):
        schemas = [role if schema == "$user" else schema for schema in path]
        first = next((schema for schema in schemas if schema in homes), None)
        if first is not None and first != key.home and key.home in schemas:
            yield Shadow(whose, shown(first, key.bare), setting)


def made(shadow: Shadow, expected: Mapping[Key, Object]) -> bool:
    """Whether the migrations themselves make the relation that shadows, and the search_path that prefers it."""
    there = Key("twin", "", shadow.relation) in expected or Key.table(shadow.relation) in expected
    paths = [key for key in expected if key.kind == "setting" and "search_path=" in key.own]
    return there and (bool(paths) if shadow.setting is None else shadow.setting in paths)


def search_paths(found: Snapshot) -> Iterator[tuple[str, list[str], str, Key | None]]:
    """(whose, the schemas, the role that `$user` means, the setting) of each search_path that is known."""
    role = found.identity["role"]
    yield f"this session (role {role})", split_search_path(found.identity.get("search_path", "")), role, None
    for setting in found.settings:
        name, _, value = setting.entry.partition("=")
        if name == "search_path":
            yield setting.whose, split_search_path(value), setting.role or role, setting.key


def spelled_one_way(entry: str) -> str:
    """A setting as `name=value`, the names of a search_path with quotes only where they need them and one blank between."""
    name, _, value = entry.partition("=")
    return f"{name}={', '.join(map(shown, split_search_path(value)))}" if name == "search_path" else entry


def split_search_path(text: str) -> list[str]:
    """The schemas of a search_path setting, unquoted: without quotes, capitals are small letters."""
    return [part[1:-1].replace('""', '"') if part.startswith('"') else part.translate(_SMALL)
            for part in re.findall(r'"(?:[^"]|"")*"|[^\s,]+', text)]
