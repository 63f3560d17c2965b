"""A file of SQL is cut where psql would cut it, and what only psql understands is found with its line."""

from __future__ import annotations

import pytest

from checks.sql.script import psql_only, statements

SCRIPT = r"""-- head; of a file
/* a /* nested ; */ comment */
CREATE TABLE t (a int DEFAULT 1, b text DEFAULT ';');

CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 ELSE 2 END; SELECT 2; END;
CREATE FUNCTION g() RETURNS void AS $x$ BEGIN; END $x$ LANGUAGE plpgsql; CREATE RULE r AS ON INSERT TO t
    DO (DELETE FROM t; DELETE FROM t);
;;
SELECT E'a\';b', "c;d" -- the end"""


def test_a_file_is_cut_into_its_statements() -> None:
    found = statements(SCRIPT)
    assert [(each.line, each.words[:2]) for each in found] == [
        (3, ("CREATE", "TABLE")), (5, ("CREATE", "FUNCTION")), (6, ("CREATE", "FUNCTION")), (6, ("CREATE", "RULE")),
        (9, ("SELECT",))]
    assert found[1].text.endswith("SELECT 2; END")
    assert found[3].text.endswith("DELETE FROM t)")
    assert SCRIPT.splitlines()[8] == found[4].in_place.splitlines()[8]


@pytest.mark.parametrize("text", ["", "  \n", "-- nothing\n", "/* ; */;;\n"])
def test_a_file_without_statements_has_none(text: str) -> None:
    assert statements(text) == ()


@pytest.mark.parametrize("text, line", [
    ("SELECT 1;\n\\i other.sql\nSELECT 2;", 2), ("\\set x 1\n", 1), ("SELECT 1;\n\nCOPY t (a)\nFROM stdin;\n1\n\\.\n", 3),
    ("SELECT 1 \\gset\n", 1)])
def test_what_only_psql_understands_is_found(text: str, line: int) -> None:
    found = psql_only(text)
    assert found is not None
    assert found.line == line


@pytest.mark.parametrize("text", [r"SELECT E'\\d'", r"SELECT 'C:\x', $$\d$$", "COPY t FROM '/file'", "-- \\d"])
def test_a_backslash_inside_quotes_is_no_command(text: str) -> None:
    assert psql_only(text) is None
