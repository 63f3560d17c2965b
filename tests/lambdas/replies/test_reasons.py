"""What a reason quotes of a reply, and replies that are large, deep or hostile."""

from __future__ import annotations

import json

import pytest

from checks.contract.reply_shape import plain
from checks.lambdas.replies.reply import MAX_BYTES, MAX_SAID, UnreadableError, path, read_json, said
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
        ({"message": "boom"}, "boom"),
        ({"a": 1}, "(an object)"),
        (7, "(a number)"),
        (None, "(null)"),
        (["x"], "(a list)"),
        ("", ""),
    ],
)
def test_only_words_are_quoted(value: object, shown: str) -> None:
    assert said(value) == shown


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
