"""Faults of the migration function's reply: it answers a specimen of the corpus, and does nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from checks.audits.faults.fault import ADVICE, Fault
from checks.lambdas.local.request import Response
from checks.lambdas.replies.specimens import Specimen

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
    "f15-dry-run", "f15-rolled-back", "f15-failed-count", "f15-result-failed", "f15-execution-pending",
    "p02-old-version-answered",
)
"""The specimens tried by default: one for each form that scripts tell apart. `--only` reaches all the others."""
_OURS_ALONE = ("NoCredentials", "NoRegion", "ConnectTimeout", "EndpointConnection", "HTTPClientError")
"""Errors of the client's own, before anything was sent: no endpoint can play them."""


def reply_faults(corpus: Iterable[Specimen]) -> tuple[Fault, ...]:
    """A fault for each specimen of a migration function that a service could send."""
    found = []
    for specimen in corpus:
        if specimen.function != "migration" or len(specimen.asked) != 1 or not _sendable(specimen):
            continue
        kind, *_ = specimen.faults
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
