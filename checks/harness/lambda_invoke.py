"""Lambda's Invoke: from an HTTP request to the version that runs, and from what it did to an HTTP answer.

Source: "Invoke" of the AWS Lambda API reference; error wording as the service gives it.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from uuid import uuid4

from checks.harness.runtime_api import Call, Deployed
from checks.harness.sandboxes import Sandboxes
from checks.harness.values import Unverified

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
class Reply:
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


class Refused(Exception):
    """An error that the service answers before any function runs."""

    def __init__(self, status: int, code: str, message: str, **more: str) -> None:
        super().__init__(message)
        self.reply = Reply(status, json.dumps({"Message": message, "Type": "User", **more}).encode(),
                           {"x-amzn-ErrorType": code})


class Invoker:
    """Runs invocations against the functions deployed in one account of moto."""

    def __init__(self, account: str, sandboxes: Sandboxes) -> None:
        self._account = account
        self._sandboxes = sandboxes
        self._events: list[threading.Thread] = []
        self._routed: dict[str, Counter[str]] = {}
        self._lock = threading.Lock()

    def run(self, invocation: Invocation) -> Reply:
        """The answer AWS would give; an Event is answered first and runs in the background."""
        try:
            _refuse_malformed(invocation)
            function = self._function(invocation)
            if invocation.kind == "DryRun":
                return Reply(204)
            deployed = _deployed(function)
            self._refuse_throttled(invocation, deployed)
            if invocation.kind == "Event":
                self._later(invocation, deployed)
                return Reply(202)
            return self._now(invocation, deployed)
        except Refused as refused:
            return refused.reply
        except zipfile.BadZipFile as error:
            return Refused(502, "InvalidZipFileException", f"Lambda could not unzip the deployment package: {error}"
                           ).reply
        except Unverified as closing:
            return Refused(500, "ServiceException", str(closing), Type="Service").reply

    def join(self) -> None:
        """Waits for the accepted Events; each is bounded by its function's timeout."""
        for thread in self._events:
            thread.join()

    def _now(self, invocation: Invocation, deployed: Deployed) -> Reply:
        finished = self._sandboxes.invoke(deployed, _call(invocation, deployed))
        headers = {"x-amz-executed-version": deployed.version}
        if finished.failed:
            headers["x-amz-function-error"] = "Unhandled"
        if invocation.log_tail:
            headers["x-amz-log-result"] = base64.b64encode(finished.log_tail).decode()
        return Reply(200, finished.payload, headers)

    def _later(self, invocation: Invocation, deployed: Deployed) -> None:
        """Lambda would try a failed Event twice more, minutes later; here it runs once."""
        thread = threading.Thread(target=self._quietly, args=(invocation, deployed), daemon=True)
        self._events.append(thread)
        thread.start()

    def _quietly(self, invocation: Invocation, deployed: Deployed) -> None:
        self.run(replace(invocation, kind="RequestResponse", log_tail=False))

    def _function(self, invocation: Invocation) -> Any:
        """moto's record of the version that is to run."""
        from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException
        from moto.awslambda.utils import get_backend

        backend = get_backend(self._account, invocation.region)
        name, qualifier = invocation.function, invocation.qualifier
        try:
            function = backend.get_function(name, qualifier)
        except UnknownFunctionException as error:
            raise Refused(404, "ResourceNotFoundException", str(error.message)) from None
        try:
            alias: Any = backend.get_alias(name=qualifier or "", function_name=name)
        except UnknownAliasException:
            return function
        weights = (alias.routing_config or {}).get("AdditionalVersionWeights") or {}
        return backend.get_function(name, self._route(alias.arn, alias.function_version, weights))

    def _route(self, alias: str, main: str, weights: Mapping[str, float]) -> str:
        """The version whose share is most behind its weight: 10 % is every tenth call, always the same one."""
        shares = {main: 1 - sum(weights.values()), **weights}
        with self._lock:
            routed = self._routed.setdefault(f"{alias} {sorted(shares.items())}", Counter())
            calls = routed.total() + 1
            version = max(shares, key=lambda one: round(shares[one] * calls - routed[one], 9))
            routed[version] += 1
            return version

    def _refuse_throttled(self, invocation: Invocation, deployed: Deployed) -> None:
        from moto.awslambda.utils import get_backend

        limit = get_backend(self._account, invocation.region).get_function(invocation.function).reserved_concurrency
        if limit is not None and self._sandboxes.working(deployed.arn) >= int(limit):
            raise Refused(429, "TooManyRequestsException", "Rate Exceeded.",
                          Reason="ReservedFunctionConcurrentInvocationLimitExceeded")


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
        function=parsed["name"] if parsed else name, qualifier=named or query, kind=kind, payload=_body(environ),
        region=region[1] if region else default_region, log_tail=environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail",
        client_context=environ.get("HTTP_X_AMZ_CLIENT_CONTEXT", ""),
        refused="The derived qualifier from the function name does not match the specified qualifier."
        if named and query and named != query else "",
    )


