"""Writes docs/adopt.md: a page a migration tool, each from a run of `init` and of the claims in a fresh folder.

    python docs/list_tools.py
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.adopt.test_projects import LAST, STANDING_IN  # noqa: E402
from tests.claims.test_tool_ledgers import FIRST, PROJECTS, SECOND  # noqa: E402

SIGNS = {"golang-migrate": ("go.mod", "require github.com/golang-migrate/migrate/v4 v4.18.0"),
         "sqlx": ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\""), "prisma": ("prisma.config.ts", ""),
         "diesel": ("diesel.toml", ""), "flyway": ("flyway.toml", ""),
         "sql-migrate": ("dbconfig.yml", ""), "goose": ("go.mod", "require github.com/pressly/goose/v3 v3.24.0")}
HEAD = """# Taking up a project

    postdeploy-checks init --target postgresql://…     looks at the repository and at the database, writes contract.toml
    postdeploy-checks verify                           or `pytest --pyargs checks`; in a checkout `pytest checks/`

`init` reads: it recognises the tool, its files and its ledger, the schemas, enums (CHECKs, domains, native types) and keys
that the application's `ON CONFLICT` statements count on, and writes a commented contract.toml. Without `--target` the first
run is on an embedded server that is migrated for it. A password is never written down: `dsn = "env:DATABASE_URL"`. Where
the shell has AWS credentials and a region, Lambda functions whose names fit are suggested, as a comment.

- **The migrations do not replay**: all that do not are told in one run, with file, line, statement and the server's words.
  Roles, schemas and settings that a platform gives belong into `[replay] prelude`; extensions that the embedded server lacks
  into a container, onto a server of yours, or among `stub_extensions`; see [contract.md](contract.md#replay).
- **Migrations are code** (Alembic, Django, Rails …): `[migrations] build` names the command that brings an empty database to
  the head. It is told where that is by `DATABASE_URL` and `PG*`. With `step`, each migration's own effects are known.
- **Something is red, and shall be so**: `postdeploy-checks accept CLAIM --reason … --until …`.
- **Claims of your own** are tests beside ours, which ask for `snapshot`, `expected`, `ask` or `target`:
  `pytest checks/ own_claims/`; see [tests/projects/own](../tests/projects/own/own_claims/test_orders.py). Their ids are
  `own:MODULE.FUNCTION`, their sentences their docstrings.
- **Editors** complete contract.toml with the JSON schema `checks/schemas/contract.schema.json`: write
  `#:schema PATH` in its first line. `evidence.schema.json` beside it is the evidence file's.

- **Files are templates**: `[migrations] placeholders`, also for psql's variables; what nothing stands for is told.
- **A baseline dump that sets search_path**: no migration finds the settings that another left; all find the prelude's.

Public projects, taken up. Claims: those of the run on a fresh database with every migration applied.

| project | migrations | written by hand | claims | false alarms |
|---|---|---|---|---|
| LiteLLM (Prisma) | 220 | nothing | 606 | 0 |
| Unleash (db-migrate, code) | 374 | nothing; `--migrations`, since the package ships them compiled | 827 | 0 |
| a Wagtail site (Django) | 222 | nothing in the contract; its settings took the database from `PG*` | 562 | 0 |
| Procrastinate (plain) | 38 | nothing; no ledger in the database, so none is claimed | 48 | 0 |
| Graphile Worker (plain, psql variables) | 19 | a placeholder, a schema, a prelude of one line | 34 | 0 |
| Permify (goose, CONCURRENTLY) | 6 | nothing; some files were missing from the copy and stood in for | 33 | 0 |
| a Flyway tutorial with two schemas in Spring's settings | 3 of its 4 | nothing | 18 | 0; see below |
| a bot with `001_up__` and `001_down__` files | 2 | nothing | 20 | 0; see below |

The first five ran from their published packages, unabridged; the last three from copies made by hand, in part and abridged.
Told rightly: the tutorial's migrations number rows themselves and leave two sequences behind, so that its next INSERT fails;
nothing makes a version of the bot's ledger unique.

Every page below is from a run: the files of a small project, the contract.toml that `init` wrote, and what the claims said.
Rails and Ecto are taken up like Alembic (`bin/rails db:migrate`, `mix ecto.migrate`), and were not run here.

<!-- written by docs/list_tools.py -->
"""


def main() -> None:
    """Writes the file."""
    pages = [HEAD]
    for tool in sorted({*PROJECTS, *LAST} - {"node_pg_migrate"}):
        with tempfile.TemporaryDirectory() as folder:
            pages.append("\n".join(page(tool, Path(folder))))
    (ROOT / "docs" / "adopt.md").write_text("\n".join(pages).rstrip() + "\n", encoding="utf-8")


def page(tool: str, folder: Path) -> Iterator[str]:
    """What stands of one tool."""
    root = folder / "shop"
    real = ROOT / "tests" / "projects" / tool.replace("-", "_")
    if real.is_dir():
        shutil.copytree(real, root, ignore=shutil.ignore_patterns("database.sql", "__pycache__"))
    else:
        files: Mapping[str, str] = dict(file.format(FIRST, SECOND).split("|", 1) for file in PROJECTS[tool][:2])
        sign, text = SIGNS[tool]
        for name, body in {**{f"db/migrations/{name}": body for name, body in files.items()}, sign: text}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(body)
    (folder / "bin").mkdir()
    for command in ("npx", "sqitch"):
        (folder / "bin" / command).write_text(STANDING_IN.format(python=sys.executable, dump=real / "database.sql"))
        (folder / "bin" / command).chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache"), "CI": "1",
                   "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    said = _run(environment, root, "-m", "checks", "init")
    looked = _run(environment, root, "-m", "pytest", str(ROOT / "checks"), "-c", str(ROOT / "pyproject.toml"),
                  "--rootdir", ".", "-p", "no:cacheprovider", "-q", "--contract", "contract.toml")
    table = re.search(r"target embedded\n((?:  .*\n)+?)  \d+ statements", looked)
    if table is None or "looked for" not in looked:
        raise SystemExit(f"{tool}: {said}\n{looked}")
    yield f"## {tool.replace('_', '-')}\n"
    yield from (f"    {path.relative_to(root).as_posix()}" for path in sorted(root.rglob("*"))
                if path.is_file() and path.name not in ("contract.toml",) and "__pycache__" not in path.parts)
    yield "\n```toml"
    yield "\n".join(line.rstrip() for line in (root / "contract.toml").read_text().splitlines()[1:]).strip()
    yield "```\n\n```"
    yield table[1].rstrip()
    yield "```\n"


def _run(environment: Mapping[str, str], root: Path, *command: str) -> str:
    done = subprocess.run([sys.executable, "-W", "ignore", *command], cwd=root, env=dict(environment), capture_output=True,
                          text=True, timeout=300, check=False)
    return done.stdout + done.stderr


if __name__ == "__main__":
    main()
