"""How an invocation can end without the function's own account of it. Pure.

    refused by AWS or never sent (NOT_SENT, other 4xx)     failed      it never reached the function
    204, DryRun                                            failed      only parameters and rights were seen
    202, Event                                             undecided   queued: runs later, up to three times
    read time-out, connection lost, 408, 499, 5xx, others  undecided   it may be running still
    FunctionError, handler never entered (NEVER_RAN)       failed      import, syntax or name wrong
    FunctionError by time-out, memory, exit, size of the
      reply, or any other of the platform's own            undecided   cut off midway
    FunctionError whose words tell of a lost connection    undecided   COMMIT may have come before it
    FunctionError by an exception of the function          failed      it ended itself, saying it failed

Sources: AWS Lambda API reference, Invoke (status codes, headers, errors; "error codes are reserved for
errors that prevent your function from executing"; also in botocore's lambda/service-2.json); awslambdaric's
`lambda_runtime_exception.py` (Runtime.*); botocore's `httpsession.py` (what is raised before sending);
AWS Lambda developer guide, "Troubleshoot invocation issues"; libpq's messages (fe-misc.c, fe-secure.c).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from checks.lambdas.replies.reply import (
    Reply,
    UnreadableError,
    awss_words,
    error_name,
    kind,
    read_json,
    said,
    sqlstate,
)

OutcomeWord = Literal["succeeded", "failed", "undecided"]

NOT_SENT = frozenset({
    # botocore gave up before the request left (httpsession.py, credentials.py, validate.py)
    "ConnectTimeoutError", "CredentialRetrievalError", "EndpointConnectionError",
    "InvalidProxiesConfigError", "InvalidRegionError", "NoCredentialsError", "NoRegionError",
    "ParamValidationError", "PartialCredentialsError", "ProfileNotFound", "ProxyConnectionError",
    "TokenRetrievalError", "UnknownEndpointError",
    # Invoke's own errors: refused before the function got the event
    "CodeArtifactUserDeletedException", "CodeArtifactUserFailedException",
    "CodeArtifactUserPendingException", "DurableExecutionAlreadyStartedException",
    "EC2AccessDeniedException", "EC2ThrottledException", "EC2UnexpectedException", "EFSIOException",
    "EFSMountConnectivityException", "EFSMountFailureException", "EFSMountTimeoutException",
    "ENILimitReachedException", "ENINotReadyException", "InvalidParameterValueException",
    "InvalidRequestContentException", "InvalidRuntimeException", "InvalidSecurityGroupIDException",
    "InvalidSubnetIDException", "InvalidZipFileException", "KMSAccessDeniedException",
    "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException",
    "ModeNotSupportedException", "NoPublishedVersionException", "RequestTooLargeException",
    "ResourceConflictException", "ResourceNotFoundException", "ResourceNotReadyException",
    "RuntimeAliasDeletedException", "RuntimeVersionDeletedException",
    "SerializedRequestEntityTooLargeException", "ServiceQuotaExceededException",
    "SnapStartNotReadyException", "SnapStartRegenerationFailureException", "SnapStartTimeoutException",
    "SubnetIPAddressLimitReachedException", "TooManyRequestsException", "UnsupportedMediaTypeException",
    # AWS's common errors: throttled, not known, not allowed
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException",
    "IncompleteSignatureException", "InvalidClientTokenId", "InvalidSignatureException",
    "MissingAuthenticationTokenException", "OptInRequired", "SignatureDoesNotMatch", "Throttling",
    "ThrottlingException", "UnrecognizedClientException",
})
"""Names of errors after which no code has run."""
NEVER_RAN = frozenset({
    "Runtime.BuiltInModuleConflict", "Runtime.HandlerNotFound", "Runtime.ImportModuleError",
    "Runtime.InvalidEntrypoint", "Runtime.InvalidWorkingDir", "Runtime.LambdaContextUnmarshalError",
    "Runtime.MalformedHandlerName", "Runtime.UnmarshalError", "Runtime.UserCodeSyntaxError",
})
"""errorType of an invocation whose handler was never entered."""

_PLATFORM = ("Runtime.", "Sandbox.", "Extension.", "Function.", "Lambda.", "Platform.")
_CUT_OFF = re.compile(
    rb"Task timed out after|TaskTimedOut|Sandbox\.Timedout|Runtime exited|Runtime\.ExitError|signal: killed"
    rb"|OutOfMemory|MemoryError|ResponseSizeTooLarge|payload size exceeded|Runtime\.MarshalError"
    rb"|server closed the connection|connection already closed|terminating connection|could not receive data"
    rb"|SSL connection has been closed|SSL SYSCALL error|[Cc]onnection reset|[Bb]roken pipe")
_LOG_CUT_OFF = re.compile(r"^REPORT RequestId: .*\bStatus: (?:timeout|error|failure)\b"
                          r"|^\S+ [0-9a-f-]{36} Task timed out after [\d.]+ seconds\s*$", re.MULTILINE)
"""The platform's own lines; a function may print the same words about something else."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What shut a gate: what it makes of the reply, and where."""

    word: OutcomeWord
    reason: str
    place: str
    """A path in the reply such as `$.body.success`, or a header's name."""
    sqlstate: str = ""
    """Of the database's refusal that it tells of, if it does."""


