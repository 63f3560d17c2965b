"""What a reason quotes of a reply, and replies that are large, deep or hostile."""

from __future__ import annotations

import json

import pytest

from checks.contract.reply_shape import plain
from checks.lambdas.replies.reply import MAX_BYTES, MAX_SAID, UnreadableError, awss_words, path, read_json, said, sqlstate
from tests.lambdas.replies.honest import GOOD, applied, wrapped


def test_a_reason_quotes_no_secret_no_row_and_at_most_so_much() -> None:
    text = (
        'could not connect: postgresql://app:hunter2@db/prod password=swordfish {"pwd": "abc123"} '
        "\x1b[31m\u202e" + "x" * 500 + "\nDETAIL:  Failing row contains (1, banana)."
    )
    quoted = said(text)
    assert len(quoted) <= MAX_SAID
    assert quoted.isprintable()
    for secret in ("hunter2", "swordfish", "abc123", "banana"):
        assert secret not in quoted
        assert secret not in said(f"DETAIL: {secret}")


@pytest.mark.parametrize(
    "value, shown",
    [
        ({"message": "boom"}, "its own words are not repeated"),
        ("boom SECRET-7731", "its own words are not repeated"),
        ({"message": 'invalid input syntax for type integer: "SECRET-7731"'},
         "a value is not of the type it is read as (SQLSTATE 22P02)"),
        ('relation "SECRET-7731" does not exist\nLINE 1: SELECT', "there is no such table (SQLSTATE 42P01)"),
        ("ERROR (SQLSTATE 23514) SECRET-7731", "a CHECK was violated (SQLSTATE 23514)"),
        ("SECRET-7731 (SQLSTATE XX001)", "the database refused it (SQLSTATE XX001)"),
        ("2026-02-03T04:05:06.789Z 12345678-1234-1234-1234-123456789abc Task timed out after 3.00 seconds",) * 2,
        ("Unable to import module 'app': No module named 'psycopg2'",) * 2,
        ("Unable to import module 'SECRET 7731': No module named 'x'", "its own words are not repeated"),
        ("Task timed out after 3.00 seconds SECRET-7731", "its own words are not repeated"),
        ({"a": 1}, "(an object)"),
        (7, "(a number)"),
        (None, "(null)"),
        (["x"], "(a list)"),
        ("", "no word why"),
    ],
)
def test_only_lambdas_own_words_are_repeated(value: object, shown: str) -> None:
    assert said(value) == shown


@pytest.mark.parametrize(("value", "beside", "state"), [
    ("x", {"sqlstate": "22P02"}, "22P02"), ({"code": "42501", "message": "x"}, {}, "42501"),
    ("x", {"pgcode": "SECRET"}, ""), ("x", {"sqlstate": 22012}, ""), ("division by zero", {}, "22012"), ("x", {}, ""),
])
def test_the_sqlstate_is_found_beside_the_words_in_them_or_by_them(value: object, beside: dict[str, object], state: str,
                                                                   ) -> None:
    assert sqlstate(value, beside) == state


@pytest.mark.parametrize(("words", "shown"), [
    ("AccessDeniedException: User: arn:aws:iam::123456789012:user/ci is not authorized to perform: lambda:InvokeFunction "
     "on resource: x", "AccessDeniedException: User: arn:aws:iam::123456789012:user/ci is not authorized to perform: "
     "lambda:InvokeFunction"),
    ("InvalidSignatureException: The Canonical String should have been 'x-amz-security-token:SECRET-7731'",
     "InvalidSignatureException"),
    ("NoCredentialsError: Unable to locate credentials", "NoCredentialsError: Unable to locate credentials"),
    ("SECRET-7731", ""),
])
def test_of_awss_words_the_name_and_what_holds_no_secret(words: str, shown: str) -> None:
    assert awss_words(words).rstrip("…") in (shown, shown[:MAX_SAID - 1])


def test_a_path_is_bounded() -> None:
    assert path(*["k" * 500] * 50).count("[") == 7
    assert len(path(*["\n" * 500] * 50)) < 800
    assert path("rows", 3, "a") == "$.rows[3].a"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10_000,
        "[" * 10_000 + "]" * 10_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        "[" * 101 + "]" * 101,
    ],
    ids=["open", "lists", "objects", "just too deep"],
)
def test_deep_nesting_is_unreadable_not_an_exception(text: str) -> None:
    with pytest.raises(UnreadableError, match="nested deeper"):
        read_json(text + ("" if text.endswith(("]", "}")) else "]" * 10_000))
    assert applied(text.encode()).word == "undecided"
    assert applied(json.dumps({"statusCode": 200, "body": text}).encode()).word == "undecided"
    account = json.dumps(GOOD)[:-1] + f', "x": {text}' + "}"
    assert applied(json.dumps({"statusCode": 200, "body": account}).encode()).word == "undecided"


def test_a_hundred_levels_are_read() -> None:
    assert read_json("[" * 100 + "]" * 100)


def test_six_megabytes_are_read_and_seven_are_not() -> None:
    honest = wrapped(GOOD | {"tables": ["x" * 60] * 90_000})
    assert 5_500_000 < len(honest) < MAX_BYTES
    assert applied(honest).word == "succeeded"
    assert applied(wrapped(GOOD | {"tables": ["x" * 60] * 110_000})).word == "undecided"


@pytest.mark.parametrize(
    "digits", ["9" * 641, "-" + "9" * 5_000, "1e400", "-1e999", "0." + "1" * 5_000, "1E" + "9" * 1_000]
)
def test_numbers_that_cannot_be_kept_are_unreadable(digits: str) -> None:
    with pytest.raises(UnreadableError, match="number"):
        read_json(f'{{"n": {digits}}}')


def test_names_that_hide_nothing() -> None:
    assert plain("errorMessage") == plain("error_message") == plain("Error-Message") == "errormessage"
    assert plain("errors") != plain("error")
