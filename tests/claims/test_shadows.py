"""A shadow of the ledger that the migrations make does not hide one that they do not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from checks.claims import ledger_table


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_every_shadow_is_looked_at(order: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    both = [SimpleNamespace(relation=f"{name}.schema_migrations", whose=f"role {name}") for name in ("own", "strange")]
    monkeypatch.setattr(ledger_table, "shadows", lambda *_: [both[number] for number in order])
    monkeypatch.setattr(ledger_table, "made", lambda shadow, _: shadow is both[0])
    ledger: Any = SimpleNamespace(shown="public.schema_migrations", schema="public", table="schema_migrations")
    found: Any = SimpleNamespace(homonyms=[SimpleNamespace(schema="public")])
    verdict = ledger_table.shadow(ledger, SimpleNamespace(objects={}), found)  # type: ignore[arg-type]
    assert (verdict.verdict, verdict.witness) == ("broken", "strange.schema_migrations")
