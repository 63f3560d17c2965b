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
    def act(files: Mapping[str, str], tool: str = "plain", head: str = "", prelude: str = "") -> Derived:
        written(tmp_path / "db", files)
        file = tmp_path / "contract.toml"
        (tmp_path / "prelude.sql").write_text(prelude)
        file.write_text(f'{head}\n[migrations]\nfolder = "db"\ntool = "{tool}"\n[replay]\nprelude = ["prelude.sql"]\n')
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


def test_every_migration_finds_the_settings_of_the_prelude_and_none_of_another(replayed: Replay) -> None:
    files = {"1.sql": "CREATE TABLE t (); SELECT set_config('search_path', '', false);", "2.sql": "CREATE TABLE u ();"}
    found = replayed(files, head='schemas = ["shop"]', prelude="CREATE SCHEMA shop;\nSET search_path = shop;\n")
    assert {str(key) for key in found.objects()} >= {"table:shop.t", "table:shop.u"}


def test_a_schema_that_must_be_there_first_is_told_once_with_the_remedy(replayed: Replay) -> None:
    with pytest.raises(UsageError) as refused:
        replayed({"1.sql": "CREATE TABLE auth.t ();", "2.sql": "CREATE TABLE auth.u ();"})
    _, first, second, remedy = str(refused.value).splitlines()
    assert 'schema "auth" does not exist' in first
    assert 'schema "auth" does not exist' in second
    assert remedy.strip().endswith('[replay] prelude = ["FILE.sql"].')


@pytest.mark.parametrize(("written_as", "name"), [(":app", ":app"), (":'app'", ":app"), ("${app}", "app"),
                                                  ("{{ .app }}", "app")])
def test_a_placeholder_that_nothing_stands_for_is_told_with_the_remedy(written_as: str, name: str, replayed: Replay) -> None:
    with pytest.raises(UsageError) as refused:
        replayed({"1.sql": f"CREATE TABLE {written_as}.t ();"})
    assert f'placeholders = {{ "{name}" = "…" }}' in str(refused.value).splitlines()[-1]


def test_flyways_schemas_are_made_and_the_first_is_where_names_lead(replayed: Replay) -> None:
    found = replayed({"V1__a.sql": "CREATE TABLE t (); CREATE TABLE two.u ();"}, "flyway", 'schemas = ["one", "two"]')
    assert {str(key) for key in found.objects()} >= {"table:one.t", "table:two.u"}


def test_a_file_that_leaves_its_transaction_open_is_told(replayed: Replay) -> None:
    with pytest.raises(UsageError, match=r"1\.sql does not replay: it begins a transaction and does not end it"):
        replayed({"1.sql": "BEGIN;\nCREATE TABLE t ();"})


def test_a_catalogue_that_grows_and_a_session_that_forgets_are_read_right(replayed: Replay) -> None:
    many = "".join(f"CREATE TABLE t{number} (a int);" for number in range(300))
    found = replayed({"1.sql": "CREATE TABLE a (a int);", "2.sql": f"DEALLOCATE ALL; {many}", "3.sql": "DISCARD ALL",
                      "4.sql": "CREATE TABLE z (a int);"})
    assert [len(step.sets) for step in found.steps] == [2, 600, 0, 2]
