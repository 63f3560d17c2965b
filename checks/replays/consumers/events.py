"""The event corpus: reading it, finding names in an event, and the changes a redelivery may bring. Pure."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from checks.contract.dedupe import Dedupe, Effect
from checks.values import UsageError

_FRACTION = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{4,9})(Z|[+-]\d\d:?\d\d)?\Z")
_RECEIVED_LATER, _CUT_PRECISION, _MUCH_LATER, OTHER_PAYLOAD = 1, 2, 4, 8
VARIANTS = 8
"""How many ways there are to deliver one event: see `variant`."""


@dataclass(frozen=True)
class Event:
    """One distinct event."""

    number: int
    """Its line in the corpus, from 1."""
    document: Mapping[str, Any]
    keys: tuple[tuple[str, ...] | None, ...]
    """One for each effect of the contract: the effect key's values, or None if it has not this effect."""
    shape: tuple[str, ...]
    """The values of the names that `when` uses: events of one shape are treated alike."""
    group: tuple[str, ...]
    """The values of the first effect's `from`: what orders the event among others."""

    def __str__(self) -> str:
        return f"event {self.number} ({' '.join((*self.shape, *(part[:8] for part in self.group)))})"


def read_events(spec: Dedupe, root: Path) -> tuple[Event, ...]:
    """The corpus of `spec`, each distinct event once, in order.

    Raises:
        UsageError: no corpus, a line that is no JSON object, or a name of `from`, `when` or `payload` no field has.
    """
    if spec.events is None:
        raise UsageError(f"dedupe.{spec.name} names a consumer but no events; add events = \"FILE.jsonl\".")
    file = root / spec.events
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"The events of dedupe.{spec.name} in {file} are not UTF-8 text; save them as UTF-8.") from None
    except OSError as error:
        raise UsageError(f"The events of dedupe.{spec.name} cannot be read from {file}: {error.strerror}. Correct events in "
                         "the contract.") from None
    seen: dict[str, Event] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            document = _object(line, f"{spec.events} line {number}")
            seen.setdefault(_identity(document, (*spec.volatile, *spec.payload)), _event(number, document, spec))
    if not seen:
        raise UsageError(f"{spec.events} holds no event, so nothing can be replayed; write one JSON a line.")
    for path in spec.payload:
        if not any(variant(event.document, OTHER_PAYLOAD, (), (path,)) != event.document for event in seen.values()):
            raise UsageError(f"dedupe.{spec.name}.payload names {path!r}, and no event of {spec.events} has a text or a "
                             "number there; write the dotted path of a field of the event.")
    return tuple(seen.values())


def lookup(document: Mapping[str, Any], name: str, paths: Mapping[str, str]) -> str | None:
    """What `name`, a column of the dedupe table, is in this event.

    The contract's `fields` decide. Without an entry there: the field of that name nearest to the top; else
    `order_id` is field `id` of an object `order`; else `event_type` is field `event`. Lists are not searched.
    """
    if name in paths:
        return _scalar(_at(document, paths[name].split(".")))
    objects = list(_objects(document))
    pieces = name.split("_")
    splits = [("_".join(pieces[:i]), "_".join(pieces[i:])) for i in range(len(pieces) - 1, 0, -1)]
    typed = [[name.removesuffix("_type")]] if name.endswith("_type") else []
    ways = [[name], *([head, tail] for head, tail in splits), *typed]
    for way in ways:
        for found in objects:
            value = _scalar(_at(found, way))
            if value is not None:
                return value
    return None


