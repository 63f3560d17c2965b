"""Lambda reply -> Outcome. Pure; every Lambda reply in the code base passes through here.

    succeeded   proven by the reply itself: every gate below is open
    failed      the code certainly never ran, or it ended of its own accord and its account is no proof: it
                admits an error, contradicts itself, leaves out what was asked, or is not built as declared
    undecided   there is no account of how it ended (endings.py), or none that reads in one way only, and the
                code may have run or be running: look at the database before anything else
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from checks.contract.reply_shape import REFERENCE, ReplyShape, plain
from checks.lambdas.replies.admissions import Steps, gravest
from checks.lambdas.replies.endings import Ruling, Word, cut_off, ending, failed, undecided
from checks.lambdas.replies.reply import Reply, UnreadableError, kind, path, read_json, said, strings

__all__ = ["REFERENCE", "Outcome", "Reply", "ReplyShape", "Word", "classify_apply", "classify_query"]

_CUT_SHORT = frozenset({"truncated", "istruncated", "hasmore", "nexttoken"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reply proves."""

    word: Word
    reason: str
    """One sentence; never a row's value, at most 120 characters of the function's own error message."""
    place: str
    """Where it was decided: a path in the reply such as `$.body.success`, or a header's name."""
    applied: tuple[str, ...] = ()
    """The versions the function says it applied; empty when they could not be read."""
    skipped: tuple[str, ...] = ()
    rows: tuple[Any, ...] | None = None
    """A query's rows as decoded (objects or lists); None unless it succeeded."""


def classify_apply(reply: Reply, versions: Sequence[str], shape: ReplyShape = REFERENCE,
                   expected_version: str | None = None) -> Outcome:
    """What `reply` proves about applying `versions`; `expected_version` of the function must have run.

    Never raises, whatever the payload.
    """
    try:
        if reply.retries:
            raise _ShutError(undecided("The SDK sent the invocation again, so it may have run twice.",
                                       "RetryAttempts"))
        account, at = _account(reply, shape, expected_version, opaque="")
        return _versions_named(account, at, versions, shape)
    except _ShutError as gate:
        return gate.outcome


def classify_query(reply: Reply, nonce: str | None, shape: ReplyShape = REFERENCE) -> Outcome:
    """What `reply` proves about a SELECT: its rows, all of them, and that they answer this question.

    Every row must echo `nonce`, as the value of its key "nonce" or, when rows are lists, as the last value;
    None skips that. Never raises, whatever the payload.
    """
    try:
        account, at = _account(reply, shape, None, opaque=shape.rows)
        return _rows_proven(account, at, nonce, shape)
    except _ShutError as gate:
        return gate.outcome


class _ShutError(Exception):
    """A gate is shut; carries the Outcome."""

    def __init__(self, ruling: Ruling, applied: Sequence[str] = (), skipped: Sequence[str] = ()) -> None:
        super().__init__(ruling.reason)
        self.outcome = Outcome(ruling.word, ruling.reason, ruling.place, tuple(applied), tuple(skipped))


def _account(reply: Reply, shape: ReplyShape, expected_version: str | None,
             opaque: str) -> tuple[dict[str, Any], Steps]:
    """The function's account and its path, past every gate that applies and queries share.

    `opaque` is the account's key whose contents are data, in which nothing is an admission.
    """
    end = ending(reply)
    if end is not None:
        raise _ShutError(end)
    if expected_version is not None and reply.executed_version != expected_version:
        raise _ShutError(failed(f"Version {said(reply.executed_version)} of the function answered, "
                                f"not {said(expected_version)}.", "X-Amz-Executed-Version"))
    try:
        return _own_account(reply.payload, shape, opaque)
    except _ShutError as gate:
        if gate.outcome.word == "failed" and cut_off(reply):
            reason = f"{gate.outcome.reason[:-1]}; that end may have come after a COMMIT."
            raise _ShutError(undecided(reason, gate.outcome.place)) from None
        raise


def _own_account(data: bytes, shape: ReplyShape, opaque: str) -> tuple[dict[str, Any], Steps]:
    payload = _read(data, ())
    against = gravest(payload, (), shape, skip=shape.body or opaque)
    account = payload
    at: Steps = (shape.body,) if shape.body else ()
    if shape.body:
        try:
            account = _body(payload, at, shape)
        except _ShutError:
            if against is None:
                raise
            raise _ShutError(against[1]) from None
        inner = gravest(account, at, shape, skip=opaque)
        found = [each for each in (against, inner) if each]
        against = min(found, key=lambda each: each[0], default=None)
    if against is not None:
        raise _ShutError(against[1])
    if shape.status and shape.status not in payload:
        raise _ShutError(failed("The payload lacks the status the contract declares.", path(shape.status)))
    if shape.success and account.get(shape.success) is not True:
        raise _ShutError(failed("It does not say whether it succeeded.", path(*at, shape.success)))
    return account, at


