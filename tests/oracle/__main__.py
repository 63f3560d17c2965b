"""The suite's answers against PostgreSQL's own.

    tox run -e oracle -- --pairs 10000 --seed 1

Each sort of answer is tried over so many pairs (drift, which dumps two databases for one, over a hundredth).
The exit code is 1 when one is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from checks.target.servers import embedded
from tests.oracle import arbiters, contradictions, drifts, meanings, values
from tests.oracle.tally import Tally
from tests.support.pg_dump import binary

SORTS = ("enums", "arbiters", "meanings", "drift", "replies")


def tallies(pairs: int, seed: int, sorts: tuple[str, ...] = SORTS) -> Iterator[Tally]:
    """Each sort in turn, on the embedded server."""
    with embedded() as server:
        for number, sort in enumerate(sorts):
            dsn = server.create_database(f"oracle_{number}")
            if sort == "enums":
                yield values.tally(dsn, pairs, str(seed))
            elif sort == "arbiters":
                yield arbiters.tally(dsn, pairs, str(seed))
            elif sort == "meanings":
                yield meanings.tally(dsn, pairs, seed)
            elif sort == "drift":
                yield drifts.tally(server, binary("pg_dump"), max(1, pairs // 100), str(seed))
            else:
                yield contradictions.tally(pairs, str(seed))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tox run -e oracle --", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=SORTS, default=SORTS)
    asked = parser.parse_args()
    wrong = 0
    for tally in tallies(asked.pairs, asked.seed, tuple(asked.only)):
        print(tally, *(f"  WRONG {each}" for each in tally.wrong), sep="\n", flush=True)
        wrong += len(tally.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
