"""Every fault of docs/faults.md has a saboteur, every family is large enough, and the written matrix misses nothing."""

from __future__ import annotations

import json
import re

from checks.explain import all_kinds
from checks.lambdas.replies.specimens import load
from tests.claims.test_enum_holders import HOLDERS
from tests.deployment.saboteurs import SABOTEURS as DEPLOYMENT
from tests.matrix import page, tested
from tests.matrix.schemas import HONEST
from tests.matrix.trial import fault_of
from tests.support import ROOT
from tests.support.sabotage_harness import saboteurs

HONEST_FAULTS = {"C10", "C17"}
"""Look-alikes by their nature."""
MATRIX = json.loads((ROOT / "docs" / "matrix.json").read_text(encoding="utf-8"))


def test_every_fault_has_a_saboteur() -> None:
    there = {fault for saboteur in saboteurs() for fault in fault_of(saboteur.name)}
    there |= {fault for specimen in load(ROOT / "fixtures" / "payloads") for fault in specimen.faults}
    there |= {fault for entry in tested.TESTED for fault in re.findall(r"[A-Z]\d+", str(entry.faults))}
    there |= {fault for path in (ROOT / "fixtures" / "consumers").glob("D*.py") for fault in fault_of(path.name)}
    there |= {"C11" for each in HOLDERS if each.verdict == "broken"}
    there |= {fault for name in DEPLOYMENT for fault in fault_of(name)}
    assert page.faults().keys() - there - HONEST_FAULTS == set()
    assert len(page.faults()) > 75
    assert any("CHECK" in change for _, change in HONEST)


def test_the_matrix_is_large_and_nothing_in_it_is_unexplained() -> None:
    totals = MATRIX["totals"]
    assert totals["saboteurs"] >= 500
    assert totals["lookalikes"] >= 150
    assert totals["caught"] + totals["misdiagnosed"] + totals["missed"] == totals["saboteurs"]
    assert "not explained yet" not in (ROOT / "docs" / "matrix.md").read_text(encoding="utf-8")


def test_the_matrix_counts_a_saboteur_of_every_kind() -> None:
    assert {kind.key for kind in all_kinds() if kind.breaks and not MATRIX["kinds"].get(kind.key)} == set()
