"""Lambda reply -> Outcome. Pure; every Lambda reply in the code base passes through here.

    succeeded   proven by the reply itself: every gate below is open
    failed      the code certainly never ran, or it ended of its own accord and its account is no proof: it
                admits an error, contradicts itself, leaves out what was asked, or is not built as declared
    undecided   there is no account of how it ended (endings.py), or none that reads in one way only, and the
                code may have run or be running: look at the database before anything else
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from checks.contract.reply_shape import REFERENCE, ReplyShape
from checks.lambdas.replies.admissions import Steps, gravest
from checks.lambdas.replies.endings import OutcomeWord, Ruling, cut_off, ending, failed, undecided
from checks.lambdas.replies.reply import Reply, UnreadableError, kind, path, read_json, short, strings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reply proves."""

    word: OutcomeWord
    reason: str
    """One sentence of ours; never a row's value, and of a function's own words only those that Lambda chose."""
    place: str
    """Where it was decided: a path in the reply such as `$.body.success`, or a header's name."""
    applied: tuple[str, ...] = ()
    """The versions the function says it applied; empty when they could not be read."""
    skipped: tuple[str, ...] = ()
    rows: tuple[Any, ...] | None = None
    """A query's rows as decoded (objects or lists); None unless it succeeded."""
    sqlstate: str = ""
    """Of the database's refusal that the reply tells of, if it does."""


class Account(NamedTuple):
    """The function's own account of what it did."""

    told: dict[str, Any]
    at: Steps
    """Its path in the payload."""


def classify_apply(reply: Reply, versions: Sequence[str], shape: ReplyShape = REFERENCE,
                   expected_version: str | None = None) -> Outcome:
    """What `reply` proves about applying `versions`; `expected_version` of the function must have run.

    Never raises, whatever the payload.
    """
    if reply.retries:
        return _ruled(undecided("The SDK sent the invocation again, so it may have run twice.", "RetryAttempts"))
    account = _account(reply, shape, expected_version, opaque="")
    return _ruled(account) if isinstance(account, Ruling) else _versions_named(account, versions, shape)


def classify_query(reply: Reply, nonce: str | None, shape: ReplyShape = REFERENCE) -> Outcome:
    """What `reply` proves about a SELECT: its rows, all of them, and that they answer this question.

    Every row must echo `nonce`, as the value of its key "nonce" or, when rows are lists, as the last value;
    None skips that. Never raises, whatever the payload.
    """
    account = _account(reply, shape, None, opaque=shape.rows)
    return _ruled(account) if isinstance(account, Ruling) else _rows_proven(account, nonce, shape)


def _ruled(ruling: Ruling, applied: Sequence[str] = (), skipped: Sequence[str] = ()) -> Outcome:
    return Outcome(ruling.word, ruling.reason, ruling.place, tuple(applied), tuple(skipped), sqlstate=ruling.sqlstate)


def _account(reply: Reply, shape: ReplyShape, expected_version: str | None, opaque: str) -> Account | Ruling:
    """The function's account, past every gate that applies and queries share; or what shut one.

    `opaque` is the account's key whose contents are data, in which nothing is an admission.
    """
    end = ending(reply)
    if end is not None:
        return end
    if expected_version is not None and reply.executed_version != expected_version:
        return failed(f"Version {short(str(reply.executed_version))} of the function answered, "
                      f"not {short(expected_version)}.", "X-Amz-Executed-Version")
    account = _own_account(reply.payload, shape, opaque)
    if isinstance(account, Ruling) and account.word == "failed" and cut_off(reply):
        return undecided(f"{account.reason[:-1]}; that end may have come after a COMMIT.", account.place)
    return account


def _own_account(data: bytes, shape: ReplyShape, opaque: str) -> Account | Ruling:
    payload = _read(data, ())
    if isinstance(payload, Ruling):
        return payload
    account = _body(payload, shape) if shape.body else Account(payload, ())
    rows = account.told.get(opaque) if isinstance(account, Account) else None
    sent = len(rows) if isinstance(rows, list) else None
    admissions = [gravest(payload, (), shape, shape.body or opaque, sent)]
    if shape.body and isinstance(account, Account):
        admissions.append(gravest(account.told, account.at, shape, opaque, sent))
    against = min(filter(None, admissions), key=attrgetter("rank"), default=None)
    if against is not None:
        return against.ruling
    if isinstance(account, Ruling):
        return account
    if shape.status and shape.status not in payload:
        return failed("The payload lacks the status the contract declares.", path(shape.status))
    if shape.success and account.told.get(shape.success) is not True:
        return failed("It does not say whether it succeeded.", path(*account.at, shape.success))
    return account


