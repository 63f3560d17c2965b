"""The migration function's code: old, half deployed or routed elsewhere, it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checks.claims.functions.deployed_code import judge_code
from checks.contract.contract import Contract
from checks.lambdas.local.endpoint import LocalAws
from tests.claims.functions.live import BUILT, MIGRATION, MIGRATIONS, SPEC, claims, migration_zip, numbers, words
from tests.claims.functions.saboteurs import MOVING, UNSETTLED
from tests.support.saboteur_index import kind_seen, saw


def test_the_built_code_is_deployed(deployed: LocalAws, bundled: Contract) -> None:
    assert words(claims(deployed, BUILT, bundled))[f"{MIGRATION}.code"] == "held"


def test_old_code_still_deployed_is_broken(deployed: LocalAws, bundled: Contract) -> None:
    deployed.deploy(MIGRATION, migration_zip(MIGRATIONS[:-1]))
    found = claims(deployed, BUILT, bundled)
    assert found[f"{MIGRATION}.code"].verdict == "broken"
    assert "update-function-code" in found[f"{MIGRATION}.code"].next_step
    assert found[f"{MIGRATION}.migrations"].verdict == "broken"
    assert MIGRATIONS[-1].version in found[f"{MIGRATION}.migrations"].detail
    saw("functions/old_code_deployed", found.values())


def test_a_bundle_that_is_not_built_is_unverified(deployed: LocalAws) -> None:
    verdict = claims(deployed, replace(BUILT, bundle="nowhere.zip"))[f"{MIGRATION}.code"]
    assert verdict.verdict == "unverified"
    assert "nowhere.zip" in verdict.detail


@pytest.mark.parametrize(("routing", "word"), [
    (("1", {}), "broken"), (("2", {}), "held"), (("2", {"1": 0.1}), "broken"), (("2", {"4": 0.5}), "held"),
], ids=["old-version", "new-version", "weighted-to-old", "weighted-to-the-same-code"])
@pytest.mark.parametrize("with_bundle", [True, False], ids=["bundle", "latest"])
def test_alias_routing(routing: tuple[str, dict[str, float]], word: str, with_bundle: bool, deployed: LocalAws,
                       bundled: Contract) -> None:
    function = f"routed-{next(numbers)}"
    client = deployed.client("lambda")
    for code in (migration_zip(MIGRATIONS[:-1]), migration_zip()) * 2:  # versions 1 to 4: old, new, old, new
        deployed.deploy(function, code, publish=True)
    client.create_alias(FunctionName=function, Name="live", FunctionVersion=routing[0],
                        RoutingConfig={"AdditionalVersionWeights": routing[1]})
    spec = replace(BUILT if with_bundle else replace(BUILT, bundle=None), migration_function=function, qualifier="live")
    found = {v.claim.partition(":")[2]: v for v in judge_code(
        spec, function, client, bundled.root / "build.zip" if with_bundle else None, MIGRATIONS)}
    assert found[f"{function}.routing"].verdict == word
    if word == "broken":
        saw("functions/alias_on_old_code", [found[f"{function}.routing"]])
    if routing[0] == "1":
        assert found[f"{function}.migrations"].verdict == "broken"
        assert not with_bundle or found[f"{function}.code"].verdict == "broken"


class Told:
    """A Lambda client whose answers are altered."""

    def __init__(self, client: Any, **answers: Any) -> None:
        self._client, self._answers = client, answers

    def get_function_configuration(self, **what: str) -> dict[str, Any]:
        return {**self._client.get_function_configuration(**what), **self._answers}

    def get_function(self, **what: str) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        if self._answers.get("denied"):
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetFunction")
        answer: dict[str, Any] = self._client.get_function(**what)
        return answer


@pytest.mark.parametrize("name", UNSETTLED)
def test_an_update_that_failed_is_broken(name: str, deployed: LocalAws) -> None:
    answers, named = UNSETTLED[name]
    verdict = next(judge_code(SPEC, MIGRATION, Told(deployed.client("lambda"), **answers), None, MIGRATIONS))
    assert (verdict.claim, verdict.verdict) == (f"false-success:{MIGRATION}.settled", "broken")
    assert named in verdict.detail
    saw(f"functions/{name}", [verdict])


@pytest.mark.parametrize("name", MOVING)
def test_an_update_that_is_on_its_way_is_unverified_and_may_be_waited_for(name: str, deployed: LocalAws) -> None:
    answers, named = MOVING[name]
    verdict = next(judge_code(SPEC, MIGRATION, Told(deployed.client("lambda"), **answers), None, MIGRATIONS))
    assert (verdict.verdict, verdict.moving) == ("unverified", True)
    assert named in verdict.detail


def test_an_active_function_is_settled(deployed: LocalAws) -> None:
    client = Told(deployed.client("lambda"), State="Active")
    verdict = next(judge_code(SPEC, MIGRATION, client, None, MIGRATIONS))
    assert (verdict.claim, verdict.verdict) == (f"false-success:{MIGRATION}.settled", "held")


def test_a_function_that_may_not_be_looked_at_is_unverified(deployed: LocalAws) -> None:
    (verdict,) = judge_code(replace(SPEC, migration_function="nobody"), "nobody", deployed.client("lambda"), None,
                            MIGRATIONS)
    assert (verdict.claim, verdict.verdict) == ("false-success:nobody.settled", "unverified")
    assert kind_seen(verdict).name == "settled_unseen"


def test_code_that_may_not_be_fetched_is_judged_by_the_bundle(deployed: LocalAws, bundled: Contract) -> None:
    client = Told(deployed.client("lambda"), denied=True)
    bundle = bundled.root / "build.zip"
    found = list(judge_code(BUILT, MIGRATION, client, bundle, MIGRATIONS))
    assert (found[-1].claim.rpartition(".")[2], found[-1].verdict) == ("migrations", "held")
    bundle.write_bytes(migration_zip(MIGRATIONS[:-1]))
    found = list(judge_code(BUILT, MIGRATION, client, bundle, MIGRATIONS))
    assert found[-1].verdict == "broken"
    assert "The bundle lacks" in found[-1].detail
    without = [v.claim for v in judge_code(SPEC, MIGRATION, client, None, MIGRATIONS)]
    assert without == [f"false-success:{MIGRATION}.settled"]
