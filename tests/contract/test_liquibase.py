"""Liquibase's change sets: their checksums are the ones that Liquibase wrote, their order is its master changelog's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.contract.layouts.liquibase.change_sets import change_sets
from checks.contract.layouts.liquibase.checksums import checksums
from checks.contract.migration import Migration
from tests.contract.layouts import migrations_of
from tests.support import ROOT

RECORDED = json.loads((ROOT / "fixtures" / "liquibase" / "sums.json").read_text())
HEAD = "--liquibase formatted sql\n"
NOT_SAID = {
    "plain.sql::13::ann": "89",  # a validCheckSum lets others pass
    "plain.sql::18::ann": "89",  # a rollback in a comment of several lines is none to older releases
    "unicode.sql::2::zoe": "89",  # an end of line that only Java's expressions know
    "params.sql::1::bob": "89",  # properties may come from elsewhere
    "plain.sql::11::ann": "8", "plain.sql::12::ann": "8",  # rollbackEndDelimiter and its like were read as endDelimiter
    "plain.sql::19::ann": "8",  # ignoreLines was SQL once
    "unicode.sql::1::zo\xeb": "8",  # it went by the machine's encoding
}
"""Change set -> the versions of checksums that are not told, since they do not depend on the file alone."""
FILES = {name: f"{HEAD}--changeset ann:1\nSELECT '{name}';\n" for name in ("a.sql", "b.sql", "more/c.sql", "more/d.sql")}
MASTERS = {
    "master.yaml": "databaseChangeLog:\n- include:\n    file: b.sql\n    relativeToChangelogFile: true\n"
                   "- includeAll:\n    path: more/\n- changeSet:\n    file: no.sql\n- include: {file: 'db/a.sql'}\n",
    "master.xml": "<databaseChangeLog xmlns='http://www.liquibase.org/xml/ns/dbchangelog'><property name='x' value='y'/>"
                  "<include file='b.sql' relativeToChangelogFile='true'/><include file='inner.xml'/></databaseChangeLog>",
    "master.json": '{"databaseChangeLog": [{"include": {"file": "classpath:db/b.sql"}}, '
                   '{"includeAll": {"path": "more", "relativeToChangelogFile": true}}, {"include": {"file": "a.sql"}}]}',
}
INNER = "<databaseChangeLog><includeAll path='more'/><include file='inner.xml'/><include file='a.sql'/></databaseChangeLog>"


def test_every_checksum_is_the_one_that_liquibase_wrote() -> None:
    ours = {f"{each.file or name}::{each.id}::{each.author}": checksums(each)
            for name, text in RECORDED["changelogs"].items() for each in change_sets(text)}
    assert len(RECORDED["sums"]) == 27
    for name, wrote in RECORDED["sums"].items():
        said = [each for each in ours[name] if each[0] in {sum_[0] for sum_ in wrote}]
        assert said == [each for each in wrote if each[0] not in NOT_SAID.get(name, "")], name


def test_a_checksum_of_a_way_that_is_not_known_may_be_the_files() -> None:
    migration = Migration("1", "a.sql", "", checksums=("8:aa", "9:bb"))
    assert [migration.is_as(kept) for kept in ("8:aa", "9:bb", "7:cc", "cc", "9:aa", "8:bb")] == [True] * 4 + [False] * 2
    assert Migration("1", "a.sql", "").is_as("cc")


@pytest.mark.parametrize("name", MASTERS)
def test_a_master_changelog_says_the_order(name: str, tmp_path: Path) -> None:
    found = migrations_of(tmp_path, "liquibase", {**FILES, "unused.sql": FILES["a.sql"], "inner.xml": INNER,
                                                  name: MASTERS[name]} if name == "master.xml" else
                          {**FILES, "unused.sql": FILES["a.sql"], name: MASTERS[name]})
    assert [each.file for each in found] == ["b.sql", "more/c.sql", "more/d.sql", "a.sql"]


@pytest.mark.parametrize("masters", [
    {}, {"other.yaml": "a: b\n", "broken.xml": "<databaseChangeLog"},
    {"one.yaml": MASTERS["master.yaml"], "two.json": MASTERS["master.json"]},
], ids=["none", "none-that-can-be-read", "two"])
def test_without_one_master_changelog_paths_say_the_order(masters: dict[str, str], tmp_path: Path) -> None:
    assert [each.file for each in migrations_of(tmp_path, "liquibase", {**FILES, **masters})] == list(FILES)


def test_a_change_set_is_sent_as_liquibase_splits_it(tmp_path: Path) -> None:
    found = migrations_of(tmp_path, "liquibase", {"a.sql": HEAD + (
        "--changeset ann:1 endDelimiter:@@\nSELECT 1@@\n--ignoreLines:1\nno SQL\nSELECT ';'\n@@\n"
        "--changeset ann:2\nSELECT 2\n/\nSELECT 4 /\n2\ngo\n"
        "--changeset ann:3 endDelimiter:\\nGO\nSELECT 3\nGO\nSELECT 3\nGO\n"
        "--changeset ann:4 splitStatements:false\n/* liquibase rollback\nno SQL\n*/\nSELECT $$\n/\n$$;\n"
        "--changeset ann lee:5 logicalFilePath:x/other.sql\nSELECT 5;\n--changeset ann:6 ignore:true\nno SQL;\n"
        "--changeset ann:7 dbms:!postgresql\nno SQL;\n")})
    assert [(each.version, " ".join(each.sql.split())) for each in found] == [
        ("a.sql::1::ann", "SELECT 1; SELECT ';' ;"), ("a.sql::2::ann", "SELECT 2 ; SELECT 4 / 2 ;"),
        ("a.sql::3::ann", "SELECT 3 ; SELECT 3 ;"), ("a.sql::4::ann", "SELECT $$ / $$;"),
        ("other.sql::5::ann lee", "SELECT 5;")]
