"""What documents have in common: that they can be written, and how they tell a time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from checks.files import prepare
from checks.values import UsageError


def prepare_output(option: str, path: Path) -> None:
    """Makes sure, before anything else is done, that the file `path` of `option` can be written.

    Raises:
        UsageError: it cannot.
    """
    try:
        prepare(path)
    except OSError as error:
        raise UsageError(f"{option} {path} cannot be written: {error.strerror}.") from None


def utc(moment: dt.datetime) -> str:
    """A moment in UTC, to the millisecond."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
