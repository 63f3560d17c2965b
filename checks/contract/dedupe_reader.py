"""`[dedupe.NAME]` tables -> Dedupe values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from checks.contract.consumers import read_consumer
from checks.contract.dedupe import Dedupe, Effect
from checks.contract.toml_table import TomlTable


def read_dedupe(name: str, table: TomlTable) -> Dedupe:
    """One `[dedupe.NAME]`.

    Raises:
        UsageError: with the key path and the remedy.
    """
    events, consumer, fields = table.take("events", str), table.table("consumer"), table.table("fields")
    spec = Dedupe(
        name=name, table=table.text("table"), key=table.texts("key"),
        effects=tuple(_effect(entry) for entry in table.tables("effects")),
        events=None if events is None else Path(events),
        consumer=None if consumer is None else read_consumer(consumer),
        fields={} if fields is None else {key: fields.text(key) for key in fields.left()},
        payload=table.texts("payload", ()), statements=table.texts("statements", ()), seen_at=table.take("seen_at", str),
        stored_within_h=_hours(table, "stored_within_h"), replay_window_h=_hours(table, "replay_window_h"),
    )
    if (spec.stored_within_h or spec.replay_window_h) and spec.seen_at is None:
        raise table.error("seen_at", "is missing; stored_within_h and replay_window_h need the column with the time "
                                     "an event was processed")
    if "volatile" in table:
        spec = replace(spec, volatile=table.texts("volatile"))
    if spec.consumer is not None and spec.events is None:
        raise table.error("events", "is missing; a consumer is replayed from a corpus of events, one JSON a line")
    if spec.consumer is not None and not spec.effects:
        raise table.error("effects", "is missing; say which rows an event must leave, so that replay can count them")
    table.finish()
    return spec


def _effect(table: TomlTable) -> Effect:
    when = table.table("when")
    key, source = table.texts("key"), table.texts("from", ())
    if source and len(source) != len(key):
        raise table.error("from", f"must have one name for each of key's {len(key)} columns")
    found = Effect(table=table.text("table"), key=key, source=source or key,
                   when={} if when is None else {name: when.texts(name) for name in when.left()},
                   at=table.take("at", str))
    table.finish()
    return found


def _hours(table: TomlTable, key: str) -> int | None:
    value: int | None = table.take(key, int)
    if value is not None and value < 1:
        raise table.error(key, "must be a number of hours, at least 1")
    return value
