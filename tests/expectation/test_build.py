"""Migrations that commands apply: what the head is, which versions there are, what each step did, what can go wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.contract.migrations import read_migrations
from checks.contract.reader import read_contract
from checks.expectation.expectation import expect
from checks.expectation.replay import replay
from checks.target.servers import ScratchServer
from checks.values import UsageError
from tests.contract.layouts import written
from tests.support.adopted import Adopted

APPLY = """
import os, sys, psycopg2
STEPS = {"a": "CREATE TABLE t (id int CHECK (id > 0))", "b": "ALTER TABLE t ADD n int", "c": "CREATE TABLE u ()"}
wanted = sys.argv[1:] or list(STEPS)
connection = psycopg2.connect(os.environ["DATABASE_URL"])
with connection, connection.cursor() as cursor:
    cursor.execute("CREATE TABLE IF NOT EXISTS applied (name text PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())")
    for name in wanted:
        cursor.execute(STEPS[name])
        cursor.execute("INSERT INTO applied VALUES (%s)", (name,))
"""
LEDGER = '[ledger]\ntool = "knex"\ntable = "applied"\nversion = "name"\napplied_at = "at"\nunique = ["name"]\n'
BUILD = f'build = ["{sys.executable}", "apply.py"]\n'
STEP = BUILD + f'step = ["{sys.executable}", "apply.py", "{{version}}"]\n'
Made = Callable[..., Adopted]


@pytest.fixture
def made(tmp_path: Path, scratch_server: ScratchServer) -> Made:
    """A project that a command builds."""
    def act(migrations: str, ledger: str = LEDGER, **files: str) -> Adopted:
        written(tmp_path, {"apply.py": APPLY, "contract.toml": f"[migrations]\n{migrations}{ledger}",
                           **{name.replace("__", "/"): text for name, text in files.items()}})
        return Adopted(tmp_path, scratch_server, f"built_{os.getpid()}")
    return act


def test_without_files_the_versions_are_the_rows_that_the_build_leaves(made: Made) -> None:
    project = made(BUILD)
    assert [each.version for each in project.expectation.migrations] == ["a", "b", "c"]
    assert project.not_held() == {}
    project.run("DELETE FROM applied WHERE name = 'b'")
    assert project.not_held() == {"ledger:b": "The ledger has no row for it."}
    project.run("ALTER TABLE t DROP CONSTRAINT t_id_check")
    assert set(project.not_held()) == {"ledger:b", "constraints:t.t_id_check", "drift:t"}


def test_one_version_at_a_time_each_ones_own_effects_are_known(made: Made) -> None:
    lister = f'versions = ["{sys.executable}", "-c", "print(\'a first\\\\nb second\\\\nc third\')"]\n'
    project = made(STEP + lister)
    assert project.not_held() == {}
    project.run("ALTER TABLE t DROP n")
    assert project.not_held()["ledger:b"].startswith("Row without DDL: the ledger says applied, but 1 of")
    assert "ledger:a" not in project.not_held()


def test_versions_may_be_the_files_of_a_folder(made: Made) -> None:
    project = made(STEP + 'versions = "steps"\n', steps__a="", steps__b="", steps__c="")
    assert [(step.version, len(step.sets) > 0) for step in project.expectation.derived.steps] == [
        ("a", True), ("b", True), ("c", True)]  # type: ignore[union-attr]


def test_a_folder_beside_the_build_is_read_for_names_only(made: Made) -> None:
    project = made(BUILD + 'folder = "steps"\n', steps__b="not SQL")
    assert [each.shown for each in project.expectation.migrations] == ["a", "b", "c"]
    assert project.expectation.migrations[1].file == "b"


def test_what_is_there_after_an_earlier_version_needs_steps(made: Made) -> None:
    project = made(BUILD)
    derived = replay((), project.contract, project.server)
    with pytest.raises(UsageError, match=r"What is there after a is not known.*step"):
        expect(project.contract, derived, "a")


def test_a_build_is_given_the_scratch_database_and_nothing_of_the_shells(
        made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "PGHOST", "PGPORT", "PGDATABASE"):
        monkeypatch.setenv(name, "elsewhere")
    assert made(BUILD).not_held() == {}


@pytest.mark.parametrize("code, words", [
    ("import sys; print('half way'); sys.exit('no such column')", ("ended with 1", "half way", "no such column")),
    ("pass", ("left nothing on the scratch database", "DATABASE_URL", "{url}")),
    ("import sys; sys.exit('ERROR: extension \"postgis\" is not available')",
     ("has no extension postgis", "stub_extensions"))])
def test_a_build_that_fails_tells_its_last_lines_and_the_remedy(code: str, words: tuple[str, ...], made: Made) -> None:
    project = made(BUILD, **{"apply.py": code})
    with pytest.raises(UsageError) as refused:
        replay(read_migrations(project.contract), project.contract, project.server)
    assert all(word in str(refused.value) for word in words), str(refused.value)


def test_a_command_that_is_not_there_is_told(made: Made) -> None:
    project = made('build = ["no-such-tool", "up"]\n')
    with pytest.raises(UsageError, match=r"migrations\.build .* cannot be run: No such file"):
        replay((), project.contract, project.server)


@pytest.mark.parametrize("text, words", [
    ('folder = "db"\ntool = "alembic"', 'build = ["alembic", "upgrade", "head"]'),
    ('build = ["x"]\nplaceholders = { a = "b" }', "placeholders does not go with build"),
    ('build = ["x"]\nstep = ["y"]', "migrations.versions is missing"),
    ('folder = "db"\nversions = ["x"]', "migrations.versions goes with build or step only"),
    ('build = ["x"]\nversions = "gone"', "names the folder 'gone', which is not there"),
    ('tool = "flyway"', "migrations.folder is missing"), ("build = []", "must be a non-empty list")])
def test_migrations_that_cannot_be_meant_are_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "contract.toml").write_text(f"[migrations]\n{text}\n")
    with pytest.raises(UsageError) as refused:
        read_contract(tmp_path / "contract.toml")
    assert words in str(refused.value)
