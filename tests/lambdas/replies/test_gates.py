"""A reply is a success only by proof: each gate by itself."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from checks.contract.reply_shape import REFERENCE
from checks.lambdas.replies.endings import NEVER_RAN, NOT_SENT
from checks.lambdas.replies.outcome import Outcome, classify_apply
from checks.lambdas.replies.reply import Reply
from tests.lambdas.replies.honest import GOOD, NONCE, OTHER, V, answer, applied, asked, wrapped


def test_a_proof_names_what_was_done_and_where_it_says_so() -> None:
    assert applied() == Outcome(
        "succeeded",
        "It says so, names every version asked for, and admits no error.",
        "$.body.migrations_applied",
        (V,),
        (OTHER,),
    )


@pytest.mark.parametrize(
    "change, place",
    [
        ({"success": "true"}, "$.body.success"),
        ({"migrations_applied": []}, "$.body.migrations_applied"),
        ({"migrations_skipped": "none"}, "$.body.migrations_skipped"),
        ({"error": "boom"}, "$.body.error"),
        (
            {"results": [{"steps": [1, {"errorMessage": "boom"}]}]},
            "$.body.results[0].steps[1].errorMessage",
        ),
        ({"a b": {"error": 1}}, '$.body["*"].error'),
    ],
    ids=["flag", "list", "type", "error", "deep", "odd key"],
)
def test_the_place_is_a_path_into_the_reply(change: dict[str, object], place: str) -> None:
    outcome = applied(wrapped(GOOD | change))
    assert (outcome.word, outcome.place) == ("failed", place)


def test_an_error_explains_more_than_the_status_beside_it() -> None:
    outcome = applied(wrapped({"success": False, "error": "lock timeout"}, statusCode=500))
    assert outcome.reason == "It tells of an error: somebody else holds the lock (SQLSTATE 55P03)."
    assert (outcome.place, outcome.sqlstate) == ("$.body.error", "55P03")


def test_what_was_named_instead_is_kept_and_a_misspelling_is_shown() -> None:
    outcome = applied(wrapped(GOOD | {"migrations_applied": [V + ".sql"]}))
    assert outcome.applied == (V + ".sql",)
    assert f"but names '{V}.sql'" in outcome.reason


def test_nothing_asked_is_proven_by_the_flag_alone_and_by_nothing_without_one() -> None:
    reply = Reply(200, payload=wrapped({"success": True}))
    assert classify_apply(reply, []).word == "succeeded"
    assert classify_apply(reply, [], replace(REFERENCE, success="")).word == "failed"


def test_the_function_version_must_be_the_expected_one() -> None:
    reply = Reply(200, payload=wrapped(GOOD), executed_version="7")
    assert classify_apply(reply, [V], expected_version="7").word == "succeeded"
    outcome = classify_apply(reply, [V], expected_version="8")
    assert (outcome.word, outcome.place) == ("failed", "X-Amz-Executed-Version")


@pytest.mark.parametrize("name", sorted(NOT_SENT))
def test_what_never_left_or_was_refused_ran_nothing(name: str) -> None:
    for words in (name, f"An error occurred ({name}) when calling the Invoke operation: Rate Exceeded."):
        assert applied(b"", status=None, transport_error=words).word == "failed"


@pytest.mark.parametrize("name", sorted(NEVER_RAN))
def test_a_handler_that_was_never_entered_ran_nothing(name: str) -> None:
    payload = json.dumps({"errorType": name, "errorMessage": "no"}).encode()
    assert applied(payload, function_error="Unhandled").word == "failed"
    assert applied(payload, function_error="Unhandled").place == "X-Amz-Function-Error"


def test_a_second_invocation_leaves_an_apply_undecided_and_a_select_alone() -> None:
    assert applied(retries=1).word == "undecided"
    assert asked(answer([{"nonce": NONCE}]), retries=1).word == "succeeded"


def test_success_needs_all_the_asked_versions() -> None:
    reply = Reply(200, payload=wrapped(GOOD))
    assert classify_apply(reply, [V, OTHER]).word == "succeeded"
    assert classify_apply(reply, [V, "2026_03_03_0004_x"]).word == "failed"


def test_rows_come_as_they_were_sent() -> None:
    rows = [{"n": 1, "doc": [[None, 1.5, "ü"]], "nonce": NONCE}, {"n": 2, "doc": {}, "nonce": NONCE}]
    assert asked(answer(rows, count=2)).rows == tuple(rows)
    assert asked(answer([[1, NONCE]])).rows == ([1, NONCE],)
    assert asked(answer([]), nonce=None).rows == ()


@pytest.mark.parametrize(
    "payload, place",
    [
        (answer([{"nonce": "stale"}]), "$.body.rows[0]"),
        (answer([{"nonce": NONCE}, {}]), "$.body.rows[1]"),
        (answer([]), "$.body.rows"),
        (answer([{"nonce": NONCE}], count=2), "$.body.count"),
        (answer([{"nonce": NONCE}], truncated=True), "$.body.truncated"),
        (answer({"nonce": NONCE}), "$.body.rows"),
    ],
    ids=["stale", "second row", "none", "count", "truncated", "object"],
)
def test_an_answer_to_another_question_is_none(payload: bytes, place: str) -> None:
    outcome = asked(payload)
    assert (outcome.word, outcome.place, outcome.rows) == ("failed", place, None)
