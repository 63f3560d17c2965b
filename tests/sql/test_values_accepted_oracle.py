"""A real PostgreSQL judges what is said of the values that columns can store.

    POSTDEPLOY_ORACLE_EXAMPLES=2000 POSTDEPLOY_ORACLE_SEED=7 pytest tests/sql/test_values_accepted_oracle.py -s

Every proof is tried by real INSERTs of many values; `POSTDEPLOY_TEST_SERVERS` names servers of other majors.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from checks.target.servers import ScratchServer
from tests.sql.value_grammar import specimen
from tests.sql.value_judge import EXAMPLES, SEED, Judge
from tests.support import OTHER_MAJORS

MOST_HONEST_UNDECIDED = 0.05


def judged(judge: Judge, count: int) -> Counter[str]:
    """How many answers there were of each kind, honest tables and others apart.

    Raises:
        AssertionError: the server refutes one.
    """
    extra = judge.extra_types()
    counts: Counter[str] = Counter()
    for number in range(count):
        random = Random(f"{SEED}/{number}")
        verdict = judge.verdict(specimen(random, extra), random)
        if verdict is None:
            continue
        assert verdict.wrong == [], (SEED, number, verdict)
        honest = "honest" if verdict.specimen.honest else "hostile"
        counts[f"{honest} {verdict.answer.exact}"] += 1
        counts[f"others {verdict.answer.others.answer}"] += 1
        counts.update(f"allowed {each.answer}" for each in verdict.answer.allowed.values())
        counts[f"null {verdict.answer.null.answer}"] += 1
    print(counts)
    return counts


def test_no_proof_is_refuted(fresh_database: Callable[[], str]) -> None:
    counts = judged(Judge(fresh_database()), EXAMPLES or 120)
    honest = counts["honest yes"] + counts["honest no"] + counts["honest undecided"]
    assert counts["honest undecided"] <= MOST_HONEST_UNDECIDED * honest
    for answer in ("honest yes", "hostile no", "hostile yes", "others yes", "others no", "allowed yes", "allowed no",
        "null yes", "null no"):
        assert counts[answer] > 5, answer


@pytest.mark.parametrize("url", OTHER_MAJORS)
def test_no_proof_is_refuted_on_another_major(url: str) -> None:
    server, name = ScratchServer(url), f"values_{os.getpid()}"
    judge = Judge(server.create_database(name))
    assert judged(judge, EXAMPLES or 100)["others no"] > 10
    judge.connection.close()
    server.execute(f"DROP DATABASE {name}")
