"""What one target should look like now: both halves of the contract, up to the migration it should have reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from checks.harness.compare import Difference, Sides, difference, field_change
from checks.harness.contract import Contract
from checks.harness.derive import Derived, Effect
from checks.harness.migrations import Migration, read_migrations, through
from checks.harness.snapshot import Object, Snapshot


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
    def objects(self) -> Mapping[str, Object]:
        """Every object at the head."""
        if self.derived is None:
            return {}
        return self.derived.objects(self.migrations[-1].version)

    @cached_property
    def effects(self) -> Mapping[str, tuple[Effect, ...]]:
        """Each expected migration's own effects."""
        return {} if self.derived is None else self.derived.effects(self.objects)

    @cached_property
    def _later(self) -> Mapping[str, tuple[Object | None, ...]]:
        """What pending files make of each object: a target may be ahead of its head."""
        found: dict[str, tuple[Object | None, ...]] = {}
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

    def differences(self, key: str, sides: Sides) -> tuple[Difference, ...]:
        """How the object `key` differs; nothing when a pending migration explains it."""
        changes = tuple(difference(key, sides))
        if changes and key in self._later:
            item = sides.found.objects.get(key)
            if any(_same(key, later, item, sides) for later in self._later[key]):
                return ()
        return changes


def _same(key: str, later: Object | None, found: Object | None, sides: Sides) -> bool:
    if later is None or found is None or type(later) is not type(found):
        return later is found
    return all(field_change(key, name, later, found, sides) is None for name in later._fields)


def expect(contract: Contract, derived: Derived | None, version: str | None) -> Expectation:
    """The expectation up to `version`, or the last file.

    Raises:
        UsageError: no such version, or the migrations folder is unreadable.
    """
    every = read_migrations(contract)
    expected = through(every, version)
    return Expectation(contract, derived, expected, every[len(expected):])
