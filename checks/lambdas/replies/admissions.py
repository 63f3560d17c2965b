"""What in a function's own account speaks against success, whatever its flag says. Pure.

Its errors, statuses and flags are where the contract declares them; whatever else takes a success back is listed in
contradictions.py. Both are looked for at every level.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from checks.contract.reply_shape import ReplyShape, plain
from checks.lambdas.replies.contradictions import LONGEST_NAME, OPEN_STATUSES, RULES, Contradiction, more_than_told
from checks.lambdas.replies.endings import Ruling, failed, undecided
from checks.lambdas.replies.reply import kind, path, said, sqlstate
from checks.telling import SENTENCES

Steps = tuple[str | int, ...]

_LAMBDAS_ERRORS = ("errorMessage", "errorType", "stackTrace")
"""What Lambda itself calls errors, in every runtime's error object."""
_USUAL_KEYS = frozenset({"body", "data", "details", "errors", "items", "list", "migrations", "output", "payload", "records",
                         "response", "result", "results", "step", "steps", "summary", "tasks", "value", "warnings"})
"""Keys that hold more of an account; any other that is not the contract's may be a value, and is told as `*`."""


class Admission(NamedTuple):
    """Something in an account that speaks against success."""

    rank: int
    """An error (0), a status or a contradiction (1), a flag (2), what is no end (3): the lower, the graver."""
    ruling: Ruling


def gravest(account: dict[str, Any], at: Steps, shape: ReplyShape, skip: str, sent: int | None = None) -> Admission | None:
    """The worst that `account`, found at the path `at`, says against success; None when it says nothing.

    The contents of `account[skip]` are data and say nothing; `sent` is how many rows there are, in an answer.
    """
    return min(_admissions(account, at, shape, skip, sent), key=attrgetter("rank"), default=None)


def _admissions(account: dict[str, Any], at: Steps, shape: ReplyShape, skip: str, sent: int | None) -> Iterator[Admission]:
    errors = {plain(key) for key in (*shape.errors, *_LAMBDAS_ERRORS)}
    statuses = {plain(shape.status), "statuscode"} - {""}
    flags = {plain(shape.success), "success"} - {""}
    declared = {plain(key) for key in (shape.body, shape.applied, shape.skipped, shape.rows, shape.count)}
    for steps, holder in _objects(account, at, skip, declared | statuses | flags | errors | _USUAL_KEYS):
        for key, value in holder.items():
            name = plain(key) if len(key) <= LONGEST_NAME else ""
            if holder is account and key == skip:
                continue
            if name in errors and not _denies(value):
                yield Admission(0, _error(value, holder, path(*steps, key)))
                return
            if name in statuses and not (type(value) is int and value == 200):
                yield Admission(1, _status(value, path(*steps, key)))
            elif name in flags and value is not True:
                yield Admission(2, failed(f"The success flag is {kind(value)}, not true.", path(*steps, key)))
            elif name in RULES and name not in declared | errors | statuses | flags:
                against = RULES[name](value)
                if against is not None:
                    yield _contradicted(against, path(*steps, key))
        for key, against in more_than_told(holder, shape.count, sent):
            if plain(key) not in declared:
                yield _contradicted(against, path(*steps, key))


def _contradicted(against: Contradiction, place: str) -> Admission:
    return Admission(1 if against.word == "failed" else 3, Ruling(against.word, against.reason, place))


def _error(value: Any, holder: Mapping[str, Any], place: str) -> Ruling:
    state = sqlstate(value, holder)
    words = said(value)
    if state and "SQLSTATE" not in words:
        words = f"{SENTENCES.get(state, 'the database refused it')} (SQLSTATE {state})"
    return failed(f"It tells of an error: {words}.", place, state)


def _status(value: Any, place: str) -> Ruling:
    short = type(value) is int and abs(value) < 1_000
    reason = f"The payload's status is {value if short else kind(value)}, not the integer 200."
    return undecided(reason, place) if short and value in OPEN_STATUSES else failed(reason, place)


def _objects(account: dict[str, Any], at: Steps, skip: str, known: Collection[str],
             ) -> Iterator[tuple[Steps, dict[str, Any]]]:
    """The path of every object at any level, and it, shallowest first; none inside `account[skip]`."""
    waiting: deque[tuple[Steps, Any]] = deque([(at, account)])
    while waiting:
        steps, holder = waiting.popleft()
        if isinstance(holder, list):
            waiting.extend(((*steps, number), item) for number, item in enumerate(holder)
                           if isinstance(item, (dict, list)))
            continue
        yield steps, holder
        waiting.extend(((*steps, key if plain(key[:LONGEST_NAME]) in known else "*"), value)
                       for key, value in holder.items()
                       if isinstance(value, (dict, list)) and not (holder is account and key == skip))


def _denies(error: Any) -> bool:
    """Whether an error key's value says that there is none; "", which `str(exception)` may be, does not."""
    return error is None or error is False or error in ([], {}) or (type(error) is int and error == 0)
