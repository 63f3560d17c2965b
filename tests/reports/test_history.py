"""What a claim came to over the nights, since when it is not held, and what changed between two runs."""

from __future__ import annotations

from checks.reports.compare import changes, lines
from checks.reports.history import history, sides
from checks.reports.runs import run_of
from tests.reports.nights import claim, night, runs

A, B = "drift:a", "enums:b.c"


def test_a_strip_has_a_letter_a_night_and_an_episode_tells_since_when() -> None:
    past = history(runs([claim(A), claim(B)], [claim(A, "broken"), claim(B, "unverified")], [claim(A, "broken"), claim(B)],
                        [claim(A)], [claim(A, "broken"), claim(B)]))
    first, second = past.claims
    assert [(each.id, each.strip, each.held) for each in past.claims] == [
        (A, "hbbhb", "2 of 5"), (B, "huh-h", "3 of 4")]
    assert [(each.word, each.first, each.last, each.open) for each in first.episodes] == [
        ("broken", 1, 2, False), ("broken", 4, 4, True)]
    assert first.current is not None
    assert past.since(first.current) == "since 2026-01-05 02:00 UTC, 1 run"
    assert second.current is None
    assert past.strip == "hbbhb"


def test_what_was_never_seen_held_is_broken_since_before() -> None:
    past = history(runs([claim(A, "broken")], [claim(A, "broken", detail="otherwise")]))
    assert past.claims[0].current is not None
    assert past.since(past.claims[0].current) == "since before 2026-01-01 02:00 UTC, 2 runs"


def test_a_claim_that_is_accepted_or_no_longer_made_is_neither_broken_nor_held() -> None:
    accepted = claim(A, "broken", accepted={"reason": "old", "until": None})
    past = history(runs([claim(A), claim(B, "broken")], [accepted]))
    assert [(each.id, each.word, each.strip) for each in past.claims] == [(A, "accepted", "ha"), (B, "gone", "b-")]
    assert past.claims[1].current is None


def test_a_night_on_which_nobody_could_look_is_unverified_for_every_claim() -> None:
    blind = run_of(night(1, [claim("constraints:a", "unverified")], failure="The server is down."), "1.json")
    first, last = (run_of(night(number, [claim(A), claim(B)]), "") for number in (0, 2))
    past = history([first, blind, last])
    assert [(each.id, each.strip) for each in past.claims] == [(B, "huh"), (A, "huh")]
    assert past.claims[0].episodes[0].detail == "The server is down."
    found = changes(first, blind)
    assert ([turn.id for turn in found.to("unverified")], found.new, found.gone) == ([A, B], (), ())


def test_figures_are_plotted_over_the_nights_and_another_place_is_seen() -> None:
    count = {"figures": {"rows in the way": 3}}
    past = history([run_of(night(0, [claim(A, **count)]), "0"), run_of(night(1, [claim(A)]), "1"),
                    run_of(night(2, [claim(A, figures={"rows in the way": "many"})], place={"database": "other"}), "2")])
    assert [(each.name, each.claim, each.known) for each in past.figures] == [
        ("duration", "", [2.0, 3.0, 4.0]), ("round trips", "", [4.0] * 3), ("scans of stored rows", "", [0.0, 1.0, 2.0]),
        ("Lambda invocations", "", [0.0] * 3), ("rows in the way", A, [3.0])]
    assert past.moves == (2,)


def test_both_sides_of_a_difference_are_cut_where_they_part() -> None:
    left, right = sides("varchar(10) NOT NULL", "varchar(20) NOT NULL")
    assert [(piece.text, piece.apart) for piece in left] == [("varchar(", False), ("10", True), (") NOT NULL", False)]
    assert "".join(piece.text for piece in right) == "varchar(20) NOT NULL"
    assert sides("", "text") == ([], [("text", True)])


def test_what_changed_between_two_runs_is_told_claim_by_claim() -> None:
    before, after = runs([claim(A), claim(B, "broken"), claim("ledger:1", "broken"), claim("drift:gone")],
                         [claim(A, "broken"), claim(B), claim("ledger:1", "broken", detail="worse"), claim("drift:new")])
    text = "\n".join(lines(changes(before, after)))
    assert "broken now: 1\n  drift:a (was held)\n    found    changed drift:a" in text
    assert "held now: 1\n  enums:b.c (was broken)" in text
    assert "not held still, and told otherwise: 1\n  ledger:1 (broken)" in text
    assert "new: 1\n  drift:new (held)" in text
    assert "not claimed any more: 1\n  drift:gone (was held)" in text
    assert "duration 2 became 3 s" in text


def test_two_equal_runs_differ_in_nothing_and_two_targets_are_told_apart() -> None:
    one, other = runs([claim(A, "broken")], [claim(A, "broken")])
    assert list(lines(changes(one, other)))[-1] == "No claim changed."
    assert not changes(one, other).worth_telling
    staging = run_of(night(3, [claim(A)], target="staging"), "s")
    assert "These are two targets, prod and staging: what differs need not have changed." in lines(changes(one, staging))
    moved = run_of(night(3, [claim(A)], place={"system_identifier": "8"}), "s")
    assert "These are two databases under one name: what differs need not have changed." in lines(changes(one, moved))
