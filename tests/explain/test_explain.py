"""`--explain CLAIM`, and the page of all claims."""

from __future__ import annotations

import pytest

from checks.explain import all_kinds, explain
from checks.kinds import kinds_of
from checks.values import UsageError
from tests.support import ROOT, loaded
from tests.support.running import run


def test_the_page_of_the_claims_is_of_this_code() -> None:
    """`python docs/list_claims.py` writes it anew."""
    page = loaded(ROOT / "docs" / "list_claims.py")
    assert page.FILE.read_text(encoding="utf-8") == page.listed()


@pytest.mark.parametrize(("claim", "key"), [
    ("ledger:2026_02_02_0003_add_constraints_no_do", "ledger.migration"),
    ("ledger:schema_migrations.shape", "ledger.shape"),
    ("enums:active_positions.side", "enums.accepted_values"),
    ("constraints:position_history.chk_position_history_side", "constraints.constraint"),
    ("constraints:active_positions.enforcement", "constraints.enforcement"),
    ("dedupe:trade_events.replay.crashes", "dedupe.crashes"),
    ("dedupe:trade_events.active_positions.lost", "dedupe.lost"),
    ("drift:extra", "drift.extra_object"),
])
def test_a_claim_is_of_the_kind_that_makes_it(claim: str, key: str) -> None:
    assert key in [kind.key for kind in kinds_of(claim, all_kinds())]


def test_a_kind_is_told_with_its_sentence_evidence_and_saboteurs() -> None:
    told = "\n".join(explain("enums:active_positions.side"))
    for word in ("enums:{column}", "accepts exactly", "attempted: tried with real INSERTs", "broken    when", "saboteurs"):
        assert word in told


def test_no_claim_of_that_name() -> None:
    with pytest.raises(UsageError, match="No claim is called 'enum:side'"):
        list(explain("enum:side"))


def test_explain_asks_no_target() -> None:
    """A target that is not there is no hindrance."""
    ran = run("-m", "pytest", "checks/", "--target", "postgresql://nowhere.invalid/x", "--explain", "ledger:2026_01")
    assert ran.code == 0
    assert "is recorded exactly once" in ran.out
    assert "nowhere" not in ran.out


def test_explain_of_nothing_is_a_usage_error() -> None:
    ran = run("-m", "pytest", "checks/", "--explain", "banana")
    assert ran.code == 4
    assert "No claim is called 'banana'" in ran.sentence()
