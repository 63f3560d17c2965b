"""The corpus of Lambda replies: every file called what it must be, and too loose contracts caught."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from checks.contract.reply_shape import REFERENCE, ReplyShape
from checks.lambdas.replies.corpus import Misjudged, misjudged, told_in
from checks.lambdas.replies.reply import MAX_SAID, Reply
from checks.lambdas.replies.specimens import Specimen, load
from checks.values import UsageError
from tests.support import ROOT

FOLDER = ROOT / "fixtures" / "payloads"
CORPUS = load(FOLDER)
HONEST = [specimen for specimen in CORPUS if specimen.must_be == "succeeded"]
LYING = [specimen for specimen in CORPUS if specimen.must_be != "succeeded"]
MIGRATION = [specimen for specimen in CORPUS if specimen.function == "migration"]
QUERY = [specimen for specimen in CORPUS if specimen.function == "query"]
V = "2026_02_02_0003_add_constraints_no_do"


def named(specimen: Specimen) -> str:
    return specimen.name


@pytest.mark.parametrize("specimen", CORPUS, ids=named)
def test_every_reply_is_called_what_it_must_be(specimen: Specimen) -> None:
    outcome = specimen.judged()
    assert (outcome.word, specimen.why) == (specimen.must_be, specimen.why), outcome


@pytest.mark.parametrize("specimen", LYING, ids=named)
def test_every_reason_is_one_bounded_sentence_without_secrets_or_rows(specimen: Specimen) -> None:
    outcome = specimen.judged()
    assert outcome.reason.endswith(".")
    assert outcome.reason.isprintable()
    assert len(outcome.reason) <= 120 + 2 * MAX_SAID
    assert outcome.place
    assert len(outcome.place) <= 200
    assert "hunter2" not in outcome.reason
    assert "banana" not in outcome.reason
    assert outcome.rows is None


def test_the_corpus_is_as_large_and_as_wide_as_promised() -> None:
    assert len(LYING) >= 300
    assert len(HONEST) >= 55
    assert len({specimen.shape for specimen in HONEST}) >= 6
    told = {fault for specimen in CORPUS for fault in specimen.faults}
    assert told == {f"F{number}" for number in (*range(1, 14), 15)} | {"P2"}


@pytest.mark.parametrize("specimen", CORPUS, ids=named)
def test_a_file_tells_its_fault_by_its_name(specimen: Specimen) -> None:
    head = specimen.name.partition("-")[0]
    codes = {f"{fault[0].lower()}{int(fault[1:]):02}" for fault in specimen.faults}
    assert head in codes if specimen.faults else head == "honest"


@pytest.mark.parametrize("specimen", [one for one in HONEST if one.function == "migration"], ids=named)
def test_an_honest_reply_is_no_proof_of_another_version(specimen: Specimen) -> None:
    asked = (*specimen.asked, "2026_03_03_0004_another")
    assert replace(specimen, asked=asked).judged().word == "failed"


@pytest.mark.parametrize("specimen", [one for one in HONEST if one.nonce], ids=named)
def test_an_honest_answer_is_no_answer_to_another_question(specimen: Specimen) -> None:
    assert replace(specimen, nonce="q-another").judged().word == "failed"


SOUND = {
    "reference": {},
    "no wrapper": {"body": ""},
    "no wrapper, no status": {"body": "", "status": ""},
    "object body": {"body_as": "object"},
    "wrapper without status": {"status": ""},
    "other names": {
        "body": "result",
        "status": "code",
        "success": "ok",
        "applied": "done",
        "skipped": "already",
        "errors": ["problems"],
        "rows": "items",
        "count": "total",
    },
    "names beyond ASCII": {"success": "réussi", "applied": "appliquées"},
    "no flag": {"success": "", "body": "", "status": ""},
    "one list": {"skipped": ""},
    "no count": {"count": ""},
}
LOOSE = {
    "no error keys": ({"errors": []}, "f05-success-with-error"),
    "nothing declared at all": (
        {"body": "", "status": "", "success": "", "errors": []},
        "f05-success-with-errors",
    ),
    "no lists": ({"applied": "", "skipped": ""}, "honest-migration"),
    "pending taken for applied": ({"applied": "pending"}, "f08-lists-that-are-no-proof"),
    "what was asked taken for skipped": ({"skipped": "requested"}, "f08-lists-that-are-no-proof"),
    "a table list taken for applied": ({"applied": "tables"}, "f08-only-in-tables"),
    "accepted taken for success": ({"success": "accepted"}, "f05-flags-that-are-no-success"),
    "dry_run taken for success": ({"success": "dry_run"}, "f15-nothing-but-a-dry-run"),
    "rolled_back taken for success": ({"success": "rolled_back"}, "f15-nothing-but-a-rollback"),
    "queued taken for success": ({"success": "queued"}, "f15-nothing-but-queued"),
}
LOOSE_QUERY = {
    "no error keys": ({"errors": []}, "f11-query-failed-with-stale-rows"),
    "no rows": ({"rows": ""}, "honest-query"),
    "cached taken for success": ({"success": "cached"}, "f05-query-flags-that-are-no-success"),
    "queued taken for success": ({"success": "queued"}, "f15-query-nothing-but-queued"),
}


def shape_of(table: dict[str, object]) -> ReplyShape:
    return ReplyShape.from_table(table, "contract.toml: target.prod.reply") if table else REFERENCE


@pytest.mark.parametrize("table", SOUND.values(), ids=SOUND)
def test_a_sound_shape_judges_the_whole_corpus_right(table: dict[str, object]) -> None:
    assert misjudged(shape_of(table), MIGRATION) == ()
    assert misjudged(shape_of(table), QUERY) == ()


@pytest.mark.parametrize("table", SOUND.values(), ids=SOUND)
def test_nearly_the_whole_corpus_can_be_told_in_a_sound_shape(table: dict[str, object]) -> None:
    shape = shape_of(table)
    told = [specimen for specimen in CORPUS if told_in(specimen, shape) is not None]
    assert len(told) > 0.85 * len(CORPUS)
    assert any(specimen.must_be == "succeeded" for specimen in told)


@pytest.mark.parametrize("table, name", LOOSE.values(), ids=LOOSE)
def test_a_loose_shape_is_caught_by_name(table: dict[str, object], name: str) -> None:
    found = misjudged(shape_of(table), MIGRATION)
    assert name in [one.specimen.name for one in found]
    assert all(one.sentence.endswith(".") for one in found)


@pytest.mark.parametrize("table, name", LOOSE_QUERY.values(), ids=LOOSE_QUERY)
def test_a_loose_query_shape_is_caught_by_name(table: dict[str, object], name: str) -> None:
    assert name in [one.specimen.name for one in misjudged(shape_of(table), QUERY)]


def test_a_misjudged_reply_says_what_it_is_and_where_it_was_decided() -> None:
    found = {one.specimen.name: one for one in misjudged(shape_of({"applied": "pending"}), MIGRATION)}
    one = found["f08-lists-that-are-no-proof"]
    assert isinstance(one, Misjudged)
    assert "f08-lists-that-are-no-proof a success, decided at $.body.pending" in one.sentence


def test_a_retold_reply_has_the_declared_shape() -> None:
    specimen = next(one for one in CORPUS if one.name == "honest-skipped")
    shape = shape_of({"body": "", "status": "code", "success": "ok", "skipped": "already"})
    reply = told_in(specimen, shape)
    assert reply is not None
    told = json.loads(reply.payload)
    assert (told["code"], told["ok"], told["already"][-1]) == (200, True, V)
    assert not {"body", "statusCode", "success", "migrations_skipped"} & told.keys()


def test_a_broken_body_stays_broken_when_retold() -> None:
    specimen = next(one for one in CORPUS if one.name == "f06-duplicate-success-false-first")
    reply = told_in(specimen, shape_of({"body": "", "success": "ok"}))
    assert reply is not None
    assert reply.payload.startswith(b'{"ok": false, "ok": true')


def test_a_reply_that_a_shape_cannot_bring_forth_is_not_told() -> None:
    by_name = {one.name: one for one in CORPUS}
    assert told_in(by_name["f04-status-missing"], shape_of({"status": ""})) is None
    assert told_in(by_name["f06-body-object"], shape_of({"body_as": "object"})) is None
    assert told_in(by_name["honest-no-wrapper"], REFERENCE) is None
    assert told_in(by_name["honest-applied"], REFERENCE) is not None


ONE = {
    "name": "x",
    "function": "migration",
    "faults": [],
    "must_be": "failed",
    "why": "Because.",
    "status": 200,
    "payload": "{}",
}


def write(folder: Path, data: object, name: str = "x") -> Path:
    file = folder / f"{name}.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return folder


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    data = ONE | {"payload": "ü", "asked": [V], "retries": 2, "transport_error": None, "log_tail": "END"}
    (specimen,) = load(write(tmp_path, data))
    assert specimen.reply == Reply(200, payload="ü".encode(), retries=2, log_tail="END")
    assert (specimen.asked, specimen.shape) == ((V,), REFERENCE)


def test_payloads_may_be_base64_or_repeated(tmp_path: Path) -> None:
    rest = {key: value for key, value in ONE.items() if key != "payload"}
    write(tmp_path, rest | {"name": "a", "payload_base64": "//4="}, "a")
    write(
        tmp_path,
        rest | {"name": "b", "payload_repeat": {"before": "<", "unit": "ab", "times": 2, "after": ">"}},
        "b",
    )
    assert [one.reply.payload for one in load(tmp_path)] == [b"\xff\xfe", b"<abab>"]


@pytest.mark.parametrize(
    "data, words",
    [
        ("{", "cannot be read as JSON"),
        ("[]", "must hold one JSON object"),
        (ONE | {"name": "y"}, "must be the file's own, 'x'"),
        (ONE | {"must_be": "fail"}, "Did you mean 'failed'?"),
        (ONE | {"function": "queries"}, "Did you mean 'query'?"),
        (ONE | {"paylod_base64": ""}, "Did you mean 'payload_base64'?"),
        (ONE | {"payload_base64": "AA=="}, "must be given once"),
        (ONE | {"status": "200"}, "must be a whole number"),
        (ONE | {"shape": {"sucess": "ok"}}, "Did you mean 'success'?"),
    ],
    ids=["cut", "list", "name", "must_be", "function", "key", "two payloads", "status", "shape"],
)
def test_a_malformed_file_is_named_with_the_remedy(tmp_path: Path, data: object, words: str) -> None:
    with pytest.raises(UsageError, match=r"x\.json") as caught:
        load(write(tmp_path, data))
    assert words in str(caught.value)


def test_an_empty_folder_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no \*\.json"):
        load(tmp_path)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for part in ("a", "b"):
        (tmp_path / part).mkdir()
        write(tmp_path / part, ONE)
    with pytest.raises(UsageError, match="two specimens named 'x'"):
        load(tmp_path)
