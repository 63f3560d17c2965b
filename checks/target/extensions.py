"""Extensions that migrations make and a scratch server lacks: told in one sentence, before anything is replayed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from checks.contract.migration import Migration
from checks.sql.script import statements
from checks.values import UsageError

_CREATE = re.compile(r'CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"(?P<quoted>[^"]+)"|(?P<bare>[\w-]+))',
                     re.IGNORECASE)
_LACKING = re.compile(r'extension "(?P<name>[^"]+)" is not available'
                      r'|extension control file "[^"]*?(?P<file>[\w-]+)\.control"')


def refuse_lacking(run: Callable[[str], Sequence[Sequence[Any]]], migrations: Iterable[Migration], contract: str) -> None:
    """Looks which extensions `migrations` make, and whether the server has them.

    Raises:
        UsageError: it lacks some.
    """
    wanted: dict[str, str] = {}
    for migration in migrations:
        if "extension" in migration.sql.casefold():
            for name in made_extensions(migration.sql):
                wanted.setdefault(name, migration.file)
    if not wanted:
        return
    there = {name for name, *_ in run("SELECT name FROM pg_catalog.pg_available_extensions")}
    lacking = {name: file for name, file in wanted.items() if name not in there}
    if lacking:
        raise UsageError(lacking_told(lacking, contract))


def made_extensions(sql: str) -> tuple[str, ...]:
    """The extensions that CREATE EXTENSION statements of `sql` name."""
    found = (_CREATE.match(each.text) for each in statements(sql) if each.words[:2] == ("CREATE", "EXTENSION"))
    return tuple(match["quoted"] or match["bare"].lower() for match in found if match)


def lacking_in(words: str) -> str | None:
    """The extension that the server says it lacks, if `words` are about that."""
    match = _LACKING.search(words)
    return (match["name"] or match["file"]) if match else None


def lacking_told(lacking: dict[str, str], contract: str) -> str:
    """The one sentence about extensions (name -> file), with the remedies."""
    names = ", ".join(f"{name} ({file})" for name, file in lacking.items())
    stubs = ", ".join(f'"{name}"' for name in lacking)
    return (f"The server of the replay has no extension {names}. Say in {contract} under [replay] where there is one: "
            'server = "container" with an image that brings it, or dsn = "env:SCRATCH_DSN"; or let the embedded server '
            f"pretend: stub_extensions = [{stubs}].")
