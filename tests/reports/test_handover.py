"""A run hands over what it was asked for, in one go; what cannot be done is said before anything is looked at."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import xmlschema

from checks.reports.outputs import outputs_of, publish
from checks.values import UsageError
from tests.reports.listening import Listener
from tests.reports.nights import claim, night, runs, written
from tests.reports.test_formats import SCHEMAS, valid
from tests.support import ROOT
from tests.support.running import run, verify


def test_one_run_hands_over_every_format_and_tells_what_nobody_heard(partly_broken: str, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("r.html", "r.sarif", "r.md", "c.json", "m.prom", "j.xml")}
    ran = verify(partly_broken, *(word for name in ("r.html", "r.sarif", "r.md") for word in ("--report", str(files[name]))),
                 "--ctrf", str(files["c.json"]), "--metrics", str(files["m.prom"]), "--junitxml", str(files["j.xml"]),
                 "--notify", "env:HOOK", "--ping", "http://127.0.0.1:1/uuid", evidence=tmp_path / "e.json",
                 environment={"HOOK": "http://127.0.0.1:1/SECRET", "GITHUB_ACTIONS": "true"})
    assert ran.code == 1, ran.out
    told = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    broken = [id for id, word in ran.claims.items() if word == "broken"]
    assert len(broken) > 2
    for name in ("r.html", "r.sarif", "r.md", "c.json", "m.prom"):
        assert all("chk_active_positions_side" in text or broken[0] in text for text in (told[name], )), name
    assert valid(told["r.sarif"], "sarif-2.1.0.json")
    assert valid(told["c.json"], "ctrf-0.0.json")
    tests = json.loads(told["c.json"])["results"]["tests"]
    assert [each["testId"] for each in tests if each["status"] == "failed"] == broken
    lines = ran.out.splitlines()
    assert sum(line.startswith("::error file=contract.toml,title=broken on ") for line in lines) == min(len(broken), 10)
    assert "--notify: 127.0.0.1 was not told: Connection refused" in lines
    assert "--ping: 127.0.0.1 was not told: Connection refused" in lines
    assert "SECRET" not in ran.out
    told_of = {claim["id"]: claim for claim in ran.evidence["claims"]}
    assert [each["found"] for each in told_of["drift:active_positions"]["differs"]] == [""]
    assert told_of["constraints:position_history.chk_position_history_side"]["figures"] == {"rows in the way of VALIDATE": 0}
    _junit(files["j.xml"], ran.claims)
    _afterwards(partly_broken, tmp_path / "e.json", broken)


def _junit(file: Path, claims: dict[str, str]) -> None:
    """It says of each claim what it came to, and is valid but for the properties of a test case, which came later."""
    root = ElementTree.parse(file).getroot()
    suite = {each.attrib["name"]: each.attrib["value"] for each in root.findall("testsuite/properties/property")}
    assert (suite["verdict"], suite["route"]) == ("broken", "direct")
    said = {each.attrib["name"]: each.attrib["value"].partition(" ")[0]
            for each in root.findall(".//testcase/properties/property")}
    assert {id: said[id] for id in claims} == claims
    for case in root.iter("testcase"):
        for properties in case.findall("properties"):
            case.remove(properties)
    assert xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd").is_valid(ElementTree.tostring(root, encoding="unicode"))


def _afterwards(dsn: str, evidence: Path, broken: list[str]) -> None:
    """The same claims asked again: broken still, then mended."""
    again = run("-m", "checks", "replay", str(evidence), "--target", dsn)
    assert again.code == 1
    assert re.findall(r"^STILL BROKEN (.*)$", again.out, re.MULTILINE) == broken
    assert f"0 of {len(broken)} fixed, {len(broken)} broken, 0 unverified" in again.out
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE active_positions ADD CONSTRAINT chk_active_positions_side "
                       "CHECK (side IN ('long', 'short')) NOT VALID")
    connection.close()
    mended = run("-m", "checks", "replay", str(evidence), "--target", dsn)
    assert (mended.code, mended.out.splitlines()[-1]) == (0, f"{len(broken)} of {len(broken)} fixed, 0 broken, 0 unverified")
    document = json.loads(evidence.read_text())
    document["target"]["system_identifier"] = "1"
    evidence.write_text(json.dumps(document))
    elsewhere = run("-m", "checks", "replay", str(evidence), "--target", dsn)
    assert elsewhere.code == 6
    assert "The evidence is of another database: its system identifier was 1" in elsewhere.sentence()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "suffix": ({"--report": ["r.pdf"]}, "--report r.pdf: the suffix decides what it is, and '.pdf' is none of .html,"),
    "no suffix": ({"--report": ["report"]}, "'none' is none of"),
    "no folder": ({"--report": ["/nowhere/r.md"]}, "--report /nowhere/r.md cannot be written: there is no folder"),
    "a folder": ({"--ctrf": "."}, "--ctrf . cannot be written: it is a folder"),
    "metrics": ({"--metrics": "/nowhere/m.prom"}, "--metrics /nowhere/m.prom cannot be written"),
    "variable": ({"--notify": "env:NO_SUCH_HOOK"}, "env:NO_SUCH_HOOK: the environment variable NO_SUCH_HOOK is not"),
    "url": ({"--notify": "uuid"}, "--notify takes an https:// URL, or env:NAME"),
}


@pytest.mark.parametrize("given, words", WRONG.values(), ids=WRONG)
def test_what_cannot_be_handed_over_is_said_at_once(given: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as refused:
        outputs_of(given, None, "contract.toml", {})
    assert words in str(refused.value)


def test_a_mistake_ends_the_run_before_it_looks_and_the_monitor_hears_of_it(listener: Listener, tmp_path: Path) -> None:
    ran = verify("postgresql://127.0.0.1:1/x", "--report", str(tmp_path / "r.pdf"), "--ping", listener.url)
    assert (ran.code, "the suffix decides" in ran.sentence()) == (4, True)
    assert listener.heard == [("/services/T0/SECRET/4", "no claim was asked")]


def test_a_library_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("checks.reports.outputs.find_spec", lambda name: None)
    for given in ({"--report": [str(tmp_path / "r.html")]}, {"--metrics": str(tmp_path / "m.prom")}):
        with pytest.raises(UsageError, match=r"which is not installed: pip install 'postdeploy-checks\[report\]'"):
            outputs_of(given, None, "contract.toml", {})
    assert outputs_of({"--report": [str(tmp_path / "r.md"), str(tmp_path / "r.sarif")]}, None, "c", {}).reports


def test_a_page_of_one_run_has_the_nights_before_it_and_several_targets_have_a_page_each(tmp_path: Path) -> None:
    written(tmp_path, [night(0, [claim("drift:a")]), night(0, [claim("drift:a", "unverified")], target="staging")])
    outputs = outputs_of({"--report": [str(tmp_path / "r.html")]}, tmp_path / "e.json", "c", {})
    now = [*runs([], [claim("drift:a", "broken")])[1:], *runs([], [claim("drift:a")], target="staging")[1:]]
    texts: dict[Path, str] = {}
    assert list(publish(outputs, now, outputs.earlier(), 1, texts.__setitem__)) == []
    assert {file.name: re.findall(r'data-strip="(\w+)"', text) for file, text in texts.items()} == {
        "r.html": [], "r.prod.html": ["hb", "hb"], "r.staging.html": ["uh", "uh"]}


def test_a_disk_that_is_full_at_the_end_is_told_and_the_other_reports_are_made(tmp_path: Path) -> None:
    outputs = outputs_of({"--report": [str(tmp_path / "a.md"), str(tmp_path / "b.sarif")]}, None, "c", {})
    made: list[str] = []

    def write(file: Path, text: str) -> None:
        made.append(file.name)
        if file.suffix == ".md":
            raise OSError(28, "No space left on device", str(file))

    told = list(publish(outputs, runs([claim("drift:a")]), [], 0, write))
    assert told == [f"{tmp_path / 'a.md'} could not be written: No space left on device"]
    assert made == ["a.md", "b.sarif"]


def test_the_report_command_makes_a_page_of_many_files_and_says_what_it_left_out(tmp_path: Path) -> None:
    written(tmp_path, [night(0, [claim("drift:a")]), night(1, [claim("drift:a", "broken")])])
    (tmp_path / "half.json").write_text('{"schema": 1, "ver')
    made = run("-m", "checks", "report", str(tmp_path), "-o", str(tmp_path / "drift.html"), cwd=ROOT)
    assert made.code == 0
    assert f"left out: {tmp_path / 'half.json'} was cut off or is half written" in made.out
    assert f"written: {tmp_path / 'drift.html'}, about 2 runs of prod, broken at the last" in made.out
    text = (tmp_path / "drift.html").read_text()
    assert "since 2026-01-02 02:00 UTC, 1 run" in text
    assert "half.json was cut off" in text
    differs = run("-m", "checks", "report", "--diff", str(tmp_path / "0.json"), str(tmp_path / "1.json"))
    assert (differs.code, "drift:a (was held)" in differs.out) == (0, True)
    nothing = run("-m", "checks", "report", "-o", str(tmp_path / "x.html"))
    assert (nothing.code, "Name evidence files and a report" in nothing.sentence()) == (4, True)


def test_replay_says_so_where_there_is_nothing_to_ask_and_where_it_cannot(tmp_path: Path) -> None:
    held, cut = written(tmp_path, [night(0, [claim("drift:a")]), night(1, [claim("drift:a", "broken")], target="prd")])
    assert run("-m", "checks", "replay", str(held)).code == 0
    unknown = run("-m", "checks", "replay", str(cut))
    assert (unknown.code, "Did you mean 'prod'?" in unknown.sentence()) == (4, True)
    cut.write_text("{")
    assert "was cut off or is half written" in run("-m", "checks", "replay", str(cut)).sentence()
