"""Whether two CHECKs mean the same, against what the server makes of them over a grid of rows."""

from __future__ import annotations

from hypothesis import HealthCheck, given, seed, settings

from checks.sql.meaning import Different, Same, compare
from tests.oracle.tally import Tally
from tests.sql.test_meaning_oracle import NOT_NULL, TYPES, Judge, pairs


def tally(dsn: str, count: int, number: int) -> Tally:
    """Of about `count` pairs, half of them with tests that are not taken apart."""
    judge, found = Judge(dsn), Tally("meanings")
    for opaque in (False, True):
        @seed(number)
        @settings(max_examples=max(1, count // 2), deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(pairs(opaque=opaque))
        def look(pair: tuple[str, str]) -> None:
            left, right = (judge.deparsed(text) for text in pair)
            found.tried += 1
            answer = compare(left, right, TYPES, NOT_NULL)
            if isinstance(answer, Same):
                _, rows = judge.rows(left, right)
                if [row for row in rows if (row[-2] is False) is not (row[-1] is False)]:
                    found.wrong.append(f"meanings: the same is said of {left!r} and {right!r}")
            elif isinstance(answer, Different):
                _, rows = judge.rows(left, right, fixed=answer.witness)
                said = (answer.accepted_by == "left", answer.accepted_by == "right")
                if {(row[-2] is not False, row[-1] is not False) for row in rows} != {said}:
                    found.wrong.append(f"meanings: {answer.witness} does not tell {left!r} from {right!r}")
            else:
                found.undecided += 1

        look()
    judge.connection.close()
    return found
