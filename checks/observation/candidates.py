"""Values that an enum must refuse, and what other columns are tried with: made up, most telling first. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from checks.observation.evaluate import INTEGER_TYPES, TEXT_TYPES, base_type, length_of

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def candidates(allowed: Sequence[str], also: Sequence[str | None], kind: str) -> tuple[str, ...]:
    """Values that a column of `kind` could store and an enum of `allowed` must refuse, most telling first.

    Args:
        allowed: the declared values.
        also: the literals found in the live predicate, and other suspects.
        kind: the column's type with its length.
    """
    base = base_type(kind)
    if base in INTEGER_TYPES:
        return _integers(allowed, also, INTEGER_TYPES[base])
    if base not in TEXT_TYPES:
        return ()
    padded = base in ("character", "bpchar")
    limit = length_of(kind)
    refused = {value.rstrip(" ") for value in allowed} if padded else set(allowed)
    found: dict[str, None] = {}
    literals = [text for text in also if text is not None]
    for value in (*literals, "banana", "", " ", *variants(allowed), *woven(allowed, literals)):
        stored = value.rstrip(" ") if padded else value
        if stored not in refused and "\0" not in value and (limit is None or len(value) <= limit):
            found[stored] = None
    return tuple(found)


def woven(allowed: Sequence[str], literals: Sequence[str]) -> list[str]:
    """The allowed values with short literals of the predicate before, in and after them: what it may take out again."""
    return [text for value in allowed for mark in literals if 0 < len(mark) <= 3
            for text in (mark + value, value[:2] + mark + value[2:], value + mark)]


def variants(allowed: Sequence[str]) -> list[str]:
    """Values that a careless predicate takes for one of `allowed`."""
    found = []
    for value in allowed:
        found += [value.upper(), value.lower(), value.title(), value.swapcase(), f" {value}", f"{value} ",
                  f"{value}\n", f"\n{value}", f"{value}\t", f"\u00a0{value}", f"{value}s", f"{value}_x", f"x{value}",
                  value[:-1], value[1:], value[:1], value * 2, f"'{value}'", f"{value},", f"{value[:2]}-{value[2:]}",
                  f"{value[:2]} {value[2:]}", f"{value[:2]}_{value[2:]}", f"{value}\r\n", f"{value}\nx", f"x\n{value}",
                  value.replace("_", " "), value.replace("_", "-"), value.replace("_", "")]
        found += [value[:at] + "z" + value[at + 1:] for at in range(min(len(value), 3))]
        if len(value) > 1:
            found.append(value[1] + value[0] + value[2:])
    if len(allowed) > 1:
        found.append(f"{allowed[0]},{allowed[1]}")
    return found


def _integers(allowed: Sequence[str], also: Sequence[str | None], bits: int) -> tuple[str, ...]:
    numbers = {int(value) for value in allowed if re.fullmatch(r"-?\d+", value)}
    suspects = [int(text) for text in also if text is not None and re.fullmatch(r"-?\d+", text)]
    suspects += [number + step for number in sorted(numbers) for step in (1, -1)]
    suspects += [0, -1, 2**bits - 1, -(2**bits)]
    return tuple(str(number) for number in dict.fromkeys(suspects)
                 if number not in numbers and -(2**bits) <= number < 2**bits)


def suspects(literals: Iterable[str | None], kind: str, *, wide: bool = False) -> list[str | None]:
    """What a column of `kind` is tried with: NULL, the literals it is compared with, their neighbours, and others."""
    literals, base = list(literals), base_type(kind)
    numbers = base in (*INTEGER_TYPES, "numeric", "real", "double precision")
    found: dict[str | None, None] = {None: None}
    for text in literals:
        if text is None or (numbers and not _NUMBER.fullmatch(text)):
            continue
        found[text] = None
        if numbers and text.lstrip("-").isdigit():
            found.update({str(int(text) + 1): None, str(int(text) - 1): None})
        if base in TEXT_TYPES:
            found.update({text.upper(): None, f"{text} ": None, f"{text}x": None})
    if base == "boolean":
        found = {None: None, "true": None, "false": None}
    elif base in TEXT_TYPES:
        found.update({"zz": None, "": None, "banana": None})
        if wide:
            known = [text for text in literals if text]
            found.update(dict.fromkeys((*variants(known), *woven(known, known))))
    elif numbers:
        found.update({"0": None, "1": None, "-1": None})
    return list(found)
