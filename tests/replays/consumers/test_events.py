"""The event corpus: real in shape, each event distinct, names found, and a redelivery still the same event."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.contract.consumers import PythonConsumer
from checks.contract.dedupe import Dedupe, Effect
from checks.replays.consumers.events import OTHER_PAYLOAD, VARIANTS, lookup, read_events, variant
from checks.values import UsageError
from tests.support import ROOT

CORPUS = Path("fixtures/events/trade_updates.jsonl")
EFFECT = Effect("active_positions", ("alpaca_order_id",), ("order_id",), {"event_type": ("fill",)})
SPEC = Dedupe("trade_events", "alpaca_event_dedupe", ("event_id",), (EFFECT,), CORPUS,
              PythonConsumer("fixtures/consumers/trade_stream.py", "handle"))
LINES = (ROOT / CORPUS).read_text().splitlines()


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00")


@pytest.mark.parametrize("line", LINES, ids=[str(number) for number in range(1, len(LINES) + 1)])
def test_every_line_is_a_trade_update_of_alpaca(line: str) -> None:
    from alpaca.trading.models import TradeUpdate

    message = json.loads(line)
    update = TradeUpdate(**message["data"])
    assert message["stream"] == "trade_updates"
    assert str(update.order.id) == message["data"]["order"]["id"]


def test_the_corpus_has_every_kind_on_stocks_and_options() -> None:
    updates = [json.loads(line)["data"] for line in LINES]
    assert {update["event"] for update in updates} == {
        "new", "fill", "partial_fill", "canceled", "rejected", "replaced", "expired"}
    assert {update["order"]["asset_class"] for update in updates if update["event"] == "fill"} == {
        "us_equity", "us_option"}


def test_the_corpus_has_partial_fills_of_one_order_and_fills_of_one_symbol() -> None:
    updates = [json.loads(line)["data"] for line in LINES]
    partial = Counter(update["order"]["id"] for update in updates if update["event"] == "partial_fill")
    fills = Counter(update["order"]["symbol"] for update in updates if update["event"] == "fill")
    assert max(partial.values()) > 1
    assert max(fills.values()) > 1


def test_events_know_their_effect() -> None:
    events = read_events(SPEC, ROOT)
    assert len(events) == len(LINES)
    for event in events:
        order = event.document["data"]["order"]["id"]
        assert event.keys == (((order,) if event.shape == ("fill",) else None),)


def test_a_repeated_line_is_one_event(tmp_path: Path) -> None:
    again = json.dumps(variant(json.loads(LINES[0]), VARIANTS - 1, SPEC.volatile))
    (tmp_path / "e.jsonl").write_text("\n".join([LINES[0], "", again, LINES[1]]))
    spec = Dedupe(**{**SPEC.__dict__, "events": Path("e.jsonl")})
    assert [event.number for event in read_events(spec, tmp_path)] == [1, 4]


@pytest.mark.parametrize(("document", "name", "found"), [
    ({"order_id": 7}, "order_id", "7"),
    ({"data": {"order": {"id": "a"}}}, "order_id", "a"),
    ({"order": {"id": "deep"}, "x": {"order_id": "named"}}, "order_id", "named"),
    ({"a": {"b": {"order_id": "deeper"}}, "z": {"order_id": "nearer"}}, "order_id", "nearer"),
    ({"event": "fill"}, "event_type", "fill"),
    ({"client": {"order_id": "b"}}, "client_order_id", "b"),
    ({"order": [{"id": "in a list"}]}, "order_id", None),
    ({"order_id": None, "order_id2": True}, "order_id", None),
])
def test_a_name_is_looked_up(document: dict[str, object], name: str, found: str | None) -> None:
    assert lookup(document, name, {}) == found


def test_the_contract_decides_where_a_name_is() -> None:
    document = {"order_id": "wrong", "payload": {"ref": "right"}}
    assert lookup(document, "order_id", {"order_id": "payload.ref"}) == "right"
    assert lookup(document, "order_id", {"order_id": "payload.missing.ref"}) is None


@given(st.sampled_from(LINES), st.integers(0, VARIANTS - 1))
def test_a_redelivery_is_the_same_event(line: str, number: int) -> None:
    document = json.loads(line)
    changed = variant(document, number, ["received_at"])
    was, now = document["data"]["order"], changed["data"]["order"]
    for name in was:
        if name.endswith("_at") and was[name] is not None:
            assert 0 <= (instant(was[name]) - instant(now[name])).total_seconds() < 0.001
        else:
            assert was[name] == now[name]
    moved = (instant(changed["received_at"]) - instant(document["received_at"])).total_seconds()
    assert moved == pytest.approx(1.5 * (number & 1) + 3600 * bool(number & 4), abs=0.001)


def test_a_volatile_number_and_a_nested_field_move_too() -> None:
    changed = variant({"meta": {"at": 10}, "when": "soon"}, 1, ["meta.at", "when", "absent.at"])
    assert changed == {"meta": {"at": 11.5}, "when": "soon"}


@pytest.mark.parametrize(("text", "sentence"), [
    ("{nope\n", "line 1 is not JSON"),
    ('{"order_id": 1, "event": "new"}\n[1]\n', "line 2 is not a JSON object"),
    ("\n\n", "holds no event"),
    ('{"event": "fill"}\n', "line 1 has no field for 'order_id'.*fields = { order_id"),
])
def test_a_bad_corpus_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "e.jsonl").write_text(text)
    with pytest.raises(UsageError, match=sentence):
        read_events(Dedupe(**{**SPEC.__dict__, "events": Path("e.jsonl")}), tmp_path)


def test_a_missing_corpus_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_events(SPEC, tmp_path)
    with pytest.raises(UsageError, match="no events"):
        read_events(Dedupe(**{**SPEC.__dict__, "events": None}), tmp_path)


PAYLOAD = ("data.price", "data.order.filled_avg_price", "data.order.status", "data.timestamp", "data.order.legs")


@pytest.mark.parametrize("line", LINES, ids=[str(number) for number in range(1, len(LINES) + 1)])
def test_another_payload_differs_in_the_fields_of_the_contract_only(line: str) -> None:
    document = json.loads(line)
    other = variant(document, OTHER_PAYLOAD, (), PAYLOAD)
    changed = {path for path in PAYLOAD if field(other, path) != field(document, path)}
    assert changed == {path for path in PAYLOAD if isinstance(field(document, path), str)}
    assert {path: type(field(other, path)) for path in changed} == dict.fromkeys(changed, str)
    for path in changed:
        *parents, last = path.split(".")
        field(other, ".".join(parents))[last] = field(document, path)
    assert other == document


def field(document: object, path: str) -> Any:
    for part in filter(None, path.split(".")):
        document = document.get(part) if isinstance(document, dict) else None
    return document


@pytest.mark.parametrize(("value", "other"), [
    (1, 2), (1.5, 2.5), ("231.40", "232.40"), ("-1", "0"), ("fill", "fill 2"), (True, True), (None, None), ([1], [1]),
    ("2026-02-03T14:01:14.749947258Z", "2026-02-04T14:01:14.749947Z"),
])
def test_another_value_is_of_the_same_kind(value: object, other: object) -> None:
    assert variant({"a": {"b": value}}, OTHER_PAYLOAD, (), ("a.b", "a.c", "d")) == {"a": {"b": other}}


def test_a_payload_that_no_event_has_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"dedupe\.trade_events\.payload names 'data\.prize', and no event of .* has"):
        read_events(replace(SPEC, payload=("data.price", "data.prize")), ROOT)
    (tmp_path / "two.jsonl").write_text(LINES[0] + "\n" + LINES[0].replace("AAPL-0001", "AAPL-0002") + "\n")
    spec = replace(SPEC, events=Path("two.jsonl"), payload=("data.order.client_order_id",))
    assert len(read_events(spec, tmp_path)) == 1