def _read(data: bytes | str, at: Steps) -> dict[str, Any] | Ruling:
    name = "body" if at else "payload"
    try:
        value = read_json(data)
    except UnreadableError as error:
        return undecided(f"The {name} {error}.", path(*at))
    return value if isinstance(value, dict) else failed(f"The {name} is {kind(value)}, not an object.", path(*at))


def _body(payload: dict[str, Any], shape: ReplyShape) -> Account | Ruling:
    at: Steps = (shape.body,)
    if shape.body not in payload:
        return failed("The payload lacks the body the contract declares.", path(*at))
    body = payload[shape.body]
    if shape.body_as == "text" and isinstance(body, str):
        told = _read(body, at)
        return told if isinstance(told, Ruling) else Account(told, at)
    if shape.body_as == "object" and isinstance(body, dict):
        return Account(body, at)
    wanted = "a string of JSON" if shape.body_as == "text" else "an object"
    return failed(f"The body is {kind(body)}, not {wanted} (the contract's body_as).", path(*at))


def _versions_named(account: Account, versions: Sequence[str], shape: ReplyShape) -> Outcome:
    lists: dict[str, tuple[str, ...]] = {"": ()}
    for key in filter(None, (shape.applied, shape.skipped)):
        names = strings(account.told.get(key))
        if names is None:
            return _ruled(failed("What was applied or skipped is not a list of strings.", path(*account.at, key)))
        lists[key] = tuple(names)
    applied, skipped = lists[shape.applied], lists[shape.skipped]
    place = path(*account.at, *filter(None, (shape.applied or shape.skipped,)))
    for version in versions:
        if version not in applied and version not in skipped:
            near = _near(version, applied + skipped)
            return _ruled(failed(f"It does not name {short(version)} as applied or skipped{near}.", place), applied, skipped)
        if version in applied and version in skipped:
            return _ruled(failed(f"It names {short(version)} as both applied and skipped.", place), applied, skipped)
    if not versions and not shape.success:
        return _ruled(failed("No version was asked for, and the contract knows no flag.", path(*account.at)),
                      applied, skipped)
    return Outcome("succeeded", "It says so, names every version asked for, and admits no error.",
                   place if versions else path(*account.at, shape.success), applied, skipped)


def _near(version: str, names: Sequence[str]) -> str:
    """How the reply misspells `version`, when only case, spaces or `.sql` differ."""
    near = next((name for name in names if _bare(name) == _bare(version)), None)
    return f", but names {near!r}" if near is not None and len(near) <= 2 * len(version) + 8 else ""


def _bare(version: str) -> str:
    return version.strip().casefold().removesuffix(".sql")


def _rows_proven(account: Account, nonce: str | None, shape: ReplyShape) -> Outcome:
    rows, place = account.told.get(shape.rows) if shape.rows else None, path(*account.at, shape.rows)
    if not isinstance(rows, list):
        return _ruled(failed(f"The rows are {kind(rows)}, not a list.", place))
    against = next(_against_rows(account, rows, nonce, shape), None)
    if against is not None:
        return _ruled(against)
    return Outcome("succeeded", f"It answers this question with all of its {len(rows):,} rows.", place, rows=tuple(rows))


def _against_rows(account: Account, rows: list[Any], nonce: str | None, shape: ReplyShape) -> Iterator[Ruling]:
    """What speaks against these being all the rows of this question."""
    at = account.at
    count = account.told.get(shape.count, len(rows)) if shape.count else len(rows)
    if type(count) is not int or count != len(rows):
        told = f"{count:,}" if type(count) is int and abs(count) < 10**9 else kind(count)
        yield failed(f"It counts {told} rows and sends {len(rows):,}.", path(*at, shape.count))
    if nonce is not None and not rows:
        yield failed("It sends no row, so none echoes this question.", path(*at, shape.rows))
    for number, row in enumerate(rows if nonce is not None else ()):
        if _echo(row) != nonce:
            yield failed("This row does not echo the question: the answer is stale, or another's.",
                         path(*at, shape.rows, number))


def _echo(row: Any) -> Any:
    """What a row says the nonce is."""
    if isinstance(row, dict):
        return row.get("nonce")
    return next(reversed(row), None) if isinstance(row, list) else None
