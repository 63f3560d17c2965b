"""pytest's own habits: whatever a user adds to the command sees every claim, and what was not asked is said."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from html import unescape
from pathlib import Path

import pytest

from tests.support.running import Ran, verify

AREA = re.compile(r"  (\S+) +(\d+) +(\d+) +(\d+)(?: +(\d+))?")


def table(ran: Ran) -> dict[str, tuple[int, ...]]:
    """Area -> held, broken, unverified and, where the table tells them, not asked."""
    lines = ran.out[ran.out.index("unverified"):].splitlines()[1:]
    rows = [row for line in lines if (row := AREA.fullmatch(line))]
    return {row[1]: tuple(int(count) for count in row.groups()[1:] if count is not None) for row in rows}


def items(target: str) -> set[str]:
    """The node id of every claim's item."""
    out = verify(target, "--collect-only", "-q").out
    return {line for line in out.splitlines() if "::" in line}


def in_junit(file: Path) -> list[str]:
    """The items of a JUnit file, in its order, each by the last part of its node id."""
    return [case.attrib["name"] for case in ElementTree.parse(file).getroot().iter("testcase")]


def last_part(nodeids: set[str]) -> set[str]:
    return {nodeid.rpartition("::")[2] for nodeid in nodeids}


@pytest.mark.parametrize("options, stops_after", [(("-x",), 1), (("--maxfail", "2"), 2), (("--maxfail=2", "-n0"), 2)],
                         ids=["-x", "--maxfail", "--maxfail with xdist"])
def test_a_run_that_stops_says_what_was_not_asked(options: tuple[str, ...], stops_after: int, partly_broken: str,
                                                  tmp_path: Path) -> None:
    whole = table(verify(partly_broken))
    ran = verify(partly_broken, *options, "--junitxml", str(tmp_path / "j.xml"), evidence=tmp_path / "e.json")
    assert ran.code == 1
    assert len(ElementTree.parse(tmp_path / "j.xml").getroot().findall(".//failure")) == stops_after
    rows = table(ran)
    assert {area: sum(row) for area, row in rows.items()} == {area: sum(row) for area, row in whole.items()}
    assert sum(row[0] + row[1] + row[2] for row in rows.values()) == len(ran.claims)
    assert rows["ledger"][:3] == (0, 0, 0)
    assert rows["ledger"][3] == sum(whole["ledger"])


def test_a_run_that_asks_everything_speaks_of_nothing_else(migrated: str) -> None:
    ran = verify(migrated)
    assert "not asked" not in ran.out
    assert {len(row) for row in table(ran).values()} == {3}


def test_what_k_leaves_out_is_not_asked(partly_broken: str, tmp_path: Path) -> None:
    ran = verify(partly_broken, "-k", "position_history.side", evidence=tmp_path / "e.json")
    assert (ran.code, list(ran.claims)) == (0, ["enums:position_history.side"])
    rows = table(ran)
    assert rows["enums"] == (1, 0, 0, 3)
    assert all(row[:3] == (0, 0, 0) and row[3] for area, row in rows.items() if area != "enums")


def test_last_failed_and_failed_first_know_the_claims(partly_broken: str, tmp_path: Path) -> None:
    cache = ("-o", f"cache_dir={tmp_path / 'cache'}")
    first = verify(partly_broken, *cache, "--junitxml", str(tmp_path / "first.xml"))
    failed = [case.attrib["name"] for case in ElementTree.parse(tmp_path / "first.xml").getroot().iter("testcase")
              if case.find("failure") is not None]
    again = verify(partly_broken, *cache, "--lf", "--junitxml", str(tmp_path / "lf.xml"))
    ahead = verify(partly_broken, *cache, "--ff", "--junitxml", str(tmp_path / "ff.xml"))
    assert (first.code, again.code, ahead.code) == (1, 1, 1)
    assert failed
    assert in_junit(tmp_path / "lf.xml") == failed
    assert in_junit(tmp_path / "ff.xml")[:len(failed)] == failed
    assert sorted(in_junit(tmp_path / "ff.xml")) == sorted(in_junit(tmp_path / "first.xml"))
    assert sum(row[3] for row in table(again).values()) > 0


