"""What may be told: masks, escapes, and the words of others."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.telling import LONGEST_VALUE, fit, masked, printable, quoted, sqlstate_of, words
from checks.values import HarnessError, LeftOut, Rejected, UsageError, Verdict

MASKED = {
    "host=h password=hunter2 dbname=x": "host=h password=… dbname=x",
    "host=h password='hun ter2' dbname=x": "host=h password=… dbname=x",
    "host=h password='hunter2": "host=h password=…",
    "jdbc:postgresql://h/db?user=u&password=hunter2": "jdbc:postgresql://h/db?user=u&password=…",
    "postgresql+psycopg2://u:hunter2@h/db": "postgresql+psycopg2://u:…@h/db",
    "postgresql://u:hun@ter2@h/db, and more": "postgresql://u:…@h/db, and more",
    "u:hunter2@h/db": "u:…@h/db",
    "CREATE ROLE x PASSWORD 'hunter2' LOGIN": "CREATE ROLE x PASSWORD … LOGIN",
    '{"pwd": "hunter2"}': '{"pwd": …}',
    "aws_secret_access_key = hunter2": "aws_secret_access_key = …",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEx": "…",
    "the key AKIAIOSFODNN7EXAMPLE": "the key …",
    "Authorization: Bearer abcdefghijklmnop": "Authorization: Bearer …",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc": "…",
    "ghp_abcdefghijklmnopqrst": "…",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----": "…",
    "https://x/?X-Amz-Signature=abcdef&b=1": "https://x/?X-Amz-Signature=…&b=1",
}
LEFT = [
    "constraints:users.chk_password", "users.password::text <> ''", "2026-01-01 10:00:00+00", "postgresql://u@h:5432/db",
    "4ec9599fc203d176a301536c2e091a19bc852759b255bd6818810a42c5fed14a", "7fc0d73aa7fc0d73aa7fc0d73aa7fc0d73aa7fc0",
    "CodeSha256 n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", "GRANT SELECT ON public.tokens TO reader;",
    "NoCredentialsError: Unable to locate credentials",
]


@pytest.mark.parametrize(("text", "shown"), MASKED.items())
def test_what_looks_like_a_secret_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize("text", LEFT)
def test_what_does_not_is_left(text: str) -> None:
    assert masked(text) == text


@given(st.text())
def test_nothing_unprintable_is_left(text: str) -> None:
    assert printable(text).isprintable()
    assert fit(text, lines=True).replace("\n", "").isprintable()
    assert quoted(text).isprintable()
    assert len(quoted(text)) <= 12 * LONGEST_VALUE


def test_a_value_is_cut() -> None:
    assert quoted("v" * 500) == repr("v" * (LONGEST_VALUE - 1) + "…")


@pytest.mark.parametrize(("sqlstate", "message", "told"), [
    ("42P01", 'relation "t" does not exist', 'relation "t" does not exist'),
    ("42P01", 'relation "SECRET" does not exist', "there is no such table"),
    ("42501", "permission denied for table t", "permission denied for table t"),
    ("57014", "canceling statement due to statement timeout", "canceling statement due to statement timeout"),
    ("57P01", "x" * 400, "the server is shutting down"),
    ("22P02", 'invalid input syntax for type integer: "t"', "a value is not of the type it is read as"),
    ("P0001", "t is SECRET", "code of the database's own raised an error"),
    ("XX000", "t is SECRET", "the server refused it"), ("42501", "verweigert für t", "permission denied"),
])
def test_a_servers_words_are_told_where_they_hold_names_of_the_question(sqlstate: str, message: str, told: str) -> None:
    assert words(sqlstate, message, "SELECT * FROM t") == told
    assert str(Rejected(sqlstate, message, "SELECT * FROM t")) == f"{told} (SQLSTATE {sqlstate})"
    assert message not in repr(Rejected(sqlstate, message, "SELECT * FROM t")) or told == message


@pytest.mark.parametrize(("text", "state"), [
    ("ERROR: x (SQLSTATE 42501)", "42501"), ('pgcode "22012"', "22012"), ("(23514)", "23514"), ("division by zero", "22012"),
    ("canceling statement due to lock timeout", "55P03"), ("all is well", ""),
])
def test_an_sqlstate_is_found(text: str, state: str) -> None:
    assert sqlstate_of(text) == state


def test_errors_and_verdicts_are_fit_to_be_shown() -> None:
    told = "password=hunter2 \x1b[31m\nnext"
    assert str(UsageError(told)) == "password=… \\x1b[31m\nnext"
    assert repr(HarnessError(told)) == repr(HarnessError("password=… \\x1b[31m\nnext"))
    assert LeftOut("enums", told).why == "password=… \\x1b[31m\\nnext"
    verdict = Verdict("enums:a\x1b", "s\n", "broken", "catalog", told, told, told)
    assert (verdict.claim, verdict.sentence) == ("enums:a\\x1b", "s\\n")
    assert verdict.detail == "password=… \\x1b[31m\nnext"
    assert verdict.witness == verdict.next_step == "password=… \\x1b[31m\\nnext"
    assert json.dumps([verdict.detail]).count("\\u001b") == 0
