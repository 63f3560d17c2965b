"""What is heavy about one target: 5,000 tables of 40 columns, directly and through the Lambda; a ledger of 100,000 rows.

    python benchmarks/heavy.py [--tables 5000] [--rows 100000]

Run by hand. Figures are of one fresh process each: wall time, peak memory of that process, what it asked.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from checkout import ROOT
from run import ALONE

from checks.contract.reader import read_contract
from checks.expectation.derive import write_lock
from checks.lambdas.local.endpoint import local_aws
from checks.lambdas.package import pack
from checks.resources import LAMBDAS
from checks.target.reader import make_reader
from checks.target.routes.direct import connect, execute
from checks.target.servers import ScratchServer, embedded
from checks.target.target import Secret

WEIGHED = ("import resource, subprocess, sys; done = subprocess.run(sys.argv[1:]); "
           "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)")
"""Runs a command from a process that is small itself: a child's peak begins with that of the process it was forked from."""
LEDGER = "CREATE TABLE schema_migrations (version text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());\n"
A_FILE = 2_500
"""Tables that one migration makes: all of them are locked until it commits."""


def write_project(folder: Path, tables: int) -> Path:
    """`tables` tables of 40 columns, in migrations of A_FILE tables, and their contract.toml."""
    (folder / "migrations").mkdir(parents=True)
    columns = ", ".join(f"{kind}_{number:02} {kind} NOT NULL DEFAULT {default}" for number, (kind, default) in enumerate(
        [("bigint", 0), ("text", "''"), ("numeric", 0), ("boolean", "false")] * 10) if number)
    for start in range(0, tables, A_FILE):
        made = "".join(f"CREATE TABLE wide_{number:05} (id bigint PRIMARY KEY, {columns});\n"
                       for number in range(start, min(start + A_FILE, tables)))
        version = f"{start:05}_wide"
        first, recorded = "" if start else LEDGER, f"INSERT INTO schema_migrations VALUES ('{version}');\n"
        (folder / "migrations" / f"{version}.sql").write_text(first + made + recorded, encoding="utf-8")
    contract = folder / "contract.toml"
    contract.write_text('migrations = "migrations"\n[ledger]\ntable = "schema_migrations"\n[target.directly]\n'
                        'dsn = "env:HEAVY_DSN"\n[target.through-lambda]\nroute = "lambda"\n'
                        'region = "us-west-2"\nquery_function = "db-query"\n', encoding="utf-8")
    return contract


@contextmanager
def applied(server: ScratchServer, folder: Path, tables: int) -> Iterator[tuple[Path, str, dict[str, str]]]:
    """The contract with its lock, the database's DSN, and the environment that reaches a query function over it."""
    contract = write_project(folder, tables)
    write_lock(read_contract(contract), lambda: nullcontext(server))
    dsn = server.create_database(f"heavy_{tables}")
    with closing(connect(Secret(dsn), "the benchmark's server")) as connection:
        for file in sorted((folder / "migrations").glob("*.sql")):
            execute(connection, file.read_text(encoding="utf-8"))
        execute(connection, "ANALYZE")
    with local_aws() as aws:
        aws.deploy("db-query", pack(LAMBDAS / "db_query"), timeout_s=900,
                   environment={"DATABASE_URL": make_reader(server, Secret(dsn)).reveal()})
        yield contract, dsn, {"AWS_ENDPOINT_URL_LAMBDA": aws.endpoint_url, "AWS_ACCESS_KEY_ID": "local",
                              "AWS_SECRET_ACCESS_KEY": "local"}


def measured(name: str, contract: Path, target: str, environment: dict[str, str]) -> str:
    """One line about one run."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "checks/", "-q", *ALONE, "--contract", str(contract), "--target", target]
    done = subprocess.run([sys.executable, "-c", WEIGHED, *command], cwd=ROOT, env={**os.environ, **environment},
                          stdout=subprocess.PIPE, text=True, check=False)
    *told, peak_kb = done.stdout.splitlines()
    cost = [line.strip() for line in told if " statements, " in line or "looked for" in line or "did not answer" in line]
    return (f"{name:<48}{time.perf_counter() - start:7.1f} s {int(peak_kb) / 1024:6.0f} MB  exit {done.returncode}  "
            f"{', '.join(cost)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=5_000)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    with embedded() as server:
        for name, tables, rows in ((f"{options.tables:,} tables of 40 columns", options.tables, 0),
                                   (f"a ledger of {options.rows:,} rows", 10, options.rows)):
            with tempfile.TemporaryDirectory(prefix="postdeploy-heavy-") as folder, \
                    applied(server, Path(folder), tables) as (contract, dsn, route):
                if rows:
                    with closing(connect(Secret(dsn), "the benchmark's server")) as connection:
                        execute(connection, "UPDATE schema_migrations SET applied_at = now() + interval '1 minute'; INSERT "
                                            "INTO schema_migrations SELECT 'before_' || n, now() - n * interval '1 s' FROM "
                                            f"generate_series(1, {rows}) n")
                print(measured(f"{name}, directly", contract, "directly", {"HEAVY_DSN": dsn}), flush=True)
                print(measured(f"{name}, through the Lambda", contract, "through-lambda", route), flush=True)


if __name__ == "__main__":
    main()
