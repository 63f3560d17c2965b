"""A check that nobody has seen fail proves nothing: every kind of claim is broken by a saboteur.

checks/saboteurs.json says by which; the test of each saboteur holds it to what it saw.
"""

from __future__ import annotations

from checks.explain import all_kinds
from tests.audits.test_scripts import EXPECTED
from tests.claims.functions.saboteurs import SABOTEURS
from tests.claims.test_dedupe_stored import SABOTAGE, STATEMENTS
from tests.deployment.saboteurs import IN_DATABASE
from tests.deployment.saboteurs import SABOTEURS as DEPLOYMENT
from tests.replays.test_twins import TWINS
from tests.support.sabotage_harness import Bench, look_at, projects, saboteurs, verdicts
from tests.support.saboteur_index import kind_seen, read


def test_every_kind_of_claim_has_a_saboteur() -> None:
    assert [kind.key for kind in all_kinds() if kind.breaks and not read().get(kind.key)] == []


def test_only_what_nobody_could_look_at_is_broken_by_nothing() -> None:
    assert [kind.key for kind in all_kinds() if not kind.breaks] == ["false-success.settled_unseen"]


def test_the_index_is_of_kinds_and_saboteurs_that_there_are_and_of_all(bench: Bench) -> None:
    there = {f"{saboteur.project}/{saboteur.name}" for saboteur in saboteurs() if saboteur.fits(bench.major)}
    there |= {f"dedupe/{name}" for name in (*SABOTAGE, *STATEMENTS)} | {f"consumers/{name}" for name in TWINS}
    there |= {f"functions/{name}" for name in SABOTEURS} | {f"deployment/{name}" for name in (*DEPLOYMENT, *IN_DATABASE)}
    there |= {f"scripts/{name}" for name, entry in EXPECTED.items() if entry["fooled"]}
    assert {name for names in read().values() for name in names} == there
    assert read().keys() - {kind.key for kind in all_kinds()} == set()


def test_every_claim_is_of_a_kind(bench: Bench) -> None:
    seen = set()
    for project in projects():
        with bench.database(project) as dsn:
            for route in ("direct", "lambda"):
                seen |= {kind_seen(verdict).key for verdict in verdicts(look_at(bench, project, dsn, route)).values()}
    assert len(seen) > 15
