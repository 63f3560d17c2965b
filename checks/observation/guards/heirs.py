"""What a column can store where its table's partitions or children have CHECKs of their own. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from checks.catalog.inheritance import descendants
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import EnumSpec
from checks.observation.guards.column_facts import WHOLE_ROW, Guards, guards_of
from checks.observation.guards.partition_bounds import leaves
from checks.sql.values_accepted.answers import AcceptedValues, Storability


def heirs_of(spec: EnumSpec, table: str, found: Snapshot) -> Mapping[str, Guards]:
    """What rows of each partition, or of each child, must pass, where that is not just what rows of `table` must."""
    item = found.relation(table)
    if item is None or not found.children.get(table):
        return {}
    if item.partition_key:
        names: Sequence[str] = tuple(leaves(table, found))
    else:
        names = tuple(child for child, relation in descendants(table, found) if relation.partition_bound is None)
    own = set(_checks(table, spec.column, found))
    if all(set(_checks(name, spec.column, found)) == own for name in names):
        return {}
    return {name: _enforced(name, guards_of(spec, name, found), found) for name in names}


def _enforced(name: str, guards: Guards, found: Snapshot) -> Guards:
    """`guards`, or none of the CHECKs of a foreign table, which are believed and not enforced."""
    return replace(guards, checks=(), columns={}) if _is_foreign(name, found) else guards


def _is_foreign(name: str, found: Snapshot) -> bool:
    item = found.relation(name)
    return item is not None and item.kind == "foreign table"


def _checks(table: str, column: str, found: Snapshot) -> Iterator[tuple[str, str]]:
    """(name, expression) of each enforced CHECK that may say something of `column`."""
    for name, item in () if _is_foreign(table, found) else found.of(table, "constraint"):
        if item.type == "check" and item.enforced and (not item.columns or {column, WHOLE_ROW} & {*item.columns}):
            yield name, item.expression or ""


def through_partitions(parts: Sequence[AcceptedValues]) -> AcceptedValues:
    """What a partitioned table stores: what one of its partitions does."""
    values = parts[0].allowed
    return AcceptedValues({value: _any([each.allowed[value] for each in parts]) for value in values},
                          _any([each.others for each in parts]), _any([each.null for each in parts]))


def with_children(own: AcceptedValues, children: Sequence[AcceptedValues]) -> AcceptedValues:
    """What is read through a table that others inherit from; the declared values must go into itself."""
    return AcceptedValues(own.allowed, _any([own.others, *(each.others for each in children)]),
                          _any([own.null, *(each.null for each in children)]))


def _any(answers: Sequence[Storability]) -> Storability:
    """yes where one says so, no where all do."""
    for word in ("yes", "undecided"):
        said = next((each for each in answers if each.answer == word), None)
        if said is not None:
            return said
    by = tuple(dict.fromkeys(name for each in answers for name in each.by))
    return Storability("no", by=by, why=answers[0].why)
