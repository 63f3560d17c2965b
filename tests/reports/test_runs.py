"""Evidence files are read back; what is half written, foreign, or of another target is told in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.reports.runs import earlier_runs, read_run, read_runs
from checks.values import UsageError
from tests.reports.nights import DIFFERS, claim, night, written

WHOLE = json.dumps(night(0, [claim("drift:a")]))
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b" \n", "is empty: its run was cut off"),
    "cut": (WHOLE[:200].encode(), "was cut off or is half written"),
    "no text": (b"\xff\xfe\x00", "it is no text in UTF-8"),
    "no JSON": (b"<html>", "is no evidence file"),
    "a list": (b"[1, 2]", "is no evidence file of postdeploy-checks"),
    "another's JSON": (b'{"name": "left-pad", "claims": 3}', "is no evidence file of postdeploy-checks"),
    "a later schema": (WHOLE.replace('"schema": 1', '"schema": 2').encode(), "evidence of schema 2; this version reads 1"),
    "a verdict of its own": (WHOLE.replace('"held"', '"fine"', 1).encode(), "its verdict is none"),
    "no time": (WHOLE.replace('"2026-01-01T02:00:00Z"', '"yesterday"').encode(), "its started_at is no time"),
    "a local time": (WHOLE.replace("02:00:00Z", "02:00:00").encode(), "its started_at is no time"),
    "a claim without id": (WHOLE.replace('"id"', '"it"').encode(), "one of its claims has no id, area or verdict"),
    "one side": (json.dumps(night(0, [claim("drift:a", differs=[{"expected": "a"}])])).encode(), "have no two sides"),
    "not a number": (WHOLE.replace("2.0", "NaN").encode(), "half written"),
    "nested too deep": (b'{"a":' * 100_000, "half written"),
    "left_out": (WHOLE.replace('"left_out": [', '"left_out": 1, "x": [').encode(), "its left_out is no list"),
}


@pytest.mark.parametrize("content, words", BAD.values(), ids=BAD)
def test_what_is_no_evidence_is_one_sentence(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "e.json"
    file.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        read_run(file)
    assert str(refused.value).startswith(str(file))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_bad_files_are_told_and_the_others_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    files = written(tmp_path, [night(2, [claim("drift:a")]), night(1, [claim("drift:a")]),
                               night(1, [claim("drift:a")], target="staging"), night(2, [claim("drift:a")])])
    (tmp_path / "x.json").write_text('{"schema"')
    told: list[str] = []
    found = read_runs([*files, tmp_path / "x.json", tmp_path / "gone.json"], told.append)
    assert [run.source for run in found] == [str(files[1]), str(files[0])]
    assert len(told) == 4, told
    assert f"left out: {files[3]} tells of the same run as {files[0]}." in told
    assert f"left out: {files[2]} is of target staging, and this is about prod; --target chooses." in told
    assert [run.target for run in read_runs([tmp_path], told.append, "staging")] == ["staging"]


def test_nothing_to_report_on_is_a_mistake_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"None of 0 files is evidence\. .*--evidence FILE"):
        read_runs([tmp_path], lambda line: None)
    written(tmp_path, [night(0, [claim("drift:a")])])
    with pytest.raises(UsageError, match="None of these files is evidence of target 'x'"):
        read_runs([tmp_path], lambda line: None, "x")


def test_every_text_that_is_read_can_be_shown_and_written(tmp_path: Path) -> None:
    name = "drift:a\u202eb\x00\ud800"
    file, = written(tmp_path, [night(0, [claim(name, "broken", detail="one\ntwo\x07", differs=DIFFERS)])])
    run = read_run(file)
    assert list(run.claims) == ["drift:a\\u202eb\\x00\\ud800"]
    assert run.not_held()[0]["detail"] == "one\ntwo\\x07"


def test_the_past_of_a_run_is_found_beside_its_evidence_whatever_else_is_there(tmp_path: Path) -> None:
    written(tmp_path, [night(0, [claim("drift:a")]), night(1, [claim("drift:a")], target="other")])
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "cut.json").write_text(WHOLE[:100])
    (tmp_path / "folder.json").mkdir()
    assert [(run.target, run.at.day) for run in earlier_runs(tmp_path)] == [("prod", 1), ("other", 2)]
    (tmp_path / "cut.json").unlink()
    assert len(earlier_runs(tmp_path, most=1)) == 1