def test_verbose_durations_and_junit_name_every_claim(migrated: str, tmp_path: Path) -> None:
    ran = verify(migrated, "-vv", "--durations=0", "--durations-min=0", "--junitxml", str(tmp_path / "j.xml"))
    assert ran.code == 0, ran.out
    expected = items(migrated)
    assert expected
    assert {line.split()[0] for line in ran.out.splitlines() if " PASSED " in line} == expected
    for phase in ("setup", "call", "teardown"):
        told = re.findall(rf"^[\d.]+s {phase} +(\S+)$", ran.out, re.MULTILINE)
        assert set(told) == expected
    assert set(in_junit(tmp_path / "j.xml")) == last_part(expected)


def test_html_and_allure_reports_hold_every_claim(partly_broken: str, tmp_path: Path) -> None:
    page, results = tmp_path / "page.html", tmp_path / "allure"
    ran = verify(partly_broken, "--html", str(page), "--self-contained-html", "--alluredir", str(results),
                 evidence=tmp_path / "e.json")
    assert ran.code == 1
    expected = items(partly_broken)
    blob = re.search(r'data-jsonblob="([^"]*)"', page.read_text(encoding="utf-8"))
    assert blob is not None
    told = json.loads(unescape(blob[1]))["tests"]
    assert set(told) == expected
    assert {nodeid for nodeid, (row,) in told.items() if row["result"] == "Failed"} == failed_of(ran)
    files = [json.loads(file.read_text(encoding="utf-8")) for file in results.glob("*-result.json")]
    assert {file["name"] for file in files} == last_part(expected)
    about = [parameter["value"] for file in files for parameter in file["parameters"]]
    assert {claim for value in about for claim in value.split(", ")} == set(ran.claims)
    assert {file["name"] for file in files if file["status"] == "failed"} == last_part(failed_of(ran))


def failed_of(ran: Ran) -> set[str]:
    found = set(re.findall(r"^FAILED (\S+)", ran.out, re.MULTILINE))
    assert found, ran.out
    return found


@pytest.mark.parametrize("options", [("--timeout", "60"), ("--reruns", "1"), ("-n", "2"), ("-p", "no:cacheprovider"),
                                     ("-p", "no:setuponly"), ("-p", "no:debugging")], ids=" ".join)
def test_other_options_see_every_claim(options: tuple[str, ...], migrated: str, tmp_path: Path) -> None:
    ran = verify(migrated, *options, "--junitxml", str(tmp_path / "j.xml"))
    assert ran.code == 0, ran.out
    assert set(in_junit(tmp_path / "j.xml")) == last_part(items(migrated))


def test_a_claim_that_is_run_again_is_told_once(partly_broken: str, tmp_path: Path) -> None:
    ran = verify(partly_broken, "--reruns", "2", "--junitxml", str(tmp_path / "j.xml"), evidence=tmp_path / "e.json")
    assert ran.code == 1
    assert re.search(r"\d+ failed, \d+ passed, \d+ rerun in", ran.out)
    assert ran.claims == verify(partly_broken, evidence=tmp_path / "plain.json").claims
    for case in ElementTree.parse(tmp_path / "j.xml").getroot().iter("testcase"):
        assert len(case.findall("./properties/property[@name='case']")) == 1


def test_a_run_without_a_terminal_reporter_still_judges(partly_broken: str, tmp_path: Path) -> None:
    ran = verify(partly_broken, "-p", "no:terminal", evidence=tmp_path / "e.json")
    assert ran.code == 1
    assert ran.claims["enums:active_positions.side"] == "broken"
    refused = verify("nowhere", "-p", "no:terminal")
    assert refused.code == 4
    assert "Unknown target 'nowhere'" in refused.sentence()
