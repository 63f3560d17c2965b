"""Wall time and round trips of `pytest checks/`, beside an empty pytest run and a bare script. Run by hand.

    python benchmarks/run.py [--tables 10 100 1000] [--enums 4] [--runs 5] [--before CHECKOUT] [--url postgresql://…]

--before measures another checkout of this project in the same turns, on the same database.
Every figure is the median of fresh processes that take turns, so that a busy machine is unfair to none of them. A given
database is written to: the schema is made in it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from checkout import ROOT
from schema import write_project

from checks.contract.reader import read_contract
from checks.expectation.derive import expectation_of, write_lock
from checks.lambdas.local.endpoint import local_aws
from checks.lambdas.reference import deploy_query
from checks.observation.observe import observe
from checks.resources import LAMBDAS
from checks.target.reader import make_reader
from checks.target.routes.direct import DirectSession, connect, execute
from checks.target.servers import ScratchServer, embedded
from checks.target.session import Row
from checks.target.target import Secret, resolve_target

BOUND = 3
"""A run may take the empty run and so many bare scripts."""
ALONE = [word for name in ("html", "metadata", "allure_pytest", "timeout", "rerunfailures") for word in ("-p", f"no:{name}")]
"""Without the plugins that only the tests need: with one that listens to items, pytest's own loop runs."""


class Overheard(DirectSession):
    """A direct session that keeps the SELECTs it was asked."""

    def __init__(self, url: str) -> None:
        super().__init__(Secret(url), "the benchmark's server")
        self.questions: list[str] = []

    def ask(self, select: str, *, scan: bool = False) -> list[Row]:
        if not scan:
            self.questions.append(select)
        return super().ask(select, scan=scan)


@dataclass(frozen=True)
class Bench:
    """One schema on one database."""

    folder: Path
    contract: Path
    url: str
    before: Path | None = None
    """Another checkout, with the contract and its lock in `folder`/before."""

    def pytest(self, *more: str) -> list[str]:
        """The command that verifies."""
        return [sys.executable, "-m", "pytest", "checks/", "-q", *ALONE, "--contract", str(self.contract), *more]

    def commands(self) -> dict[str, list[str]]:
        """Name -> the command that is timed."""
        empty = self.folder / "empty" / "test_nothing.py"
        empty.parent.mkdir(exist_ok=True)
        empty.write_text("def test_nothing():\n    assert True\n", encoding="utf-8")
        bare = [sys.executable, str(ROOT / "benchmarks" / "bare.py")]
        return {
            "empty pytest": [sys.executable, "-m", "pytest", "-q", *ALONE, "-p", "no:cacheprovider", str(empty)],
            "two SELECTs alone": [*bare, self.url, *self._questions()],
            "bare script": [*bare, self.url, str(self.contract)],
            "pytest checks/": self.pytest("--target", self.url),
            **({"the other checkout": [sys.executable, "-m", "pytest", "checks/", "-q", *ALONE, "--contract",
                                       str(self.folder / "before" / "contract.toml"), "--target", self.url]}
               if self.before else {}),
            "pytest checks/ -n 2": self.pytest("--target", self.url, "-n", "2"),
            "pytest checks/ (Lambda)": self.pytest("--target", "through-lambda"),
        }

    def _questions(self) -> list[str]:
        contract = read_contract(self.contract)
        expectation = expectation_of(contract, resolve_target(self.url, contract))
        session = Overheard(self.url)
        observe(session, expectation.contract, expectation.objects)
        session.close()
        files = []
        for number, question in enumerate(session.questions):
            file = self.folder / f"question_{number}.sql"
            file.write_text(question, encoding="utf-8")
            files.append(str(file))
        return files


class Figure(NamedTuple):
    """What one command took."""

    median_s: float
    cost: str
    peak_mb: float = 0


