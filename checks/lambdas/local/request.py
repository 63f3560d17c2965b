"""Lambda's Invoke as HTTP: the request as an Invocation, a Response as status line and headers, and refusals.

Source: "Invoke" of the AWS Lambda API reference; error wording as the service gives it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from uuid import uuid4

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

SYNC_BYTES, ASYNC_BYTES = 6_291_456, 1_048_576
"""Largest payloads that Invoke takes, by invocation type."""

_PATH = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)/invocations/?"
                   r"|/2014-11-13/functions/(?P<old>[^/]+)/invoke-async/?")
_NAME = re.compile(r"(?:arn:[^:]+:lambda:(?P<region>[^:]*):(?P<account>\d*):|(?P<partial>\d{12}):)?"
                   r"(?:function:)?(?P<name>[\w-]+)(?::(?P<qualifier>[\w$-]+))?")
_REGION = re.compile(r"Credential=[^/]+/\d+/([^/]+)/")


@dataclass(frozen=True)
class Invocation:
    """What was asked."""

    function: str
    """The name, taken from an ARN where one was given."""
    qualifier: str | None
    """A version, an alias, `$LATEST`, or None."""
    kind: str
    """RequestResponse, Event or DryRun."""
    payload: bytes
    region: str
    log_tail: bool = False
    """The caller asked for the log tail."""
    client_context: str = ""
    """Base64 of JSON, or empty."""
    request_id: str = field(default_factory=lambda: str(uuid4()), compare=False)
    refused: str = ""
    """Why Lambda refuses the request as it stands, or empty."""


@dataclass(frozen=True)
class Response:
    """What is sent. The content length is always that of the whole payload."""

    status: int
    """HTTP status; 0 closes the connection without a word."""
    payload: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside Content-Type, Content-Length and x-amzn-RequestId, which may be overridden here."""
    delay_s: float = 0.0
    """Waits this long first; cut short when the caller hangs up or the endpoint closes."""
    cut_after: int | None = None
    """Closes the connection after this many bytes of the payload."""


def refused(status: int, code: str, message: str, **more: str) -> Response:
    """An error that the service answers before any function runs."""
    return Response(status, json.dumps({"Message": message, "Type": "User", **more}).encode(), {"x-amzn-ErrorType": code})


def request_of(environ: WSGIEnvironment, default_region: str) -> Invocation | None:
    """The invocation that an HTTP request is, or None when it is another request. Reads the body.

    A function may be named by an ARN of any account: the endpoint stands in for all of them.
    """
    path = _PATH.fullmatch(environ.get("PATH_INFO", ""))
    if path is None or environ["REQUEST_METHOD"] != "POST":
        return None
    name = path["name"] or path["old"]
    parsed = _NAME.fullmatch(name)
    query = parse_qs(environ.get("QUERY_STRING", "")).get("Qualifier", [None])[0]
    named = parsed["qualifier"] if parsed else None
    region = _REGION.search(environ.get("HTTP_AUTHORIZATION", ""))
    kind = "Event" if path["old"] else environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
    return Invocation(
        function=parsed["name"] if parsed else name, qualifier=named or query, kind=kind,
        payload=_body(environ),
        region=region[1] if region else default_region, log_tail=environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail",
        client_context=environ.get("HTTP_X_AMZ_CLIENT_CONTEXT", ""),
        refused="The derived qualifier from the function name does not match the specified qualifier."
        if named and query and named != query else "",
    )


def as_http(answer: Response, invocation: Invocation) -> tuple[str, list[tuple[str, str]]]:
    """The status line and headers of an answer."""
    headers = {"x-amzn-RequestId": invocation.request_id, "Content-Type": "application/json",
               "Content-Length": str(len(answer.payload))}
    if answer.status == 204:
        headers = {"x-amzn-RequestId": invocation.request_id}
    lower = {name.lower() for name in answer.headers}
    kept = [(name, value) for name, value in headers.items() if name.lower() not in lower]
    known = answer.status in HTTPStatus._value2member_map_
    phrase = HTTPStatus(answer.status).phrase if known else "Unknown"
    return f"{answer.status} {phrase}", [*kept, *answer.headers.items()]


def _body(environ: WSGIEnvironment) -> bytes:
    length = environ.get("CONTENT_LENGTH")
    stream = environ["wsgi.input"]
    if length:
        return bytes(stream.read(int(length)))
    return bytes(stream.read()) if environ.get("wsgi.input_terminated") else b""


def malformed(invocation: Invocation) -> Response | None:
    """How the service refuses a request that no function should see; None when it is well formed."""
    if invocation.refused:
        return refused(400, "InvalidParameterValueException", invocation.refused)
    if invocation.kind not in ("RequestResponse", "Event", "DryRun"):
        return refused(400, "ValidationException", "1 validation error detected: Value "
                       f"'{invocation.kind}' at 'invocationType' failed to satisfy constraint: Member must "
                       "satisfy enum value set: [RequestResponse, DryRun, Event]")
    limit = ASYNC_BYTES if invocation.kind == "Event" else SYNC_BYTES
    if len(invocation.payload) > limit:
        return refused(413, "RequestEntityTooLargeException",
                       f"Request must be smaller than {limit} bytes for the InvokeFunction operation")
    try:
        json.loads(invocation.payload or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return refused(400, "InvalidRequestContentException", "Could not parse request body into json: "
                       f"Could not parse payload into json: {error}")
    return None


def _no_constant(name: str) -> None:
    raise ValueError(f"Non-standard token '{name}'")
