"""The one seam: a Session answers SELECTs, or raises Rejected. direct.py and through_lambda.py carry it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Row = Sequence[Any]


@dataclass
class Cost:
    """What a run cost the target."""

    statements: int = 0
    """Round trips that carry SQL, BEGIN and ROLLBACK included, scans of stored rows apart."""
    scans: int = 0
    """Round trips that read stored rows, with the BEGIN and ROLLBACK around them."""
    invocations: int = 0
    """Lambda invokes."""


class Session(Protocol):
    """A way to ask one database.

    Raises (from every method):
        Rejected: the server refused the statement; DETAIL never comes along.
        Unverified: the route did not answer, or answered something else than was asked.
    """

    cost: Cost
    question_bytes: int
    """The longest question, in bytes of JSON, that the route carries."""
    can_run: bool
    """Whether `run` may be used: the target is scratch and the route is direct."""

    def ask(self, select: str, *, scan: bool = False) -> list[Row]:
        """The rows of one SELECT. `scan` says that it reads stored rows of user tables."""

    def rest(self) -> None:
        """Ends the transaction, if one is open; the session can be used again."""

    def run(self, statements: str) -> list[Row]:
        """Runs statements of ours on a scratch target, as one string; the last one's rows."""

    def close(self) -> None:
        """Leaves nothing behind."""
