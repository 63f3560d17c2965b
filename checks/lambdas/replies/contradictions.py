"""What a function may say beside its success that takes the success back: the one list of such words. Pure.

A key stands here as `plain` spells it: dryRun, dry_run and Dry-Run are one. What is merely mentioned says nothing: a
flag that is off, a count of 0, a list that is empty, null. Which keys hold success, status and errors, the contract
declares; those are admissions.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from checks.contract.reply_shape import plain
from checks.lambdas.replies.endings import OutcomeWord
from checks.lambdas.replies.reply import kind, said

LONGEST_NAME = 64
"""Characters of the longest key or state looked up; keeps a reply of 6 MB cheap to read."""
OPEN_STATUSES = (202, 408, 504)
"""Accepted, and two time-outs: what the function speaks of may be running still."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What a value says against the success beside it."""

    reason: str
    word: OutcomeWord = "failed"


Rule = Callable[[Any], Contradiction | None]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FAILURE = _words("error errors exception exceptions failed failure failures")
_DONE_TO = _words("migrations versions files statements queries steps tasks jobs items records rows batches results")

UNDONE = frozenset(_words(
    "dryrun isdryrun wasdryrun checkonly checkmode planonly previewonly simulated simulateonly testrun validateonly "
    "whatif rolledback wasrolledback isrolledback migrationsrolledback rolledbackmigrations aborted wasaborted isaborted "
    "cancelled canceled wascancelled wascanceled timedout hastimedout crashed interrupted reverted wasreverted "
    "haserror haserrors haderror haderrors hasfailed hasfailure hasfailures hadfailures anyfailed anyerrors iserror "
    "witherrors partialfailure partialfailures partiallyapplied isincomplete incomplete"))
"""On: what was said to be done was not, or not wholly."""
UNENDED = frozenset(_words("inprogress isinprogress stillrunning isrunning ispending stillpending notfinished"))
"""On: it has not ended."""
ONLY_TRUE: Mapping[str, OutcomeWord] = {
    "partial": "failed", "simulation": "failed", "running": "undecided", "pending": "undecided", "queued": "undecided"}
"""As the two above, when the value is just true: a list or a number under such a key may be about something else."""
DONE = frozenset(_words("committed iscommitted wascommitted transactioncommitted succeeded issuccess issuccessful "
                        "successful wassuccessful allsucceeded"))
"""Off: what was said to be done was not."""
ENDED = frozenset(_words("complete completed iscomplete iscompleted finished isfinished isdone"))
"""Off: it has not ended."""
COUNTED = frozenset((
    *(f"{before}{word}{after}" for word in _FAILURE
      for before, after in (("", "count"), ("num", ""), ("number", ""), ("numberof", ""), ("total", ""), ("", "total"))),
    *(f"{one}{other}{count}" for (one, other), count in product(
        (pair for what in _DONE_TO for pair in (("failed", what), (what, "failed"))), ("", "count"))),
    *(f"failed{what[:-1]}count" for what in _DONE_TO), *(f"{what[:-1]}failures" for what in _DONE_TO),
    "failed", "failures", "batchitemfailures"))
"""More than none: something failed."""
TOLD = frozenset(
    f"{whose}{what}" for whose in _words("db database sql pg postgres postgresql psql query migration lambda function "
                                        "handler runtime transaction commit rollback connection fatal")
    for what in _words("error errors exception errormessage failure")) | frozenset(_words(
        "errordetail errordetails errortext errorinfo errorlist errmsg failurereason failuremessage failurecause "
        "abortreason rollbackreason exceptiontype exceptionmessage traceback"))
"""Anything but nothing: an error in other words."""
CODES = frozenset(_words("errorcode errcode errno exitcode exitstatus returncode"))
"""Anything but 0 or nothing: it ended badly."""
SQLSTATES = frozenset(_words("sqlstate pgcode sqlstatecode"))
"""A SQLSTATE of another class than success, warning and no data (PostgreSQL manual, appendix A)."""
STATES = frozenset((*(f"{whose}{what}" for what in ("status", "state") for whose in (
    "", *_words("job task step run batch execution migration deployment deploy transaction tx txn query statement "
                "operation process workflow invocation request response final overall current exit result db database "
                "http commit apply build stack"))), "sqlstatus", "outcome", "result", "phase", "conclusion"))
"""A state: some words of it are failures, others no end."""
MODES = frozenset(_words("mode runmode executionmode applymode"))
"""How it was run: some words say that nothing was to be done."""
FAILED_WORDS = frozenset(_words(
    "error errored fail failed failure failing unsuccessful partial partially partialfailure partialsuccess "
    "partiallyapplied partiallyfailed incomplete rolledback rollback rollingback reverted aborted cancelled canceled "
    "timeout timedout crashed killed interrupted rejected refused denied invalid notapplied notcommitted uncommitted "
    "updaterollbackcomplete rollbackcomplete completedwitherrors inerror"))
DRY_WORDS = frozenset(_words("dryrun simulation simulate simulated preview whatif planonly validateonly checkonly"))
OPEN_WORDS = frozenset(_words("accepted queued enqueued pending scheduled submitted started starting running inprogress "
                              "processing executing waiting deferred initiated retrying ongoing applying migrating "
                              "intransaction unknown"))
CUT_SHORT = frozenset(_words(
    "truncated istruncated rowstruncated resultstruncated hasmore hasmorerows hasmoreresults morerows moreresults "
    "moreavailable hasnextpage nextpage nextpagetoken nexttoken nextcursor nextlink nextmarker continuationtoken "
    "lastevaluatedkey remainingrows rowsremaining"))
