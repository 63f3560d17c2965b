"""What an invocation brought back, how a contract says it is built, and JSON read in one way only."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn

from checks import telling
from checks.contract.reply_shape import plain

MAX_BYTES = 6_291_556
"""The largest synchronous response, as Function.ResponseSizeTooLarge states it ("exceeded maximum allowed
payload size (6291556 bytes)"); what is larger did not come from Lambda."""
MAX_DEPTH = 100
"""Levels of nesting read; honest replies have under ten, and deep ones break whoever compares them."""
MAX_DIGITS = 640
"""Digits of one number read: the most that Python converts under any setting (sys.int_info)."""
MAX_SAID = 120
"""Characters that a reason may hold of what others say."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one Lambda invocation brought back; field names follow botocore's Invoke response."""

    status: int | None
    """HTTP status code; None when no answer came."""
    function_error: str | None = None
    """`X-Amz-Function-Error`: "Handled" or "Unhandled"; None when the header is absent."""
    executed_version: str | None = None
    """`X-Amz-Executed-Version`: "$LATEST" or a number; None when absent."""
    log_tail: str = ""
    """The last 4 KB of the log, decoded from base64; empty when not asked for."""
    payload: bytes = b""
    transport_error: str | None = None
    """The client's own words when the call did not end in an answer: an exception's or AWS error code's name,
    with or without more text. Holds no secret."""
    retries: int = 0
    """`ResponseMetadata.RetryAttempts`: how often the SDK sent the same invocation again."""


class UnreadableError(ValueError):
    """Not JSON that can mean one thing only; `str(error)` says what it is instead, and quotes nothing."""


def read_json(data: bytes | str) -> Any:
    """The value of `data`, read strictly: RFC 8259, and besides no duplicate key, no BOM, no lone surrogate,
    no number that Python would round to infinity, nothing past MAX_BYTES, MAX_DEPTH and MAX_DIGITS.

    Raises:
        UnreadableError: for anything else; no other exception, whatever the bytes.
    """
    text = _decoded(data)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_int,
                           parse_float=_float)
    except RecursionError:
        raise UnreadableError(f"is nested deeper than {MAX_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"is not JSON from character {error.pos:,} of {len(text):,} on") from None
    if _deeper_than(value, MAX_DEPTH):
        raise UnreadableError(f"is nested deeper than {MAX_DEPTH} levels")
    if _SURROGATE.search(text) and not _encodable(value):
        raise UnreadableError("holds half of a surrogate pair")
    return value


def path(*steps: str | int) -> str:
    """Where in a reply, as JSONPath: `$.body.results[3].error`; odd keys quoted, long ones cut."""
    shown = [_step(step) for step in steps]
    return "$" + "".join(shown if len(shown) <= 8 else [*shown[:4], "…", *shown[-3:]])


def said(value: Any) -> str:
    """What may be told of a function's own error words: never the words, since they may quote a stored value.

    They are repeated where Lambda itself chose them; else it is said what they mean, with the SQLSTATE if they let us
    tell one.
    """
    if isinstance(value, Mapping):
        inner = [item for key, item in value.items() if plain(key) in ("message", "errormessage", "error")]
        value = next((item for item in inner if isinstance(item, str)), value)
    if not isinstance(value, str):
        return f"({kind(value)})"
    line = value.strip()[:4_000]
    if any(shape.fullmatch(line) for shape in _LAMBDAS_OWN):
        return short(line)
    state = sqlstate(value)
    if state:
        return f"{telling.SENTENCES.get(state, 'the database refused it')} (SQLSTATE {state})"
    return "its own words are not repeated" if line else "no word why"


def sqlstate(value: Any, beside: Mapping[str, Any] = MappingProxyType({})) -> str:
    """The SQLSTATE that an error tells of, empty when it cannot be told.

    Args:
        value: under a key that tells of an error: its words, or an object about it.
        beside: the object that holds that key, which may name the state too.
    """
    for holder in (value if isinstance(value, Mapping) else {}, beside):
        for key, item in holder.items():
            if plain(key[:64]) in ("sqlstate", "pgcode", "code") and isinstance(item, str) and _STATE.fullmatch(item):
                return item
    texts = [value, *value.values()] if isinstance(value, Mapping) else [value]
    return next(filter(None, (telling.sqlstate_of(text[:4_000]) for text in texts if isinstance(text, str))), "")


def error_name(value: Any) -> str:
    """An exception's or AWS error's name, where `value` is one; else empty."""
    return value if isinstance(value, str) and _ERROR_NAME.fullmatch(value) else ""


def awss_words(text: str) -> str:
    """What may be told of the AWS client's words about a call: the error's name, and what it says in a known shape."""
    names = [word for word in re.findall(r"[\w.]+", text[:2_000]) if _ERROR_NAME.fullmatch(word)]
    more = next((found[0] for shape in _AWSS_OWN if (found := shape.search(text[:2_000]))), "")
    return short(": ".join(filter(None, (names[0] if names else text if text in _PLAIN_CODES else "", more))))


def short(text: str) -> str:
    """`text` on one line, without secrets, at most MAX_SAID characters."""
    text = telling.fit(" ".join(text.split()))
    return text if len(text) <= MAX_SAID else text[: MAX_SAID - 1] + "…"


def kind(value: Any) -> str:
    """The JSON type of a decoded value, in words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    words = {int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return words.get(type(value), type(value).__name__)


def strings(value: Any) -> Sequence[str] | None:
    """`value` as a list of strings; an absent or null list is empty, anything else is None."""
    if value is None:
        return ()
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_STATE = re.compile(r"[0-9A-Z]{5}")
_ERROR_NAME = re.compile(r"(?:[A-Za-z_]\w{0,40}\.){0,4}[A-Za-z_]\w{0,60}(?:Error|Exception)|(?:Runtime|Sandbox|Extension"
                         r"|Function|Lambda|Platform)\.[A-Z]\w{0,60}")
_NAME = r"[\w.$/-]{1,140}"
_LAMBDAS_OWN = tuple(map(re.compile, (
    r"(?:\S{1,40} )?[0-9a-f-]{36} Task timed out after [\d.]+ seconds", r"Task timed out after [\d.]+ seconds",
    rf"Unable to import module '{_NAME}'(?:: No module named '{_NAME}')?",
    rf"Handler '{_NAME}' missing on module '{_NAME}'(?:: module '{_NAME}' has no attribute '{_NAME}')?",
    rf"Bad handler '{_NAME}'.{{0,60}}", rf"Syntax error in module '{_NAME}': .{{0,60}} \({_NAME}, line \d+\)",
    r"RequestId: [0-9a-f-]{36} Error: Runtime exited (?:with error: (?:signal: \w+|exit status \d+)|without providing a "
    r"reason)", r"RequestId: [0-9a-f-]{36} Process exited before completing request",
    r"Response payload size (?:\(\d+ bytes\) )?exceeded maximum allowed payload size \(\d+ bytes\)\.",
)))
"""What Lambda and its runtimes say themselves (awslambdaric's bootstrap.py; developer guide, "Troubleshoot")."""
_AWSS_OWN = tuple(map(re.compile, (
    r"User: arn:aws[\w:/.@+=,-]+ is not authorized to perform: [\w:]+", r"Function not found: arn:aws[\w:/.$-]+",
    r"Rate [Ee]xceeded", r"Unable to locate credentials", r"The security token included in the request is \w+",
    r'Could not connect to the endpoint URL: "https?://[\w.:-]+', r'(?:Connect|Read) timeout on endpoint URL: '
    r'"https?://[\w.:-]+', r"The config profile \([\w.-]+\) could not be found", r"You must specify a region",
    r"Connection was closed before we received a valid response", r"the reply broke off",
)))
"""What AWS and botocore say in words that hold names of theirs only; a signature's error quotes what was signed."""
_PLAIN_CODES = frozenset({"Throttling", "AccessDenied", "ExpiredToken", "InvalidClientTokenId", "OptInRequired"})


def _decoded(data: bytes | str) -> str:
    if len(data) > MAX_BYTES:
        raise UnreadableError(f"is {len(data):,} long, more than the {MAX_BYTES:,} bytes Lambda can send")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"is not UTF-8 from byte {error.start:,} of {len(data):,} on") from None
    if text.startswith("\ufeff"):
        raise UnreadableError("starts with a byte order mark")
    if not text.strip():
        raise UnreadableError("is empty")
    return text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise UnreadableError("names one key twice in one object")
    return value


def _constant(word: str) -> NoReturn:
    raise UnreadableError(f"holds {word}, which JSON does not know")


def _int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise UnreadableError(f"holds a number of {len(digits):,} digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits) if len(digits) <= MAX_DIGITS else math.inf
    if math.isinf(value):
        raise UnreadableError("holds a number too large to read")
    return value


def _deeper_than(value: Any, levels: int) -> bool:
    """Whether containers nest deeper than `levels`; breadth first, since it must not recurse."""
    level = [value]
    for _ in range(levels):
        level = [item for holder in level if type(holder) in (list, dict)
                 for item in (holder if type(holder) is list else holder.values())
                 if type(item) in (list, dict)] if level else []
        if not level:
            return False
    return True


def _encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if re.fullmatch(r"[A-Za-z_]\w{0,40}", step, re.ASCII):
        return f".{step}"
    return "[" + json.dumps(step if len(step) <= 40 else step[:39] + "…") + "]"
