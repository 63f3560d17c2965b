"""Which targets a fleet has, and which of them `--target` and `--shard` name."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from checks.contract.contract import Contract
from checks.contract.reader import read_contract
from checks.target.chosen import Chosen, Shard, chosen_targets
from checks.target.fleet import fleet_targets
from checks.target.servers import ScratchServer
from checks.values import Unverified, UsageError

PRINTS = """
[target.tenant-x]
dsn = "env:X"
[target.prod]
dsn = "env:X"
[fleet.t]
command = {command}
timeout = "20s"
"""


def contract(folder: Path, text: str) -> Contract:
    (folder / "contract.toml").write_text(text)
    return read_contract(folder / "contract.toml")


def printing(folder: Path, lines: str, more: str = "") -> Contract:
    """A contract whose fleet is what a command prints."""
    return contract(folder, PRINTS.format(command=json.dumps([sys.executable, "-c", f"print({lines!r}){more}"])))


def chosen(found: Contract, *wanted: str, shard: Shard | None = None) -> Chosen:
    return chosen_targets(wanted, found, shard=shard, environ={**os.environ, "X": "postgresql://x/x"})


LINES = ("# tenants\n\nacme=postgresql://u:hush-1@h/a\npostgresql://u:hush-2@h/b\n"
         "host=h2 dbname=c password=hush-3\nhost=h dbname=c")


def test_a_command_prints_a_dsn_a_line_and_no_secret_is_shown(tmp_path: Path) -> None:
    found = chosen(printing(tmp_path, LINES), "t")
    assert [target.name for target in found.targets] == ["t/acme", "t/b", "t/h/c", "t/h2/c"]
    assert "hush" not in repr(found)
    assert found.targets[1].dsn is not None
    assert "hush-2" in found.targets[1].dsn.reveal()


@pytest.mark.parametrize("wanted, names", [
    (["t/*"], ["t/acme", "t/b", "t/h/c", "t/h2/c"]), (["*"], ["tenant-x", "prod", "t/acme", "t/b", "t/h/c", "t/h2/c"]),
    (["tenant-*", "prod", "tenant-x"], ["tenant-x", "prod"]), (["t/h*", "t/acme"], ["t/h/c", "t/h2/c", "t/acme"]),
    (["postgresql://a@h/x", "postgresql://a@h/x", "postgresql://a:pw@h/x"],
     ["postgresql://a@h/x", "postgresql://a@h/x (2)"])])
def test_names_and_patterns_each_once(wanted: list[str], names: list[str], tmp_path: Path) -> None:
    assert [target.name for target in chosen(printing(tmp_path, LINES), *wanted).targets] == names


def test_every_target_is_in_exactly_one_shard_whatever_the_order(tmp_path: Path) -> None:
    found = printing(tmp_path, LINES)
    parts = [chosen(found, *wanted, shard=Shard(number, 4)) for number, wanted in enumerate(
        (["*"], ["prod", "*"], ["t", "tenant-x", "prod"], ["t/*", "*"]), 1)]
    names = [target.name for part in parts for target in part.targets]
    assert sorted(names) == sorted(target.name for target in chosen(found, "*").targets)
    assert len({part.digest for part in parts}) == 1


@pytest.mark.parametrize("lines, more, words", [
    ("acme=hush", "", "Line 1 of what fleet.t.command printed is neither"), ("", "", "fleet.t has no target"),
    ("postgresql://h/a", "; raise SystemExit(3)", "ended with 3"),
    ("a=postgresql://h/a\na=postgresql://u:hush@h/b", "", "two DSNs under one name"),
    ("postgresql://h/a\npostgresql://other:hush@h/a", "", "two DSNs that lead to")])
def test_a_list_that_cannot_be_had_is_unverified_and_stops_nobody(lines: str, more: str, words: str, tmp_path: Path) -> None:
    found = printing(tmp_path, lines, more)
    with pytest.raises(Unverified, match=words) as refused:
        fleet_targets(found.fleets["t"], found, None, dict(os.environ))
    assert "hush" not in str(refused.value)
    both = chosen(found, "prod", "t")
    assert [target.name for target in both.targets] == ["prod", "t"]
    assert list(both.unlisted) == ["t"]


@pytest.mark.parametrize("select, words", [
    ("SELECT datname FROM pg_databse", "was refused"), ("SELECT 1", "must select one column"),
    ("SELECT datname, oid::text FROM pg_database", "one column"), ("SELECT datname FRM pg_database", "was refused")])
def test_a_select_that_lists_no_databases_is_a_mistake(select: str, words: str, scratch_server: ScratchServer,
                                                       tmp_path: Path) -> None:
    found = contract(tmp_path, f'[fleet.t]\ndsn = "env:D"\ndatabases = "{select}"\n')
    with pytest.raises(UsageError, match=words):
        fleet_targets(found.fleets["t"], found, None, {"D": scratch_server.dsn("postgres")})


def test_a_row_that_names_no_database_is_a_target_that_nobody_can_look_at_and_is_not_printed(
        scratch_server: ScratchServer, tmp_path: Path) -> None:
    rows = ("'postgresql://u:hush@h/x'", "'host=h password=hush'", "'hush'", "NULL", "''", "'postgres'")
    listed = ", ".join(f"({row})" for row in rows)
    found = contract(tmp_path, f'[fleet.t]\ndsn = "env:D"\ndatabases = "VALUES {listed}"\n')
    both = chosen_targets(["t"], found, environ={"D": scratch_server.dsn("postgres")})
    assert [target.name for target in both.targets] == ["t/postgres", *(f"t/row {number}" for number in range(1, 6))]
    assert sorted(both.unlisted) == [f"t/row {number}" for number in range(1, 6)]
    assert "names no database" in both.unlisted["t/row 3"]
    assert "NULL" in both.unlisted["t/row 5"]
    assert "hush" not in repr(both)


@pytest.mark.parametrize("select, words", [
    ("SELECT pg_sleep(9)::text", "raise that"), ("SELECT set_config('transaction_read_only', 'off', true)", "READ ONLY"),
    ("WITH made AS (DELETE FROM pg_proc RETURNING '') SELECT * FROM made", "within another SELECT")])
def test_a_refused_list_is_unverified_with_a_remedy_that_fits(select: str, words: str, scratch_server: ScratchServer,
                                                              tmp_path: Path) -> None:
    found = contract(tmp_path, f'[fleet.t]\ndsn = "env:D"\nstatement_timeout = "1s"\ndatabases = """{select}"""\n')
    with pytest.raises(Unverified, match=words):
        fleet_targets(found.fleets["t"], found, None, {"D": scratch_server.dsn("postgres")})


def test_what_lists_the_databases_only_reads(scratch_server: ScratchServer, tmp_path: Path) -> None:
    found = contract(tmp_path, '[fleet.t]\ndsn = "env:D"\ndatabases = """WITH made AS (SELECT lo_create(7)::text) '
                               'SELECT * FROM made"""\n')
    with pytest.raises(Unverified, match="25006"):
        fleet_targets(found.fleets["t"], found, None, {"D": scratch_server.dsn("postgres")})
    empty = contract(tmp_path, '[fleet.t]\ndsn = "env:D"\ndatabases = "SELECT datname FROM pg_database WHERE false"\n')
    with pytest.raises(Unverified, match="has no target"):
        fleet_targets(empty.fleets["t"], empty, None, {"D": scratch_server.dsn("postgres")})


@pytest.mark.parametrize("text, words", [
    ('databases = "SELECT 1; DROP TABLE x"\ndsn = "env:D"', "must be one SELECT"),
    ('databases = "DELETE FROM x"', "must be one SELECT"),
    ('databases = "SELECT 1"', "fleet.t.dsn is missing"), ('dsn = "env:D"', "fleet.t.databases is missing"),
    ('command = ["x"]\ndsn = "env:D"', "prints whole DSNs"),
    ('command = ["x"]\ntunnel = ["ssh"]', "fleet.t.tunnel does not go"),
    ('command = "x"', "must be a list"), ('comand = ["x"]\ndatabases = "SELECT 1"\ndsn = "x"', "Did you mean 'command'"),
    ('command = ["x"]\ntimeout = 3', "must be a length of time")])
def test_a_fleet_that_is_written_wrong_is_one_sentence_with_its_key(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        contract(tmp_path, f"[fleet.t]\n{text}\n")
    with pytest.raises(UsageError, match="has the name of a target"):
        contract(tmp_path, '[target.t]\nserver = "embedded"\n[fleet.t]\ncommand = ["x"]\n')
