"""Drift claims: what is there is what the migrations make, object by object, and nothing else is. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from checks.catalog.difference import Difference
from checks.catalog.inheritance import new_partition
from checks.catalog.objects import Index, Object, Sequence, Table, table_of
from checks.catalog.snapshot import Snapshot
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.observation.observe import Observation
from checks.values import Case, Verdict

EXTRA = "extra"
"""The name of the case about objects that nobody expects."""
SCHEMA = "types, functions, sequences"
"""The name of the case about objects that belong to no table."""


def judge_drift(expectation: Expectation, found: Snapshot, today: dt.date,
                seen: Observation | None = None) -> tuple[Case, ...]:
    """A case for each expected table, one for the other expected objects, one for whatever is extra.

    Args:
        expectation: what should be there.
        found: what is there.
        today: the date in UTC, for entries of `[[drift.ignore]]` that run out.
        seen: what the server answered about CHECKs that reading cannot tell apart.
    """
    if expectation.derived is None:
        return ()
    settled = Settled(expectation, found, seen)
    tables: dict[str, list[Difference]] = {key[6:]: [] for key in expectation.objects if key.startswith("table:")}
    loose: dict[str, list[Difference]] = {
        key: [] for key, item in expectation.objects.items() if table_of(key, item) is None}
    extra: dict[str, list[Difference]] = {}
    ignored: list[str] = []
    for key in dict.fromkeys((*expectation.objects, *found.objects)):
        if expectation.objects.get(key) == found.objects.get(key) or _told_by_another(key, expectation, found):
            continue
        owner = _owner(key, expectation, found)
        changes = settled.of(key)
        accepted = next((entry for entry in expectation.contract.ignores
                         if any(entry.covers(name, today) for name in (key, f"table:{owner}"))), None)
        if changes and accepted is not None:
            ignored.append(f"{key} ({accepted.reason})")
            continue
        home = tables if owner in tables else extra
        for change in changes:
            if owner is None and key in loose:
                loose[key].append(change)
            else:
                home.setdefault(owner or key, []).append(change)
    return _cases(tables, loose, extra, ignored, found)


def _cases(tables: Mapping[str, list[Difference]], loose: Mapping[str, list[Difference]],
           extra: Mapping[str, list[Difference]], ignored: list[str], found: Snapshot) -> tuple[Case, ...]:
    cases = [Case("drift", table, (_claim(table, f"{table} is what the migrations make it", changes),))
             for table, changes in tables.items()]
    if loose:
        cases.append(Case("drift", SCHEMA, tuple(
            _claim(key.partition(":")[2], f"{key.replace(':', ' ')} is what the migrations make it", changes)
            for key, changes in loose.items())))
    strange = [_claim(name.partition(":")[2] or name, "nothing is there that no migration makes", changes)
               for name, changes in extra.items()]
    if not strange:
        sentence, note = "nothing is there that no migration makes", ""
        if ignored:
            note = f"{len(ignored)} differences accepted by the contract: {'; '.join(ignored[:5])}"
        if any(f"table:{table}" in found.objects for table in tables):
            strange = [Verdict("drift:extra", sentence, "held", "catalog", note)]
        else:
            strange = [Verdict("drift:extra", sentence, "unverified", "catalog", "None of the expected tables is here: "
                               "this looks like another database.", "", "Look at the target's database name.")]
    return (*cases, Case("drift", EXTRA, tuple(strange)))


def _grown(table: str, item: Object | None, expectation: Expectation, found: Snapshot) -> bool:
    """Whether `table` is a partition added since, as its parent is, and `item` belongs to it because of that."""
    parent = new_partition(table, expectation.objects, found)
    if parent is None or f"table:{table}" in expectation.objects:
        return False
    if isinstance(item, Table):
        return item.persistence == parent.persistence and item.row_security == parent.row_security \
            and item.kind in ("table", "partitioned table")
    return True


def _claim(name: str, sentence: str, changes: Iterable[Difference]) -> Verdict:
    changes = list(changes)
    claim = f"drift:{name}"
    if not changes:
        return Verdict(claim, sentence, "held", "catalog")
    lines = "\n".join(change.line() + (f" [{change.witness}]" if change.witness else "") for change in changes)
    sure = [change for change in changes if change.sure]
    if not sure:
        return Verdict(claim, sentence, "unverified", "catalog", lines, "",
                       "The two are spelled apart, and it could not be told whether they mean the same: compare them.")
    return Verdict(claim, sentence, "broken", "catalog", lines, sure[0].line(),
                   "Bring it back, write a migration that makes it so, or accept it with [[drift.ignore]].")


def _owner(key: str, expectation: Expectation, found: Snapshot) -> str | None:
    """The table that `key` belongs to, as found if it was found."""
    item = found.objects.get(key, expectation.objects.get(key))
    return None if item is None else table_of(key, item)


def _told_by_another(key: str, expectation: Expectation, found: Snapshot) -> bool:
    """Whether another object's difference tells of this one already, or it is the ledger's own tool's."""
    expected, item = expectation.objects.get(key), found.objects.get(key)
    either = item if item is not None else expected
    spec = expectation.contract.ledger
    if spec is not None and f"table:{spec.shown}" not in expectation.objects and either is not None \
            and table_of(key, either) == spec.shown:
        return True
    if isinstance(either, Index) and either.backs_constraint and (expected is None or item is None):
        return True
    table = table_of(key, either) if either is not None else None
    if table is not None and expected is None and _grown(table, item, expectation, found):
        return True
    if table is None or isinstance(either, Table):
        return False
    gone = f"table:{table}" in expectation.objects and f"table:{table}" not in found.objects
    new = f"table:{table}" not in expectation.objects and f"table:{table}" in found.objects
    column = either.owner if isinstance(either, Sequence) else None
    absent = column is not None and (column in expectation.objects) != (column in found.objects)
    return gone or new or absent