def reply_to(reply: Reply, invocation: Invocation) -> tuple[str, list[tuple[str, str]]]:
    """The status line and headers of an answer."""
    headers = {"x-amzn-RequestId": invocation.request_id, "Content-Type": "application/json",
               "Content-Length": str(len(reply.payload))}
    if reply.status == 204:
        headers = {"x-amzn-RequestId": invocation.request_id}
    lower = {name.lower() for name in reply.headers}
    kept = [(name, value) for name, value in headers.items() if name.lower() not in lower]
    known = reply.status in HTTPStatus._value2member_map_
    phrase = HTTPStatus(reply.status).phrase if known else "Unknown"
    return f"{reply.status} {phrase}", [*kept, *reply.headers.items()]


def _body(environ: WSGIEnvironment) -> bytes:
    length = environ.get("CONTENT_LENGTH")
    stream = environ["wsgi.input"]
    if length:
        return bytes(stream.read(int(length)))
    return bytes(stream.read()) if environ.get("wsgi.input_terminated") else b""


def _refuse_malformed(invocation: Invocation) -> None:
    if invocation.refused:
        raise Refused(400, "InvalidParameterValueException", invocation.refused)
    if invocation.kind not in ("RequestResponse", "Event", "DryRun"):
        raise Refused(400, "ValidationException", f"1 validation error detected: Value '{invocation.kind}' at "
                      "'invocationType' failed to satisfy constraint: Member must satisfy enum value set: "
                      "[RequestResponse, DryRun, Event]")
    limit = ASYNC_BYTES if invocation.kind == "Event" else SYNC_BYTES
    if len(invocation.payload) > limit:
        raise Refused(413, "RequestEntityTooLargeException",
                      f"Request must be smaller than {limit} bytes for the InvokeFunction operation")
    try:
        json.loads(invocation.payload or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "InvalidRequestContentException", "Could not parse request body into json: Could not "
                      f"parse payload into json: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"Non-standard token '{name}'")


def _deployed(function: Any) -> Deployed:
    """What moto knows of a version, as the sandbox needs it."""
    runtime = str(function.run_time or "")
    if function.package_type != "Zip" or not runtime.startswith("python"):
        raise Refused(502, "InvalidRuntimeException", "The local endpoint runs Python zips only, and "
                      f"{function.function_name} is {runtime or 'an image'}.", Type="Server")
    return Deployed(
        arn=function.function_arn.removesuffix(f":{function.version}"), function=function.function_name,
        version=str(function.version), region=function.region, handler=str(function.handler),
        timeout_s=float(function.timeout), memory_mb=int(function.memory_size),
        environment=tuple(sorted((function.environment_vars or {}).items())),
        code_sha256=function.code_sha_256, code=function.code_bytes,
    )


def _call(invocation: Invocation, deployed: Deployed) -> Call:
    qualifier = f":{invocation.qualifier}" if invocation.qualifier else ""
    trace = uuid4().hex
    return Call(
        request_id=invocation.request_id, payload=invocation.payload or b"{}", arn=deployed.arn + qualifier,
        client_context=_client_context(invocation.client_context),
        trace_id=f"Root=1-{int(time.time()):08x}-{trace[:24]};Parent={trace[16:]};Sampled=0",
    )


def _client_context(encoded: str) -> str:
    """Base64 of JSON as JSON in ASCII."""
    if not encoded:
        return ""
    try:
        return json.dumps(json.loads(base64.b64decode(encoded, validate=True)))
    except ValueError:
        raise Refused(400, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON "
                      "object.") from None
