"""Consumers of every kind are driven, whatever way they use the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.contract.consumers import CommandConsumer, LambdaConsumer, PythonConsumer
from checks.lambdas.local.endpoint import local_aws
from checks.lambdas.package import pack
from checks.replays.consumers import start
from checks.replays.consumers.delivery import Lane
from checks.replays.consumers.running import Receipt
from checks.values import Unverified, UsageError
from tests.replays.consumers.driven import CONSUMERS, EVENTS, FILL, count, server
from tests.support import ROOT

pytestmark = pytest.mark.usefixtures("nothing_left_running")


@pytest.mark.parametrize("spec", [
    PythonConsumer("fixtures/consumers/trade_stream.py", "handle"),
    CommandConsumer(("fixtures/consumers/trade_stream.sh",)),
], ids=["python", "bash-and-psql"])
def test_the_reference_consumer_handles_the_corpus_twice_with_one_effect(spec, lane, migrated: str) -> None:
    consumer = lane(spec)
    answers = [consumer.deliver(event) for event in EVENTS * 2]
    assert answers == [Receipt(True)] * len(answers)
    fills = [event for event in EVENTS if event["data"]["event"] == "fill"]
    assert count(migrated, "active_positions") == len(fills)
    assert count(migrated, "alpaca_event_dedupe") == len(EVENTS)


def test_the_lambda_form_handles_the_corpus(migrated: str) -> None:
    with local_aws() as aws:
        aws.deploy("trade-stream", pack(CONSUMERS / "trade_stream_lambda", {
            "trade_stream.py": (CONSUMERS / "trade_stream.py").read_bytes()}), environment={"KEEP": "me"})
        consumer = Lane(LambdaConsumer("trade-stream"), server(migrated), ROOT, 10.0, aws.endpoint_url)
        try:
            assert [consumer.deliver(event) for event in EVENTS * 2] == [Receipt(True)] * len(EVENTS) * 2
            assert count(migrated, "alpaca_event_dedupe") == len(EVENTS)
            refused = consumer.deliver({"data": "no trade update"})
            assert not refused.acknowledged
            assert "TypeError" in refused.why
        finally:
            consumer.close()
        variables = aws.client("lambda").get_function_configuration(FunctionName="trade-stream")["Environment"]
        assert variables["Variables"] == {"KEEP": "me"}


def test_a_lambda_is_sought_where_it_is(tmp_path: Path) -> None:
    with pytest.raises(Unverified, match="AWS cannot reach a database proxy"):
        start(LambdaConsumer("trade-stream"), "postgresql://x", tmp_path)
    with local_aws() as aws, pytest.raises(UsageError, match="There is no Lambda function 'nobody'"):
        start(LambdaConsumer("nobody"), "postgresql://x", tmp_path, aws.endpoint_url)


@pytest.mark.parametrize("body", [
    "with psycopg2.connect(url) as a, psycopg2.connect(url) as b:\n"
    "        a.cursor().execute('SELECT 1'); b.cursor().execute(INSERT)",
    "with psycopg2.connect(url) as a, a.cursor() as c:\n"
    "        c.execute('PREPARE p AS ' + INSERT); c.execute('EXECUTE p')",
    "with psycopg2.connect(url) as a, a.cursor() as c:\n"
    "        c.copy_expert('COPY alpaca_event_dedupe (event_id) FROM STDIN', io.StringIO('one\\n'))",
    "global kept\n    kept = kept or psycopg2.connect(url)\n    with kept, kept.cursor() as c: c.execute(INSERT)",
], ids=["several-connections", "prepared-statements", "copy", "a-kept-connection"])
def test_other_ways_to_use_the_database_work(body: str, written, lane, migrated: str, tmp_path: Path) -> None:
    spec = written("import io, psycopg2\nkept = None\n"
                   "INSERT = \"INSERT INTO alpaca_event_dedupe (event_id) VALUES ('one')\"\n"
                   f"def handle(event, url):\n    {body}\n")
    consumer = lane(spec, tmp_path)
    assert consumer.deliver(FILL) == Receipt(True)
    consumer.explain()
    assert count(migrated, "alpaca_event_dedupe") == 1


KEPT = """
import asyncio, concurrent.futures, threading
loop = asyncio.new_event_loop()
home = None
async def work(event):
    global home
    await asyncio.sleep(0)
    home = home or asyncio.get_running_loop()
    assert home is asyncio.get_running_loop(), 'attached to a different loop'
    if 'fail' in event: raise ValueError('told to')
    return event
