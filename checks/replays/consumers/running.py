"""A consumer ready for deliveries, whatever its kind, and what comes of one delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from checks.replays.proxy.gate import SentError


@dataclass(frozen=True)
class Surroundings:
    """What every consumer is given."""

    url: str
    """Of its database."""
    root: Path
    """The folder that relative paths of the contract start from."""
    endpoint_url: str | None = None
    """The local endpoint that runs it, when it is a Lambda."""


@dataclass(frozen=True)
class Receipt:
    """What came of one delivery."""

    acknowledged: bool
    why: str = ""
    """Why it was not: the consumer's own words, cut short."""
    hung: bool = False
    """It gave no answer in time and was killed."""
    tries: int = 1
    """How often the event had been delivered by then."""
    reply: Any = None
    """What the consumer answered, where it is handed batches."""
    failed: tuple[str, ...] = ()
    """The records of a batch that are to be delivered again; none when all are, or none is."""
    refusals: tuple[SentError, ...] = ()
    """Errors that its connections to the database met at this delivery."""

    def __str__(self) -> str:
        at = f" at delivery {self.tries}" if self.tries > 1 else ""
        return f"acknowledged{at}" if self.acknowledged else f"not acknowledged{at}: {self.why}"


class Running(Protocol):
    """A consumer ready for deliveries.

    Every kind is bounded: one that hangs is killed with its children, one that floods its output is drained, one that
    ends is started again for the next delivery, as a supervisor would.
    """

    def deliver(self, event: Mapping[str, Any], timeout_s: float) -> Receipt:
        """Hands `event` over and waits for what comes of it, at most `timeout_s` seconds."""

    def restart(self) -> None:
        """The next delivery meets a fresh process."""

    def close(self) -> None:
        """Nothing is left running."""