def failed(reason: str, place: str, sqlstate: str = "") -> Ruling:
    """Nothing ran, or it ended of its own accord without a proof."""
    return Ruling("failed", reason, place, sqlstate)


def undecided(reason: str, place: str) -> Ruling:
    """Nobody said how it ended; it may have run or be running."""
    return Ruling("undecided", reason, place)


def ending(reply: Reply) -> Ruling | None:
    """How the invocation ended short of an answer of the function's; None when there is one to be read."""
    if reply.transport_error is not None or reply.status is None:
        return _not_answered(reply.status, reply.transport_error or "")
    if type(reply.status) is not int or reply.status != 200:
        return _other_status(reply.status)
    if reply.function_error is not None:
        return _function_error(reply)
    if _LOG_CUT_OFF.search(reply.log_tail):
        return undecided("The log's last lines say that Lambda ended it.", "X-Amz-Log-Result")
    return None


def cut_off(reply: Reply) -> bool:
    """Whether payload or log hold words of an end nobody chose, after which COMMIT may have been executed."""
    return bool(_CUT_OFF.search(reply.payload) or _LOG_CUT_OFF.search(reply.log_tail))


def _not_answered(status: int | None, words: str) -> Ruling:
    names = [word for word in re.findall(r"\w+", words[:2_000])
             if word in NOT_SENT or word.endswith(("Error", "Exception"))]
    name = names[0] if names else ""
    if name in NOT_SENT:
        return failed(f"The function was never invoked: {awss_words(words) or name}.", "transport")
    if not name and status is not None and status != 200:
        return _other_status(status)
    if name != "ServiceException" and status is not None and 400 <= status < 500 and status not in (408, 499):
        return failed(f"AWS refused the invocation with HTTP {status}: {awss_words(words) or 'no word why'}.", "transport")
    return undecided(f"No answer came, and it may be running still: {awss_words(words) or 'no word why'}.",
                     "transport")


def _other_status(status: Any) -> Ruling:
    place = "HTTP status"
    if type(status) is not int:
        return undecided(f"The HTTP status is {kind(status)}, not the number 200.", place)
    if status == 202:
        return undecided("Lambda only queued the invocation (202, Event); it runs later.", place)
    if status == 204:
        return failed("Lambda only checked the request (204, DryRun); nothing ran.", place)
    if 400 <= status < 500 and status not in (408, 499):
        return failed(f"AWS refused the invocation with HTTP {status}; nothing ran.", place)
    return undecided(f"The invocation ended with HTTP {status}, and the function may have run.", place)


def _function_error(reply: Reply) -> Ruling:
    place = "X-Amz-Function-Error"
    try:
        payload = read_json(reply.payload)
    except UnreadableError as error:
        return undecided(f"Lambda reports a function error, and its payload {error}.", place)
    told = payload if isinstance(payload, dict) else {}
    error_type, message = told.get("errorType"), told.get("errorMessage")
    what = ": ".join(filter(None, (error_name(error_type), said(message) if isinstance(message, str) else "")))
    if isinstance(error_type, str) and error_type in NEVER_RAN:
        return failed(f"The handler was never entered: {what}.", place)
    if cut_off(reply) or (isinstance(error_type, str) and error_type.startswith(_PLATFORM)):
        return undecided(f"Lambda ended the invocation midway: {what or 'no word why'}.", place)
    if not told:
        return undecided(f"Lambda reports a function error, and its payload is {kind(payload)}.", place)
    return failed(f"The function raised an error: {what or 'no word why'}.", place,
                  sqlstate({"type": error_type, "message": message}))