"""
IN_A_THREAD = "threading.Thread(target=loop.run_forever, daemon=True).start()\n"


@pytest.mark.parametrize("source", [
    "async def handle(event, url): return await work(event)\n",
    "def handle(event, url): return work(event)\n",
    "def handle(event, url): return loop.run_until_complete(work(event))\n",
    "def handle(event, url): return loop.create_task(work(event))\n",
    IN_A_THREAD + "def handle(event, url): return asyncio.run_coroutine_threadsafe(work(event), loop)\n",
    IN_A_THREAD + "def handle(event, url):\n"
    "    made = concurrent.futures.Future()\n"
    "    loop.call_soon_threadsafe(lambda: made.set_result(loop.create_task(work(event))))\n    return made.result()\n",
    "class Later:\n    def __init__(self, event): self.event = event\n"
    "    def __await__(self): return work(self.event).__await__()\ndef handle(event, url): return Later(event)\n",
], ids=["a-coroutine-function", "a-coroutine", "a-loop-of-its-own", "a-task-of-its-own-loop", "a-thread-with-a-loop",
        "a-task-of-a-thread", "an-awaitable"])
def test_what_a_consumer_returns_is_waited_for_on_one_loop(source: str, written, lane, tmp_path: Path) -> None:
    consumer = lane(written(KEPT + source), tmp_path)
    assert [consumer.deliver(event) for event in EVENTS[:3]] == [Receipt(True)] * 3
    refused = consumer.deliver({"fail": True})
    assert (refused.acknowledged, refused.why) == (False, "ValueError: told to")
    assert consumer.deliver(FILL) == Receipt(True)


@pytest.mark.parametrize(("body", "sentence"), [
    ("psycopg2.connect(url + '?sslmode=require')", "insists on TLS"),
    ("psycopg2.connect(url.rpartition('/')[0] + '/postgres')", "asked for database postgres"),
    ("pass", "never connected to the database it was given"),
])
def test_a_consumer_that_leaves_the_lent_database_is_one_sentence(body, sentence, written, lane, tmp_path) -> None:
    consumer = lane(written(f"import psycopg2\ndef handle(event, url): {body}\n"), tmp_path)
    consumer.deliver(FILL)
    consumer.proxy.settle(dying_only=False)
    with pytest.raises(Unverified, match=sentence):
        consumer.explain()


def test_a_transaction_left_open_is_ended(written, lane, migrated: str, tmp_path: Path) -> None:
    consumer = lane(written("import psycopg2\nkept = []\ndef handle(event, url):\n"
                            "    kept.append(psycopg2.connect(url))\n"
                            "    kept[-1].cursor().execute('LOCK TABLE alpaca_event_dedupe')\n"), tmp_path)
    assert consumer.deliver(FILL).acknowledged
    consumer.calm()
    assert count(migrated, "alpaca_event_dedupe") == 0


def test_an_event_is_delivered_until_it_is_acknowledged(written, lane, tmp_path: Path) -> None:
    third = written("import pathlib\nlog = pathlib.Path('log')\ndef handle(event, url):\n"
                    "    seen = log.read_text() if log.exists() else ''\n    log.write_text(seen + 'x')\n"
                    "    if len(seen) < 2: raise RuntimeError('later')\n")
    consumer = lane(third, tmp_path)
    assert consumer.insist(FILL) == Receipt(True, tries=3)


def test_a_consumer_that_needs_a_fresh_process_gets_one(written, lane, tmp_path: Path) -> None:
    stale = written("import os, pathlib\nfirst = not pathlib.Path('started').exists()\n"
                    "pathlib.Path('started').touch()\n"
                    "def handle(event, url):\n    assert not first, 'pool is broken'\n")
    consumer = lane(stale, tmp_path)
    assert consumer.insist(FILL) == Receipt(True, tries=4)