def _read(data: bytes | str, at: Steps) -> dict[str, Any]:
    name = "body" if at else "payload"
    try:
        value = read_json(data)
    except UnreadableError as error:
        raise _ShutError(undecided(f"The {name} {error}.", path(*at))) from None
    if not isinstance(value, dict):
        raise _ShutError(failed(f"The {name} is {kind(value)}, not an object.", path(*at)))
    return value


def _body(payload: dict[str, Any], at: Steps, shape: ReplyShape) -> dict[str, Any]:
    if shape.body not in payload:
        raise _ShutError(failed("The payload lacks the body the contract declares.", path(*at)))
    body = payload[shape.body]
    if shape.body_as == "text" and isinstance(body, str):
        return _read(body, at)
    if shape.body_as == "object" and isinstance(body, dict):
        return body
    wanted = "a string of JSON" if shape.body_as == "text" else "an object"
    raise _ShutError(failed(f"The body is {kind(body)}, not {wanted} (the contract's body_as).", path(*at)))


def _versions_named(account: dict[str, Any], at: Steps, versions: Sequence[str],
                    shape: ReplyShape) -> Outcome:
    applied, skipped = (_names(account, at, key) for key in (shape.applied, shape.skipped))
    list_key = shape.applied or shape.skipped
    place = path(*at, list_key) if list_key else path(*at)
    for version in versions:
        if version not in applied and version not in skipped:
            raise _ShutError(failed(f"It does not name {said(version)} as applied or skipped"
                                    f"{_near(version, applied + skipped)}.", place), applied, skipped)
        if version in applied and version in skipped:
            raise _ShutError(failed(f"It names {said(version)} as both applied and skipped.", place),
                             applied, skipped)
    if not versions and not shape.success:
        raise _ShutError(failed("No version was asked for, and the contract knows no flag.", path(*at)),
                         applied, skipped)
    return Outcome("succeeded", "It says so, names every version asked for, and admits no error.",
                   place if versions else path(*at, shape.success), applied, skipped)


def _names(account: dict[str, Any], at: Steps, key: str) -> tuple[str, ...]:
    names = strings(account.get(key)) if key else ()
    if names is None:
        raise _ShutError(failed("What was applied or skipped is not a list of strings.", path(*at, key)))
    return tuple(names)


def _near(version: str, names: Sequence[str]) -> str:
    """How the reply misspells `version`, when only case, spaces or `.sql` differ."""
    near = next((name for name in names if _bare(name) == _bare(version)), None)
    return f", but names {near!r}" if near is not None and len(near) <= 2 * len(version) + 8 else ""


def _bare(version: str) -> str:
    return version.strip().casefold().removesuffix(".sql")


def _rows_proven(account: dict[str, Any], at: Steps, nonce: str | None, shape: ReplyShape) -> Outcome:
    rows = account.get(shape.rows) if shape.rows else None
    if not isinstance(rows, list):
        raise _ShutError(failed(f"The rows are {kind(rows)}, not a list.", path(*at, shape.rows)))
    count = account.get(shape.count, len(rows)) if shape.count else len(rows)
    if type(count) is not int or count != len(rows):
        told = f"{count:,}" if type(count) is int and abs(count) < 10**9 else kind(count)
        raise _ShutError(failed(f"It counts {told} rows and sends {len(rows):,}.", path(*at, shape.count)))
    for key, value in account.items():
        if plain(key[:64]) in _CUT_SHORT and value not in (None, False, "", 0):
            raise _ShutError(failed("It says that there are more rows than it sends.", path(*at, key)))
    if nonce is not None:
        _echoed(rows, nonce, (*at, shape.rows))
    return Outcome("succeeded", f"It answers this question with all of its {len(rows):,} rows.",
                   path(*at, shape.rows), rows=tuple(rows))


def _echoed(rows: list[Any], nonce: str, at: Steps) -> None:
    if not rows:
        raise _ShutError(failed("It sends no row, so none echoes this question.", path(*at)))
    for number, row in enumerate(rows):
        last = row[-1] if isinstance(row, list) and row else None
        echo = row.get("nonce") if isinstance(row, dict) else last
        if echo != nonce:
            raise _ShutError(failed("This row does not echo the question: the answer is stale, or another's.",
                                    path(*at, number)))
