"""Each faulty twin of the reference consumer breaks the claim its fault is about, and tells how."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from checks.contract.dedupe import Dedupe
from checks.replays.claims import KINDS
from checks.replays.replay import replay
from checks.replays.results import PARTS
from tests.replays.played import CONSUMERS, SMALL, held, spec
from tests.support import ROOT, saboteur_index


@dataclass(frozen=True)
class Twin:
    """A faulty consumer; the head of its file says which claim it breaks, how, and what the finding names."""

    breaks: str
    kind: str
    names: str
    declares: str = ""
    """What the contract says of it besides: `batch = 3`, `payload = PATH`."""

    @property
    def part(self) -> str:
        """The part of the replay: the end of the claim's id."""
        return self.breaks.rpartition(".")[2]

    def spec(self, name: str) -> Dedupe:
        """Its `[dedupe.trade_events]`."""
        made = spec(name)
        key, _, value = self.declares.partition(" = ")
        if key == "batch":
            return replace(made, consumer=replace(made.consumer, batch=int(value)))
        return replace(made, payload=(value,)) if key == "payload" else made


def twin(file: Path) -> Twin:
    head = re.match(r'"""(D\d+)\b.*\n\nBreaks: (dedupe:trade_events\.replay\.\w+)\nNames: (\w+): (.+)\n'
                    r'(?:Declares: ((?:batch|payload) = .+)\n)?"""\n', file.read_text(encoding="utf-8"))
    assert head is not None, f"{file}: the head must have Breaks and Names"
    assert file.stem.startswith(f"{head[1]}_")
    return Twin(*head.groups(default="")[1:])


TWINS = {file.stem: twin(file) for file in sorted(CONSUMERS.glob("D*.py"))}


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_breaks_the_claim_its_fault_is_about(name: str, migrated: str) -> None:
    twin = TWINS[name]
    result = replay(twin.spec(name), migrated, root=ROOT,
                    budget=replace(SMALL, schedules=40, part_s=15.0, parts=(twin.part,)))
    finding = result.breach(twin.part)
    assert finding is not None, result
    assert (finding.kind, twin.names in finding.sentence) == (twin.kind, True), finding
    deliveries = re.findall(r"^(?:\d+\.|A:|B:) .*event \d+.* -> ", finding.story, re.MULTILINE)
    assert 1 <= len(deliveries) <= 3, finding.story
    for words in ("before:", "after:", "each once in order:", "active_positions (alpaca_order_id"):
        assert words in finding.story
    verdict = KINDS[twin.part]("trade_events", result)
    assert (verdict.claim, verdict.verdict) == (twin.breaks, "broken")
    saboteur_index.saw(f"consumers/{name}", [verdict])


def test_every_part_of_a_replay_has_a_twin_and_every_fault_its_own() -> None:
    assert {twin.part for twin in TWINS.values()} == set(PARTS)
    assert {name.partition("_")[0] for name in TWINS} >= {f"D{n}" for n in (*range(1, 12), *range(13, 16))}


@pytest.mark.parametrize(("twin", "part"), [
    ("D6_check_then_insert", "races"), ("D7_fails_open", "errors"), ("D11_late_event_regresses", "schedules")])
def test_a_twin_is_broken_for_one_reason(twin: str, part: str, migrated: str) -> None:
    others = tuple(other for other in PARTS if other != part)
    result = replay(spec(twin), migrated, root=ROOT, budget=replace(SMALL, part_s=2.0, parts=others))
    assert held(result) == set(others), result.breaches


def test_the_story_of_a_race_tells_its_statements(migrated: str) -> None:
    finding = replay(spec("D6_check_then_insert"), migrated, root=ROOT,
                     budget=replace(SMALL, parts=("races",))).breach("races")
    assert finding is not None
    steps = re.findall(r"^\d+\. ([AB]) (\w+)", finding.story, re.MULTILINE)
    assert steps.index(("B", "SELECT")) < steps.index(("A", "COMMIT"))
    assert steps.index(("A", "SELECT")) < steps.index(("B", "COMMIT"))


def test_the_story_of_a_lost_commit_tells_where_it_was_cut(migrated: str) -> None:
    finding = replay(spec("D13_retry_after_lost_commit"), migrated, root=ROOT,
                     budget=replace(SMALL, parts=("crashes",))).breach("crashes")
    assert finding is not None
    assert "(COMMIT) is executed, and the connection is cut before its reply" in finding.story


def test_a_replay_finds_the_same_story_again(migrated: str) -> None:
    budget = replace(SMALL, schedules=40, part_s=15.0, parts=("schedules",))
    stories = [replay(spec("D11_late_event_regresses"), migrated, root=ROOT, budget=budget).breaches[0]
               for _ in range(2)]
    assert stories[0] == stories[1]
