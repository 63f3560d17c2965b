"""benchmarks/compare_evidence.py sees every field that differs, and nothing where only times and servers do."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT

REPLAY = {"id": "dedupe:trade_events.replay.crashes", "area": "dedupe", "sentence": "A crash loses nothing.",
          "verdict": "held", "evidence": "replayed", "detail": "412 schedules in 3.0 s, 1,200 deliveries", "witness": "",
          "next_step": ""}
LEDGER = {"id": "ledger:ledger.applied_at", "area": "ledger", "sentence": "Times are in order.", "verdict": "broken",
          "evidence": "catalog", "detail": "2 is late (2026-11-27 22:37:50Z).", "witness": "row 2",
          "next_step": "ALTER DATABASE a RESET ALL;"}
EVIDENCE = {"schema": 1, "verdict": "broken",
            "target": {"name": "prod", "route": "direct", "database": "a", "server_version": "18.4",
                       "system_identifier": "1", "in_recovery": False},
            "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:01Z", "duration_s": 1.0, "statements": 4,
            "left_out": [{"area": "access", "why": "no section"}], "claims": [LEDGER, REPLAY]}


def compare(folder: Path, before: Any, after: Any) -> tuple[int, list[str]]:
    """(exit code, lines) of the script over two evidence documents."""
    for name, document in (("before", before), ("after", after)):
        (folder / name).mkdir(parents=True)
        (folder / name / "prod.json").write_text(json.dumps(document))
    return script(folder / "before", folder / "after")


def script(before: Path, after: Path) -> tuple[int, list[str]]:
    done = subprocess.run([sys.executable, str(ROOT / "benchmarks" / "compare_evidence.py"), str(before), str(after)],
                          capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def changed(change: Callable[[Any], object]) -> Any:
    after = copy.deepcopy(EVIDENCE)
    change(after)
    return after


SAME: dict[str, Callable[[Any], object]] = {
    "nothing": lambda evidence: None,
    "times": lambda evidence: evidence.update(started_at="x", finished_at="y", duration_s=9.5),
    "the server": lambda evidence: evidence["target"].update(server_version="17.2", system_identifier="2"),
    "the database": lambda evidence: (evidence["target"].update(database="b"),
                                      evidence["claims"][0].update(next_step="ALTER DATABASE b RESET ALL;")),
    "moments told": lambda evidence: evidence["claims"][0].update(detail="2 is late (2027-01-01 00:00:00Z)."),
    "what a replay got done": lambda evidence: evidence["claims"][1].update(
        detail="9 schedules in 0.5 s, 11 deliveries, stopped after 4.5 s"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_may_differ_is_equal(name: str, tmp_path: Path) -> None:
    assert compare(tmp_path, EVIDENCE, changed(SAME[name])) == (0, ["1 files, 0 differences"])


DIFFERENT: dict[str, tuple[Callable[[Any], object], str]] = {
    "a field": (lambda evidence: evidence.update(statements=5), "statements: 4 became 5"),
    "a field of the target": (lambda evidence: evidence["target"].update(in_recovery=True),
                              "target.in_recovery: False became True"),
    "a new field": (lambda evidence: evidence.update(failure="gone"), "failure: nothing became 'gone'"),
    "a verdict": (lambda evidence: evidence["claims"][0].update(verdict="held"),
                  "ledger:ledger.applied_at verdict: 'broken' became 'held'"),
    "a number in a detail": (lambda evidence: evidence["claims"][0].update(detail="3 is late (2026-11-27 22:37:50Z)."),
                             "ledger:ledger.applied_at detail: '2 is late (…).' became '3 is late (…).'"),
    "a word of a replay": (lambda evidence: evidence["claims"][1].update(detail="412 orders in 3.0 s, 1,200 deliveries"),
                           "dedupe:trade_events.replay.crashes detail: '… schedules in … s, … deliveries' became "
                           "'… orders in … s, … deliveries'"),
    "a number in a replay's witness": (lambda evidence: evidence["claims"][1].update(witness="event 4"),
                                       "dedupe:trade_events.replay.crashes witness: '' became 'event 4'"),
    "what is left out": (lambda evidence: evidence.update(left_out=[]),
                         "left_out: [{'area': 'access', 'why': 'no section'}] became []"),
    "another name in a remedy": (lambda evidence: evidence["claims"][0].update(next_step="ALTER DATABASE ab RESET ALL;"),
                                 "ledger:ledger.applied_at next_step: 'ALTER DATABASE … RESET ALL;' became "
                                 "'ALTER DATABASE ab RESET ALL;'"),
    "another order": (lambda evidence: evidence["claims"].reverse(), "the claims are told in another order"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_must_not_differ_is_told(name: str, tmp_path: Path) -> None:
    change, line = DIFFERENT[name]
    assert compare(tmp_path, EVIDENCE, changed(change)) == (1, [f"prod.json: {line}", "1 files, 1 differences"])


def test_a_claim_that_is_gone_or_said_twice_is_told(tmp_path: Path) -> None:
    code, lines = compare(tmp_path / "gone", EVIDENCE, changed(lambda evidence: evidence["claims"].pop()))
    assert (code, len(lines)) == (1, len(REPLAY) + 1)
    code, lines = compare(tmp_path / "twice", EVIDENCE, changed(lambda evidence: evidence["claims"].append(REPLAY)))
    assert (code, len(lines)) == (1, len(REPLAY) + 1)


def test_a_file_on_one_side_only_is_told(tmp_path: Path) -> None:
    compare(tmp_path, EVIDENCE, EVIDENCE)
    (tmp_path / "after" / "staging.json").write_text(json.dumps(EVIDENCE))
    code, lines = script(tmp_path / "before", tmp_path / "after")
    assert (code, lines[0]) == (1, f"staging.json: {tmp_path}/before/staging.json is not there")


def test_a_file_that_was_cut_is_told(tmp_path: Path) -> None:
    compare(tmp_path, EVIDENCE, EVIDENCE)
    (tmp_path / "after" / "prod.json").write_text('{"schema": 1,')
    assert script(tmp_path / "before", tmp_path / "after") == (
        1, [f"prod.json: {tmp_path}/after/prod.json is no JSON", "1 files, 1 differences"])


def test_two_files_are_compared_without_folders(tmp_path: Path) -> None:
    compare(tmp_path, EVIDENCE, changed(lambda evidence: evidence.update(statements=5)))
    assert script(tmp_path / "before" / "prod.json", tmp_path / "after" / "prod.json")[0] == 1


def test_nothing_to_compare_is_no_agreement(tmp_path: Path) -> None:
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    assert script(tmp_path / "before", tmp_path / "after")[0] == 2
    assert script(tmp_path / "before" / "prod.json", tmp_path / "after" / "prod.json")[0] == 2
