"""What is played in a replay, and what it left."""

from __future__ import annotations

from dataclasses import dataclass

from checks.replays.consumers.events import OTHER_PAYLOAD
from checks.replays.consumers.scratch_tables import State


@dataclass(frozen=True)
class Delivery:
    """One event handed over once. `variant` says how a redelivery changed it, see `events.variant`."""

    event: int
    """Index into the corpus."""
    variant: int = 0

    @property
    def altered(self) -> bool:
        """Whether it is another message under the event's key."""
        return bool(self.variant & OTHER_PAYLOAD)


Handed = tuple[Delivery, ...]
"""What a consumer is handed at once: a batch, or one."""
Schedule = tuple[Delivery, ...]
"""Deliveries one after the other; a consumer of batches is handed some of them at once."""


@dataclass(frozen=True)
class Run:
    """What was done and what it left."""

    lines: tuple[str, ...]
    """The deliveries, as a story tells them."""
    deliveries: Schedule
    before: State
    """Before the last (or the disturbed, or the two racing) deliveries."""
    after: State
    stuck: str = ""
    """The event that was never acknowledged, with the consumer's words."""
    insisted: bool = False
    """Whether an event may have been handed over again, because of an injection."""

    @property
    def events(self) -> frozenset[int]:
        """Every event that was handed over."""
        return frozenset(delivery.event for delivery in self.deliveries)

    @property
    def repeated(self) -> bool:
        """Whether an event was handed over more than once."""
        return self.insisted or len(self.events) < len(self.deliveries)

    @property
    def altered(self) -> bool:
        """Whether another message came under the key of an event."""
        return any(delivery.altered for delivery in self.deliveries)


def first_unaltered(schedule: Schedule) -> Schedule:
    """`schedule` with the first delivery of each event as it is: only what comes later can be another message."""
    seen: set[int] = set()
    found = []
    for delivery in schedule:
        later = delivery.event in seen
        seen.add(delivery.event)
        found.append(delivery if later else Delivery(delivery.event, delivery.variant & ~OTHER_PAYLOAD))
    return tuple(found)
