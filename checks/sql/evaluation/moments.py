"""Dates, times and intervals as numbers that compare as PostgreSQL compares them (pure): manual 8.5."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from fractions import Fraction

from checks.sql.values.constants import ZERO, Constant
from checks.sql.values.types import Ordered

_ZONED, _UNZONED = "timestamp with time zone", ("date", "timestamp without time zone")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?(?:([+-])(\d\d)(?::?(\d\d))?)?")
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?")
_INTERVAL = re.compile(r"(?:(-?\d+) years? ?)?(?:(-?\d+) mons? ?)?(?:(-?\d+) days? ?)?(?:(-?)(\d\d):(\d\d):(\d\d))?")
_MICRO = 1_000_000


def comparable(left: str, right: str) -> bool:
    """Whether instants of these two types compare without regard to the session's time zone."""
    return left == right or (left in _UNZONED and right in _UNZONED)


def instant(constant: Constant) -> Ordered | None:
    """A date, time, timestamp or interval in microseconds; None for anything else, or if it is spelled otherwise."""
    if constant.type in (_ZONED, *_UNZONED):
        return _moment(constant)
    if constant.type == "time without time zone":
        match = _TIME.fullmatch(constant.raw)
        return None if match is None else (0, Fraction(_clock(*match.groups()[:3]) + _micro(match.group(4))))
    return _interval(constant.raw) if constant.type == "interval" else None


def _clock(hours: str | None, minutes: str | None, seconds: str | None) -> int:
    return (int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)) * _MICRO


def _micro(digits: str | None) -> int:
    return int((digits or "0").ljust(6, "0"))


def _moment(constant: Constant) -> Ordered | None:
    if constant.raw in ("infinity", "-infinity"):
        return (1 if constant.raw == "infinity" else -1, ZERO)
    match = _MOMENT.fullmatch(constant.raw)
    if match is None or (constant.type == _ZONED) is not (match.group(8) is not None) or (
            constant.type == "date" and match.group(4) is not None):
        return None
    year, month, day, hour, minute, second = (int(each or 0) for each in match.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, _micro(match.group(7)))
        offset = timedelta(hours=int(match.group(9) or 0), minutes=int(match.group(10) or 0))
        moment = moment + offset if match.group(8) == "-" else moment - offset
    except (ValueError, OverflowError):
        return None
    return 0, Fraction((moment - datetime(1970, 1, 1)) // timedelta(microseconds=1))


def _interval(text: str) -> Ordered | None:
    """Months of 30 days and days of 24 hours, as intervals compare."""
    match = _INTERVAL.fullmatch(text)
    if match is None or not text:
        return None
    years, months, days, sign, *clock = match.groups()
    whole = ((int(years or 0) * 12 + int(months or 0)) * 30 + int(days or 0)) * 86_400 * _MICRO
    return 0, Fraction(whole + (-1 if sign else 1) * _clock(*clock))


def beside(text: str, kind: str) -> list[str]:
    """The days before and after a date or timestamp literal of this type, as literals; none where it cannot be read."""
    match = _MOMENT.fullmatch(text)
    if match is None or kind not in (_ZONED, *_UNZONED):
        return []
    day, rest = text[:10], text[10:]
    try:
        middle = datetime.fromisoformat(day)
        return [(middle + timedelta(days=step)).date().isoformat() + rest for step in (1, -1)]
    except (ValueError, OverflowError):
        return []
