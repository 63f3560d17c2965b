"""What the migrations themselves do to the ledger's rows is foreseen, and told as a note."""

from __future__ import annotations

from checks.expectation.ledger_changes import LedgerChanges, foreseen, ledger_changes
from tests.support.sabotage_harness import Bench, look_at, projects, verdicts

PROJECT = next(project for project in projects() if project.name == "rewritten")


def test_who_deleted_a_row_is_named(bench: Bench) -> None:
    with bench.database(PROJECT) as dsn:
        found = verdicts(look_at(bench, PROJECT, dsn))
    notes = {claim: verdict.note for claim, verdict in found.items() if verdict.note}
    told = "its row is deleted by 014_squash, so a tool that goes by the ledger applies it again"
    assert {verdict.verdict for verdict in found.values()} == {"held"}
    assert notes == {
        "ledger:011_base": told, "ledger:012_more": told,
        "ledger:done.versions": "'squashed' is no migration's, and written by 014_squash",
        "ledger:done.at": "the time of 013_index is set by 014_squash"}


def test_a_row_that_a_later_migration_writes_again_is_not_lost() -> None:
    steps = [("1", LedgerChanges()), ("2", LedgerChanges(lost=("1",), written=("old",))),
             ("3", LedgerChanges(written=("1",)))]
    found = foreseen(steps)
    assert (found.lost, found.written) == ({}, {"old": "2", "1": "3"})


def test_a_migrations_own_row_is_no_change() -> None:
    before, after = {"1": (1.0,), "2": (2.0,)}, {"1": (1.0,), "3": (3.0,), "new": (3.0,)}
    assert ledger_changes("3", before, after) == LedgerChanges(lost=("2",), written=("new",))
    assert ledger_changes("2", {"1": (1.0,)}, {"1": (None,), "2": (2.0,)}) == LedgerChanges(moved=("1",))
