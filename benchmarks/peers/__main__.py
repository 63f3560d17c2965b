"""Other ways to verify a schema beside this suite, in turns in one run: what they ask, take, and catch.

    python -m benchmarks.peers --tables 10 100 1000 --write docs/benchmark.md

Each command is a fresh process against one embedded PostgreSQL, through a relay that counts statements: over loopback,
and over a round trip of 20 ms. Then the shared list of faults and look-alikes, on copies of a database of ten tables.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg2.extensions import parse_dsn

from benchmarks.peers.faults import FAULTS, LOOK_ALIKES, MORE, ROLE, Step
from benchmarks.peers.page import write_page
from benchmarks.peers.relay import Relay, relayed
from benchmarks.peers.tools import OURS, PGTAP, ROOT, Expected, Tool, pgtap, tools, versions, write_down
from benchmarks.schema import write_project
from checks.contract.reader import read_contract
from checks.expectation.derive import write_lock
from checks.target.routes.direct import connect, execute
from checks.target.servers import ScratchServer, embedded
from checks.target.target import Secret

ROUND_TRIPS_MS = (0, 20)
WEIGHED = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
try:
    done = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=float(sys.argv[1]))
    code, told = done.returncode, done.stdout
except subprocess.TimeoutExpired:
    code, told = None, ""
wall, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
json.dump({"code": code, "told": told, "wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime,
           "peak_mb": used.ru_maxrss / 1024}, sys.stdout)
"""
"""Runs a command from a process that is small itself: a child's peak begins with that of the process it was forked from."""


class Bench:
    """The server, the relays in front of it, and the tools."""

    def __init__(self, server: ScratchServer, relays: dict[int, Relay], folder: Path, sql: Path | None, limit_s: float,
                 only: Sequence[str]) -> None:
        self.server, self.relays, self.folder, self.sql, self.limit_s = server, relays, folder, sql, limit_s
        self.tools = [tool for tool in tools(folder, sql) if not tool.missing and (not only or tool.name in only)]

    def expected(self, tables: int, more: str = "") -> Expected:
        """A project of `tables` tables, its lock, a database that it made, and what each tool keeps of it."""
        folder = self.folder / f"{tables}{'_more' if more else ''}"
        contract = write_project(folder, tables)
        if more:
            (folder / "migrations" / "0005_more.sql").write_text(more, encoding="utf-8")
        write_lock(read_contract(contract), lambda: nullcontext(self.server))
        expected = Expected(folder, contract, self.server.create_database(folder.name))
        made = (file.read_text(encoding="utf-8") for file in sorted((folder / "migrations").glob("*.sql")))
        self._apply(expected, *made, "ANALYZE")
        write_down(expected, self.tools)
        if self.sql is not None and any(tool.name == PGTAP for tool in self.tools):
            functions = self.sql.read_text(encoding="utf-8")
            self._apply(expected, f"CREATE SCHEMA tap; SET search_path = tap, public; {functions}")
        return expected

    def _apply(self, expected: Expected, *texts: str) -> None:
        with closing(connect(Secret(expected.url), "the benchmark's server")) as connection:
            for text in texts:
                execute(connection, text)

    def ran(self, tool: Tool, expected: Expected, database: str, round_trip_ms: int) -> dict[str, Any]:
        """What one run of one tool took and said."""
        relay = self.relays[round_trip_ms]
        url = f"postgresql://postgres@127.0.0.1:{relay.port}/{database}"
        before = relay.statements.value
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        ours = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode")}
        done = subprocess.run(
            [sys.executable, "-c", WEIGHED, str(self.limit_s), *tool.command(expected, url)], cwd=ROOT, check=True,
            stdout=subprocess.PIPE, text=True, env={**kept, **ours, **tool.environment(expected, url)})
        said = json.loads(done.stdout)
        return {**said, "statements": relay.statements.value - before, "claims": tool.claims(said["told"])}


