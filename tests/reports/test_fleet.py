"""What a run of many targets is told as, in each format: the worst first, and what is alike once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checks.reports.document import as_text, together
from checks.reports.fleet.join import joined
from checks.reports.fleet.together import alike, told, unseen
from checks.reports.outputs import rendered
from checks.reports.runs import RunRecord, run_of, tell_of_several
from checks.values import UsageError
from tests.reports.nights import HOSTILE, claim, night


def targets(count: int) -> list[RunRecord]:
    """Targets of which every third lost one index, one another as well, and the last could not be looked at."""
    found = []
    for number in range(count):
        name, lost = f"t/{number:03d}", number % 3 == 0
        claims = [claim("drift:a", "broken", detail=f"missing in {name}") if lost else claim("drift:a"), claim("drift:b")]
        if number == 4:
            claims[1] = claim("drift:b", "broken")
        if number == count - 1:
            claims = [claim("drift:a", "unverified"), claim("drift:b", "unverified")]
        more = {"failure": f"Cannot reach target '{name}'."} if number == count - 1 else {}
        found.append(run_of(night(1, claims, target=name, place={"database": f"d{number}"}, **more), "e.json"))
    return found


def test_what_is_told_in_the_same_words_but_for_names_is_told_once() -> None:
    found = alike(targets(30))
    assert [(each.claim["id"], len(each.targets)) for each in found] == [("drift:a", 10), ("drift:b", 1)]
    assert found[0].named == "t/000, t/003, t/006 and 7 more"
    assert unseen(targets(30)) == [("Cannot reach target 't/029'.", ("t/029",))]


def test_the_terminal_names_the_worst_and_counts_the_others() -> None:
    lines = list(told(targets(30)))
    rows = [line.split()[:2] for line in lines if line.startswith("  t/")]
    assert [word for _, word in rows] == ["broken"] * 11 + ["unverified"] + ["held"] * 8
    assert "  and 10 more: 10 held" in lines
    assert "  30 targets: 11 broken, 1 unverified, 18 held" in lines
    assert sum(line.startswith("BROKEN ") for line in lines) == 2


def test_every_format_tells_of_many_within_bounds(tmp_path: Path) -> None:
    many = targets(300)
    made = {name: dict(rendered(tmp_path / name, many, (), "contract.toml")) for name in ("p.html", "s.md", "c.sarif")}
    assert {name: [file.name for file in texts] for name, texts in made.items()} == {name: [name] for name in made}
    page, summary, log = (text for texts in made.values() for text in texts.values())
    assert page.count("<tr><td>") == 300
    assert "on 100 of 300" in page
    assert len(summary) < 100_000
    assert "300 targets" in summary
    run, = json.loads(log)["runs"]
    assert [result["level"] for result in run["results"]] == ["error", "error", "warning"]
    assert "on 100 targets (t/000, t/003, t/006 and 97 more)" in run["results"][0]["message"]["text"]


def test_hostile_names_are_escaped_in_the_page_about_many(tmp_path: Path) -> None:
    runs = [run_of(night(1, [claim(f"drift:{name}", "broken")], target=name), "e.json") for name in HOSTILE]
    pages = dict(rendered(tmp_path / "p.html", runs, (), "c"))
    page = pages[tmp_path / "p.html"]
    assert "<img" not in page
    assert "<script>alert" not in page
    assert len(pages) == len(HOSTILE) + 1


@pytest.mark.parametrize("numbers, words, verdict", [
    ((1, 2, 3), "", "held"), ((1, 3), "Shard 2/3 is missing: 2 of 3 targets", "unverified"),
    ((1, 1, 2, 3), "Shard 1/3 is there twice", "held")])
def test_shards_are_joined(numbers: tuple[int, ...], words: str, verdict: str, tmp_path: Path) -> None:
    files = []
    for place, number in enumerate(numbers):
        document = together([night(1, [claim("drift:a")], target=f"t{number}")],
                            {"number": number, "of": 3, "targets": 3, "list": "x"})
        files.append(tmp_path / f"{place}.json")
        files[-1].write_text(as_text(document))
    said: list[str] = []
    document = joined(files, said.append)
    assert tell_of_several(files)
    assert document["verdict"] == verdict
    assert [each["target"]["name"] for each in document["targets"]] == sorted({f"t{number}" for number in numbers})
    assert words in " ".join(said)
    assert bool(said) == bool(words)


@pytest.mark.parametrize("shards, words", [
    ([{"number": 1, "list": "x"}, {"number": 2, "list": "y"}], "different lists"),
    ([{"number": 1}, {"number": 2, "of": 3}], "different runs"),
    ([{"number": 1, "run": "70"}, {"number": 2, "run": "71"}], "different runs"),
    ([{"number": 1, "run": "70"}, {"number": 2}], "different runs"),
    ([{"number": 1, "contract": "a"}, {"number": 2, "contract": "b"}], "different contracts"),
    ([{"number": 1, "night": 2}, {"number": 2, "night": 1}], "a part is old"),
    ([{"number": 1, "targets": 2, "more": "t9"}], "nobody knows whether the targets of it are among those here")])
def test_parts_that_do_not_fit_are_no_whole(shards: list[dict[str, Any]], words: str, tmp_path: Path) -> None:
    said: list[str] = []
    document = joined(parts(tmp_path, shards), said.append)
    assert document["verdict"] == "unverified"
    assert document["missing"] == said
    assert words in said[0]


def test_a_run_that_the_ci_system_names_may_take_as_long_as_it_takes(tmp_path: Path) -> None:
    said: list[str] = []
    files = parts(tmp_path, [{"number": 1, "run": "70", "night": 2}, {"number": 2, "run": "70", "night": 1}])
    assert joined(files, said.append)["verdict"] == "held"
    assert said == []


def parts(folder: Path, shards: list[dict[str, Any]]) -> list[Path]:
    """A file a shard; of each what is not as usual, and `night`, and `more`, another target beside its own."""
    files = []
    for given in shards:
        told = {"of": 2, "targets": 2, "list": "x", "contract": "c", **given}
        names, on = [f"t{told['number']}", *filter(None, [told.pop("more", None)])], told.pop("night", 1)
        files.append(folder / f"{told['number']}.json")
        files[-1].write_text(as_text(together([night(on, [claim("drift:a")], target=name) for name in names], told)))
    return files


def test_what_is_no_evidence_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="None of 1 files is evidence"):
        joined([tmp_path / "gone.json"], lambda line: None)
