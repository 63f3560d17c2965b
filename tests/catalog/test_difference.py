"""What differs between two objects: cases that no change of a database tells apart from each other."""

from __future__ import annotations

import pytest

from checks.catalog.difference import Sides, difference
from checks.catalog.key import Key
from checks.catalog.objects import Access, Index, Object, Other, Table
from checks.catalog.snapshot import Snapshot


def told(key: Key, expected: Object, found: Object, **around: tuple[Object, Object]) -> list[tuple[str, str, str]]:
    """(field, expected, found) of each difference; `around`: tables beside it, on both sides."""
    mine = {key: expected} | {Key.table(name): pair[0] for name, pair in around.items()}
    theirs = {key: found} | {Key.table(name): pair[1] for name, pair in around.items()}
    return [(each.field, each.expected, each.found) for each in difference(key, Sides(mine, Snapshot({}, theirs)))]


@pytest.mark.parametrize(("has", "lost"), [
    (("insert", "select"), False), (("insert", "select", "update"), False), (("select",), True), ((), True),
    (("delete", "select"), True),
])
def test_a_role_has_lost_what_it_should_be_able_to_do_and_nothing_else(has: tuple[str, ...], lost: bool) -> None:
    found = told(Key("access", "t", "app"), Access(("insert", "select")), Access(has))
    assert bool(found) is lost


def test_an_extensions_version_is_compared_where_a_migration_states_it() -> None:
    key, stated = Key("extension", "", "citext"), Other((("version", "1.6"),))
    assert told(key, stated, Other((("version", "1.5"),))) == [("version", "1.6", "1.5")]
    assert told(key, Other(), stated) == []


@pytest.mark.parametrize(("parents", "fields"), [(("b",), []), (("A",), []), (("a",), ["parent"])])
def test_an_index_that_moved_with_its_table_is_told_of_the_table_only(parents: tuple[str, ...], fields: list[str]) -> None:
    made, there = (Index("t", ("x",), parent=parent) for parent in ("a_idx", "b_idx"))
    found = told(Key("index", "", "i"), made, there, t=(Table("table", parents=("a",)), Table("table", parents=parents)))
    assert [field for field, _, _ in found] == fields
