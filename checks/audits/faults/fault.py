"""What a fault is: a stable name, what it does, and the one line of advice that would have caught it.

Three kinds. `reply`: the migration function answers a specimen of the corpus and does nothing. `query`: it says that
all is well and does nothing, and the query function answers as if V were there, in a reply that gives itself away.
`world`: it says that all is well, and what happened is something else. In none of them is V properly applied.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from checks.audits.faults.deeds import Deeds
from checks.expectation.expectation import Expectation
from checks.lambdas.local.request import Response
from checks.lambdas.replies.specimens import Specimen
from checks.sql.names import nearest
from checks.values import UsageError

FaultKind = Literal["reply", "query", "world"]

ADVICE = {
    "F1": "Look at FunctionError first: where it is set the invocation failed, whatever the payload says.",
    "F2": "Take only StatusCode 200 for a result: 202 is queued, 204 is a dry run.",
    "F3": "Look for errorMessage and errorType at every level of the reply, also without FunctionError.",
    "F4": "Compare the payload's statusCode with the integer 200, and take nothing else.",
    "F5": "Take success only when it is the boolean true and nothing that tells of an error stands beside it.",
    "F6": "Decode the body as JSON, strictly; what does not decode, or names a key twice, is no success.",
    "F7": "Require a JSON object; null, a list, a string or nothing is no success.",
    "F8": "Require the exact version in the list of what was applied or skipped.",
    "F9": "A time-out or a crash proves nothing: exit non-zero and look at the database.",
    "F10": "Compare the count with the number of rows; a reply that was cut proves nothing.",
    "F11": "Ask with a nonce of your own, and require success, no error, and the nonce in every row.",
    "F12": "When the call itself fails, exit non-zero (set -euo pipefail, no `|| true`), and let no SDK invoke twice.",
    "F13": "Require the version's own row and every object it makes, from the database, not from the reply.",
    "F15": "Take success only when nothing in the reply takes it back: a dry run, a rollback, a count of failures, a state "
           "that is no end.",
    "P2": "Do not believe the reply: old code can send it. Compare ExecutedVersion, then look at the database.",
}
"""By class of the corpus (fixtures/payloads/README.md)."""


@dataclass(frozen=True)
class TwinAnswer:
    """A question and what the query function of the twin, where V is applied, answers to it; in the reference shape."""

    sql: str
    account: dict[str, Any]
    """Success, rows, count."""
    known: str
    """Text in which every name is known: what is in it is no nonce."""
    hang_s: float = 3.0

    @property
    def rows(self) -> list[Any]:
        """The twin's rows."""
        return list(self.account["rows"])

    @property
    def nonces(self) -> tuple[str, ...]:
        """Literals of the question that are nobody's name and come back in the answer."""
        told = json.dumps(self.rows, ensure_ascii=False)
        words = {word for text in re.findall(r"'((?:[^']|'')*)'", self.sql) for word in text.split()}
        return tuple(sorted(word for word in words if len(word) >= 6 and word not in self.known and word in told))


Spoil = Callable[[TwinAnswer], Response | None]
"""None: this question could not show the fault, so it is answered truthfully."""


@dataclass(frozen=True)
class Fault:
    """One way in which a success is none."""

    name: str
    kind: FaultKind
    sentence: str
    advice: str
    specimen: Specimen | None = None
    """What a `reply` fault answers."""
    spoil: Spoil | None = None
    """What a `query` fault makes of a true answer."""
    needs: tuple[str, ...] = ()
    """Fields of the declared reply shape without which a `query` fault cannot be told."""
    do: Callable[[Deeds], None] = lambda deeds: None
    """What a `world` fault really does."""
    says: Callable[[bytes, str], bytes | None] = lambda perfect, version: perfect
    """What a `world` fault says, given the reply of a function that applied V, and V; None: just 202, accepted."""
    impossible: Callable[[Expectation], str] = lambda expectation: ""
    """Why a `world` fault cannot be committed with this V, or nothing."""
    default: bool = True
    slow: bool = False
    """Clients wait or try again: begun first, so that the others run meanwhile."""


def chosen(faults: Sequence[Fault], only: Sequence[str]) -> tuple[Fault, ...]:
    """The faults that `only` names (exactly, or as a pattern), or the default ones; slow ones first.

    Raises:
        UsageError: a name that fits nothing (nearest named).
    """
    names = [fault.name for fault in faults]
    for pattern in only:
        if not fnmatch.filter(names, pattern):
            raise UsageError(f"No fault is called {pattern!r}.{nearest(pattern, names)} "
                             "See python -m checks audit --list; patterns such as 'F5.*' or 'world.*' are taken too.")
    if only:
        picked = [fault for fault in faults if any(
            fault.name == pattern or (fault.default and fnmatch.fnmatchcase(fault.name, pattern)) for pattern in only)]
        picked = picked or [f for f in faults if any(fnmatch.fnmatchcase(f.name, pattern) for pattern in only)]
    else:
        picked = [fault for fault in faults if fault.default]
    return tuple(sorted(picked, key=lambda fault: not fault.slow))
