"""What values a column can store, against real INSERTs."""

from __future__ import annotations

from random import Random

from tests.oracle.tally import Tally
from tests.sql.value_grammar import specimen
from tests.sql.value_judge import Judge


def tally(dsn: str, count: int, seed: str) -> Tally:
    """Of `count` tables, honest and hostile; those that PostgreSQL takes."""
    judge, found = Judge(dsn), Tally("enums")
    extra = judge.extra_types()
    for number in range(count):
        random = Random(f"{seed}/{number}")
        verdict = judge.verdict(specimen(random, extra), random)
        if verdict is not None:
            found.tried += 1
            found.undecided += verdict.answer.exact == "undecided"
            found.wrong += [f"enums {seed}/{number}: {wrong} {verdict.texts}" for wrong in verdict.wrong]
    judge.connection.close()
    return found
