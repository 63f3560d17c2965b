"""Writes the evidence of what the suite says of healthy and of sabotaged databases. Run by hand, before and after a change.

    python benchmarks/write_evidence.py FOLDER [--only PATTERN]

One file for each of the targets `embedded` and `embedded-lambda`, and for each saboteur by each route
(`reference.L1_row_without_ddl.lambda.json`), and for each project before any sabotage (`reference.healthy.lambda.json`).
Two such folders are compared by benchmarks/compare_evidence.py.
"""

from __future__ import annotations

import argparse
import datetime as dt
import fnmatch
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from checks.claims.verify import Report  # noqa: E402
from checks.reports.document import as_text, evidence  # noqa: E402
from checks.target.servers import embedded  # noqa: E402
from tests.support.sabotage_harness import ROUTES, Bench, commit, look_at, projects, saboteurs  # noqa: E402

TARGETS = ("embedded", "embedded-lambda")


def of_targets(folder: Path, only: str) -> Iterator[Path]:
    """The evidence of `pytest checks/ --target TARGET` in a process of its own."""
    for target in TARGETS:
        if fnmatch.fnmatchcase(target, only):
            file = folder / f"{target}.json"
            subprocess.run([sys.executable, "-m", "pytest", "checks/", "-q", "--target", target, "--evidence", str(file)],
                           cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, check=True)
            yield file


def of_saboteurs(folder: Path, only: str) -> Iterator[Path]:
    """The evidence of every project by every route: healthy, and after each of its saboteurs."""
    with embedded() as server:
        bench = Bench(server)
        homes = {project.name: project for project in projects()}
        faults = [(f"{name}.healthy", project, None) for name, project in homes.items()]
        faults += [(f"{fault.project}.{fault.name}", homes[fault.project], fault) for fault in saboteurs()]
        for name, project, fault in faults:
            if not fnmatch.fnmatchcase(name, only):
                continue
            if fault is not None and not fault.fits(bench.major):
                print(f"{name} is no fault on PostgreSQL {bench.major}")
                continue
            with bench.database(project) as dsn:
                if fault is not None:
                    commit(fault, dsn)
                for route in ROUTES:
                    file = folder / f"{name}.{route}.json"
                    file.write_text(told(look_at(bench, project, dsn, route)), encoding="utf-8")
                    yield file


def told(report: Report) -> str:
    """The evidence file of a report of which everything was run."""
    now = dt.datetime.now(dt.UTC)
    return as_text(evidence(report, {(report.target.name, case.area, case.name) for case in report.cases}, now, now))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="targets and saboteurs whose name matches")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    files = [*of_targets(given.folder, given.only), *of_saboteurs(given.folder, given.only)]
    print(f"{len(files)} files in {given.folder}")
    return 0 if files else 2


if __name__ == "__main__":
    sys.exit(main())
