"""`[dedupe.NAME]` of contract.toml as frozen values: one event, one effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from checks.contract.consumers import Consumer


@dataclass(frozen=True)
class Effect:
    """One row that each selected event must leave in `table`, once."""

    table: str
    """As written in the contract: `table`, or `schema.table`."""
    key: tuple[str, ...]
    """Columns of `table` that name the effect."""
    source: tuple[str, ...]
    """Contract key `from`: what the key's columns hold, by the names of the dedupe table's columns."""
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name -> values: the events that have this effect; empty: all have it."""
    at: str | None = None
    """Column of `table` with the time a row was made; None: stored effects are not looked for in the dedupe table."""


@dataclass(frozen=True)
class Dedupe:
    """One `[dedupe.NAME]`."""

    name: str
    table: str
    """The dedupe table, as written in the contract."""
    key: tuple[str, ...]
    """Its columns that name an event."""
    effects: tuple[Effect, ...] = ()
    events: Path | None = None
    """A JSON Lines corpus, one event a line; relative to the contract's folder."""
    consumer: Consumer | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """Name used in `from` and `when` -> dotted path in the event, e.g. `order_id = "data.order.id"`; a name
    that is absent here is looked up in the event as `events.lookup` says."""
    volatile: tuple[str, ...] = ("received_at",)
    """Dotted paths of fields that a redelivery may change (the time of receipt)."""
    payload: tuple[str, ...] = ()
    """Dotted paths of fields that another message under the same key may bring otherwise; what came first must stay."""
    statements: tuple[str, ...] = ()
    """INSERT … ON CONFLICT statements the application runs, to be planned and judged on the Snapshot."""
    seen_at: str | None = None
    """Column of `table` with the time an event was processed."""
    stored_within_h: int | None = None
    """Age, in hours, up to which stored rows of both sides are joined; None: they are not."""
    replay_window_h: int | None = None
    """For how many hours the broker may deliver an event again."""
