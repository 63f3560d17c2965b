"""`[[accept]]`: broken claims that count as held, because somebody said why, and until when."""

from __future__ import annotations

import datetime as dt
import fnmatch
from dataclasses import dataclass

from checks.contract.toml_table import TomlTable
from checks.values import AREAS, Accepted


@dataclass(frozen=True)
class Accept:
    """One `[[accept]]`."""

    claim: str
    """The id of a claim, or a pattern of several: `ledger:*.order`."""
    reason: str
    until: dt.date | None = None
    """The last day on which it counts."""

    def covers(self, claim: str) -> bool:
        """Whether this is about the claim of the id `claim`."""
        return claim == self.claim or fnmatch.fnmatchcase(claim, self.claim)

    def expired(self, today: dt.date) -> bool:
        """Whether it counts no more on `today` (UTC)."""
        return self.until is not None and today > self.until

    @property
    def mark(self) -> Accepted:
        """What a verdict that it covers is marked with."""
        return Accepted(self.reason, "" if self.until is None else self.until.isoformat())


def read_accepts(top: TomlTable) -> tuple[Accept, ...]:
    """Every `[[accept]]`.

    Raises:
        UsageError: with the key path and the remedy.
    """
    found = []
    for table in top.tables("accept"):
        claim = table.text("claim")
        if claim.partition(":")[0] not in AREAS or not claim.partition(":")[2]:
            raise table.error("claim", f"must be a claim's id, or a pattern of one that begins with its area "
                                       f"({', '.join(AREAS)}), not {claim!r}")
        found.append(Accept(claim, reason_in(table), until_in(table)))
        table.finish()
    return tuple(found)


def reason_in(table: TomlTable) -> str:
    """The `reason` of something that is accepted."""
    reason = table.text("reason")
    if not reason.strip():
        raise table.error("reason", "must say why this is accepted")
    return reason


def until_in(table: TomlTable) -> dt.date | None:
    """The `until` of something that is accepted."""
    until = table.take("until", dt.date)
    return until.date() if isinstance(until, dt.datetime) else until
