"""Honest replies in disguise succeed; edits at random, against an oracle, and noise do not: 2,000 examples."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.lambdas.replies.honest import (
    GOOD,
    OTHER,
    SHAPES,
    Tale,
    V,
    applied,
    asked,
    examples,
    holders,
    judged,
    proven,
    tales,
    wrapped,
)

KEYS = [
    "success",
    "statusCode",
    "body",
    "migrations_applied",
    "migrations_skipped",
    "error",
    "errors",
    "status",
    "x",
]
POOL = [
    True,
    False,
    200,
    200.0,
    500,
    "200",
    "true",
    None,
    V,
    [V],
    [],
    {},
    "",
    [OTHER],
    "failed",
    {"error": "x"},
]


@examples(400)
@given(tales())
def test_an_honest_reply_is_a_success_however_it_is_told(tale: Tale) -> None:
    outcome = judged(tale, tale.payload())
    assert outcome.word == "succeeded", outcome
    assert V in outcome.applied + outcome.skipped


def edit(draw: st.DrawFn, tree: dict[str, Any]) -> None:
    holder = draw(st.sampled_from(list(holders(tree))))
    value = copy.deepcopy(draw(st.sampled_from(POOL)))
    if isinstance(holder, list):
        holder.insert(draw(st.integers(0, len(holder))), value)
    elif holder and draw(st.booleans()):
        holder.pop(draw(st.sampled_from(sorted(holder))))
    else:
        holder[draw(st.sampled_from(KEYS))] = value


@examples(800)
@given(st.data())
def test_after_random_edits_only_what_is_proven_is_a_success(data: st.DataObject) -> None:
    tree: dict[str, Any] = {
        "statusCode": 200,
        "body": copy.deepcopy(GOOD) | {"results": [{"success": True}]},
    }
    for _ in range(data.draw(st.integers(1, 5))):
        edit(data.draw, tree)
    envelope = {key: value for key, value in tree.items() if key != "body"}
    payload = {**envelope, "body": json.dumps(tree["body"])} if "body" in tree else envelope
    outcome = applied(json.dumps(payload).encode())
    assert outcome.word != "succeeded" or proven(envelope, tree.get("body"))


@examples(400)
@given(st.binary(max_size=200))
def test_bytes_at_random_are_no_success_and_no_exception(noise: bytes) -> None:
    answers = [asked(noise, None, shape) for shape in SHAPES]
    assert "succeeded" not in {outcome.word for outcome in (*answers, *(applied(noise, shape) for shape in SHAPES))}
    assert {answer.rows for answer in answers} == {None}


@examples(400)
@given(st.data())
def test_an_honest_reply_with_damaged_bytes_is_proven_or_no_success(data: st.DataObject) -> None:
    whole = bytearray(wrapped(GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    succeeded = applied(bytes(whole)).word == "succeeded"
    envelope = json.loads(whole) if succeeded else {}
    assert not succeeded or proven(envelope, json.loads(envelope["body"]))
