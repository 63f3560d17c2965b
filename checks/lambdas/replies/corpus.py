"""The corpus of Lambda replies, told in the shape a contract declares: is that shape too loose?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from checks.contract.reply_shape import REFERENCE, ReplyShape, plain
from checks.lambdas.replies.outcome import Outcome
from checks.lambdas.replies.reply import Reply, UnreadableError, read_json
from checks.lambdas.replies.specimens import Specimen, load

__all__ = ["Misjudged", "Specimen", "load", "misjudged", "told_in"]

LONGEST_TOLD = 1_000_000
"""Bytes of the longest payload told in another shape: size is the same fault in every shape."""


@dataclass(frozen=True, slots=True)
class Misjudged:
    """A reply that a declared shape makes look like what it is not."""

    specimen: Specimen
    outcome: Outcome
    sentence: str
    """What is wrong with the shape, for a report."""


def told_in(specimen: Specimen, shape: ReplyShape) -> Reply | None:
    """The reply that a function built like `shape` would have sent in this case; None when it could not.

    Only specimens of the reference shape are told anew. What `shape` has no name for keeps its name: that is
    a function which sends more than its contract declares. A key of the specimen's own keeps its meaning,
    also when `shape` takes it for something else: that is a contract which reads the wrong key.
    """
    if specimen.shape != REFERENCE or not all(_has(shape, need) for need in specimen.needs):
        return None
    if len(specimen.reply.payload) > LONGEST_TOLD:
        return None
    return replace(specimen.reply, payload=_told(specimen.reply.payload, shape))


def misjudged(shape: ReplyShape, specimens: Iterable[Specimen]) -> tuple[Misjudged, ...]:
    """The specimens that, told in `shape`, are called a success and are none, or the reverse.

    Also, for each function among them, that no honest reply is left which could prove anything in `shape`.
    """
    found = []
    provable: dict[str, bool] = {}
    for specimen in specimens:
        honest = specimen.must_be == "succeeded"
        reply = told_in(specimen, shape)
        provable.setdefault(specimen.function, False)
        if reply is None:
            continue
        outcome = specimen.judged(reply, shape)
        if (outcome.word == "succeeded") != honest:
            found.append(Misjudged(specimen, outcome, _sentence(specimen, outcome)))
        elif honest:
            provable[specimen.function] = True
    for function, proven in provable.items():
        if not proven:
            found.append(_unprovable(function))
    return tuple(found)


def _sentence(specimen: Specimen, outcome: Outcome) -> str:
    if outcome.word == "succeeded":
        return (f"The declared reply shape would call {specimen.name} a success, decided at {outcome.place}: "
                f"{specimen.why}")
    return f"The declared reply shape does not see the success of {specimen.name}: {outcome.reason}"


def _unprovable(function: str) -> Misjudged:
    nothing = Reply(status=None)
    sentence = f"In the declared reply shape no reply of the {function} function could prove a success."
    specimen = Specimen(f"honest-{function}", function, (), "succeeded", sentence, nothing)
    return Misjudged(specimen, Outcome("failed", sentence, "contract"), sentence)


def _has(shape: ReplyShape, need: str) -> bool:
    return (bool(shape.body) and shape.body_as == "text") if need == "text" else bool(getattr(shape, need))


def _told(payload: bytes, shape: ReplyShape) -> bytes:
    names = _names(shape)
    try:
        envelope = read_json(payload)
    except UnreadableError:
        text = _respelled(payload.decode("utf-8", "surrogateescape"), names)
        return text.encode("utf-8", "surrogateescape")
    if not isinstance(envelope, dict):
        return payload
    if REFERENCE.body not in envelope:
        return _dumped(_renamed(envelope, names))
    body = envelope.pop(REFERENCE.body)
    outer = _renamed(envelope, names)
    account = _account_told(body, names)
    if not shape.body:
        inner = _object(account)
        return account.encode("utf-8", "surrogatepass") if inner is None else _dumped({**outer, **inner})
    inner = _object(account) if shape.body_as == "object" else None
    as_it_was = body if not isinstance(body, str) else account
    return _dumped({**outer, shape.body: as_it_was if inner is None else inner})


def _account_told(body: Any, names: Mapping[str, str]) -> str:
    """The account's text with its keys renamed: structurally where it can be read, else by its spelling."""
    if not isinstance(body, str):
        return json.dumps(_renamed(body, names), ensure_ascii=False)
    inner = _object(body)
    if inner is None:
        return _respelled(body, names)
    return json.dumps(_renamed(inner, names), ensure_ascii=False)


def _names(shape: ReplyShape) -> dict[str, str]:
    """The reference's key -> the declared one; what the declared shape has no name for is absent."""
    fields = ("body", "status", "success", "applied", "skipped", "rows", "count")
    names = {getattr(REFERENCE, field): getattr(shape, field) for field in fields}
    known = {plain(key) for key in shape.errors}
    if shape.errors:
        names |= {key: shape.errors[0] for key in REFERENCE.errors if plain(key) not in known}
    return {old: new for old, new in names.items() if new and new != old}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with its keys renamed at every level, data in `rows` apart.

    A key that is there already keeps its own meaning; of two that become one, what is not empty stays.
    """
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    renamed: dict[str, Any] = {}
    for key, item in value.items():
        new = names.get(key, key)
        if (new == key or new not in value) and not renamed.get(new):
            renamed[new] = item if key == REFERENCE.rows else _renamed(item, names)
    return renamed


def _respelled(text: str, names: Mapping[str, str]) -> str:
    """`text`, which is no JSON, with what looks like its keys renamed."""
    if not names:
        return text
    return re.sub(rf'"({"|".join(map(re.escape, names))})"(\s*:)',
                  lambda found: json.dumps(names[found[1]]) + found[2], text)


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = read_json(text)
    except UnreadableError:
        return None
    return value if isinstance(value, dict) else None


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
