"""A consumer that misbehaves is bounded: a sentence, and nothing left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from checks.contract.consumers import CommandConsumer, PythonConsumer
from checks.values import Unverified, UsageError
from tests.replays.consumers.driven import FILL, children
from tests.support import ROOT
from tests.support.processes import left_of, marked, seen

pytestmark = pytest.mark.usefixtures("nothing_left_running")


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
                                         "    open('there', 'w').close()\n    time.sleep(600)\n")
    mark = uuid4().hex
    harness = subprocess.Popen([sys.executable, "-c", f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from checks.replays.consumers import start
from checks.contract.consumers import PythonConsumer
start(PythonConsumer("consume.py", "handle"), "postgresql://127.0.0.1:1/x", Path({str(tmp_path)!r})).deliver({{}}, 600)
"""], env={**os.environ, "MARK": mark})
    try:
        seen((tmp_path / "there").exists)
        assert [line for line in marked(mark).values() if "python_child" in line]
    finally:
        harness.send_signal(signal.SIGKILL)
        harness.wait()
    assert left_of(mark) == {}
