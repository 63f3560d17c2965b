"""What came of one saboteur or look-alike by one route on one PostgreSQL major."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Word = Literal["caught", "misdiagnosed", "missed", "quiet", "alarmed"]
SEVERITY: tuple[Word, ...] = ("missed", "misdiagnosed", "caught", "alarmed", "quiet")
"""The worst first; the first three are of saboteurs."""
_CODE = re.compile(r"([A-Z])0*(\d+)[_.\-]", re.IGNORECASE)


@dataclass(frozen=True)
class Trial:
    """One run of one of them."""

    family: str
    """Where it comes from: schemas, catalogue, replies, consumers …"""
    name: str
    faults: tuple[str, ...]
    """Ids of docs/faults.md."""
    word: Word
    route: str
    major: int
    """0: no PostgreSQL has a part in it."""
    why: str = ""
    """What is wrong, when it is neither caught nor quiet."""

    @property
    def saboteur(self) -> bool:
        """False: a look-alike."""
        return self.word in SEVERITY[:3]


def fault_of(name: str) -> tuple[str, ...]:
    """The id that a name begins with: `C13_twin` and `f05-flag` are C13 and F5."""
    found = _CODE.match(name)
    return (f"{found[1].upper()}{found[2]}",) if found else ()
