"""Mutation testing of our own judges with cosmic-ray, in a copy of the repository: writes score.json beside this file.

    tox run -e mutants -- replies --mutants 150 --seed 1          a part: replies, claims, difference or audits
    tox run -e mutants -- claims --record FOLDER                  with the looks that tests.mutation.record wrote there

Mutants are drawn at random where there are more than are asked for. One survives that the fast part of the tests does not
kill.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.support import ROOT

SCORE = Path(__file__).with_name("score.json")
RATCHET = Path(__file__).with_name("ratchet.json")
"""Part -> the least share of mutants, in percent, that must be killed; it is only ever raised."""
PARTS = {
    "replies": ["checks/lambdas/replies/outcome.py", "checks/lambdas/replies/contradictions.py",
                "checks/lambdas/replies/admissions.py", "checks/lambdas/replies/endings.py",
                "checks/lambdas/replies/reply.py"],
    "claims": ["checks/claims/constraints.py", "checks/claims/enforcement.py", "checks/claims/enums.py",
               "checks/claims/enum_values.py", "checks/claims/ledger.py", "checks/claims/ledger_table.py",
               "checks/claims/drift.py", "checks/claims/verify.py", "checks/claims/stored_rows.py",
               "checks/claims/access/of_role.py", "checks/claims/access/of_public.py",
               "checks/claims/dedupe/structure.py", "checks/claims/dedupe/arbiter.py"],
    "difference": ["checks/catalog/difference.py"],
    "audits": ["checks/audits/audit.py", "checks/audits/trials.py", "checks/audits/report.py"],
}
CONFIG = """[cosmic-ray]
module-path = {modules}
timeout = {timeout}
excluded-modules = []
test-command = {command}
[cosmic-ray.distributor]
name = "local"
"""


def mutated(part: str, count: int, seed: str, record: Path, timeout_s: int, budget_s: int) -> list[dict[str, Any]]:
    """What came of each mutant that was tried: module, line, operator, killed."""
    with tempfile.TemporaryDirectory(prefix="postdeploy-mutants-") as folder:
        copy = Path(folder) / "copy"
        kept = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
                              check=True)
        for name in kept.stdout.splitlines():
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        command = f"{sys.executable} -m tests.mutation.fast {part} {record.resolve()}"
        (copy / "mutants.toml").write_text(CONFIG.format(modules=json.dumps(PARTS[part]), timeout=timeout_s,
                                                         command=json.dumps(command)))
        settings = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        runner = [str(Path(sys.executable).with_name("cosmic-ray"))]
        subprocess.run(command.split(), cwd=copy, env=settings, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*runner, "init", "mutants.toml", "mutants.sqlite"], cwd=copy, env=settings, check=True)
        _draw(copy / "mutants.sqlite", count, seed)
        try:
            subprocess.run([*runner, "exec", "mutants.toml", "mutants.sqlite"], cwd=copy, env=settings, timeout=budget_s)
        except subprocess.TimeoutExpired:
            print("The time is over; what was tried counts.")
        return _read(copy / "mutants.sqlite")


def _draw(session: Path, count: int, seed: str) -> None:
    """Leaves `count` mutants of the session, in a random order of modules."""
    with sqlite3.connect(session) as database:
        rows = database.execute("SELECT job_id, module_path, start_pos_row, start_pos_col FROM mutation_specs "
                                "ORDER BY module_path, start_pos_row, start_pos_col, operator_name, occurrence").fetchall()
        jobs = [job for job, module, line, column in rows if (line, column) not in annotated(session.parent / module)]
        drawn = {*Random(seed).sample(jobs, min(count, len(jobs)))}
        gone = [job for job, *_ in rows if job not in drawn]
        for table in ("mutation_specs", "work_items"):
            database.executemany(f"DELETE FROM {table} WHERE job_id = ?", [(job,) for job in gone])
        print(f"{len(jobs)} mutants, {len(drawn)} drawn with seed {seed}", flush=True)


@cache
def annotated(file: Path) -> frozenset[tuple[int, int]]:
    """Lines and columns within annotations, which nothing evaluates: a mutant of one is no mutant."""
    found: set[tuple[int, int]] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        for name in ("annotation", "returns"):
            part = getattr(node, name, None)
            if isinstance(part, ast.expr):
                found |= {(line, column) for line in range(part.lineno, (part.end_lineno or part.lineno) + 1)
                          for column in range(part.col_offset if line == part.lineno else 0,
                                              (part.end_col_offset or 0) if line == part.end_lineno else 200)}
    return frozenset(found)


def _read(session: Path) -> list[dict[str, Any]]:
    with sqlite3.connect(session) as database:
        rows = database.execute(
            "SELECT module_path, start_pos_row, operator_name, test_outcome, diff FROM mutation_specs s "
            "JOIN work_results r ON r.job_id = s.job_id ORDER BY 1, 2, 3").fetchall()
    return [{"module": module, "line": line, "operator": operator.rpartition("/")[2], "diff": diff,
             "killed": "SURVIVED" not in str(outcome).upper()} for module, line, operator, outcome, diff in rows]


def main() -> int:
    """The command: 1 when the share that is killed has fallen below ratchet.json."""
    parser = argparse.ArgumentParser(prog="tox run -e mutants --", description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--mutants", type=int, default=200, help="how many are drawn")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--record", type=Path, default=Path(), help="the folder of looks.pickle")
    parser.add_argument("--timeout-s", type=int, default=60, help="of one mutant, which is killed by it")
    parser.add_argument("--budget-s", type=int, default=500, help="of all of them")
    asked = parser.parse_args()
    tried = mutated(asked.part, asked.mutants, asked.seed, asked.record, asked.timeout_s, asked.budget_s)
    for each in tried:
        if not each["killed"]:
            print(f"SURVIVED {each['module']}:{each['line']} {each['operator']}\n{each['diff']}")
    killed = sum(each["killed"] for each in tried)
    print(f"{asked.part}: {killed} of {len(tried)} killed")
    least = json.loads(RATCHET.read_text(encoding="utf-8")).get(asked.part, 0) if RATCHET.exists() else 0
    score = json.loads(SCORE.read_text(encoding="utf-8")) if SCORE.exists() else {}
    score[asked.part] = {"tried": len(tried), "killed": killed, "seed": asked.seed,
                         "modules": sorted({each["module"] for each in tried})}
    SCORE.write_text(json.dumps(score, indent=1) + "\n", encoding="utf-8")
    return 1 if tried and 100 * killed < least * len(tried) else 0


if __name__ == "__main__":
    sys.exit(main())
