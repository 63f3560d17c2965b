"""The faults an audit tries: a stable name, what it is, and the one line of advice that would have caught it.

Three kinds. `reply`: the migration function answers a specimen of the corpus and does nothing. `query`: it says that
all is well and does nothing, and the query function answers as if V were there, in a reply that gives itself away.
`world`: it says that all is well, and what happened is something else. In none of them is V properly applied.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from checks.catalog.key import Key
from checks.lambdas.local.request import Response
from checks.lambdas.replies.specimens import Specimen
from checks.sql.names import nearest
from checks.values import UsageError

Kind = Literal["reply", "query", "world"]

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
    "P2": "Do not believe the reply: old code can send it. Compare ExecutedVersion, then look at the database.",
}
"""By class of the corpus (fixtures/payloads/README.md)."""

REPLIES = (
    "f01-unhandled-exception", "f01-unhandled-beside-a-perfect-success", "f01-handled-error", "f01-unhandled-with-null",
    "f02-event-beside-a-perfect-success", "f02-dry-run",
    "f03-error-object-without-header", "f03-error-message-in-body", "f03-error-three-levels-down",
    "f04-status-500", "f04-status-string-500", "f04-status-string-200", "f04-status-missing",
    "f04-status-500-and-success-false",
    "f05-success-false", "f05-success-string-false", "f05-success-1", "f05-success-missing", "f05-success-null",
    "f05-success-with-error", "f05-success-with-errors",
    "f06-body-missing", "f06-body-null", "f06-body-truncated", "f06-body-object", "f06-html-body",
    "f06-duplicate-success-false-first", "f06-nan", "f06-nested-10000-deep",
    "f07-payload-null", "f07-payload-empty", "f07-payload-list-of-success", "f07-payload-bare-string",
    "f08-named-nowhere", "f08-other-version-applied", "f08-name-with-sql-suffix", "f08-only-in-message",
    "f09-timed-out", "f09-exit-status-1", "f09-import-error",
    "f10-response-too-large", "f10-6-mb-without-the-version",
    "f12-throttled", "f12-not-found", "f12-service-exception", "f12-connection-reset", "f12-read-timeout",
    "f12-incomplete-read", "f12-sdk-invoked-again",
    "f13-already-up-to-date", "f13-count-only", "f13-some-of-the-objects",
    "p02-old-version-answered",
)
"""The specimens tried by default: one for each form that scripts tell apart. `--only` reaches all the others."""
ANOTHER = "_draft"
"""What makes the name of another version of V's."""
_OURS_ALONE = ("NoCredentials", "NoRegion", "ConnectTimeout", "EndpointConnection", "HTTPClientError")
"""Errors of the client's own, before anything was sent: no endpoint can play them."""


@dataclass(frozen=True)
class Fault:
    """One way in which a success is none."""

    name: str
    kind: Kind
    sentence: str
    advice: str
    specimen: Specimen | None = None
    """What a `reply` fault answers."""
    needs: tuple[str, ...] = ()
    """Fields of the declared reply shape without which a `query` fault cannot be told."""
    default: bool = True
    slow: bool = False
    """Clients wait or try again: begun first, so that the others run meanwhile."""
    object: Key | None = None
    """Of `world.left-out.*`: the key of the object that is missing."""


def replies(corpus: Iterable[Specimen]) -> tuple[Fault, ...]:
    """A fault for each specimen of a migration function that a service could send."""
    found = []
    for specimen in corpus:
        if specimen.function != "migration" or len(specimen.asked) != 1 or not _sendable(specimen):
            continue
        kind = specimen.faults[0]
        found.append(Fault(f"{kind}.{specimen.name.partition('-')[2]}", "reply", specimen.why, ADVICE[kind], specimen,
                           default=specimen.name in REPLIES, slow=kind == "F12"))
    return tuple(found)


def _sendable(specimen: Specimen) -> bool:
    reply = specimen.reply
    if specimen.must_be == "succeeded":
        return False
    if reply.retries:
        return specimen.name == "f12-sdk-invoked-again"
    if reply.transport_error and reply.transport_error.startswith(_OURS_ALONE):
        return False
    return reply.status is None or (reply.status >= 200 and reply.status not in (204, 307)) or not reply.payload


