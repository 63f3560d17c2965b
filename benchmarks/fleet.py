"""One command over 10, 100 and 1,000 databases of one server: time, peak memory and statements a target. Run by hand.

    python benchmarks/fleet.py                     10, 100 and 1,000 databases on an embedded PostgreSQL
    python benchmarks/fleet.py --databases 10 100 --looks 16 --differ
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
CONTRACT = '''
[fleet.tenants]
dsn = "env:FLEET_DSN"
databases = "SELECT datname FROM pg_database WHERE datname LIKE 'tenant_%' ORDER BY 1 LIMIT {count}"
'''


def main() -> None:
    """Measures each size in a fresh process, the smallest first, on one server."""
    from checks.target.servers import embedded

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", type=int, nargs="+", default=[10, 100, 1_000])
    parser.add_argument("--looks", default="16")
    parser.add_argument("--differ", action="store_true", help="every database has a ledger row and a table of its own")
    given = parser.parse_args()
    with embedded() as server, tempfile.TemporaryDirectory() as folder:
        server.create_database("one")
        for file in sorted((ROOT / "migrations").glob("*.sql")):
            server.execute(file.read_text(), database="one")
        made = 0
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        for count in given.databases:
            for number in range(made, count):
                server.execute(f"CREATE DATABASE tenant_{number:06d} TEMPLATE one")
                if given.differ:
                    server.execute(f"CREATE TABLE own_{number} (id int)", database=f"tenant_{number:06d}")
            made = max(made, count)
            _measure(count, server.dsn("postgres"), Path(folder), given.looks)


def _measure(count: int, dsn: str, folder: Path, looks: str) -> None:
    contract = ROOT / f"contract.benchmark-{os.getpid()}.toml"
    contract.write_text((ROOT / "contract.toml").read_text() + CONTRACT.format(count=count))
    evidence = folder / f"{count}.json"
    start = time.monotonic()
    try:
        ran = subprocess.Popen(
            [sys.executable, "-m", "pytest", str(ROOT / "checks"), "-q", "--contract", str(contract), "--target", "tenants",
             "--looks", looks, "--evidence", str(evidence)], cwd=ROOT, stdout=subprocess.DEVNULL,
            env={**os.environ, "FLEET_DSN": dsn, "PYTHONPATH": str(ROOT)})
        _, status, used = os.wait4(ran.pid, 0)
    finally:
        contract.unlink()
    took_s = time.monotonic() - start
    ours_s = used.ru_utime + used.ru_stime
    document = json.loads(evidence.read_text())
    statements = sum(each["statements"] for each in document["targets"])
    claims = sum(len(each["claims"]) for each in document["targets"])
    print(f"{count:>6} databases: exit {os.waitstatus_to_exitcode(status)}, {document['verdict']}, {took_s:7.1f} s, "
          f"{1000 * took_s / count:7.1f} ms a target, {1000 * ours_s / count:.1f} ms of our CPU, "
          f"peak {used.ru_maxrss / 1024:.0f} MB, "
          f"{statements / count:.1f} statements and {claims / count:.0f} claims a target, evidence "
          f"{evidence.stat().st_size / 2**20:.1f} MB, load {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()
