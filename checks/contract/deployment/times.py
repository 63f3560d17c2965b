"""Lengths of time as people write them, and when a deploy began."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from checks.values import UsageError

_DURATION = re.compile(r"(\d+)\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration_of(text: str) -> dt.timedelta | None:
    """What `90s`, `10m`, `26h` or `7d` means; None: nothing."""
    found = _DURATION.fullmatch(text.strip())
    try:
        return None if found is None else dt.timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        return None


def shown_duration(length: dt.timedelta) -> str:
    """`26h`."""
    seconds = int(length.total_seconds())
    sizes = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
    size, unit = next(each for each in sizes if seconds % each[0] == 0)
    return f"{seconds // size}{unit}"


def began(text: str, folder: Path, now: dt.datetime) -> dt.datetime:
    """When a deploy began, by `--since`: a time with its offset from UTC, or a file that the deploy wrote it to.

    Args:
        text: what was typed.
        folder: where a relative path starts.
        now: this machine's clock, UTC.

    Raises:
        UsageError: it is neither, or in the future.
    """
    found, said = _time(text), text
    if found is None and (folder / text).is_file():
        with (folder / text).open(encoding="utf-8", errors="replace") as file:
            said = file.readline(100).strip()
        found = _time(said)
    if found is None:
        raise UsageError(f"--since {text}: neither a time with its offset from UTC, such as 2026-02-02T10:00Z, nor a file "
                         "whose first line is one (date -u +%FT%TZ).")
    if found > now + dt.timedelta(minutes=1):
        raise UsageError(f"--since {said} is in the future: it is {now:%Y-%m-%dT%H:%M:%SZ} by this machine's clock.")
    return found


def _time(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(dt.UTC) if found.tzinfo else None
