"""What a run of many targets is told as, in each format: the worst first, and what is alike once."""

from __future__ import annotations

import json
from pathlib import Path

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


def test_parts_of_different_lists_or_runs_are_no_whole(tmp_path: Path) -> None:
    for shards, words in (([(1, 2, "x"), (2, 2, "y")], "different lists"), ([(1, 2, "x"), (2, 3, "x")], "different runs")):
        files = []
        for number, of, names in shards:
            files.append(tmp_path / f"{number}.json")
            files[-1].write_text(as_text(together([night(1, [claim("drift:a")], target=f"t{number}")], {
                "number": number, "of": of, "targets": 2, "list": names})))
        said: list[str] = []
        assert joined(files, said.append)["verdict"] == "unverified"
        assert words in said[0]
    with pytest.raises(UsageError, match="None of 1 files is evidence"):
        joined([tmp_path / "gone.json"], lambda line: None)
