"""What is played in a replay, and what it left."""

from __future__ import annotations

from dataclasses import dataclass

from checks.replays.consumers.scratch_tables import State


@dataclass(frozen=True)
class Delivery:
    """One event handed over once. `variant` says how a redelivery changed it, see `events.variant`."""

    event: int
    """Index into the corpus."""
    variant: int = 0


@dataclass(frozen=True)
class Run:
    """What was done and what it left."""

    lines: tuple[str, ...]
    """The deliveries, as a story tells them."""
    events: frozenset[int]
    before: State
    """Before the last (or the disturbed, or the two racing) deliveries."""
    after: State
    stuck: str = ""
    """The event that was never acknowledged, with the consumer's words."""
    repeated: bool = False
    """Whether an event was handed over more than once."""
