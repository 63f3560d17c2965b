"""Frozen values that cross rooms, and the one error tree.

    HarnessError                 every message is one sentence with its remedy, and holds no secret
    ├── UsageError               the user's mistake: unknown target, malformed contract      exit 4
    ├── Unverified               we could not look                                           exit 6
    │   └── Unreachable          no server, wrong password, no such function
    └── Rejected                 the server refused a statement; carries SQLSTATE and constraint
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from checks import telling

VerdictWord = Literal["held", "broken", "unverified"]
Say = Callable[[str], None]
"""Takes a line about what is going on."""
Evidence = Literal["catalog", "evaluated", "proven", "attempted", "replayed", "observed"]
FALSE_SUCCESS = "false-success"
"""The area of the claims that nothing which did not happen is taken for a success."""
OWN = "own"
"""The area of claims that a project wrote itself, as tests beside ours."""
AREAS = ("ledger", "constraints", "enums", "dedupe", FALSE_SUCCESS, "access", "deployment", "drift")
"""Every area, in the order of reports."""


class HarnessError(Exception):
    """Root of all errors the harness raises on purpose; `str(error)` is fit for a user's eyes."""

    def __init__(self, message: str) -> None:
        super().__init__(telling.fit(message, lines=True))


class UsageError(HarnessError):
    """The user's mistake (exit 4): says what, where it looked and the remedy."""


class Unverified(HarnessError):
    """We could not look (exit 6): says why and what would let us."""


class Unreachable(Unverified):
    """The target did not answer: server down, wrong password, missing function."""


class Rejected(HarnessError):
    """The server refused a statement. `str` holds what may be told of it; DETAIL and CONTEXT are dropped."""

    def __init__(self, sqlstate: str, message: str, statement: str, constraint: str | None = None,
                 position: int | None = None) -> None:
        self.words = telling.words(sqlstate, message, statement)
        """What may be told: the server's words where they hold names of the statement only, else ours."""
        super().__init__(f"{self.words} (SQLSTATE {sqlstate})")
        self.sqlstate = sqlstate
        self.message = message
        """The server's own words, which may quote a stored value: for servers of ours only."""
        self.statement = statement
        self.constraint = constraint
        self.position = position
        """1-based character offset of the error in `statement`, when the server gave one."""


class Accepted(NamedTuple):
    """Somebody's word that a broken claim may be as it is."""

    reason: str
    until: str
    """The last day on which that counts, as YYYY-MM-DD; empty: it does not end."""

    @property
    def told(self) -> str:
        """`the old numbering (until 2027-01-01)`."""
        return self.reason + (f" (until {self.until})" if self.until else "")


class Subject(NamedTuple):
    """An object that claims are about, or one field of it."""

    object: str
    """`column:orders.side`."""
    field: str = ""
    """Empty: all of it."""


class Differs(NamedTuple):
    """One difference as two sides, for reports that set them side by side."""

    object: str
    """`column active_positions.side`."""
    field: str
    """What of it, in words; empty: all of it."""
    expected: str
    """Empty: nothing should be there."""
    found: str
    """Empty: nothing is there."""


class Figure(NamedTuple):
    """Something counted, which reports plot over time."""

    name: str
    """`rows in the way`."""
    value: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one claim came to. `claim` is `area:object[.part]`, stable and made of names."""

    claim: str
    sentence: str
    """The claim as a sentence that holds when all is well."""
    verdict: VerdictWord
    evidence: Evidence
    detail: str = ""
    """What was found; for a held claim, what was looked at, if worth saying."""
    witness: str = ""
    """For a broken claim: the value or object that shows it. Never a stored row's value."""
    next_step: str = ""
    """For a claim that is not held: what to do now."""
    note: str = ""
    """For a held claim: what a general rule would object to, and the migrations themselves make."""
    cause: str = ""
    """For a claim that is not held because another is not: that one's id. It tells the story."""
    accepted: Accepted | None = None
    """For a broken claim that counts as held because somebody accepted it."""
    about: tuple[Subject, ...] = ()
    """For a broken claim: what is not as it should be."""
    foremost: bool = False
    """Whether it tells the story of what it is about, whatever other claims are about the same."""
    differs: tuple[Differs, ...] = ()
    """For a claim that is not held: each difference as two sides, where it is one of two sides."""
    figures: tuple[Figure, ...] = ()
    """What was counted."""
    schema: str = ""
    """Of many schemas that are made by the same migrations, the one that it is about, as reports show it."""
    moving: bool = False
    """For a claim that is unverified: whether what it is about is still on its way, so that a later look may tell more."""

    def __post_init__(self) -> None:
        """Makes every text fit for terminals, reports and logs, whatever names and values went into it."""
        for name, text in (("claim", telling.printable(self.claim)), ("sentence", telling.printable(self.sentence)),
                           ("detail", self.detail and telling.fit(self.detail, lines=True)),
                           ("witness", self.witness and telling.fit(self.witness)),
                           ("next_step", self.next_step and telling.fit(self.next_step)),
                           ("note", self.note and telling.fit(self.note)), ("cause", telling.printable(self.cause))):
            object.__setattr__(self, name, text)
        if self.differs:
            object.__setattr__(self, "differs", tuple(Differs(*map(telling.fit, each)) for each in self.differs))

    @property
    def area(self) -> str:
        """The part of the id before the colon, one of `AREAS`."""
        return self.claim.partition(":")[0]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An area, or a part of one, that makes no claims on this target, and why."""

    area: str
    why: str

    def __post_init__(self) -> None:
        """As Verdict's."""
        object.__setattr__(self, "why", telling.fit(self.why))


