"""The benchmark's page says what its JSON says; its faults are on the list; its relay counts; no benchmark is run here."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from benchmarks.peers.faults import FAULTS, LOOK_ALIKES
from benchmarks.peers.page import as_page
from benchmarks.peers.relay import Counter
from benchmarks.peers.tools import tools
from tests.support import ROOT

PAGE = ROOT / "docs" / "benchmark.md"
FOUND = json.loads(PAGE.with_suffix(".json").read_text(encoding="utf-8"))
START = struct.pack("!II", 9, 196608) + b"\0"
ASKS_FOR_TLS = struct.pack("!II", 8, 80877103)


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def test_the_page_says_what_was_found():
    assert PAGE.read_text(encoding="utf-8") == as_page(FOUND, "benchmark.svg")


def test_the_page_is_of_the_list_as_it_is():
    assert [(step["kind"], step["id"], step["what"]) for step in FOUND["steps"] if step["id"]] == [
        *(("fault", step.id, step.what) for step in FAULTS), *(("look-alike", step.id, step.what) for step in LOOK_ALIKES)]


def test_ours_tells_each_fault_and_cries_about_no_look_alike():
    wrong = [step["what"] for step in FOUND["steps"]
             if step["said"][FOUND["ours"]] != ("told" if step["kind"] == "fault" else "quiet")]
    assert wrong == []


def test_each_id_is_one_of_the_list_of_faults():
    listed = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    assert [step.id for step in (*FAULTS, *LOOK_ALIKES) if step.id != "U" and f"| {step.id} |" not in listed] == []


def test_every_tool_is_measured_or_said_to_be_missing(tmp_path: Path):
    measured = {row["tool"] for row in FOUND["figures"]}
    assert measured | set(FOUND["missing"]) == {tool.name for tool in tools(tmp_path, None)}


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_the_relay_counts_what_is_run_however_it_comes_in_pieces(at_once: int):
    said = (ASKS_FOR_TLS + START + message(b"p", b"md5") + message(b"Q", b"SELECT 'Q'\0" * 9) + message(b"P", b"\0E\0\0\0")
            + message(b"B", b"Q" * 7) + message(b"E", b"\0" * 5) + message(b"S", b"") + message(b"X", b""))
    counter = Counter()
    began = [counter.feed(said[start:start + at_once]) for start in range(0, len(said), at_once)]
    assert (sum(began), counter.statements) == (2, 2)