def measured(bench: Bench, tables: int, runs: int) -> Iterator[dict[str, Any]]:
    """A row a tool and round trip: medians of runs that took turns; what reached the limit was run once."""
    expected = bench.expected(tables)
    for round_trip_ms in ROUND_TRIPS_MS:
        found: dict[str, list[dict[str, Any]]] = {tool.name: [] for tool in bench.tools}
        for turn in range(runs):
            for tool in bench.tools:
                before = found[tool.name]
                if turn and before[0]["wall_s"] * runs > bench.limit_s:
                    continue
                said = bench.ran(tool, expected, expected.folder.name, round_trip_ms)
                if said["code"] not in (0, None):
                    raise SystemExit(f"{tool.name} failed on a healthy database:\n{said['told'][-3000:]}")
                before.append(said)
        for name, each in found.items():
            yield {"tool": name, "tables": tables, "round_trip_ms": round_trip_ms, "runs": len(each),
                   "ended": each[0]["code"] is not None, "statements": each[0]["statements"], "claims": each[0]["claims"],
                   **{what: round(statistics.median(one[what] for one in each), 3)
                      for what in ("wall_s", "cpu_s", "peak_mb")}}


def told(bench: Bench) -> Iterator[dict[str, Any]]:
    """A row a step: what each tool said of it."""
    bench.server.execute(f"CREATE ROLE {ROLE}")
    expected = bench.expected(10, MORE)
    verifying = [tool for tool in bench.tools if tool.verifies]
    steps = [("healthy", Step("", "nothing is changed", "SELECT 1")), *(("fault", step) for step in FAULTS),
             *(("look-alike", step) for step in LOOK_ALIKES)]
    for kind, step in steps:
        bench.server.copy_database("copy", expected.folder.name)
        bench.server.execute(step.sql, database="copy")
        said = {tool.name: bench.ran(tool, expected, "copy", 0) for tool in verifying}
        bench.server.drop_database("copy")
        verdicts = {tool.name: "quiet" if said[tool.name]["code"] == 0 else "told" if said[tool.name]["code"] in tool.broken
                    else "unverified" for tool in verifying}
        if kind == "healthy" and set(verdicts.values()) != {"quiet"}:
            raise SystemExit(f"Nothing is changed, and yet {verdicts}:\n" + "\n".join(
                said[name]["told"][-3000:] for name, verdict in verdicts.items() if verdict != "quiet"))
        yield {"kind": kind, "id": step.id, "what": step.what, "said": verdicts}
        print(kind, step.id, step.what, verdicts, flush=True)


@contextmanager
def prepared(sql: Path | None, limit_s: float, only: Sequence[str] = ()) -> Iterator[Bench]:
    """An embedded server with its relays."""
    with embedded() as server, tempfile.TemporaryDirectory(prefix="postdeploy-peers-") as name:
        said = parse_dsn(server.dsn())
        socket = f"{said['host']}/.s.PGSQL.{said['port']}"
        with relayed(socket, 0) as near, relayed(socket, ROUND_TRIPS_MS[1] / 2000) as far:
            yield Bench(server, dict(zip(ROUND_TRIPS_MS, (near, far), strict=True)), Path(name), sql, limit_s, only)


def machine() -> str:
    """Processors, memory and system."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB, {platform.system()}, Python "
            f"{platform.python_version()}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=600, metavar="SECONDS", help="a command is ended after so long")
    parser.add_argument("--pgtap", type=Path, default=pgtap(), metavar="FILE", help="pgTAP's functions as SQL: pgtap.sql")
    parser.add_argument("--only", nargs="*", default=[], metavar="TOOL", help="some tools, and no faults")
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="and PAGE.json, PAGE.svg beside it")
    asked = parser.parse_args()
    if asked.only and asked.write:
        parser.error("the page has every tool: --write goes without --only")
    found: dict[str, Any] = {
        "command": " ".join(["python -m benchmarks.peers", *_public(sys.argv[1:])]), "at": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine(), "limit_s": asked.limit, "ours": OURS}
    with prepared(asked.pgtap, asked.limit, asked.only) as bench:
        found["versions"] = {"PostgreSQL": bench.server.rows("SHOW server_version")[0][0], **versions()}
        found["missing"] = {tool.name: tool.missing for tool in tools(bench.folder, asked.pgtap) if tool.missing}
        found["steps"] = [] if asked.only else list(told(bench))
        found["figures"], busy = [], [os.getloadavg()[0]]
        for tables in asked.tables:
            for row in measured(bench, tables, asked.runs):
                found["figures"].append(row)
                busy.append(os.getloadavg()[0])
                print(json.dumps(row), flush=True)
        found["load"] = f"{min(busy):.1f} to {max(busy):.1f}"
    if asked.write is not None:
        write_page(found, asked.write)
    return 0


def _public(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments, without where pgTAP's file is kept."""
    skip = False
    for argument in arguments:
        if not skip and argument != "--pgtap":
            yield argument
        skip = argument == "--pgtap"


if __name__ == "__main__":
    sys.exit(main())
