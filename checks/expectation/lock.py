"""The derived half of the contract in files: the lock beside contract.toml, and the cache."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checks.catalog import __path__ as reader_folders
from checks.catalog.key import Key
from checks.catalog.objects import Object, from_json, to_json
from checks.contract.contract import Contract
from checks.contract.migration import Migration
from checks.contract.migrations import digest
from checks.expectation.derived import Derived, MigrationStep, depends_on
from checks.expectation.ledger_changes import LedgerChanges
from checks.expectation.planned_insert import PlannedInsert
from checks.files import write_whole
from checks.values import UsageError

FORMAT = "3"
"""Raised when what a Snapshot holds changes its meaning; a lock of another format must be made again."""


def lock_path(contract: Contract) -> Path:
    """Where the lock file of `contract` is: beside it."""
    return contract.file.with_suffix(".lock.json")


def derived_from(migrations: tuple[Migration, ...], contract: Contract) -> str:
    """The digest of all that a derived contract is made of: a lock or cache of another one is of no use.

    Args:
        migrations: every file.
        contract: whole, as it was read; one with parts left out would derive something else.
    """
    return digest(migrations, depends_on(contract), FORMAT)


def dump(derived: Derived) -> str:
    """A reviewable text: one line an object, in order, under the migration that set it."""
    lines = [f' "digest": "{derived.digest}",', f' "major": {derived.major},',
             f' "inserts": {json.dumps({text: plan._asdict() for text, plan in derived.inserts.items()})},',
             ' "migrations": [']
    for number, step in enumerate(derived.steps):
        body = [f"    {json.dumps(str(key))}: {json.dumps(to_json(item))}" for key, item in step.sets.items()]
        lines += [f'  {{"version": {json.dumps(step.version)}, "file": {json.dumps(step.file)},',
                  f'   "notices": {json.dumps(step.notices)}, "ledger": {json.dumps(step.ledger)}, '
                  f'"drops": {json.dumps(list(map(str, step.drops)))},',
                  '   "sets": {', ",\n".join(body), "   }}" + ("," if number < len(derived.steps) - 1 else "")]
    text = "\n".join([*lines, " ]", "}", ""])
    return f'{{\n "content": "{_hash(text)}",\n{text}'


_HEAD = re.compile(r'\{\n "content": "(?P<hash>[0-9a-f]{64})",\n')


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _objects(written: Mapping[str, Any]) -> dict[Key, Object]:
    keys = {text: Key.of(text) for text in written}
    return {key: from_json(key, written[text]) for text, key in keys.items()}


def load(text: str) -> Derived:
    """The Derived that `dump` wrote.

    Raises:
        ValueError, KeyError, TypeError: it was not written by this version, or was changed since.
    """
    head = _HEAD.match(text)
    if head is None or head["hash"] != _hash(text[head.end():]):
        raise ValueError("its content is not what was written")
    data = json.loads(text)
    return Derived(data["digest"], data["major"], tuple(
        MigrationStep(step["version"], step["file"], _objects(step["sets"]),
                      tuple(map(Key.of, step["drops"])), tuple(step["notices"]),
                      LedgerChanges(*map(tuple, step["ledger"])))
        for step in data["migrations"]),
        {text: PlannedInsert(**{**plan, "arbiters": tuple(plan["arbiters"])}) for text, plan in data["inserts"].items()})


def locked(lock: Path, migrations: tuple[Migration, ...], contract: Contract) -> Derived:
    """What the lock file holds.

    Raises:
        UsageError: it is not readable, or of other migrations or statements.
    """
    again = "Run `python -m checks lock` and commit the result."
    try:
        found = load(lock.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{lock.name} is not a lock file that this version reads, or was changed by hand. "
                         f"{again}") from None
    if found.digest != derived_from(migrations, contract):
        files = {step.file for step in found.steps}
        names = [m.file for m in migrations if m.file not in files]
        more = f" It knows nothing of {', '.join(names[:3])}." if names else ""
        raise UsageError(f"{lock.name} was not made of these migrations and statements.{more} {again}")
    return found


def cache_path(key: str, place: str) -> Path:
    """Where what was derived under the digest `key` on the server of `place` by this version of the reader is kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    reader = hashlib.sha256(place.encode())
    for file in sorted(Path(*reader_folders).rglob("*.py")):
        reader.update(file.read_bytes())
    return Path(base) / "postdeploy-checks" / f"{key[:32]}-{reader.hexdigest()[:16]}.json"


def store(path: Path, text: str) -> None:
    """Writes the cache, whole or not at all."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError:
        return  # a cache that cannot be kept costs the next run a replay, nothing else
