"""Consumers of every kind are driven; one that misbehaves is bounded: a sentence, and nothing left running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from checks.contract.consumers import CommandConsumer, LambdaConsumer, PythonConsumer
from checks.lambdas.local.endpoint import local_aws
from checks.lambdas.package import pack
from checks.replays.consumers import start
from checks.replays.consumers.delivery import Lane
from checks.replays.consumers.running import Receipt, Running
from checks.values import Unverified, UsageError
from tests.support import ROOT

CONSUMERS = ROOT / "fixtures" / "consumers"
EVENTS = [json.loads(line) for line in (ROOT / "fixtures/events/trade_updates.jsonl").read_text().splitlines()]
FILL = next(event for event in EVENTS if event["data"]["event"] == "fill")


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    yield
    assert [process for process in children() if "resource_tracker" not in process] == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("replay-proxy")] == []


def children() -> list[str]:
    """Command lines of this process's children that run a consumer."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            line = (status.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if parent == os.getpid() and ("consume" in line or "sleep" in line):
            found.append(line)
    return found


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], PythonConsumer]:
    """Writes a consumer's source and names it."""
    def write(source: str) -> PythonConsumer:
        (tmp_path / "consume.py").write_text(source)
        return PythonConsumer("consume.py", "handle")
    return write


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    with ExitStack() as stack:
        def begin(spec: Any, url: str = "postgresql://nobody@127.0.0.1:1/x", root: Path = tmp_path) -> Running:
            running = start(spec, url, root)
            stack.callback(running.close)
            return running
        yield begin


def server(dsn: str) -> dict[str, Any]:
    with psycopg2.connect(dsn) as connection:
        info = connection.info
        found = {"host": info.host, "port": info.port, "user": info.user, "password": "", "dbname": info.dbname,
                 "tls": False}
    connection.close()
    return found


@pytest.fixture
def lane(migrated: str) -> Iterator[Callable[..., Lane]]:
    with ExitStack() as stack:
        def begin(spec: Any, root: Path = ROOT, timeout_s: float = 10.0) -> Lane:
            made = Lane(spec, server(migrated), root, timeout_s)
            stack.callback(made.close)
            return made
        yield begin