WORLDS = (
    ("did-nothing", "It says applied, and did nothing.",
     "Do not believe the reply: look at the database for the row and for what the migration makes."),
    ("did-half", "It did the first half of the DDL, recorded the row and says applied.",
     "Look for every object that the migration makes, not for some of them."),
    ("did-other-half", "It did the second half of the DDL, recorded the row and says applied.",
     "Look for every object that the migration makes, not for some of them."),
    ("rolled-back", "It says applied, and its transaction is rolled back after that.",
     "Look at the database through a session of your own, after the reply."),
    ("row-without-ddl", "It recorded the row and did none of the DDL.",
     "A row in the ledger proves nothing: look for what the migration makes."),
    ("ddl-without-row", "It did the DDL and recorded nothing.",
     "Look for the row too: without it the next run applies the migration again."),
    ("other-version", "It applied another version, recorded that one, and says so.",
     "Compare the version exactly, in the reply and in the ledger: no LIKE, no prefix."),
    ("lookalike-rows", "The ledger has rows of versions with similar names, and the reply says applied.",
     "Compare the version in the ledger with =; in LIKE every _ stands for any character."),
    ("other-database", "It applied the version to another database and says applied.",
     "Look at the database that the application uses, by the application's own route."),
    ("accepted", "It answers 202: accepted, to be run later, which never happens.",
     "Invoke with RequestResponse, take only StatusCode 200, and look at the database."),
)
LEFT_OUT = "left-out."


def worlds(droppable: Sequence[Key]) -> tuple[Fault, ...]:
    """The false worlds; one `world.left-out.N` for each of up to six of the objects V makes, by their keys."""
    found = [Fault(f"world.{name}", "world", sentence, advice) for name, sentence, advice in WORLDS]
    step = max(1, -(-len(droppable) // 6))
    for number, key in enumerate(droppable[::step], 1):
        name = f"{key.kind} {key.path}"
        found.append(Fault(f"world.{LEFT_OUT}{number}", "world",
                           f"It did all but {name}, recorded the row and says applied.",
                           f"Look for every object that the migration makes: {name} too.", object=key))
    return tuple(found)


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


def as_answer(specimen: Specimen, payload: bytes, hang_s: float, log_tail: bool) -> Response:
    """What an endpoint sends so that a client gets the specimen's reply, with `payload` as its payload."""
    reply = specimen.reply
    error = reply.transport_error or ""
    if reply.status is None:
        return Response(0, delay_s=hang_s if "Timeout" in error else 0.0)
    if "IncompleteRead" in error or "Streaming" in error:
        return Response(reply.status, payload + b" " * 300, cut_after=len(payload))
    if error:
        code, _, message = error.partition(": ")
        body = json.dumps({"Type": "User" if reply.status < 500 else "Service", "Message": message or code})
        return Response(reply.status, body.encode(), {"x-amzn-ErrorType": code})
    return Response(reply.status, payload, headers(specimen, log_tail))


def headers(specimen: Specimen, log_tail: bool) -> Mapping[str, str]:
    """The headers that AWS would send with the specimen's reply."""
    import base64

    reply = specimen.reply
    found = {"x-amz-executed-version": reply.executed_version, "x-amz-function-error": reply.function_error}
    if log_tail and reply.log_tail:
        found["x-amz-log-result"] = base64.b64encode(reply.log_tail.encode()).decode()
    return {name: value for name, value in found.items() if value is not None}


def renamed(payload: bytes, asked: Sequence[str], version: str) -> bytes:
    """`payload` about the version asked for in the corpus, told of `version`: its near-misses too."""
    if not asked or asked[-1] == version:
        return payload
    old = asked[-1]
    text = payload.decode("utf-8", "surrogateescape")
    inside = json.dumps(version)[1:-1]
    spellings: tuple[Callable[[str], Any], ...] = (
        str, str.upper, lambda name: name.replace("_", "-"), lambda name: "_".join(name.split("_")[:4]))
    for spell in spellings:
        text = text.replace(spell(old), spell(inside))
    return text.encode("utf-8", "surrogateescape")
