"""Every single step away from one random schema is told with the object's name, or changes nothing and is not told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.matrix.generated import Stepped
from tests.matrix.random_schema import random_schema
from tests.matrix.steps import STEPS
from tests.support.sabotage_harness import commit_sql


def test_each_step_away_from_a_random_schema(fresh_database: Callable[[], str], tmp_path: Path) -> None:
    dsn = fresh_database()
    commit_sql(dsn, random_schema(Random(3)))
    found = [*Stepped("random", ("public",), dsn, 0, tmp_path).trials(STEPS, 1)]
    assert [trial for trial in found if trial.word not in ("caught", "quiet")] == []
    assert len([trial for trial in found if trial.saboteur]) > 35
    assert len([trial for trial in found if not trial.saboteur]) > 10
