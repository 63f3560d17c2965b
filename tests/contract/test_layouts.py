"""Each tool's files are read as that tool reads them: its order, its versions, what goes up, what wants no transaction."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from checks.contract.layouts import LAYOUTS
from checks.contract.layouts.source import Source
from checks.contract.migrations import inversions
from checks.values import UsageError
from tests.contract.layouts import migrations_of, written

FILES: Mapping[str, tuple[Mapping[str, str], tuple[tuple[str, str, str, bool], ...]]] = {
    "plain": ({"2_b.sql": "SELECT 2;", "10_a.sql": "-- atlas:txmode none\nSELECT 10;", "notes.txt": ""},
              (("10_a", "10_a.sql", "-- atlas:txmode none\nSELECT 10;", False), ("2_b", "2_b.sql", "SELECT 2;", True))),
    "flyway": ({"V10__ten.sql": "SELECT 10;", "sub/V2_1__two.sql": "SELECT 2;", "V1.0.sql": "SELECT 1;",
                "U2_1__undo.sql": "DROP",
                "R__views.sql": "SELECT 0;", "V3__three.sql": "SELECT 3;",
                "V3__three.sql.conf": "executeInTransaction=false\n"},
               (("1.0", "V1.0.sql", "SELECT 1;", True), ("2.1", "sub/V2_1__two.sql", "SELECT 2;", True),
                ("3", "V3__three.sql", "SELECT 3;", False), ("10", "V10__ten.sql", "SELECT 10;", True),
                ("R__views.sql", "R__views.sql", "SELECT 0;", True))),
    "golang-migrate": ({"000010_b.up.sql": "SELECT 10;", "2_a.up.sql": "SELECT 2;", "2_a.down.sql": "DROP"},
                       (("2", "2_a.up.sql", "SELECT 2;", True), ("10", "000010_b.up.sql", "SELECT 10;", True))),
    "dbmate": ({"20260102_b.sql": "-- migrate:up transaction:false\nSELECT 2;\n-- migrate:down\nDROP;\n",
                "20260101_a.sql": "-- migrate:up\nSELECT 1;\n\n-- migrate:down\nDROP;\n"},
               (("20260101", "20260101_a.sql", "\nSELECT 1;\n\n", True),
                ("20260102", "20260102_b.sql", "\nSELECT 2;\n", False))),
    "goose": ({"00010_b.sql": "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 10;\n-- +goose Down\nDROP;\n",
               "00002_a.sql": "-- +goose Up\n-- +goose StatementBegin\nSELECT 2;\n-- +goose StatementEnd\n\n"
                              "-- +goose Down\nDROP;\n"},
              (("2", "00002_a.sql", "\n-- +goose StatementBegin\nSELECT 2;\n-- +goose StatementEnd\n\n", True),
               ("10", "00010_b.sql", "\n\nSELECT 10;\n", False))),
    "sql-migrate": ({"10_b.sql": "-- +migrate Up notransaction\nSELECT 10;\n",
                     "2_a.sql": "-- +migrate Up\nSELECT 2;\n-- +migrate Down\nX",
                     "z.sql": "-- +migrate Up\nSELECT 3;\n"},
                    (("2_a.sql", "2_a.sql", "\nSELECT 2;\n", True), ("10_b.sql", "10_b.sql", "\nSELECT 10;\n", False),
                     ("z.sql", "z.sql", "\nSELECT 3;\n", True))),
    "diesel": ({"2026-01-02-000000_b/up.sql": "SELECT 2;", "2026-01-02-000000_b/metadata.toml": "run_in_transaction = false",
                "00000000000000_setup/up.sql": "", "00000000000000_setup/down.sql": "DROP"},
               (("00000000000000", "00000000000000_setup/up.sql", "", True),
                ("20260102000000", "2026-01-02-000000_b/up.sql", "SELECT 2;", False))),
    "sqlx": ({"10_b.up.sql": "SELECT 10;", "10_b.down.sql": "DROP", "2_a.sql": "-- no-transaction\nSELECT 2;"},
             (("2", "2_a.sql", "-- no-transaction\nSELECT 2;", False), ("10", "10_b.up.sql", "SELECT 10;", True))),
    "prisma": ({"20260102_b/migration.sql": "SELECT 2;", "20260101_a/migration.sql": "SELECT 1;", "migration_lock.toml": ""},
               (("20260101_a", "20260101_a/migration.sql", "SELECT 1;", True),
                ("20260102_b", "20260102_b/migration.sql", "SELECT 2;", True))),
    "node-pg-migrate": ({"1700000000001_b.sql": "-- Up Migration\nSELECT 2;\n-- Down Migration\nDROP;\n",
                         "20_a.sql": "SELECT 1;\n"},
                        (("20_a", "20_a.sql", "SELECT 1;\n", True),
                         ("1700000000001_b", "1700000000001_b.sql", "\nSELECT 2;\n", True))),
    "liquibase": ({"b.sql": "--liquibase formatted sql\n--changeset ann:2 runInTransaction:false\nSELECT 2;\n"
                            "--rollback DROP;\n",
                   "a.sql": "--liquibase formatted sql\n\n--changeset bob:1\nSELECT 1;\n"
                            "--changeset bob:o dbms:oracle\nX;\n"},
                  (("a.sql::1::bob", "a.sql", "\n\n\nSELECT 1;\n", True),
                   ("b.sql::2::ann", "b.sql", "\n\nSELECT 2;\n", False))),
    "yoyo": ({"b.sql": "-- depends: z\nSELECT 3;", "a.sql": "SELECT 1;", "a.rollback.sql": "DROP",
              "z.sql": "-- transactional: false\nSELECT 2;"},
             (("a", "a.sql", "SELECT 1;", True), ("z", "z.sql", "-- transactional: false\nSELECT 2;", False),
              ("b", "b.sql", "-- depends: z\nSELECT 3;", True))),
}


def test_every_layout_is_shown_here() -> None:
    assert set(FILES) == set(LAYOUTS)


@pytest.mark.parametrize("tool", FILES)
def test_a_layout_reads_what_its_tool_would_apply(tool: str, tmp_path: Path) -> None:
    files, expected = FILES[tool]
    found = migrations_of(tmp_path, tool, files)
    assert tuple((each.version, each.file, each.sql, each.whole) for each in found) == expected


@pytest.mark.parametrize("tool", FILES)
def test_a_layout_recognises_its_own_folder(tool: str, tmp_path: Path) -> None:
    assert LAYOUTS[tool].recognises(Source(written(tmp_path / "db", FILES[tool][0]), "contract.toml"))


@pytest.mark.parametrize("tool", FILES)
def test_a_layout_and_a_folder_that_do_not_fit_say_what_is_there(tool: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no .*(SELECT|notes\.md|\.sql)") as refused:
        migrations_of(tmp_path, tool, {"notes.md": "nothing"})
    assert "contract.toml" in str(refused.value)


@pytest.mark.parametrize("tool, shown", [("flyway", "2.1 (sub/V2_1__two.sql)"), ("golang-migrate", "2 (2_a.up.sql)"),
                                         ("plain", "2_b"), ("prisma", "20260102_b")])
def test_a_migration_is_called_by_its_version_and_by_its_file_where_they_differ(
        tool: str, shown: str, tmp_path: Path) -> None:
    assert shown in [each.shown for each in migrations_of(tmp_path, tool, FILES[tool][0])]


def test_plain_migrations_are_called_by_their_version_alone(tmp_path: Path) -> None:
    found, = migrations_of(tmp_path, "plain", {"V2__b.sql": ""}, ledger='[ledger]\nversion_from = "{number}"\n')
    assert (found.version, found.shown) == ("2", "2")


@pytest.mark.parametrize("tool", ["dbmate", "goose", "sql-migrate", "node-pg-migrate", "golang-migrate", "yoyo"])
def test_plain_files_that_go_down_too_are_not_applied(tool: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f'tool = .*"{tool}"'):
        migrations_of(tmp_path, "plain", FILES[tool][0])


@pytest.mark.parametrize("tool", ["diesel", "prisma"])
def test_a_plain_folder_of_folders_says_whose_they_are(tool: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f'tool = "{tool}"'):
        migrations_of(tmp_path, "plain", FILES[tool][0])


@pytest.mark.parametrize("tool, file", [("goose", "00003_c.go"), ("node-pg-migrate", "17_c.js"), ("yoyo", "c.py")])
def test_a_migration_in_code_asks_for_a_build_command(tool: str, file: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"{file}: is code.*build"):
        migrations_of(tmp_path, tool, {**FILES[tool][0], file: ""})


def test_placeholders_are_replaced_and_one_that_nothing_stands_for_is_told_with_its_line(tmp_path: Path) -> None:
    text = "CREATE SCHEMA ${schema};\n-- {{ schema }} {{ .schema }}\nSELECT '${other}', '${flyway:defaultSchema}';"
    more = 'placeholders = { schema = "auth"'
    found, = migrations_of(tmp_path, "flyway", {"V1__a.sql": text}, more + ', other = "x" }')
    assert found.sql == "CREATE SCHEMA auth;\n-- auth auth\nSELECT 'x', 'public';"
    with pytest.raises(UsageError, match=r"V1__a\.sql line 3: nothing stands for the placeholder \$\{other\}"):
        migrations_of(tmp_path, "flyway", {"V1__a.sql": text}, more + " }")


def test_a_placeholder_may_be_any_text(tmp_path: Path) -> None:
    found, = migrations_of(tmp_path, "plain", {"1.sql": "SELECT {{ index .Options \"Namespace\" }};"},
                           "[migrations.placeholders]\n'{{ index .Options \"Namespace\" }}' = 'auth'\n")
    assert found.sql == "SELECT auth;"


def test_checksums_are_the_tools_own(tmp_path: Path) -> None:
    text = "CREATE TABLE t ();\nSELECT 1;\r\n"
    of_lines = zlib.crc32(b"CREATE TABLE t ();SELECT 1;")
    flyway, = migrations_of(tmp_path / "f", "flyway", {"V1__a.sql": text})
    assert flyway.checksums == (str(of_lines - 2**32 if of_lines >= 2**31 else of_lines),)
    prisma, = migrations_of(tmp_path / "p", "prisma", {"1_a/migration.sql": text})
    assert prisma.checksums == (hashlib.sha256((tmp_path / "p/db/1_a/migration.sql").read_bytes()).hexdigest(),)
    sqlx, = migrations_of(tmp_path / "s", "sqlx", {"1_a.sql": text})
    assert sqlx.checksums == (hashlib.sha384((tmp_path / "s/db/1_a.sql").read_bytes()).hexdigest(),)


def test_a_flyway_baseline_stands_for_the_versions_that_are_gone(tmp_path: Path) -> None:
    found = migrations_of(tmp_path, "flyway", {"B5__all.sql": "SELECT 5;", "V6__next.sql": "SELECT 6;"})
    assert [each.version for each in found] == ["5", "6"]
    found = migrations_of(tmp_path, "flyway", {"V1__one.sql": "SELECT 1;"})
    assert [each.version for each in found] == ["1", "6"]


@pytest.mark.parametrize("files, words", [
    ({"a.sql": "-- depends: gone\n"}, "depends on gone, which is not there"),
    ({"a.sql": "-- depends: b\n", "b.sql": "-- depends: a\n"}, "depends on itself"),
])
def test_yoyo_dependencies_that_cannot_be_met_are_told(files: Mapping[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        migrations_of(tmp_path, "yoyo", files)


@pytest.mark.parametrize("tool", ["plain", "flyway", "yoyo"])
def test_ten_thousand_files_are_read_in_their_order(tool: str, tmp_path: Path) -> None:
    form = {"plain": "{:05d}_x.sql", "flyway": "V{}__x.sql", "yoyo": "{:05d}.x.sql"}[tool]
    count = 10_000 if tool == "plain" else 2_000
    found = migrations_of(tmp_path, tool, {form.format(number): "" for number in range(count)})
    assert [migration.file for migration in found] == [form.format(number) for number in range(count)]


def test_psql_variables_are_placeholders_of_their_own(tmp_path: Path) -> None:
    found, = migrations_of(tmp_path, "plain", {"1.sql": "SELECT :'app', :\"app\".x, 'a'::app, null:::app.t, :apple"},
                           'placeholders = { ":app" = "au\'th" }')
    assert found.sql == "SELECT 'au''th', \"au'th\".x, 'a'::app, null::au'th.t, :apple"


def test_plain_files_that_undo_others_are_left_out(tmp_path: Path) -> None:
    names = ("001_down__users.sql", "001_up__users.sql", "002_shut_down.sql", "3-x-down.sql", "3-x-up.sql")
    found = migrations_of(tmp_path, "plain", dict.fromkeys(names, ""))
    assert [migration.file for migration in found] == ["001_up__users.sql", "002_shut_down.sql", "3-x-up.sql"]


def test_a_day_and_an_hour_of_it_are_in_order_however_long_their_numbers_are(tmp_path: Path) -> None:
    names = ("1000_a.sql", "20260107111013_a.sql", "20260108_b.sql", "999_z.sql")
    found = inversions(migrations_of(tmp_path, "plain", dict.fromkeys(names, "")))
    assert found == (("20260108_b.sql", "999_z.sql"),)


def test_a_ledger_of_numbers_takes_a_version_without_its_zeros(tmp_path: Path) -> None:
    found, = migrations_of(tmp_path, "plain", {"007_x.sql": ""}, ledger='[ledger]\nversion_from = "{integer}"')
    assert found.version == "7"
