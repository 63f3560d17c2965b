"""What one target should look like now: both halves of the contract, up to the migration it should have reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from checks.catalog.difference import Difference, Sides, difference, field_change
from checks.catalog.key import Key
from checks.catalog.objects import Function, Object, facts, functions
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import Contract
from checks.contract.migrations import Migration, read_migrations, through
from checks.expectation.derived import Derived, MigrationEffect
from checks.observation.enum_plan import plan_enum
from checks.sql.names import shown
from checks.values import LeftOut


@dataclass(frozen=True)
class Expectation:
    """The contract as of one head."""

    contract: Contract
    derived: Derived | None
    """None when the contract names no migrations."""
    migrations: tuple[Migration, ...]
    """Those the target should have, in order."""
    pending: tuple[Migration, ...]
    """Later files: merged, not expected yet."""

    @cached_property
    def objects(self) -> Mapping[Key, Object]:
        """Every object at the head."""
        if self.derived is None:
            return {}
        return self.derived.objects(self.migrations[-1].version)

    @cached_property
    def head(self) -> Snapshot:
        """The objects as a catalogue, to put the same questions to it as to a target's."""
        return Snapshot({}, self.objects)

    @cached_property
    def functions(self) -> Mapping[Key, Function]:
        """The functions among the objects."""
        return functions(self.objects)

    @cached_property
    def effects(self) -> Mapping[str, tuple[MigrationEffect, ...]]:
        """Each expected migration's own effects."""
        return {} if self.derived is None else self.derived.effects(self.objects)

    @cached_property
    def _later(self) -> Mapping[Key, tuple[Object | None, ...]]:
        """What pending files make of each object: a target may be ahead of its head."""
        found: dict[Key, tuple[Object | None, ...]] = {}
        if self.derived is None:
            return found
        pending = {migration.version for migration in self.pending}
        for step in self.derived.steps:
            if step.version in pending:
                for key, item in step.sets.items():
                    found[key] = (*found.get(key, ()), item)
                for key in step.drops:
                    found[key] = (*found.get(key, ()), None)
        return found

    def sides(self, found: Snapshot) -> Sides:
        """Both sides of the comparison with `found`."""
        major = found.identity["server_version_num"] // 10_000
        return Sides(self.objects, found, self.derived is not None and self.derived.major == major)

    def differences(self, key: Key, sides: Sides) -> tuple[Difference, ...]:
        """How the object `key` differs; nothing when a pending migration explains it."""
        changes = tuple(difference(key, sides))
        if changes and key in self._later:
            item = sides.found.objects.get(key)
            if any(_same(key, later, item, sides) for later in self._later[key]):
                return ()
        return changes


def _same(key: Key, later: Object | None, found: Object | None, sides: Sides) -> bool:
    if later is None or found is None or type(later) is not type(found):
        return later is found
    return all(field_change(key, name, later, found, sides) is None for name in {*facts(later), *facts(found)})


def expect(contract: Contract, derived: Derived | None, version: str | None) -> Expectation:
    """The expectation up to `version`, or the last file.

    Raises:
        UsageError: no such version, or the migrations folder is unreadable.
    """
    every = read_migrations(contract)
    expected = through(every, version)
    found = Expectation(contract, derived, expected, every[len(expected):])
    return replace(found, contract=_not_yet(found)) if found.pending and derived is not None else found


def _not_yet(expectation: Expectation) -> Contract:
    """The contract without what only a pending migration brings, which is left out and not broken."""
    contract, objects = expectation.contract, expectation.objects
    enums = tuple(spec for spec in contract.enums if plan_enum(spec, expectation.head).held)
    dedupe = tuple(spec for spec in contract.dedupe if all(
        Key.table(contract.relation(table)) in objects for table in (spec.table, *(e.table for e in spec.effects)))
        and all(Key.column(contract.relation(e.table), shown(name)) in objects
                for e in spec.effects for name in e.key))
    later = f"held only by a migration after {expectation.migrations[-1].version}, which is pending"
    left = [LeftOut("enums", f"{spec.shown} is {later}") for spec in contract.enums if spec not in enums]
    left += [LeftOut("dedupe", f"{spec.name} is {later}") for spec in contract.dedupe if spec not in dedupe]
    return replace(contract, enums=enums, dedupe=dedupe, absent=(*contract.absent, *left))