def variant(document: Mapping[str, Any], number: int, volatile: Sequence[str],
            payload: Sequence[str] = ()) -> dict[str, Any]:
    """The same event as a redelivery may bring it.

    Bit 0 and bit 2 of `number` move the fields at the dotted paths `volatile` (times of receipt) by 1.5 and
    3600 s; bit 1 cuts the precision of every timestamp: nanoseconds to micro-, microseconds to milliseconds.
    Bit 3 changes the fields at the paths `payload`: another message under the same key.
    """
    changed: dict[str, Any] = json.loads(json.dumps(document))
    shift = 1.5 * bool(number & _RECEIVED_LATER) + 3600 * bool(number & _MUCH_LATER)
    if shift:
        _change(changed, volatile, lambda value: _later(value, shift))
    if number & OTHER_PAYLOAD:
        _change(changed, payload, _other)
    return _coarser(changed) if number & _CUT_PRECISION else changed


def _change(document: dict[str, Any], paths: Sequence[str], change: Callable[[object], object]) -> None:
    for path in paths:
        *parents, last = path.split(".")
        holder = _at(document, parents)
        if isinstance(holder, dict) and last in holder:
            holder[last] = change(holder[last])


def _other(value: object) -> object:
    """Another value of the same kind; what is no text and no number stays."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    if not isinstance(value, str):
        return value + 1
    with contextlib.suppress(ArithmeticError):
        return str(Decimal(value) + 1)
    later = _later(value, 86400)
    return later if later != value else f"{value} 2"


def _event(number: int, document: Mapping[str, Any], spec: Dedupe) -> Event:
    names = dict.fromkeys(name for effect in spec.effects for name in effect.when)
    shape = tuple(_required(number, document, name, spec) for name in names)
    keys = tuple(_effect_key(number, document, effect, spec) for effect in spec.effects)
    first = spec.effects[0].source if spec.effects else ()
    group = tuple(lookup(document, name, spec.fields) or "" for name in first)
    return Event(number, document, keys, shape, group)


def _effect_key(number: int, document: Mapping[str, Any], effect: Effect,
                spec: Dedupe) -> tuple[str, ...] | None:
    if any(_required(number, document, name, spec) not in allowed for name, allowed in effect.when.items()):
        return None
    return tuple(_required(number, document, name, spec) for name in effect.source)


def _required(number: int, document: Mapping[str, Any], name: str, spec: Dedupe) -> str:
    value = lookup(document, name, spec.fields)
    if value is None:
        raise UsageError(f"{spec.events} line {number} has no field for {name!r} of dedupe.{spec.name}; say "
                         f"where it is with fields = {{ {name} = \"path.in.the.event\" }}.")
    return value


def _object(line: str, place: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{place} is not JSON ({error}); write one JSON object a line.") from None
    if not isinstance(document, dict):
        raise UsageError(f"{place} is not a JSON object; write one JSON object a line.")
    return document


def _identity(document: Mapping[str, Any], unlike: Sequence[str]) -> str:
    """What is the same at every delivery of one event."""
    kept = variant(variant(document, _CUT_PRECISION, ()), _CUT_PRECISION, ())
    for path in unlike:
        *parents, last = path.split(".")
        holder = _at(kept, parents)
        if isinstance(holder, dict):
            holder.pop(last, None)
    return json.dumps(kept, sort_keys=True)


def _objects(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """`document` and every object in it, nearest to the top first."""
    level: list[Mapping[str, Any]] = [document]
    while level:
        yield from level
        level = [value for found in level for value in found.values() if isinstance(value, dict)]


def _at(document: object, path: Sequence[str]) -> object:
    for part in path:
        if not isinstance(document, dict):
            return None
        document = document.get(part)
    return document


def _scalar(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def _later(value: object, shift_s: float) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value + shift_s
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(_microseconds, str(value)))
    except ValueError:
        return value
    return (moment + timedelta(seconds=shift_s)).isoformat().replace("+00:00", "Z")


def _microseconds(found: re.Match[str]) -> str:
    return f"{found[1]}.{found[2][:6].ljust(6, '0')}{found[3] or ''}"


def _coarser(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _coarser(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_coarser(inner) for inner in value]
    if isinstance(value, str) and (found := _FRACTION.match(value)):
        return f"{found[1]}.{found[2][:6 if len(found[2]) > 6 else 3]}{found[3] or ''}"
    return value
