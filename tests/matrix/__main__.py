"""Runs the kill matrix and writes docs/matrix.json and docs/matrix.md.

    tox run -e matrix                                     everything
    tox run -e matrix -- --only schemas catalogue         some families; the page keeps what --keep holds of the others
    POSTDEPLOY_TEST_SERVERS='postgresql://… …'            servers of further majors, to be destroyed
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from checks.target.servers import ScratchServer, embedded
from tests.matrix import catalogue, generated, page, replies, schemas, tested
from tests.matrix.trial import Trial
from tests.support import ROOT, SERVERS
from tests.support.pg_dump import Pairs, binary
from tests.support.sabotage_harness import Bench

FAMILIES = ("replies", "schemas", "catalogue", "generated", "tested")


def trials(families: tuple[str, ...], folder: Path) -> Iterator[Trial]:
    """Everything, on the embedded server and on every server that is named."""
    if "replies" in families:
        yield from replies.trials()
    with embedded() as server:
        bench, pairs = Bench(server), Pairs(server, binary("pg_dump"), dumps=False)
        if "tested" in families:
            yield from tested.trials(bench.major)
        for url in ("", *SERVERS):
            there = Bench(ScratchServer(url)) if url else bench
            compared = Pairs(there.server, pairs.pg_dump, dumps=False) if url else pairs
            with closing(there), closing(compared):
                if "schemas" in families:
                    yield from schemas.trials(there, bench, folder)
                if "catalogue" in families:
                    yield from catalogue.trials(compared, pairs, folder)
                if "generated" in families:
                    yield from generated.trials(there, folder)


def main() -> int:
    """The command: 0 when nothing was missed, misdiagnosed or alarmed."""
    parser = argparse.ArgumentParser(prog="tox run -e matrix --", description=__doc__)
    parser.add_argument("--only", nargs="*", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--keep", type=Path, help="a folder: what each family came to is kept there, and read of the others")
    asked = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(prefix="postdeploy-matrix-") as made:
        keep = asked.keep or Path(made)
        keep.mkdir(parents=True, exist_ok=True)
        for family in asked.only:
            ran = []
            for trial in trials((family,), Path(made)):
                ran.append(trial)
                if trial.word not in ("caught", "quiet"):
                    print(f"{trial.word} {trial.family} {trial.name} by {trial.route} on {trial.major}: {trial.why[:600]}",
                          flush=True)
            (keep / f"{family}.json").write_text(json.dumps([asdict(trial) for trial in ran]))
        kept = [keep / f"{family}.json" for family in FAMILIES]
        found = [Trial(**{**told, "faults": tuple(told["faults"])}) for file in kept if file.exists()
                 for told in json.loads(file.read_text())]
        complete = all(file.exists() for file in kept)
    told = page.totals(found)
    print(told)
    if complete:
        page.write(found, ROOT / "docs")
    return 1 if told["misdiagnosed"] + told["missed"] + told["alarmed"] else 0


if __name__ == "__main__":
    sys.exit(main())
