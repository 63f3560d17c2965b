"""Batches: events as the records of an SQS event source, and which of them a reply leaves to be delivered again. Pure.

Source of the forms: AWS Lambda developer guide, "Using Lambda with Amazon SQS" (the event; "Implementing partial batch
responses": an exception or a malformed reply fails the whole batch, no reply or an empty list none of it).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from checks.lambdas.client import REGION
from checks.replays.consumers.running import Receipt

QUEUE = f"arn:aws:sqs:{REGION}:000000000000:events"


def sqs_event(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a Lambda is handed by an SQS event source when these events are its messages."""
    return {"Records": [_record(number, json.dumps(document)) for number, document in enumerate(documents)]}


def _record(number: int, body: str) -> dict[str, Any]:
    name = str(uuid5(NAMESPACE_OID, f"{number} {body}"))
    return {"messageId": name, "receiptHandle": f"handle-of-{name}", "body": body,
            "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
            "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs", "eventSourceARN": QUEUE, "awsRegion": REGION}


def settled(event: Mapping[str, Any], receipt: Receipt) -> Receipt:
    """`receipt` with what its reply says of the batch `event`: the event source deletes what the reply does not name."""
    if not receipt.acknowledged:
        return receipt
    names = [record["messageId"] for record in event["Records"]]
    failed = _failed(receipt.reply)
    if failed is None or not set(failed) <= set(names):
        return replace(receipt, acknowledged=False, why="its batchItemFailures are not as SQS reads them: all failed")
    if not failed:
        return receipt
    return replace(receipt, acknowledged=False, failed=tuple(failed), why=f"{len(failed)} of {len(names)} records failed")


def _failed(reply: Any) -> list[str] | None:
    """The records that a reply names; None when it is none that the event source understands."""
    if reply is None or reply == "":
        return []
    listed = reply.get("batchItemFailures") if isinstance(reply, Mapping) else reply
    if listed is None:
        return []
    if not isinstance(listed, list) or not isinstance(reply, Mapping):
        return None
    names = [item.get("itemIdentifier") if isinstance(item, Mapping) else None for item in listed]
    found = [name for name in names if isinstance(name, str) and name]
    return found if len(found) == len(names) else None


def again(event: Mapping[str, Any], failed: Collection[str]) -> dict[str, Any]:
    """The batch as it comes again: the records that failed, or all; each has been received once more."""
    return {"Records": [_once_more(record) for record in event["Records"] if not failed or record["messageId"] in failed]}


def _once_more(record: Mapping[str, Any]) -> dict[str, Any]:
    count = int(record["attributes"]["ApproximateReceiveCount"]) + 1
    return {**record, "attributes": {**record["attributes"], "ApproximateReceiveCount": str(count)}}
