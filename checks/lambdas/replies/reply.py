"""What an invocation brought back, how a contract says it is built, and JSON read in one way only."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from checks.contract.reply_shape import plain

MAX_BYTES = 6_291_556
"""The largest synchronous response, as Function.ResponseSizeTooLarge states it ("exceeded maximum allowed
payload size (6291556 bytes)"); what is larger did not come from Lambda."""
MAX_DEPTH = 100
"""Levels of nesting read; honest replies have under ten, and deep ones break whoever compares them."""
MAX_DIGITS = 640
"""Digits of one number read: the most that Python converts under any setting (sys.int_info)."""
MAX_SAID = 120
"""Characters of the function's own words that a reason may hold."""


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
    """A function's own error words, fit for a report: one line, at most MAX_SAID long, no secret, no row.

    PostgreSQL's DETAIL and CONTEXT quote whole rows, so everything from there on is dropped.
    """
    if isinstance(value, Mapping):
        inner = [item for key, item in value.items() if plain(key) in ("message", "errormessage", "error")]
        value = next((item for item in inner if isinstance(item, str)), value)
    if not isinstance(value, str):
        return f"({kind(value)})"
    text = _ROW_WORDS.split(value[:4_000], maxsplit=1)[0]
    text = _NAMED_SECRET.sub(r"\1…", _URL_SECRET.sub(r"\1…@", text))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
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
_ROW_WORDS = re.compile(r"(?:DETAIL|CONTEXT|QUERY|STATEMENT|PARAMETERS?)\s*:|Failing row contains|Key \(")
_URL_SECRET = re.compile(r"(://[^\s:/@]*:)\S*@")
_NAMED_SECRET = re.compile(r"((?:password|passwd|pwd|secret|token)\w*['\"]?\s*[=:]\s*['\"]?)[^\s'\",]+",
                           re.IGNORECASE)


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
