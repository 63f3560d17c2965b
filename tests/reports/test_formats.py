"""The formats of other tools, held against their published schemas; hostile names stay names in each."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from checks.reports.annotations import MOST, annotated, unheard
from checks.reports.ctrf import ctrf
from checks.reports.markdown import LIMIT_BYTES, summary
from checks.reports.metrics import metrics
from checks.reports.runs import RunRecord, run_of
from checks.reports.sarif import sarif
from tests.reports.nights import DIFFERS, HOSTILE, claim, night, runs

SCHEMAS = Path(__file__).parent / "schemas"
ACCEPTED = {"reason": "the old numbering", "until": "2027-01-01"}
ALL = [claim("ledger:1"), claim("enums:a.b", "broken", cause="drift:a"), claim("drift:a", "broken", differs=DIFFERS),
       claim("access:app", "unverified"), claim("ledger:order", "broken", accepted=ACCEPTED),
       claim("constraints:c", figures={"rows in the way": 3})]


@pytest.fixture(params=["plain", "hostile", "nothing", "unseen", "two targets"])
def told(request: pytest.FixtureRequest) -> list[RunRecord]:
    """Runs of every kind, as the formats get them."""
    hostile = [claim(f"drift:{name}", "broken", detail=name, witness=name, next_step=name) for name in HOSTILE]
    return {"plain": runs(ALL), "hostile": runs(hostile), "nothing": runs([claim("ledger:1")]),
            "unseen": [run_of(night(0, [claim("ledger:1", "unverified")], failure="The server is down."), "")],
            "two targets": [*runs(ALL), *runs(ALL, target="staging")]}[request.param]


def valid(document: str, schema: str) -> bool:
    """Whether it is, formats of texts included."""
    definition = json.loads((SCHEMAS / schema).read_text(encoding="utf-8"))
    checker = jsonschema.validators.validator_for(definition)(definition, format_checker=jsonschema.FormatChecker())
    return [error.message for error in checker.iter_errors(json.loads(document))] == []


def test_sarif_is_valid(told: list[RunRecord]) -> None:
    assert valid(sarif(told, "db/my contract.toml"), "sarif-2.1.0.json")


def test_ctrf_is_valid(told: list[RunRecord]) -> None:
    assert valid(ctrf(told), "ctrf-0.0.json")


def test_the_schemas_refuse_what_is_wrong() -> None:
    """The twin of the two above: a schema that takes everything would prove nothing."""
    assert not valid(sarif(runs(ALL), "c").replace('"2.1.0"', '"9"'), "sarif-2.1.0.json")
    assert not valid(ctrf(runs(ALL)).replace('"other"', '"odd"'), "ctrf-0.0.json")


def test_ctrf_keeps_ids_stable_and_calls_unverified_other() -> None:
    tests = json.loads(ctrf(runs(ALL)))["results"]
    assert [(each["testId"], each["status"], each["rawStatus"]) for each in tests["tests"]] == [
        ("ledger:1", "passed", "held"), ("enums:a.b", "failed", "broken"), ("drift:a", "failed", "broken"),
        ("access:app", "other", "unverified"), ("ledger:order", "passed", "accepted"), ("constraints:c", "passed", "held")]
    summed = {name: tests["summary"][name] for name in ("tests", "passed", "failed", "other", "skipped", "pending")}
    assert summed == {"tests": 6, "passed": 3, "failed": 2, "other": 1, "skipped": 0, "pending": 0}
    again = json.loads(ctrf(runs(ALL[1:], ALL[1:])[1:]))["results"]["tests"]
    assert [each["id"] for each in again] == [each["id"] for each in tests["tests"][1:]]
    other = json.loads(ctrf(runs(ALL, target="staging")))["results"]["tests"]
    assert {each["id"] for each in other}.isdisjoint(each["id"] for each in tests["tests"])


def test_sarif_has_a_result_for_each_claim_that_is_not_held_and_suppresses_what_was_accepted() -> None:
    log, = json.loads(sarif(runs(ALL), "contract.toml"))["runs"]
    assert [(each["ruleId"], each["level"], "suppressions" in each) for each in log["results"]] == [
        ("enums", "error", False), ("drift", "error", False), ("access", "warning", False), ("ledger", "error", True)]
    prints = [each["partialFingerprints"]["claim/v1"] for each in log["results"]]
    assert len(set(prints)) == 4
    later, = json.loads(sarif(runs([], ALL)[1:], "contract.toml"))["runs"]
    assert [each["partialFingerprints"]["claim/v1"] for each in later["results"]] == prints


def test_a_summary_of_many_broken_claims_is_cut_on_purpose_and_counts_the_rest() -> None:
    broken = [claim(f"drift:t{number}", "broken", detail="é" * 5_000) for number in range(200)]
    whole = summary(runs(broken))
    assert len(whole.encode()) <= LIMIT_BYTES
    shown = whole.count("<details")
    assert 50 < shown < 200
    assert f"{200 - shown} broken more are not shown here" in whole
    assert summary(runs(broken[:5])).count("<details") == 5
    assert "more are not shown" not in summary(runs(broken[:5]))


def test_names_are_no_markup_in_a_summary() -> None:
    text = summary(runs([claim(f"drift:{name}", "broken", detail=f"</pre>{name}") for name in HOSTILE]))
    tags = set(re.findall(r"<[^>]*>", text))
    assert tags == {"<details open>", "<details>", "</details>", "<summary>", "</summary>", "<b>", "</b>", "<code>",
                    "</code>", "<pre>", "</pre>"}
    assert text.count("</pre>") == len(HOSTILE)
    outside = re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
    assert not re.search(r"[`*_\[]", outside)
    assert "<img src=x onerror=alert(1)>" in html.unescape(text)


def test_annotations_are_at_most_ten_a_step_broken_first_and_the_rest_counted() -> None:
    many = [claim(f"access:u{number}", "unverified") for number in range(5)] + [
        claim(f"drift:t{number}", "broken") for number in range(200)]
    lines = annotated(runs(many), "contract.toml")
    assert len(lines) == MOST == 10
    assert [line.partition(" ")[0] for line in lines] == ["::error"] * 10
    assert "191 broken and 5 unverified claims more" in lines[-1]
    few = annotated(runs([*many[:9], claim("ledger:1")]), "contract.toml")
    assert [line.partition(" ")[0] for line in few] == ["::error"] * 4 + ["::warning"] * 5


def test_a_name_is_no_command_to_a_runner() -> None:
    lines = annotated(runs([claim(f"drift:{name}", "broken", detail=name) for name in HOSTILE]), "a,b:c.toml")
    assert all(re.fullmatch(r"::(error|warning) file=a%2Cb%3Ac\.toml,title=[^:,\n]*::[^\n]*", line) for line in lines), lines
    first, *_, last = unheard(iter(["::error::x"]))
    assert first == f"::stop-commands::{last.strip(':')}"
    assert len(last) > 30


def test_metrics_are_a_textfile_that_prometheus_reads(told: list[RunRecord]) -> None:
    families = {each.name: each for each in text_string_to_metric_families(metrics(told, 6))}
    assert [each.value for each in families["postdeploy_checks_exit_code"].samples] == [6]
    verdicts = {(each.labels["target"], each.labels["verdict"]): each.value
                for each in families["postdeploy_checks_verdict"].samples}
    assert {key[0] for key, value in verdicts.items() if value} == {run.target for run in told}
    assert len(families["postdeploy_checks_claim_not_held"].samples) == sum(len(run.not_held()) for run in told)


def test_metrics_count_claims_and_hand_on_what_claims_counted() -> None:
    text = metrics(runs(ALL), 1)
    assert 'postdeploy_checks_claims{area="ledger",target="prod",verdict="accepted"} 1.0' in text
    assert 'postdeploy_checks_figure{claim="constraints:c",figure="rows in the way",target="prod"} 3.0' in text
    assert 'postdeploy_checks_duration_seconds{target="prod"} 2.0' in text