"""On, or anything but nothing: there is more than it sends."""
TOTALS = frozenset(_words("totalcount totalrows totalrowcount totalrecords totalresults totalitems totalmatches"))
"""How many there are altogether; more than it sends, or than it counts beside that: there is more."""
COUNTS = frozenset(_words("count rowcount rowscount returned returnedcount returnedrows fetched fetchedcount"))
PAGES = frozenset(_words("totalpages pagecount pages lastpage"))
"""How many pages there are; more than the page that is named beside it: there is more."""
PAGE = frozenset(_words("page pagenumber currentpage"))

_OFF_WORDS = frozenset((*_words("false no n off none null nil never 0"), ""))


def _off(value: Any) -> bool:
    """Whether a flag is off, a count 0, or nothing is said."""
    if isinstance(value, str):
        return value[:LONGEST_NAME].strip().casefold() in _OFF_WORDS
    return value is None or value in ([], {}) or value == 0


def _no(value: Any) -> bool:
    """Whether it is denied; null denies nothing."""
    if isinstance(value, str):
        return value[:LONGEST_NAME].strip().casefold() in _OFF_WORDS - {"", "none", "null", "nil"}
    return value is False or (type(value) is int and value == 0)


def _flag(reason: str, word: OutcomeWord, speaks: Callable[[Any], bool]) -> Rule:
    return lambda value: Contradiction(reason, word) if speaks(value) else None


def _counted(value: Any) -> Contradiction | None:
    if isinstance(value, int | float) and value < 0:
        return None
    told = f"{value:,}" if type(value) is int and value < 10**9 else kind(value)
    return None if _off(value) else Contradiction(f"It counts what failed: {told}.")


def _told(value: Any) -> Contradiction | None:
    return None if _off(value) else Contradiction(f"It tells of an error: {said(value)}.")


def _code(value: Any) -> Contradiction | None:
    fine = isinstance(value, str) and (not value.strip("0 ") or value.casefold() in ("ok", "success"))
    return None if fine or _off(value) else Contradiction("It tells of a code that is not 0.")


def _sqlstate(value: Any) -> Contradiction | None:
    if not isinstance(value, str) or len(value) != 5 or value[:2] in ("00", "01", "02"):
        return None
    return Contradiction(f"It tells of an error: SQLSTATE {said(value)}.")


def _state(value: Any) -> Contradiction | None:
    if value is False:
        return Contradiction("It calls its own state false.")
    if isinstance(value, str) and len(value) <= LONGEST_NAME:
        name = plain(value)
        code = int(value[:3]) if value[:3].isdecimal() and value[:3].isascii() and not value[3:4].isdecimal() else 0
        if name in FAILED_WORDS or name in DRY_WORDS:
            return Contradiction(f"It calls its own state {name!r}.")
        if name in OPEN_WORDS:
            return Contradiction(f"It calls its own state {name!r}: it has not ended.", "undecided")
        return _http(code)
    return _http(value) if type(value) is int else None


def _http(status: int) -> Contradiction | None:
    if status not in OPEN_STATUSES and not 400 <= status <= 599:
        return None
    return Contradiction(f"It calls its own state {status}.", "undecided" if status in OPEN_STATUSES else "failed")


def _mode(value: Any) -> Contradiction | None:
    dry = isinstance(value, str) and len(value) <= LONGEST_NAME and plain(value) in DRY_WORDS
    return Contradiction(f"It was run as {plain(value)!r}.") if dry else None


def _rules() -> Iterator[tuple[frozenset[str], Rule]]:
    yield UNDONE, _flag("It says that this was not done, or not wholly.", "failed", lambda value: not _off(value))
    yield UNENDED, _flag("It says that it has not ended.", "undecided", lambda value: not _off(value))
    yield DONE, _flag("It denies that this was done.", "failed", _no)
    yield ENDED, _flag("It denies that it has ended.", "undecided", _no)
    yield COUNTED, _counted
    yield TOLD, _told
    yield CODES, _code
    yield SQLSTATES, _sqlstate
    yield STATES, _state
    yield MODES, _mode
    yield CUT_SHORT, _flag("It says that there are more rows than it sends.", "failed", lambda value: not _off(value))
    yield frozenset({"isbase64encoded"}), _flag("It says that its body is base64, which no contract describes.",
                                                "undecided", lambda value: value is True)
    for name, word in ONLY_TRUE.items():
        reason = "It says that it has not ended." if word == "undecided" else "It says that not all of this was done."
        yield frozenset({name}), _flag(reason, word, lambda value: value is True or value in ("true", "True"))


RULES: Mapping[str, Rule] = {name: rule for names, rule in _rules() for name in names}
"""Key, as `plain` spells it -> what its value says against success."""


def more_than_told(holder: Mapping[str, Any], count: str, sent: int | None) -> Iterator[tuple[str, Contradiction]]:
    """The keys of one object that tell of more than is there, each with what that says.

    Args:
        holder: the object.
        count: the key that the contract declares for how many rows there are.
        sent: how many rows the reply sends, where it answers a question.
    """
    numbers = {plain(key): (key, value) for key, value in holder.items()
               if type(value) is int and len(key) <= LONGEST_NAME}
    for wholes, parts in ((TOTALS, COUNTS | {plain(count)} - {""}), (PAGES, PAGE)):
        told = [value for name, (_, value) in numbers.items() if name in parts]
        told += [sent] if sent is not None and wholes is TOTALS else []
        for name in wholes & numbers.keys():
            key, whole = numbers[name]
            if told and whole > min(told):
                yield key, Contradiction("It tells of more in all than it sends, or counts beside that.")
