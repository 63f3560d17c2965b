"""The derived half of the contract as frozen values: what each migration changed, and the catalogue after it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from checks.catalog.key import Key
from checks.catalog.objects import AROUND, Object, facts
from checks.contract.contract import Contract
from checks.contract.layouts.source import text_of
from checks.contract.listing import files_in
from checks.expectation.ledger_changes import NO_CHANGES, LedgerChanges
from checks.expectation.planned_insert import PlannedInsert


class MigrationEffect(NamedTuple):
    """What a migration did to one object and the head still has."""

    key: Key
    made: bool
    """Whether it made the object; else it only changed it."""
    fields: tuple[str, ...]
    """The fields that it set."""

    @property
    def facts(self) -> int:
        """How many facts that is."""
        return self.made + len(self.fields)


@dataclass(frozen=True)
class MigrationStep:
    """What one migration changed."""

    version: str
    file: str
    sets: Mapping[Key, Object]
    drops: tuple[Key, ...]
    notices: tuple[str, ...] = ()
    """The server's words about statements that did nothing, and names it cut."""
    ledger: LedgerChanges = NO_CHANGES


@dataclass(frozen=True)
class Derived:
    """The catalogue after each migration."""

    digest: str
    major: int
    """The PostgreSQL major that deparsed it."""
    steps: tuple[MigrationStep, ...]
    inserts: Mapping[str, PlannedInsert] = field(default_factory=dict)
    """The contract's `statements`, by their text, as planned at the last file."""

    def objects(self, version: str | None = None) -> dict[Key, Object]:
        """Every object after `version`, or after the last file."""
        found: dict[Key, Object] = {}
        for step in self.steps:
            found.update(step.sets)
            for key in step.drops:
                found.pop(key, None)
            if step.version == version:
                break
        return dict(sorted(found.items(), key=lambda each: each[0]))

    def effects(self, head: Mapping[Key, Object]) -> dict[str, tuple[MigrationEffect, ...]]:
        """Each migration's own effects: what it changed and `head` still has, object by object."""
        before: dict[Key, Object] = {}
        found = {}
        for step in self.steps:
            effects = (_effect(key, before.get(key), item, head[key])
                       for key, item in step.sets.items() if key in head and key.kind not in AROUND)
            found[step.version] = tuple(effect for effect in effects if effect.facts)
            before.update(step.sets)
            for key in step.drops:
                before.pop(key, None)
        return found

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """Every version, in the order they apply."""
        return tuple(step.version for step in self.steps if step.version)


def _effect(key: Key, before: Object | None, after: Object, head: Object) -> MigrationEffect:
    if type(head) is not type(after):
        return MigrationEffect(key, False, ())
    made = before is None or type(before) is not type(after)
    now = facts(after)
    if made and head is after:
        return MigrationEffect(key, True, tuple(now))
    was, last = {} if before is None else facts(before), facts(head)
    return MigrationEffect(key, made, tuple(
        name for name, value in now.items() if last.get(name) == value and (made or was.get(name) != value)))


def depends_on(contract: Contract) -> tuple[str, ...]:
    """What else, beside the migrations, what is derived depends on."""
    spec = contract.replay
    prelude = (text for file in spec.prelude for text in ("prelude", text_of(file)))
    stand_ins = (f"stand-in {name}" for name in spec.stub_extensions)
    return (*contract.schemas, *statements(contract), *prelude, *stand_ins, *_commands(contract))


def is_known(contract: Contract) -> bool:
    """Whether the files that what is derived depends on are known; of a build command without a folder they are not."""
    spec = contract.migrations
    return spec is not None and (not spec.build or spec.folder is not None)


def _commands(contract: Contract) -> Iterator[str]:
    """The build commands, and the files that they read as far as these are known."""
    spec = contract.migrations
    if spec is None or not spec.build:
        return
    yield from ("build", *spec.build, "step", *spec.step, "versions", *map(str, spec.versions if isinstance(
        spec.versions, tuple) else [spec.versions.name]))
    if spec.folder is not None and spec.folder.is_dir():
        for name in files_in(spec.folder):
            if spec.tool == "django" and "/migrations/" not in f"/{name}" or spec.folder / name == contract.file:
                continue
            yield from (name, hashlib.sha256((spec.folder / name).read_bytes()).hexdigest())


def statements(contract: Contract) -> tuple[str, ...]:
    """The application's INSERT statements that the contract lists."""
    return tuple(dict.fromkeys(text for spec in contract.dedupe for text in spec.statements))