def count(dsn: str, table: str) -> int:
    connection = psycopg2.connect(dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        found = cursor.fetchone()[0]
    connection.close()
    return found


# The reference consumer and its twins

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


# Bad consumers

@pytest.mark.parametrize(("source", "sentence"), [
    ("import no_such_module\ndef handle(event, url): pass", "cannot be imported: ModuleNotFoundError: .*no_such"),
    ("def handle(event, url)", "cannot be imported: SyntaxError"),
    ("def other(event, url): pass", "cannot be imported: AttributeError"),
    ("handle = 3", "cannot be imported: TypeError: handle in consume.py is not a function"),
    ("import os; os._exit(3)", "cannot be imported"),
])
def test_a_consumer_that_cannot_be_imported_is_one_sentence(source, sentence, written, started) -> None:
    with pytest.raises(Unverified, match=sentence):
        started(written(source))


def test_a_missing_file_or_command_is_one_sentence(started) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.py is not there"):
        started(PythonConsumer("nowhere.py", "handle"))
    with pytest.raises(UsageError, match="command 'no-such-command' is neither on PATH"):
        started(CommandConsumer(("no-such-command", "x")))


@pytest.mark.parametrize("source", [
    "import time\ndef handle(event, url): time.sleep(600)",
    "def handle(event, url):\n    while True: pass",
    "import signal, time\nsignal.signal(15, signal.SIG_IGN)\ndef handle(event, url): time.sleep(600)",
    "import subprocess\ndef handle(event, url): subprocess.run(['sleep', '600'])",
], ids=["sleeps", "spins", "ignores-signals", "waits-for-a-child"])
def test_a_consumer_that_hangs_is_killed_and_started_again(source, written, started) -> None:
    consumer = started(written(source))
    for _ in range(2):
        answer = consumer.deliver(FILL, 0.3)
        assert (answer.acknowledged, answer.hung) == (False, True)
        assert children() == []


@pytest.mark.parametrize(("source", "acknowledged", "why"), [
    ("def handle(event, url): raise ValueError('no\\nthanks')", False, "ValueError: no thanks"),
    ("import sys\ndef handle(event, url): sys.exit(0)", False, "SystemExit: 0"),
    ("import os\ndef handle(event, url): os._exit(7)", False, "process ended"),
    ("import os, signal\ndef handle(event, url): os.kill(os.getpid(), signal.SIGKILL)", False, "process ended"),
    ("import os\ndef handle(event, url): os.closerange(0, 100)", False, ""),
    ("import sys\ndef handle(event, url):\n    print('x' * 5_000_000)\n    assert sys.stdin.read() == ''", True, ""),
    ("async def handle(event, url): return 1", True, ""),
    ("def handle(event, url): return False", True, ""),
    ("import os\ndef handle(event, url): assert os.environ['DATABASE_URL'] == url and not os.environ.get('PGHOST')",
     True, ""),
])
def test_what_a_consumer_does_is_acknowledged_or_not(source, acknowledged, why, written, started,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "elsewhere")
    consumer = started(written(source))
    for _ in range(2):
        answer = consumer.deliver(FILL, 10.0)
        assert answer.acknowledged == acknowledged
        assert why in answer.why


@pytest.mark.parametrize(("argv", "acknowledged", "why"), [
    (("bash", "-c", "cat >/dev/null"), True, ""),
    (("bash", "-c", "exit 0"), True, ""),
    (("bash", "-c", "echo working; echo 'no such table' >&2; exit 3"), False, "exit 3 no such table"),
    (("bash", "-c", "sleep 600"), False, "gave no answer within 0.5 s"),
    (("bash", "-c", "sleep 600 & wait"), False, "gave no answer within 0.5 s"),
    (("bash", "-c", "head -c 20000000 /dev/zero; exit 1"), False, "exit 1"),
    (("bash", "-c", '[ "$(jq -r .data.event 2>/dev/null || cat)" != "" ] && [ -n "$DATABASE_URL" ]'), True, ""),
])
def test_a_command_is_acknowledged_by_exit_0_and_bounded(argv, acknowledged, why, started) -> None:
    answer = started(CommandConsumer(argv)).deliver(FILL, 0.5 if "sleep" in argv[2] else 10.0)
    assert answer.acknowledged == acknowledged
    assert why in answer.why


def test_a_large_event_does_not_hang_a_command_that_never_reads(started) -> None:
    answer = started(CommandConsumer(("bash", "-c", "exit 4"))).deliver({"data": "x" * 1_000_000}, 10.0)
    assert answer.why.startswith("exit 4")


def test_a_consumer_ends_with_the_harness_even_while_it_hangs(tmp_path: Path) -> None:
    (tmp_path / "consume.py").write_text("import os, time\ndef handle(event, url):\n"
                                         "    open('pid', 'w').write(str(os.getpid()))\n    time.sleep(600)\n")
    harness = subprocess.Popen([sys.executable, "-c", f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from checks.replays.consumers import start
from checks.contract.consumers import PythonConsumer
start(PythonConsumer("consume.py", "handle"), "postgresql://x", Path({str(tmp_path)!r})).deliver({{}}, 600)
"""])
    try:
        pid = int(first_content(tmp_path / "pid", harness))
    finally:
        harness.send_signal(signal.SIGKILL)
        harness.wait()
    assert ends(pid)


def first_content(file: Path, process: subprocess.Popen[bytes]) -> str:
    while process.poll() is None:
        if file.is_file() and (text := file.read_text()):
            return text
    raise AssertionError("the harness ended too soon")


def ends(pid: int, tries: int = 1_000_000) -> bool:
    for _ in range(tries):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
    return False


# Consumers that use the database in other ways

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
