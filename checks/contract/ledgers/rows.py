"""The ledger's rows, read as its tool means them: what is applied, what failed, which stand for others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from checks.contract.layouts.source import natural
from checks.contract.ledger import Cells, LedgerSpec, mark_of
from checks.contract.migration import Migration

NO_VERSION = "NULL, which is no version"
"""Stands for the version of rows that have none."""


class LedgerRow(NamedTuple):
    """One row of the ledger."""

    cells: Cells
    """The columns that tell of the migration."""
    at: float | None
    """Seconds since 1970 UTC; None where there is none."""


@dataclass(frozen=True)
class Recorded:
    """What the rows say of each version."""

    times: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    """Version -> the times of its rows, seconds since 1970 UTC; None where there is none."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Version -> the mark by which its row says that it failed."""
    checksums: Mapping[str, str] = field(default_factory=dict)
    """Version -> what its row keeps of the file's content."""
    implied: frozenset[str] = frozenset()
    """Versions that have no row of their own: one further on stands for them."""


def recorded(spec: LedgerSpec, rows: Iterable[LedgerRow], migrations: Sequence[Migration]) -> Recorded:
    """What `rows` say; `migrations` are all that are known, in order."""
    by_version: dict[str, list[LedgerRow]] = {}
    for row in rows:
        by_version.setdefault(spec.version_in(row.cells) or NO_VERSION, []).append(row)
    if spec.last_by is not None:
        by_version = {version: [max(found, key=lambda row: natural(row.cells.get(spec.last_by or "") or ""))]
                      for version, found in by_version.items()}
    found = {version: kept for version, every in by_version.items()
             if (kept := [row for row in every if mark_of(spec.ignored, row.cells) is None])}
    baselines = {version for version, every in found.items() for row in every if mark_of(spec.baseline, row.cells)}
    implied = _up_to(baselines, migrations)
    if spec.one_row:
        implied |= _ancestors(set(found), migrations)
    times = {version: tuple(row.at for row in every) for version, every in found.items() if version not in baselines}
    return Recorded(
        {**dict.fromkeys(implied - set(times), (None,)), **times},
        {version: mark for version, every in found.items() for row in every if (mark := mark_of(spec.failed, row.cells))},
        {version: text.removeprefix("\\x") for version, every in found.items() if spec.checksum
         for row in every if (text := row.cells.get(spec.checksum))},
        frozenset(implied - set(times)))


def _up_to(baselines: set[str], migrations: Sequence[Migration]) -> set[str]:
    """The versions that a baseline stands for: those whose numbers are not higher."""
    return {migration.version for migration in migrations for baseline in baselines
            if natural(migration.version) <= natural(baseline) and migration.version[:1].isdigit()}


def _ancestors(rows: set[str], migrations: Sequence[Migration]) -> set[str]:
    """The versions that must have been applied before those of `rows`."""
    parents = {migration.version: migration.parents if migration.parents is not None else
               (migrations[number - 1].version,) if number else () for number, migration in enumerate(migrations)}
    found: set[str] = set()
    waiting = [parent for row in rows for parent in parents.get(row, ())]
    while waiting:
        version = waiting.pop()
        if version not in found:
            found.add(version)
            waiting += parents.get(version, ())
    return found
