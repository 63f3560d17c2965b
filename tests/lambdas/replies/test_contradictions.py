"""A reply that takes its success back anywhere is none, and one that only mentions such words is: 8 properties."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.contract.reply_shape import ReplyShape
from checks.lambdas.replies.contradictions import RULES, TOTALS
from checks.lambdas.replies.outcome import classify_query
from checks.lambdas.replies.reply import Reply
from tests.lambdas.replies.honest import NONCE, SHAPES, Tale, V, answer, asked, examples, judged, tales, values

CONTRADICTIONS: dict[str, list[Any]] = {
    "dry_run": [True, "true", "yes", 1], "is_dry_run": [True], "simulated": [True], "what_if": [True],
    "rolled_back": [True, 1, [V]], "was_rolled_back": [True], "aborted": [True, "on"], "in_progress": [True, 1],
    "cancelled": [True], "timed_out": [True], "partial": [True], "running": [True], "queued": [True],
    "committed": [False, "false", 0, "no"], "succeeded": [False], "completed": [False], "finished": [False],
    "failed_count": [1, 2.0, "3"], "num_errors": [1], "error_count": [10**6], "total_failures": [1],
    "failed_statements": [["ALTER TABLE x"], 1], "statements_failed": [1], "has_errors": [True, "true"],
    "batch_item_failures": [[{"itemIdentifier": "1"}]],
    "status": ["failed", "FAILED", "Rolled Back", "error", "partial_success", "pending", "IN_PROGRESS", 500, 404,
               "500 Internal Server Error", False, "dry-run", "rollback_complete"],
    "state": ["failed", "running"], "job_status": ["Failed"], "execution_state": ["PENDING"], "http_status": [503, 504],
    "outcome": ["failure"], "conclusion": ["cancelled"], "mode": ["dry_run", "simulate"],
    "db_error": ["deadlock detected", {"code": "40P01"}, True], "sql_error": [["x"]], "query_error": ["x"],
    "failure_reason": ["lock timeout"], "traceback": ["File x"], "error_code": ["42P10", 7], "exit_code": [1, "2", -9],
    "return_code": [3], "sqlstate": ["42P10", "57014"], "pgcode": ["23505"],
    "next_page": [2, "/rows?page=2"], "next_token": ["eyJ"], "has_more": [True], "truncated": [True, 1],
    "last_evaluated_key": [{"id": 1}], "is_base64_encoded": [True],
}
"""Key -> values that take a success back; written apart from the list under test."""
MENTIONS: dict[str, list[Any]] = {
    "dry_run": [False, "false", 0, None, "no", ""], "rolled_back": [False, None, []], "aborted": [False, "off"],
    "in_progress": [False, 0], "partial": [False, 3], "running": [False, 0], "queued": [False, [], 4], "pending": [["x"]],
    "committed": [True, "true", 1, None], "completed": [True], "finished": [True, "2026-02-02T10:15:00Z"],
    "failed_count": [0, "0", None, 0.0], "num_errors": [0], "failed_statements": [[], 0], "has_errors": [False, None],
    "batch_item_failures": [[], None], "warnings": [["x"]], "warning_count": [3], "retries": [2], "attempts": [2],
    "status": ["ok", "succeeded", "skipped", "COMPLETED", 200, 0, None, True, "applied", "", "noop", "200 OK"],
    "state": ["active", "done"], "execution_status": ["SUCCEEDED"], "previous_status": ["failed", 500],
    "mode": ["apply", "scheduled", None], "outcome": ["success"], "result": ["failed is not my name", {"n": 1}, ["x"]],
    "db_error": [None, False, {}, []], "error_code": [0, "", "0", "00000", None, "ok"], "exit_code": [0, "0"],
    "sqlstate": ["00000", "01000", "02000", None, ""], "pgcode": [None],
    "next_page": [None, "", 0, False], "next_token": [None, ""], "has_more": [False], "truncated": [False, None],
    "total_count": [0], "max_errors": [10], "stop_on_error": [True], "on_error_stop": [1], "rollback_on_error": [True],
    "timeout": [30], "retry_failed": [True], "rolled_back_at": [None], "committed_at": ["2026-02-02T10:15:00Z"],
    "message": ["0 failed, dry_run off, rolled back: no", "status: failed"], "columns": [["failed", "dry_run"]],
    "tables": [["errors", "failed_jobs"]], "executed": [False], "changed": [False],
}
"""Key -> values that only mention the words of a contradiction."""
SPELLINGS: list[Callable[[str], str]] = [
    str, str.upper, lambda name: name.replace("_", "-"), lambda name: "".join(map(str.capitalize, name.split("_"))),
    lambda name: re.sub("_(.)", lambda found: found[1].upper(), name)]


@st.composite
def one_of(draw: st.DrawFn, pool: dict[str, list[Any]], shape: ReplyShape) -> dict[str, Any]:
    """One key and value of `pool` in some spelling; not a key that `shape` gives a meaning of its own."""
    mine = {shape.body, shape.status, shape.success, shape.applied, shape.skipped, shape.rows, shape.count}
    key = draw(st.sampled_from(sorted(pool.keys() - mine)))
    return {draw(st.sampled_from(SPELLINGS))(key): copy.deepcopy(draw(st.sampled_from(pool[key])))}


def somewhere(draw: st.DrawFn, found: dict[str, Any]) -> dict[str, Any]:
    """`found` as it is, or inside lists and objects under names that say nothing."""
    inside: Any = found
    for step in draw(st.lists(st.sampled_from(["list", "inner", "steps", "a b", "0", "report"]), max_size=8)):
        neighbours = draw(st.dictionaries(st.sampled_from(["n", "name", "took_ms"]), st.integers(0, 9), max_size=2))
        inside = [neighbours, inside] if step == "list" else {**neighbours, step: inside}
    return inside if isinstance(inside, dict) else {"report": inside}


def beside(draw: st.DrawFn, tale: Tale, found: dict[str, Any]) -> str:
    """The reply with `found` in its account or its envelope."""
    holder = tale.account if draw(st.booleans()) or not tale.envelope else tale.envelope
    clean = {key: value for key, value in holder.items() if key not in found}
    holder.clear()
    holder.update(draw(st.sampled_from([{**clean, **found}, {**found, **clean}])))
    return tale.payload()


@examples(600)
@given(st.data())
def test_a_contradiction_at_any_depth_is_no_success(data: st.DataObject) -> None:
    tale = data.draw(tales())
    found = data.draw(one_of(CONTRADICTIONS, tale.shape))
    payload = beside(data.draw, tale, somewhere(data.draw, found))
    outcome = judged(tale, payload)
    assert outcome.word in ("failed", "undecided"), payload
    assert next(iter(found)) in outcome.place


@examples(600)
@given(st.data())
def test_words_that_are_only_mentioned_leave_an_honest_reply_a_success(data: st.DataObject) -> None:
    tale = data.draw(tales())
    found = data.draw(one_of(MENTIONS, tale.shape))
    payload = beside(data.draw, tale, somewhere(data.draw, found))
    assert judged(tale, payload).word == "succeeded", payload


@pytest.mark.parametrize("key", CONTRADICTIONS)
def test_each_contradiction_takes_a_success_back(key: str) -> None:
    tale = Tale(SHAPES[0], {"success": True, "migrations_applied": [V]}, {"statusCode": 200})
    words = {judged(replace(tale, account={**tale.account, key: value}), tale_payload(tale, {key: value})).word
             for value in CONTRADICTIONS[key]}
    assert words <= {"failed", "undecided"}


@pytest.mark.parametrize("key", MENTIONS)
def test_each_mention_takes_nothing_back(key: str) -> None:
    tale = Tale(SHAPES[0], {"success": True, "migrations_applied": [V]}, {"statusCode": 200})
    assert {judged(tale, tale_payload(tale, {key: value})).word for value in MENTIONS[key]} == {"succeeded"}


def tale_payload(tale: Tale, more: dict[str, Any]) -> str:
    return replace(tale, account={**tale.account, **more}).payload()


@examples(300)
@given(st.data())
def test_an_answer_that_contradicts_itself_has_no_rows(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(SHAPES))
    tale = data.draw(answers(shape))
    found = somewhere(data.draw, data.draw(one_of(CONTRADICTIONS, shape)))
    outcome = answered(tale, beside(data.draw, tale, found))
    assert (outcome.word == "succeeded", outcome.rows) == (False, None)


@examples(300)
@given(st.data())
def test_what_stands_in_a_row_contradicts_nothing(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(SHAPES))
    row = somewhere(data.draw, data.draw(one_of(CONTRADICTIONS | MENTIONS, shape)))
    tale = data.draw(answers(shape, row))
    payload = beside(data.draw, tale, somewhere(data.draw, data.draw(one_of(MENTIONS, shape))))
    assert answered(tale, payload).word == "succeeded", payload


@st.composite
def answers(draw: st.DrawFn, shape: ReplyShape, row: dict[str, Any] | None = None) -> Tale:
    rows = [{"a": draw(values), **(row or {}), "nonce": NONCE} for _ in range(draw(st.integers(1, 3)))]
    account: dict[str, Any] = {shape.rows: rows, shape.count: len(rows)} | ({shape.success: True} if shape.success else {})
    return Tale(shape, account, {shape.status: 200} if shape.status else {})


def answered(tale: Tale, payload: str) -> Any:
    return classify_query(Reply(200, payload=payload.encode("utf-8", "surrogatepass")), NONCE, tale.shape)


@pytest.mark.parametrize("key", [*sorted(TOTALS), "totalCount", "TotalRows"])
def test_a_total_above_the_count_says_that_there_is_more(key: str) -> None:
    rows = [{"nonce": NONCE}] * 2
    assert asked(answer(rows, count=2, **{key: 2})).word == "succeeded"
    assert asked(answer(rows, count=2, **{key: 3})).word == "failed"
    assert asked(answer(rows, meta={"paging": {key: 3}})).word == "failed"
    assert asked(json.dumps({"statusCode": 200, key: 3, "body": json.dumps({"success": True, "rows": rows})}).encode(),
                 ).word == "failed"
    tale = Tale(SHAPES[0], {"success": True, "migrations_applied": [V]}, {"statusCode": 200})
    assert judged(tale, tale_payload(tale, {"summary": {"count": 1, key: 2}})).word == "failed"
    assert judged(tale, tale_payload(tale, {"summary": {key: 2}})).word == "succeeded"


@pytest.mark.parametrize(("page", "pages", "word"), [(1, 3, "failed"), (3, 3, "succeeded"), (1, 1, "succeeded")])
def test_a_page_that_is_not_the_last_is_not_all(page: int, pages: int, word: str) -> None:
    assert asked(answer([{"nonce": NONCE}], pagination={"page": page, "total_pages": pages})).word == word


@examples(600)
@given(st.sampled_from(sorted(RULES)), values)
def test_no_value_is_too_odd_to_be_judged(name: str, value: object) -> None:
    against = RULES[name](value)
    assert against is None or (against.word in ("failed", "undecided") and against.reason.endswith("."))
