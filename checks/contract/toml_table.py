"""Reads one TOML table strictly: every key asked for, wrong types and leftovers named with their path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.sql.names import nearest
from checks.values import UsageError

_WORDS = {str: "a string", bool: "true or false", int: "a whole number", dict: "a table", list: "a list"}


class TomlTable:
    """A table of a TOML file, with its dotted path for messages.

    Every reader method removes its key from what is left; `finish` raises for what nobody asked for.

    Raises:
        UsageError: from every method, with the key path and the remedy.
    """

    def __init__(self, data: Mapping[str, Any], path: str, file: str, *, may_be_empty: bool = False) -> None:
        self.path, self.file = path, file
        self._data = dict(data)
        self._asked: set[str] = set()
        if not data and not may_be_empty:
            raise self.error("", "is empty; fill it in, or remove the section to make no claims about it")

    def error(self, key: str, what: str) -> UsageError:
        """A UsageError that starts with the file and the key's path."""
        where = ".".join(part for part in (self.path, key) if part) or "the file"
        return UsageError(f"{self.file}: {where} {what}")

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def left(self) -> tuple[str, ...]:
        """The keys nobody took yet."""
        return tuple(self._data)

    def take(self, key: str, kind: type, default: Any = None) -> Any:
        """The value at `key`, which must be of `kind`; `default` when absent."""
        self._asked.add(key)
        if key not in self._data:
            return default
        value = self._data.pop(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(key, f"must be {_WORDS.get(kind, kind.__name__)}, not {_shown(value)}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """The string at `key`; required when there is no default."""
        value = self.take(key, str, default)
        if value is None:
            raise self.error(key, "is missing; it must be a string")
        return str(value)

    def choice(self, key: str, words: tuple[str, ...], default: str) -> str:
        """The string at `key`, one of `words`."""
        value = self.text(key, default)
        if value not in words:
            raise self.error(key, f"must be one of {', '.join(map(repr, words))}, not {value!r}."
                             + nearest(value, words))
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """The non-empty list of strings at `key`."""
        value = self.take(key, list)
        if value is None:
            if default is None:
                raise self.error(key, "is missing; it must be a list of strings")
            return default
        if not value or not all(isinstance(item, str) for item in value):
            raise self.error(key, f"must be a non-empty list of strings, not {_shown(value)}")
        return tuple(value)

    def texts_by_name(self, key: str) -> dict[str, str]:
        """The strings of the table at `key`, by name; empty when it is absent."""
        value: dict[str, Any] = self.take(key, dict, {})
        for name, text in value.items():
            if not isinstance(text, str):
                raise self.error(f"{key}.{name}", f"must be a string, not {_shown(text)}")
        return value

    def table(self, key: str) -> TomlTable | None:
        """The table at `key`, or None."""
        value = self.take(key, dict)
        return None if value is None else TomlTable(value, self._under(key), self.file)

    def named_tables(self, key: str) -> dict[str, TomlTable]:
        """The tables under `key`, by name: `[target.prod]`, `[target.staging]`."""
        value = self.take(key, dict, {})
        for name, item in value.items():
            if not isinstance(item, dict):
                raise self.error(f"{key}.{name}", f"must be a table, not {_shown(item)}")
        return {name: TomlTable(item, f"{self._under(key)}.{name}", self.file) for name, item in value.items()}

    def tables(self, key: str) -> list[TomlTable]:
        """The tables of the array at `key`."""
        value = self.take(key, list, [])
        if not all(isinstance(item, dict) for item in value):
            raise self.error(key, f"must be a list of tables, not {_shown(value)}")
        return [TomlTable(item, f"{self._under(key)}[{n}]", self.file) for n, item in enumerate(value)]

    def finish(self) -> None:
        """Raises for the first key that nobody asked for, naming the nearest known one."""
        for key in self._data:
            known = sorted(self._asked)
            raise self.error(key, f"is not known here.{nearest(key, known)} Known: {', '.join(known)}")

    def _under(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