def measured(bench: Bench, runs: int, route: Mapping[str, str]) -> dict[str, Figure]:
    """Name -> what it took. `route` is the environment that reaches the Lambda, empty when nothing does."""
    commands = {name: command for name, command in bench.commands().items() if route or "Lambda" not in name}
    times: dict[str, list[float]] = {name: [] for name in commands}
    costs, peaks = dict.fromkeys(commands, ""), dict.fromkeys(commands, 0.0)
    for _ in range(runs):
        for name, command in commands.items():
            start = time.perf_counter()
            folder = bench.before if bench.before and name == "the other checkout" else ROOT
            code, told, peaks[name] = run(command, folder, {**os.environ, **route})
            times[name].append(time.perf_counter() - start)
            if code != 0:
                raise SystemExit(f"{name} failed:\n{told[-4000:]}")
            costs[name] = next((line.strip() for line in told.splitlines() if " statements, " in line), "")
    return {name: Figure(statistics.median(seconds), costs[name], peaks[name]) for name, seconds in times.items()}


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str, float]:
    """(exit code, what it printed, its peak memory in MB) of one command."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
        started = subprocess.Popen(command, cwd=folder, env=environment, stdout=told, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        return started.returncode, told.read(), used.ru_maxrss / 1024


def told(tables: int, found: dict[str, Figure]) -> Iterator[str]:
    """The figures of one schema, and whether they keep the bound."""
    yield f"{tables:,} tables"
    for name, (seconds, cost, peak) in found.items():
        yield f"  {name:<24}{seconds:7.2f} s {peak:6.0f} MB  {cost}".rstrip()
    allowed = found["empty pytest"].median_s + BOUND * found["bare script"].median_s
    took = found["pytest checks/"].median_s
    yield (f"  {took:.2f} s {'<=' if took <= allowed else '>'} {allowed:.2f} s = empty + {BOUND} x bare: "
           f"{'kept' if took <= allowed else 'NOT KEPT'}, at {took / allowed:.0%} of the bound")


@contextmanager
def prepared(tables: int, enums: int, server: ScratchServer, url: str | None, before: Path | None,
             ) -> Iterator[tuple[Bench, dict[str, str]]]:
    """The schema of `tables` tables on a database, its lock written, and the way to a query function over it."""
    with tempfile.TemporaryDirectory(prefix="postdeploy-bench-") as name:
        folder = Path(name)
        contract = write_project(folder, tables, enums)
        if before is not None:
            other = write_project(folder / "before", tables, enums)
            subprocess.run([sys.executable, "-m", "checks", "lock", "--contract", str(other)], cwd=before, check=True,
                           stdout=subprocess.DEVNULL)
        write_lock(read_contract(contract), lambda: nullcontext(server))
        bench = Bench(folder, contract, url or server.create_database(f"bench_{tables}"), before)
        apply(bench)
        if url:
            yield bench, {}
            return
        with local_aws() as aws:
            deploy_query(aws, "db-query", LAMBDAS, make_reader(server, Secret(bench.url)).reveal())
            yield bench, {"AWS_ENDPOINT_URL_LAMBDA": aws.endpoint_url, "AWS_ACCESS_KEY_ID": "local",
                          "AWS_SECRET_ACCESS_KEY": "local"}


def apply(bench: Bench) -> None:
    """Sends every migration, each whole."""
    connection = connect(Secret(bench.url), "the benchmark's server")
    for file in sorted((bench.folder / "migrations").glob("*.sql")):
        execute(connection, file.read_text(encoding="utf-8"))
    execute(connection, "ANALYZE")
    connection.close()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--enums", type=int, choices=(2, 3, 4), default=2, help="declared enums a table")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--before", type=Path, help="another checkout, measured too")
    parser.add_argument("--url", help="an empty database to use instead of an embedded one; then one --tables only")
    options = parser.parse_args(arguments)
    if options.url and len(options.tables) != 1:
        parser.error("--url takes one schema: say --tables 1000")
    for tables in options.tables:
        with embedded() as server, prepared(
                tables, options.enums, server, options.url, options.before and options.before.resolve()) as (bench, route):
            print(*told(tables, measured(bench, options.runs, route)), sep="\n", flush=True)


if __name__ == "__main__":
    main()
