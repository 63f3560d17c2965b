"""Batches as an SQS event source hands them over, and what it makes of each reply."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.contract.consumers import LambdaConsumer, PythonConsumer, read_consumer
from checks.contract.toml_table import TomlTable
from checks.replays.consumers.batch import again, settled, sqs_event
from checks.replays.consumers.running import Receipt
from checks.replays.plays import batches
from checks.replays.run import Delivery, first_unaltered
from checks.values import UsageError
from tests.replays.consumers.driven import EVENTS

EVENT = sqs_event(EVENTS[:3])
NAMES = [record["messageId"] for record in EVENT["Records"]]


def failures(*names: object, key: str = "itemIdentifier") -> dict[str, Any]:
    return {"batchItemFailures": [{key: name} for name in names]}


def test_an_event_has_the_shape_of_sqs() -> None:
    assert set(EVENT) == {"Records"}
    assert len(set(NAMES)) == 3
    for record, document in zip(EVENT["Records"], EVENTS, strict=False):
        assert json.loads(record["body"]) == document
        assert set(record) == {"messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody",
                               "eventSource", "eventSourceARN", "awsRegion"}
        assert (record["eventSource"], record["attributes"]["ApproximateReceiveCount"]) == ("aws:sqs", "1")


@pytest.mark.parametrize("reply", [None, "", {}, failures(), {"batchItemFailures": None}, {"statusCode": 200}])
def test_a_reply_that_names_nothing_is_a_success_of_all(reply: Any) -> None:
    assert settled(EVENT, Receipt(True, reply=reply)).acknowledged


@pytest.mark.parametrize("reply", [
    failures(""), failures(None), failures(7), failures("unknown"), failures(NAMES[0], key="id"), failures(NAMES[0], ""),
    {"batchItemFailures": "all"}, {"batchItemFailures": NAMES}, {"batchItemFailures": {"itemIdentifier": NAMES[0]}}, [],
    "no"])
def test_a_reply_that_sqs_cannot_read_is_a_failure_of_all(reply: Any) -> None:
    receipt = settled(EVENT, Receipt(True, reply=reply))
    assert (receipt.acknowledged, receipt.failed) == (False, ())
    assert [record["messageId"] for record in again(EVENT, receipt.failed)["Records"]] == NAMES


def test_an_exception_is_a_failure_of_all_whatever_was_replied() -> None:
    receipt = settled(EVENT, Receipt(False, "ValueError: no", reply=failures(NAMES[0])))
    assert (receipt.acknowledged, receipt.why, receipt.failed) == (False, "ValueError: no", ())


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_only_what_is_named_comes_again_with_one_more_receipt(named: set[str]) -> None:
    receipt = settled(EVENT, Receipt(True, reply=failures(*sorted(named))))
    assert (receipt.acknowledged, receipt.why) == (False, f"{len(named)} of 3 records failed")
    once = again(EVENT, receipt.failed)["Records"]
    assert {record["messageId"] for record in once} == named
    assert {record["attributes"]["ApproximateReceiveCount"] for record in once} == {"2"}
    twice = again(again(EVENT, receipt.failed), receipt.failed)["Records"]
    assert {record["attributes"]["ApproximateReceiveCount"] for record in twice} == {"3"}
    assert EVENT["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"


deliveries = st.builds(Delivery, st.integers(0, 3), st.integers(0, 15))


@given(st.lists(deliveries, max_size=12), st.integers(1, 4))
def test_a_schedule_is_handed_over_whole_in_order_and_no_more_at_once(schedule: list[Delivery], size: int) -> None:
    found = list(batches(tuple(schedule), size))
    assert [delivery for handed in found for delivery in handed] == schedule
    assert all(1 <= len(handed) <= size for handed in found)
    assert all(len(handed) == 1 for handed in found if any(delivery.altered for delivery in handed))


@given(st.lists(deliveries, max_size=12))
def test_the_first_message_of_an_event_is_the_event(schedule: list[Delivery]) -> None:
    found = first_unaltered(tuple(schedule))
    assert [delivery.event for delivery in found] == [delivery.event for delivery in schedule]
    for at, delivery in enumerate(found):
        seen = any(earlier.event == delivery.event for earlier in found[:at])
        assert delivery.altered == (seen and schedule[at].altered)


FAILS_ONCE = """
import json, pathlib
log = pathlib.Path('log')
def handle(event, url):
    seen = log.read_text().split() if log.exists() else []
    names = [record['messageId'] for record in event['Records']]
    log.write_text(' '.join([*seen, *names, '|']))
    return {'batchItemFailures': [{'itemIdentifier': name} for name in names[1:] if '|' not in seen]}
"""


def test_a_lane_delivers_again_only_what_failed(lane, tmp_path: Path) -> None:
    (tmp_path / "consume.py").write_text(FAILS_ONCE)
    receipt = lane(PythonConsumer("consume.py", "handle", batch=3), tmp_path).insist(EVENT)
    assert (receipt.acknowledged, receipt.tries) == (True, 2)
    assert (tmp_path / "log").read_text().split() == [*NAMES, "|", *NAMES[1:], "|"]


def test_what_is_no_json_fails_the_batch(lane, tmp_path: Path) -> None:
    (tmp_path / "consume.py").write_text("def handle(event, url): return {'batchItemFailures': {1}}")
    receipt = lane(PythonConsumer("consume.py", "handle", batch=3), tmp_path).deliver(EVENT)
    assert not receipt.acknowledged
    assert "not JSON serializable" in receipt.why


def test_batches_are_declared_for_what_can_reply() -> None:
    def read(**keys: object) -> Any:
        return read_consumer(TomlTable(keys, "dedupe.x.consumer", "contract.toml"))

    assert read(python="c.py:handle", batch=10) == PythonConsumer("c.py", "handle", 10)
    assert read(**{"lambda": "f"}, source=["f"], batch=2) == LambdaConsumer("f", ("f",), 2)
    with pytest.raises(UsageError, match=r"consumer\.batch must be how many records .* at least 1, not 0"):
        read(python="c.py:handle", batch=0)
    with pytest.raises(UsageError, match=r"consumer\.batch is not known here"):
        read(command=["c"], batch=2)
