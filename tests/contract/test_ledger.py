"""`[ledger]`: a preset, each key by hand, and what a row says of a version."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.contract.ledger import LedgerSpec, mark_of
from checks.contract.ledgers.presets import PRESETS
from checks.contract.ledgers.rows import NO_VERSION, LedgerRow, recorded
from checks.contract.migration import Migration
from checks.contract.reader import read_contract
from checks.values import UsageError


def spec_of(tmp_path: Path, text: str, head: str = 'schemas = ["app"]\n') -> LedgerSpec:
    file = tmp_path / "contract.toml"
    file.write_text(f"{head}[ledger]\n{text}\n")
    spec = read_contract(file).ledger
    assert spec is not None
    return spec


@pytest.mark.parametrize("tool", PRESETS)
def test_every_preset_is_read(tool: str, tmp_path: Path) -> None:
    spec = spec_of(tmp_path, f'tool = "{tool}"')
    assert spec.tool == tool
    assert spec.version_columns
    assert spec.owns(spec.shown) == (tool != "plain")


def test_the_ledger_is_of_the_migrations_tool_unless_it_says_otherwise(tmp_path: Path) -> None:
    head = '[migrations]\nfolder = "db"\ntool = "prisma"\n'
    assert spec_of(tmp_path, 'applied_at = "started_at"', head).table == "_prisma_migrations"
    assert spec_of(tmp_path, 'tool = "knex"', head).table == "knex_migrations"


def test_each_key_can_be_set_by_hand(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, 'table = "ops.history"\nversion = "{app}.{name}"\napplied_at = ""\nunique = ["id"]\n'
                   'one_row = true\n'
                   'last_by = "id"\nfailed = { state = ["failed", "lost"] }\nignored = { undone = true }\n'
                   'baseline = { kind = 1 }\nchecksum = "sum"\nown = ["locks"]')
    assert (spec.schema, spec.table, spec.version_columns, spec.applied_at) == ("ops", "history", ("app", "name"), None)
    assert (spec.unique, spec.one_row, spec.last_by, spec.checksum, spec.own) == (("id",), True, "id", "sum", ("locks",))
    assert spec.columns == ("app", "name", "state", "undone", "kind", "id", "sum")
    assert mark_of(spec.failed, {"state": "lost"}) == "state is lost"
    assert mark_of(spec.ignored, {"undone": "true"}) == "undone is true"


@pytest.mark.parametrize("text, words", [
    ('tool = "flywya"', "Did you mean 'flyway'?"), ('one_row = "yes"', "ledger.one_row must be true or false"),
    ('version = "{app-name}"', "must be a column, or a form"), ('table = "a.b.c"', "must be TABLE or SCHEMA.TABLE"),
    ('unique = [1]', "ledger.unique must be a list of strings"), ("failed = 3", "ledger.failed must be a table")])
def test_a_ledger_that_cannot_be_meant_is_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        spec_of(tmp_path, text)
    assert words in str(refused.value)


@pytest.mark.parametrize("form, cells, version", [
    ("version", {"version": "7"}, "7"), ("{app}.{name}", {"app": "shop", "name": "0001_a"}, "shop.0001_a"),
    ("{version|script}", {"version": None, "script": "R__v.sql"}, "R__v.sql"),
    ("{version|script}", {"version": "2", "script": "V2__a.sql"}, "2"),
    ("{filename:name}::{id}::{author}", {"filename": "db/a.sql", "id": "1", "author": "ann"}, "a.sql::1::ann"),
    ("{version|script}", {"version": None, "script": None}, None), ("version", {"version": None}, None)])
def test_a_row_tells_its_version(form: str, cells: dict[str, str | None], version: str | None) -> None:
    assert LedgerSpec("public", "t", form, None).version_in(cells) == version


MIGRATIONS = tuple(Migration(version, "", "") for version in ("a", "b", "c", "d"))


def test_one_row_stands_for_all_before_it() -> None:
    spec = LedgerSpec("public", "t", "version", None, one_row=True)
    said = recorded(spec, [LedgerRow({"version": "c"}, None)], MIGRATIONS)
    assert set(said.times) == {"a", "b", "c"}
    assert said.implied == {"a", "b"}


def test_one_row_a_head_stands_for_its_own_ancestors() -> None:
    spec = LedgerSpec("public", "t", "version", None, one_row=True)
    branches = tuple(Migration(name, "", "", parents=parents) for name, parents in (("a", ()), ("b", ("a",)), ("c", ("a",))))
    assert set(recorded(spec, [LedgerRow({"version": "c"}, None)], branches).times) == {"a", "c"}
    both = [LedgerRow({"version": "b"}, None), LedgerRow({"version": "c"}, None)]
    assert set(recorded(spec, both, branches).times) == {"a", "b", "c"}


def test_a_head_that_no_migration_knows_stands_for_itself_alone() -> None:
    spec = LedgerSpec("public", "t", "version", None, one_row=True)
    assert set(recorded(spec, [LedgerRow({"version": "x"}, None)], MIGRATIONS).times) == {"x"}


def test_a_row_without_a_version_is_none() -> None:
    said = recorded(LedgerSpec("public", "t", "version", None), [LedgerRow({"version": None}, 1.0)], MIGRATIONS)
    assert said.times == {NO_VERSION: (1.0,)}
