"""Drift claims: what is there is what the migrations make, object by object, and nothing else is. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from checks.catalog.difference import Difference
from checks.catalog.inheritance import new_partition
from checks.catalog.key import Key
from checks.catalog.objects import NOT_DRIFT, Index, Object, Table, of_no_table, table_of
from checks.catalog.objects import Sequence as SequenceObject
from checks.catalog.snapshot import Snapshot
from checks.claims.causes import about
from checks.expectation.expectation import Expectation
from checks.expectation.settled import ELSEWHERE, Settled
from checks.kinds import Finding, claim
from checks.values import Case, Differs

EXTRA = "extra"
"""The name of the case about objects that nobody expects."""
SCHEMA = "types, functions, sequences"
"""The name of the case about objects that belong to no table."""
_OTHERS_MAY = ("extension", "schema")
"""Kinds of which everybody may make more: that is no drift."""


def judge_drift(settled: Settled, today: dt.date) -> tuple[Case, ...]:
    """A case for each expected table, one for the other expected objects, one for whatever is extra.

    Args:
        settled: what should be there beside what is there.
        today: the date in UTC, for entries of `[[drift.ignore]]` that run out.
    """
    expectation, found = settled.expectation, settled.found
    if expectation.derived is None:
        return ()
    tables: dict[str, list[Difference]] = {key.relation: [] for key in expectation.objects
                                           if key.kind == "table" and expectation.judges(key)}
    loose: dict[Key, list[Difference]] = {key: [] for key in filter(expectation.judges, of_no_table(expectation.objects))}
    elsewhere = settled.elsewhere
    extra: dict[str, list[Difference]] = {}
    ignored: list[str] = []
    others = [key.title for key in found.objects if key.kind in _OTHERS_MAY and key not in expectation.objects
              and expectation.judges(key)]
    for key in filter(expectation.judges, dict.fromkeys((*expectation.objects, *found.objects))):
        if expectation.objects.get(key) == found.objects.get(key) or _told_by_another(key, expectation, found):
            continue
        owner = _owner(key, expectation, found)
        changes = settled.of(key)
        accepted = next((entry for entry in expectation.contract.ignores
                         if any(entry.covers(name, today) for name in (str(key), f"table:{owner}"))), None)
        if changes and accepted is not None:
            ignored.append(f"{key} ({accepted.reason})")
            continue
        home = tables if owner in tables else extra
        for change in changes:
            if owner is None and key in loose:
                loose[key].append(change)
            else:
                home.setdefault(owner or key.title, []).append(change)
    cases = [Case("drift", name, (table(name, changes),)) for name, changes in tables.items()]
    if loose:
        cases.append(Case("drift", SCHEMA, tuple(
            schema_object(key, changes, elsewhere=elsewhere) for key, changes in loose.items())))
    strange = tuple(extra_object(name, _drifted(changes)) for name, changes in extra.items())
    strange = strange or (extra_object(EXTRA, _nothing_extra(ignored, others, elsewhere=elsewhere)),)
    return (*cases, Case("drift", EXTRA, strange))


@claim("drift:{table}", breaks="anything of the table is missing, changed or extra, by meaning and not by spelling")
def table(table: str, changes: Sequence[Difference]) -> Finding:
    """{table} is what the migrations make it"""
    return _drifted(changes)


@claim("drift:{object.title}", breaks="a type, function, sequence, extension, … is missing or changed")
def schema_object(object: Key, changes: Sequence[Difference], *, elsewhere: bool) -> Finding:
    """{object.kind} {object.path} is what the migrations make it"""
    return _drifted(changes) if changes or not elsewhere else ELSEWHERE


@claim("drift:{name}", breaks="an object stands there that no migration makes")
def extra_object(name: str, finding: Finding) -> Finding:
    """nothing is there that no migration makes"""
    return finding


def _nothing_extra(ignored: Sequence[str], others: Sequence[str], *, elsewhere: bool) -> Finding:
    if elsewhere:
        return ELSEWHERE
    note = f"no migration makes {', '.join(others[:10])}{' and others' if len(others) > 10 else ''}" if others else ""
    if not ignored:
        return Finding("held", note=note)
    return Finding("held", f"{len(ignored)} differences accepted by the contract: {'; '.join(ignored[:5])}", note=note)


def _drifted(changes: Sequence[Difference]) -> Finding:
    if not changes:
        return Finding("held")
    lines = "\n".join(change.line() + (f" [{change.witness}]" if change.witness else "") for change in changes)
    sides = tuple(map(_sides, changes))
    sure = [change for change in changes if change.sure]
    if not sure:
        return Finding("unverified", lines, "",
                       "The two are spelled apart, and it could not be told whether they mean the same: compare them.",
                       differs=sides)
    return Finding("broken", lines, sure[0].line(),
                   "Bring it back, write a migration that makes it so, or accept it with [[drift.ignore]].",
                   about=tuple(map(about, changes)), differs=sides)


def _sides(change: Difference) -> Differs:
    expected = change.expected or ("it is there" if change.what == "missing" else "")
    found = change.found or ("it is there" if change.what == "extra" else "")
    return Differs(change.object, change.told, expected, found)


def _grown(table: str, item: Object | None, expectation: Expectation, found: Snapshot) -> bool:
    """Whether `table` is a partition added since, as its parent is, and `item` belongs to it because of that."""
    parent = new_partition(table, expectation.objects, found)
    if parent is None or Key.table(table) in expectation.objects:
        return False
    if isinstance(item, Table):
        return item.persistence == parent.persistence and item.row_security == parent.row_security \
            and item.kind in ("table", "partitioned table")
    return True


def _owner(key: Key, expectation: Expectation, found: Snapshot) -> str | None:
    """The table that `key` belongs to, as found if it was found."""
    item = found.objects.get(key, expectation.objects.get(key))
    return None if item is None else table_of(key, item)


def _of_others(key: Key, expectation: Expectation) -> bool:
    """Whether an object that no migration makes is nobody's affair here: other extensions, other schemas, their code."""
    return key.kind in _OTHERS_MAY or (
        key.kind == "function" and key.home not in expectation.contract.schemas)


def _of_the_ledger(key: Key, item: Object, expectation: Expectation) -> bool:
    """Whether an object is the ledger's own, and no migration makes it, or just stands in the ledger's schema."""
    spec, home = expectation.contract.ledger, table_of(key, item)
    if spec is None or key in expectation.objects:
        return False
    if home is not None and (spec.owns(home) or (home == spec.shown and Key.table(home) not in expectation.objects)):
        return True
    return expectation.contract.outside(home or key.path)


def _told_by_another(key: Key, expectation: Expectation, found: Snapshot) -> bool:
    """Whether another object's difference tells of this one already, or it is the ledger's own tool's."""
    expected, item = expectation.objects.get(key), found.objects.get(key)
    if key.kind in NOT_DRIFT or expected is None and _of_others(key, expectation) \
            or item is None and key in found.unread_functions:
        return True
    either = item if item is not None else expected
    if either is not None and _of_the_ledger(key, either, expectation):
        return True
    if isinstance(either, Index) and either.backs_constraint and (expected is None or item is None):
        return True
    table = table_of(key, either) if either is not None else None
    if table is not None and expected is None and _grown(table, item, expectation, found):
        return True
    if table is None or isinstance(either, Table):
        return False
    gone = Key.table(table) in expectation.objects and found.relation(table) is None
    new = Key.table(table) not in expectation.objects and found.relation(table) is not None
    column = either.owner if isinstance(either, SequenceObject) else None
    absent = column is not None and (column in expectation.objects) != (column in found.objects)
    return gone or new or absent


