"""A small slice of the oracle command; enums and meanings have theirs in tests/sql, all of pg_dump's in tests/catalog."""

from __future__ import annotations

from collections.abc import Callable

from checks.target.servers import ScratchServer
from tests.oracle import arbiters, contradictions, drifts
from tests.support.pg_dump import binary


def test_arbiters_are_those_that_the_server_takes(fresh_database: Callable[[], str]) -> None:
    found = arbiters.tally(fresh_database(), 20, "47")
    assert (found.tried, found.wrong) == (20, [])


def test_drift_is_what_pg_dump_tells(scratch_server: ScratchServer) -> None:
    found = drifts.tally(scratch_server, binary("pg_dump"), 6, "1")
    assert found.tried >= 5
    assert found.wrong == []


def test_no_contradicting_reply_is_a_success_and_no_honest_one_is_refused() -> None:
    found = contradictions.tally(500, "1")
    assert (found.tried, found.wrong) == (500, [])
