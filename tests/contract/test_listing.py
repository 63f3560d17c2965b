"""Which migrations there are where they are code: revisions by their parents, plans, names of files, lines of a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.contract.listing import file_of, from_lines, listed_in
from checks.values import UsageError
from tests.contract.layouts import written


def revision(name: str, down: str) -> str:
    return f'"""Make things."""\nrevision: str = "{name}"\ndown_revision = {down}\nraise SystemError\n'


def test_alembic_revisions_come_after_their_parents(tmp_path: Path) -> None:
    found = listed_in(written(tmp_path, {
        "z_first.py": revision("aa", "None"), "b_merge.py": revision("dd", '("bb", "cc")'),
        "a_left.py": revision("bb", '"aa"'),
        "c_right.py": revision("cc", '"aa"'), "env.py": "import sys\n", "__pycache__/x.py": "("}), "alembic")
    assert [(each.version, each.parents) for each in found] == [
        ("aa", ()), ("bb", ("aa",)), ("cc", ("aa",)), ("dd", ("bb", "cc"))]
    assert found[0].shown == "aa (z_first.py)"


@pytest.mark.parametrize("text, words", [("(", "is not Python"), (revision("aa", '"aa"'), "stand upon each other")])
def test_revisions_that_do_not_fit_together_are_told(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        listed_in(written(tmp_path, {"a.py": text}), "alembic")


def test_a_sqitch_plan_lists_its_changes(tmp_path: Path) -> None:
    plan = "%syntax-version=1.0.0\n%project=shop\n\norders 2026-01-01T00:00:00Z Ann <a@b> # make\n@v1 2026-01-02\n" \
           "sides [orders] 2026-01-03T00:00:00Z Ann <a@b>\n"
    found = listed_in(written(tmp_path, {"sqitch.plan": plan}), "sqitch")
    assert [(each.version, each.shown) for each in found] == [("orders", "orders (deploy/orders.sql)"),
                                                              ("sides", "sides (deploy/sides.sql)")]


@pytest.mark.parametrize("version, file", [
    ("shop.0002_orders", "shop/migrations/0002_orders.py"), ("20260101_orders.js", "20260101_orders.js"),
    ("20260102", "20260102_sides.rb"), ("Sides1700000000000", "1700000000000-Sides.ts"), ("5", "00005_five.go"),
    ("gone", "")])
def test_a_version_is_told_in_the_file_that_is_called_so(version: str, file: str) -> None:
    assert file_of(version, ["shop/migrations/0002_orders.py", "20260101_orders.js", "20260102_sides.rb",
                             "1700000000000-Sides.ts", "00005_five.go", "a/x.py", "b/x.py"]) == file


def test_a_version_that_two_files_may_tell_has_none() -> None:
    assert file_of("x", ["a/x.py", "b/x.py"]) == ""


def test_lines_of_a_command_are_versions(tmp_path: Path) -> None:
    assert from_lines(["0001 first", "", "0002 second"], "knex") == ("0001", "0002")
    assert from_lines(["aa -> bb (head), two", "<base> -> aa, one"], "alembic") == ("aa", "bb")
