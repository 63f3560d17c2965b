"""Mutations of a query function's honest answer: 8 kinds, 100 examples each."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lambdas.replies.honest import NONCE, answer, asked, examples, values

Rows = list[Any]


def cut_a_row(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return rows[:-1], {}


def repeat_a_row(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return [*rows, rows[0]], {}


def miscount(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return rows, {"count": draw(values.filter(lambda value: type(value) is not int or value != len(rows)))}


def retype_rows(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return draw(
        values.filter(lambda value: not isinstance(value, list) or value == []) | st.just({"0": rows})
    ), {}


def spoil_the_nonce(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    row = draw(st.sampled_from(rows))
    stale = draw(values.filter(lambda value: value != NONCE))
    row["nonce" if isinstance(row, dict) else -1] = stale
    return rows, {}


def replace_a_row(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    rows[draw(st.integers(0, len(rows) - 1))] = draw(values)
    return rows, {}


def fail_beside_rows(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return rows, {draw(st.sampled_from(["error", "errors", "errorMessage"])): "boom"}


def deny_success(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return rows, {"success": draw(values.filter(lambda value: value is not True))}


@st.composite
def honest_rows(draw: st.DrawFn) -> Rows:
    data = draw(st.lists(st.lists(values, min_size=1, max_size=3), min_size=1, max_size=4))
    if draw(st.booleans()):
        return [[*row, NONCE] for row in data]
    return [{f"c{number}": value for number, value in enumerate(row)} | {"nonce": NONCE} for row in data]


@pytest.mark.parametrize(
    "mutate",
    [
        cut_a_row,
        repeat_a_row,
        miscount,
        retype_rows,
        spoil_the_nonce,
        replace_a_row,
        fail_beside_rows,
        deny_success,
    ],
    ids=lambda mutate: mutate.__name__,
)
def test_no_answer_that_differs_in_meaning_is_one(
    mutate: Callable[..., tuple[Any, dict[str, Any]]],
) -> None:
    @examples(100)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        rows = copy.deepcopy(data.draw(honest_rows()))
        honest = asked(answer(rows, count=len(rows)))
        assert honest.rows == tuple(rows)
        told, more = mutate(data.draw, copy.deepcopy(rows))
        outcome = asked(answer(told, **{"count": len(rows), **more}))
        assert (outcome.word, outcome.rows) == ("failed", None)

    check()
