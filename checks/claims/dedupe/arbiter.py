"""The arbiter that the migrations make for a key: what a claim without one is about. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from checks.catalog.arbiters import arbiter
from checks.catalog.key import Key
from checks.claims.causes import about_all_of
from checks.expectation.expectation import Expectation
from checks.sql.names import shown
from checks.values import Subject


def lost_arbiter(table: str, key: Sequence[str], expectation: Expectation) -> tuple[Subject, ...]:
    """The constraint or index that the migrations make to be the arbiter of `key`; nothing when they make none."""
    made = arbiter(table, tuple(key), expectation.head)
    if made is None:
        return ()
    index = Key("index", "", made.name)
    return (about_all_of(Key("constraint", table, shown(index.bare)) if made.made_as.backs_constraint else index),)
