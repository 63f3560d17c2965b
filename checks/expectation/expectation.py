"""What one target should look like now: both halves of the contract, up to the migration it should have reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from checks.catalog.difference import Difference, Sides, difference, field_change
from checks.catalog.key import Key
from checks.catalog.objects import Function, Object, facts, functions
from checks.catalog.renamed import standing_in
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import Contract
from checks.contract.layouts.source import titled
from checks.contract.migration import Migration
from checks.contract.migrations import read_migrations, through
from checks.expectation.derived import Derived, MigrationEffect
from checks.expectation.ledger_changes import ForeseenRows, foreseen
from checks.observation.enum_plan import plan_enums
from checks.sql.names import shown
from checks.values import LeftOut, UsageError


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
    schema: str = ""
    """The one schema that is judged, of many that are made by the same migrations; empty: all that is expected is judged."""

    @property
    def in_one(self) -> bool:
        """Whether one command applies all migrations, so that what each one did is not known."""
        return self.contract.migrations is not None and self.contract.migrations.in_one

    def judges(self, key: Key) -> bool:
        """Whether the object `key` is judged here, and not only there to be referred to."""
        return not self.schema or standing_in(key) == shown(self.schema)

    @property
    def known(self) -> tuple[Migration, ...]:
        """Every migration there is."""
        return (*self.migrations, *self.pending)

    @cached_property
    def objects(self) -> Mapping[Key, Object]:
        """Every object at the head."""
        if self.derived is None:
            return {}
        return self.derived.objects(self.migrations[-1].version if self.migrations else None)

    @cached_property
    def ledger(self) -> ForeseenRows:
        """What the expected migrations themselves do to the ledger's rows."""
        expected = {migration.version for migration in self.migrations}
        steps = () if self.derived is None else self.derived.steps
        return foreseen((step.version, step.ledger) for step in steps if step.version in expected)

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

    def later(self, key: Key) -> tuple[Object | None, ...]:
        """What pending migrations make of the object `key`."""
        return self._later.get(key, ())

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
    every = _every(contract, derived)
    expected = through(every, version)
    if contract.migrations is not None and contract.migrations.in_one and len(expected) < len(every):
        raise UsageError(f"What is there after {version} is not known: migrations.build of {contract.file.name} applies all "
                         "at once. Give [migrations] step too, a command that applies one {version}.")
    found = Expectation(contract, derived, expected, every[len(expected):])
    return replace(found, contract=_not_yet(found)) if found.pending and derived is not None else found


def _every(contract: Contract, derived: Derived | None) -> tuple[Migration, ...]:
    """Every migration there is: the files, or what the project's commands left in the ledger."""
    named = read_migrations(contract)
    if derived is None or contract.migrations is None or not contract.migrations.build:
        return named
    known = {migration.version: migration for migration in named}
    return tuple(known.get(step.version) or Migration(
        step.version, step.file, "", title=titled(step.version, step.file) if step.file else "")
        for step in derived.steps if step.version)


def _not_yet(expectation: Expectation) -> Contract:
    """The contract without what only a pending migration brings, which is left out and not broken."""
    contract, objects = expectation.contract, expectation.objects
    enums = tuple(plan.spec for plan in plan_enums(contract.enums, expectation.head) if plan.held)
    dedupe = tuple(spec for spec in contract.dedupe if all(
        Key.table(contract.relation(table)) in objects for table in (spec.table, *(e.table for e in spec.effects)))
        and all(Key.column(contract.relation(e.table), shown(name)) in objects
                for e in spec.effects for name in e.key))
    later = f"held only by a migration after {expectation.migrations[-1].version}, which is pending"
    left = [LeftOut("enums", f"{spec.shown} is {later}") for spec in contract.enums if spec not in enums]
    left += [LeftOut("dedupe", f"{spec.name} is {later}") for spec in contract.dedupe if spec not in dedupe]
    return replace(contract, enums=enums, dedupe=dedupe, absent=(*contract.absent, *left))
