"""What in a function's own account speaks against success, whatever its flag says. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from checks.contract.reply_shape import ReplyShape, plain
from checks.lambdas.replies.endings import Ruling, failed, undecided
from checks.lambdas.replies.reply import kind, path, said, sqlstate
from checks.telling import SENTENCES

Steps = tuple[str | int, ...]

_LAMBDAS_ERRORS = ("errorMessage", "errorType", "stackTrace")
"""What Lambda itself calls errors, in every runtime's error object."""
_FAILED_WORDS = frozenset({"error", "errored", "fail", "failed", "failure", "partial", "partialfailure",
                           "rolledback", "rollback", "aborted", "cancelled", "canceled", "timeout",
                           "timedout", "dryrun"})
_OPEN_WORDS = frozenset({"accepted", "queued", "pending", "scheduled", "submitted", "started",
                         "running", "inprogress"})
_OPEN_STATUSES = (202, 408, 504)
"""Accepted, and two time-outs: what the function speaks of may be running still."""
_LONGEST_NAME = 64
"""Characters of the longest key or state looked up; keeps a reply of 6 MB cheap to read."""


class Admission(NamedTuple):
    """Something in an account that speaks against success."""

    rank: int
    """An error (0), a status (1), a flag (2), a state that is no end (3): the lower, the graver."""
    ruling: Ruling


def gravest(account: dict[str, Any], at: Steps, shape: ReplyShape, skip: str) -> Admission | None:
    """The worst that `account`, found at the path `at`, says against success; None when it says nothing.

    The contents of `account[skip]` are data and say nothing.
    """
    return min(_admissions(account, at, shape, skip), key=attrgetter("rank"), default=None)


def _admissions(account: dict[str, Any], at: Steps, shape: ReplyShape, skip: str) -> Iterator[Admission]:
    errors = {plain(key) for key in (*shape.errors, *_LAMBDAS_ERRORS)}
    statuses = {plain(shape.status), "statuscode"} - {""}
    flags = {plain(shape.success), "success"} - {""}
    for steps, holder, key, value in _entries(account, at, skip):
        name = plain(key) if len(key) <= _LONGEST_NAME else ""
        if name in errors and not _denies(value):
            yield Admission(0, _error(value, holder, path(*steps, key)))
            return
        if name in statuses and not (type(value) is int and value == 200):
            yield Admission(1, _status(value, path(*steps, key)))
        elif name in flags and value is not True:
            yield Admission(2, failed(f"The success flag is {kind(value)}, not true.", path(*steps, key)))
        elif steps == at:
            yield from _state(name, value, path(*steps, key))


def _error(value: Any, holder: Mapping[str, Any], place: str) -> Ruling:
    state = sqlstate(value, holder)
    words = said(value)
    if state and "SQLSTATE" not in words:
        words = f"{SENTENCES.get(state, 'the database refused it')} (SQLSTATE {state})"
    return failed(f"It tells of an error: {words}.", place, state)


def _status(value: Any, place: str) -> Ruling:
    short = type(value) is int and abs(value) < 1_000
    reason = f"The payload's status is {value if short else kind(value)}, not the integer 200."
    return undecided(reason, place) if short and value in _OPEN_STATUSES else failed(reason, place)


def _state(name: str, value: Any, place: str) -> Iterator[Admission]:
    if name in ("status", "state") and isinstance(value, str) and len(value) <= _LONGEST_NAME:
        if plain(value) in _FAILED_WORDS:
            yield Admission(1, failed(f"It calls its own state {plain(value)!r}.", place))
        if plain(value) in _OPEN_WORDS:
            yield Admission(3, undecided(f"It calls its own state {plain(value)!r}: it has not ended.", place))
    if name == "isbase64encoded" and value is True:
        yield Admission(3, undecided("It says that its body is base64, which no contract describes.", place))


def _entries(account: dict[str, Any], at: Steps, skip: str) -> Iterator[tuple[Steps, dict[str, Any], str, Any]]:
    """Every path, object, key and value at any level, shallowest first; not what is inside `account[skip]`."""
    waiting: deque[tuple[Steps, Any]] = deque([(at, account)])
    while waiting:
        steps, holder = waiting.popleft()
        if isinstance(holder, list):
            waiting.extend(((*steps, number), item) for number, item in enumerate(holder)
                           if isinstance(item, (dict, list)))
            continue
        for key, value in holder.items():
            if holder is account and key == skip:
                continue
            yield steps, holder, key, value
            if isinstance(value, (dict, list)):
                waiting.append(((*steps, key), value))


def _denies(error: Any) -> bool:
    """Whether an error key's value says that there is none; "", which `str(exception)` may be, does not."""
    return error is None or error is False or error in ([], {}) or (type(error) is int and error == 0)
