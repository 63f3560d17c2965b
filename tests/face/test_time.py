"""What a run says of its own time, and what it shows while it looks."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checks.replays import claims
from checks.target.target import Secret
from tests.support import ROOT
from tests.support.running import verify

SLOW = """
import time
from checks import check

def pytest_sessionstart(session):
    whole = check.check
    check.check = lambda *arguments: [time.sleep(0.7), whole(*arguments)][1]
"""
"""A plugin that makes the look at the target take longer than all the rest."""


def test_the_closing_line_tells_the_time_of_the_look_too(migrated: str, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    ran = verify(migrated, "-p", "slow", environment={"PYTHONPATH": f"{ROOT}:{tmp_path}"})
    looked = re.search(r"^  looked for (\d+\.\d) s$", ran.out, re.MULTILINE)
    closed = re.search(r" passed.* in (\d+\.\d\d)s", ran.out)
    assert looked is not None
    assert closed is not None
    assert float(looked[1]) >= 0.7
    assert float(closed[1]) >= float(looked[1]) - 0.05


def test_several_targets_tell_how_long_their_looks_took(migrated: str) -> None:
    ran = verify(migrated, "--target", "postgresql://me@127.0.0.1:1/x")
    assert re.search(r"; looks took \d+\.\d s together, the longest \d+\.\d s$", ran.out, re.MULTILINE)


@pytest.mark.parametrize("took_s, told", [(1.9, []), (2.0, []), (11.26, ["replayed e.jsonl through a.py:f in 11.3 s"])])
def test_a_replay_that_takes_long_is_told_with_its_time(took_s: float, told: list[str],
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    spec = SimpleNamespace(name="d", consumer="a.py:f", events="e.jsonl")
    place = SimpleNamespace(target=SimpleNamespace(scratch=True, spec=SimpleNamespace(route="direct")),
                            dsn=Secret("a DSN"))
    monkeypatch.setattr(claims, "_replayed", lambda *_: SimpleNamespace(looked_at=()))
    moments = iter((100.0, 100.0 + took_s))
    stand_in: Any = SimpleNamespace(dedupe=(spec,))
    claims.replay_verdicts(place, stand_in, said.append, lambda: next(moments))  # type: ignore[arg-type]
    assert said == ["replaying e.jsonl through a.py:f …", *told]


def on_a_terminal(target: str, *options: str, **environment: str) -> str:
    """What a terminal is sent by a run."""
    ours, theirs = pty.openpty()
    keep = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST")}
    command = (sys.executable, "-m", "pytest", "checks/", "--target", target, "-p", "no:terminalprogress", *options)
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs,
                          env={**keep, "TERM": "xterm", "COLUMNS": "160", **environment}) as process:
        os.close(theirs)
        sent = b""
        try:
            while chunk := os.read(ours, 65536):
                sent += chunk
        except OSError:  # Linux says so when the other side is closed
            pass
        assert process.wait(120) == 0, sent.decode()
    os.close(ours)
    return sent.decode()


BAR, STEP = "━", "what is there"


def test_a_bar_moves_on_a_terminal_while_looking(migrated: str) -> None:
    shown = on_a_terminal(migrated)
    assert BAR in shown
    assert STEP in shown
    assert "looked for" in shown


@pytest.mark.parametrize("options, environment", [((), {"CI": "true"}), (("-q",), {})], ids=["CI", "-q"])
def test_no_bar_in_ci_and_none_when_quiet(options: tuple[str, ...], environment: dict[str, str], migrated: str) -> None:
    shown = on_a_terminal(migrated, *options, **environment)
    assert BAR not in shown
    assert STEP not in shown
    assert "looked for" in shown


def test_no_bar_where_standard_output_is_no_terminal(migrated: str) -> None:
    out = verify(migrated).out
    assert BAR not in out
    assert STEP not in out
