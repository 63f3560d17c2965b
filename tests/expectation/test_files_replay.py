"""What a folder of migrations comes to when it is replayed: files without effects, statements alone, all failures told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from checks.contract.migrations import read_migrations
from checks.contract.reader import read_contract
from checks.expectation.derived import Derived
from checks.expectation.replay import replay
from checks.target.servers import ScratchServer
from checks.values import UsageError
from tests.contract.layouts import written

Replay = Callable[..., Derived]


@pytest.fixture
def replayed(scratch_server: ScratchServer, tmp_path: Path) -> Replay:
    """Replays files, path -> text, as `[migrations] tool` says."""
    def act(files: Mapping[str, str], tool: str = "plain") -> Derived:
        written(tmp_path / "db", files)
        file = tmp_path / "contract.toml"
        file.write_text(f'[migrations]\nfolder = "db"\ntool = "{tool}"\n')
        contract = read_contract(file)
        return replay(read_migrations(contract), contract, scratch_server)
    return act


def test_empty_and_comment_only_files_are_migrations_without_effects(replayed: Replay) -> None:
    found = replayed({"1.sql": "", "2.sql": "-- nothing\n/* more */;\n", "3.sql": "CREATE TABLE t ();"})
    assert [(step.version, len(step.sets)) for step in found.steps] == [("1", 0), ("2", 0), ("3", 1)]


def test_what_cannot_run_in_a_transaction_is_sent_alone(replayed: Replay) -> None:
    found = replayed({"1.sql": "CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);\n",
                      "2.sql": "CREATE TYPE m AS ENUM ('a');",
                      "3.sql": "ALTER TYPE m ADD VALUE 'b';\nCREATE TABLE u (m m DEFAULT 'b');"})
    assert {str(key) for key in found.objects()} >= {"index:i", "table:u"}


def test_a_file_that_wants_no_transaction_is_sent_statement_by_statement(replayed: Replay) -> None:
    found = replayed({"1_a.up.sql": "-- no-transaction\nCREATE TABLE t (a int);\nVACUUM t;\n"}, "sqlx")
    assert [step.version for step in found.steps] == ["1"]


def test_down_sections_and_undo_files_are_not_applied(replayed: Replay) -> None:
    found = replayed({"1_a.sql": "-- migrate:up\nCREATE TABLE t ();\n-- migrate:down\nDROP TABLE t;\n"}, "dbmate")
    assert "table:t" in {str(key) for key in found.objects()}


def test_every_file_that_does_not_replay_is_told_with_its_line_statement_and_the_servers_words(replayed: Replay) -> None:
    files = {"1.sql": "CREATE TABLE t (a int);", "2.sql": "-- first\nSELECT 1;\n\nCREATE TABLE t (b int);",
             "3.sql": "SELECT 1;", "4.sql": "SELECT 1;\nSELECT nothing FROM nowhere;\n", "5.sql": "\\set x 1\n"}
    with pytest.raises(UsageError) as refused:
        replayed(files)
    head, second, fourth, fifth = str(refused.value).splitlines()
    assert head.startswith("3 of 5 migrations do not replay")
    assert second.strip() == ('2.sql does not replay: line 4, in `CREATE TABLE t (b int)`: relation "t" already exists '
                              "(SQLSTATE 42P07)")
    assert fourth.strip().startswith("4.sql does not replay: line 2, in `SELECT nothing FROM nowhere`: ")
    assert "line 1, `\\set x 1` is for psql" in fifth


def test_a_failure_in_a_goose_file_is_told_with_the_files_line(replayed: Replay) -> None:
    with pytest.raises(UsageError, match="line 4, in `CREATE TABLE t`"):
        replayed({"1_a.sql": "-- +goose Up\nSELECT 1;\n\nCREATE TABLE t;\n-- +goose Down\nSELECT 2;"}, "goose")


def test_the_tools_order_decides(replayed: Replay) -> None:
    found = replayed({"V10__c.sql": "ALTER TABLE t ADD c int;", "V2__b.sql": "CREATE TABLE t ();"}, "flyway")
    assert [step.version for step in found.steps] == ["2", "10"]
