"""What is claimed of Lambdas, at what cost, and of a reply shape that is too loose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.claims.functions.false_success import false_success_names, judge_false_success
from checks.contract.contract import TargetSpec
from checks.expectation.expectation import Expectation
from checks.lambdas.local.endpoint import LocalAws
from checks.target.open_target import Place
from checks.target.target import Secret, Target
from tests.claims.functions.live import CONTRACT, MIGRATION, MIGRATIONS, QUERY, SPEC, claims, words
from tests.claims.functions.saboteurs import LOOSE_SHAPES
from tests.support.saboteur_index import saw


def test_the_healthy_twin_holds(deployed: LocalAws) -> None:
    assert words(claims(deployed)) == {
        "reply-shape": "held", f"{QUERY}.answers": "held", f"{QUERY}.read-only": "held",
        f"{QUERY}.admits-failure": "held", f"{MIGRATION}.settled": "held", f"{MIGRATION}.migrations": "held"}


def test_it_costs_one_invocation_without_probes(deployed: LocalAws) -> None:
    place = Place(Target(replace(SPEC, error_probes=None), None), None, endpoint_url=deployed.endpoint_url)
    cases, left, cost = judge_false_success(place, Expectation(CONTRACT, None, MIGRATIONS, ()))
    assert cost == {"statements": 1, "scans": 0, "invocations": 1}
    assert len(deployed.invocations) == 1
    assert any("error_probes is off" in each.why for each in left)
    assert "admits-failure" not in " ".join(v.claim for case in cases for v in case.verdicts)


def test_names_are_known_before_anything_is_contacted(deployed: LocalAws) -> None:
    target = Target(SPEC, None)
    place = Place(target, None, endpoint_url=deployed.endpoint_url)
    cases, _, _ = judge_false_success(place, Expectation(CONTRACT, None, MIGRATIONS, ()))
    assert tuple(case.name for case in cases) == false_success_names(CONTRACT, target)


def test_without_a_lambda_only_the_shape_is_claimed() -> None:
    target = Target(TargetSpec("x", dsn="given"), Secret("postgresql://x"))
    cases, left, cost = judge_false_success(Place(target, target.dsn), Expectation(CONTRACT, None, MIGRATIONS, ()))
    assert [(case.name, case.verdicts[0].verdict) for case in cases] == [("reply-shape", "held")]
    assert cost["invocations"] == 0
    assert len(left) == 1


@pytest.mark.parametrize("name", LOOSE_SHAPES)
def test_a_shape_that_is_too_loose_is_broken(name: str) -> None:
    target = Target(replace(TargetSpec("x", dsn="given"), **LOOSE_SHAPES[name]), Secret("postgresql://x"))
    cases, _, _ = judge_false_success(Place(target, target.dsn), Expectation(CONTRACT, None, MIGRATIONS, ()))
    verdict = cases[0].verdicts[0]
    assert verdict.verdict == "broken"
    assert verdict.witness
    assert "[target.x." in verdict.next_step
    saw(f"functions/{name}", [verdict])


def test_a_function_that_is_not_there_is_unverified(deployed: LocalAws) -> None:
    spec = replace(SPEC, migration_function="nobody", query_function="nobody-either")
    found = words(claims(deployed, spec))
    assert {word for claim, word in found.items() if claim != "reply-shape"} == {"unverified"}
