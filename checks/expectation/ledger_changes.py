"""What the migrations themselves do to the ledger: rows of others that one deletes, renames, writes or gives another time.

Learnt by the replay, in which each migration is recorded as its tool would. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Times = Mapping[str, tuple[float | None, ...]]
"""Version -> the times of its rows."""


class LedgerChanges(NamedTuple):
    """What one migration did to the ledger beside its own row."""

    lost: tuple[str, ...] = ()
    """Versions that had a row before it and have none after."""
    written: tuple[str, ...] = ()
    """Versions other than its own that have a row only since."""
    moved: tuple[str, ...] = ()
    """Versions whose rows have other times, or are more or less, since."""


NO_CHANGES = LedgerChanges()


def ledger_changes(own: str, before: Times, after: Times) -> LedgerChanges:
    """What the migration `own` did to the ledger beside its own row."""
    return LedgerChanges(
        tuple(version for version in before if version not in after),
        tuple(version for version in after if version not in before and version != own),
        tuple(version for version in after if version in before and before[version] != after[version]))


@dataclass(frozen=True)
class ForeseenRows:
    """How the ledger is to look, where the migrations themselves make it otherwise than one row each: version -> by whom."""

    lost: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)


def foreseen(steps: Iterable[tuple[str, LedgerChanges]]) -> ForeseenRows:
    """What all `steps`, (version, what it did) in order, leave behind."""
    lost: dict[str, str] = {}
    written: dict[str, str] = {}
    moved: dict[str, str] = {}
    for by, changes in steps:
        for version in changes.lost:
            lost[version] = by
            written.pop(version, None)
        for version in changes.written:
            lost.pop(version, None)
            written[version] = by
        moved.update(dict.fromkeys(changes.moved, by))
    return ForeseenRows(lost, written, moved)
