"""What comes of one delivery."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What came of one delivery."""

    acknowledged: bool
    why: str = ""
    """Why it was not: the consumer's own words, cut short."""
    hung: bool = False
    """It gave no answer in time and was killed."""