@dataclass(frozen=True, slots=True)
class Case:
    """One pytest item: the verdicts about one object in one area."""

    area: str
    name: str
    """Empty: all that the area is about."""
    verdicts: tuple[Verdict, ...] = field(default=())

    @property
    def broken(self) -> tuple[Verdict, ...]:
        """The claims that do not hold, but for those that somebody accepted."""
        return tuple(v for v in self.verdicts if v.verdict == "broken" and v.accepted is None)

    @property
    def accepted(self) -> tuple[Verdict, ...]:
        """The claims that do not hold, and that somebody accepted so."""
        return tuple(v for v in self.verdicts if v.accepted is not None)

    @property
    def unverified(self) -> tuple[Verdict, ...]:
        """The claims nobody could look at."""
        return tuple(v for v in self.verdicts if v.verdict == "unverified")


@dataclass(frozen=True, slots=True, repr=False)
class TargetCase:
    """The parameter of a pytest item. Reports show it by its claims, which no change of a detail makes another."""

    target: str
    case: Case

    def __repr__(self) -> str:
        return ", ".join(verdict.claim for verdict in self.case.verdicts) if self.case.name else self.target

    @property
    def key(self) -> tuple[str, str, str]:
        """Target, area and name."""
        return self.target, self.case.area, self.case.name

    @property
    def told(self) -> list[tuple[str, str]]:
        """(name, value) of what a pytest item says of itself, in JUnit too: its key, then each claim and its verdict.

        Of an area as a whole, which many targets have, those that are not held.
        """
        verdicts = self.case.verdicts if self.case.name else [each for each in self.case.verdicts if each.verdict != "held"]
        return [("case", json.dumps(self.key)), ("target", self.target), ("area", self.case.area),
                *((verdict.claim, f"{'accepted' if verdict.accepted else verdict.verdict} ({verdict.evidence})")
                  for verdict in verdicts)]


LOCAL_EXTRA = "install it with: pip install 'postdeploy-checks[local]'  (in a checkout: pip install -e '.[local]')"
"""The remedy where a server or a Lambda of ours needs what is not installed."""


INTERRUPTED = "It was interrupted (Ctrl-C) before it was looked at."
"""Why a claim is unverified whose look somebody ended."""


def broke_off(error: Exception) -> str:
    """That our own code failed, without its words, which may hold anything."""
    return f"The look at it broke off: {type(error).__name__} in the harness."


@contextmanager
def as_unverified() -> Iterator[None]:
    """Turns whatever else goes wrong while looking into Unverified, without a traceback.

    Raises:
        HarnessError: as it came, or Unverified in the place of any other exception.
    """
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        raise Unverified(f"The look at the target broke off: {type(error).__name__} in the harness ({last_place(error)}). "
                         "Run again; if it stays, report it with the contract.") from error


def last_place(error: Exception) -> str:
    """`expectation/replay.py line 12`: where in this package an exception was on its way last, and no value."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    home = Path(__file__).parent
    return next((f"{path.relative_to(home).as_posix()} line {line}" for path, line in reversed(frames)
                 if path.is_relative_to(home)), "outside of it")
