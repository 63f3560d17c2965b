"""What a repository says of its migrations: which tool's they are, and where they stand."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from checks.contract.layouts import LAYOUTS
from checks.contract.layouts.source import Source
from checks.contract.ledgers.presets import PRESETS
from checks.values import UsageError

_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "vendor", "target", "dist", "build", "venv"})
RECURSIVE = frozenset({"flyway", "liquibase"})
"""Tools that look for files in every folder below."""
UNSURE = frozenset({"plain", "sqlx"})
"""Tools whose files look like anybody's: they are taken for theirs where the repository names the tool."""
DEPTH = 5
"""Folders below the repository that are looked into."""

SIGNS: Mapping[str, tuple[str, ...]] = {
    "alembic": ("alembic.ini",), "django": ("manage.py",), "rails": ("bin/rails", "config/database.yml"),
    "ecto": ("mix.exs",), "sqitch": ("sqitch.conf", "sqitch.plan"), "knex": ("knexfile.*",), "sequelize": (".sequelizerc",),
    "flyway": ("flyway.toml", "flyway.conf"), "liquibase": ("liquibase.properties",), "yoyo": ("yoyo.ini",),
    "diesel": ("diesel.toml",), "sql-migrate": ("dbconfig.yml",), "prisma": ("prisma/schema.prisma", "prisma.config.*"),
    "dbmate": (), "goose": (), "golang-migrate": (), "sqlx": (), "node-pg-migrate": (),
    "db-migrate": ("database.json",), "typeorm": ("data-source.*", "ormconfig.*"),
}
"""Tool -> files by which a repository says that it uses it."""
DEPENDENCIES: Mapping[str, tuple[str, str]] = {
    "knex": ("package.json", "knex"), "sequelize": ("package.json", "sequelize"), "typeorm": ("package.json", "typeorm"),
    "node-pg-migrate": ("package.json", "node-pg-migrate"), "db-migrate": ("package.json", "db-migrate"),
    "prisma": ("package.json", "prisma"),
    "sqlx": ("Cargo.toml", "sqlx"),
    "diesel": ("Cargo.toml", "diesel"), "golang-migrate": ("go.mod", "golang-migrate"), "goose": ("go.mod", "goose"),
    "sql-migrate": ("go.mod", "sql-migrate"),
}
"""Tool -> the file that lists dependencies, and the word in it."""
CODE: Mapping[str, str] = {
    "alembic": r"[^/]*\.py", "django": r"\d{4}_\w+\.py", "rails": r"\d{14}_\w+\.rb", "ecto": r"\d{14}_\w+\.exs",
    "sequelize": r"\d+[-_].+\.[cm]?js", "knex": r"\d+_.+\.[cm]?[jt]s", "typeorm": r"\d{13}-.+\.[jt]s",
    "db-migrate": r"\d{14}-.+\.[cm]?[jt]s", "sqitch": r"sqitch\.plan",
    "node-pg-migrate": r"\d+_.+\.[cm]?[jt]s", "goose": r"\d+_.+\.go", "yoyo": r"[^/]+\.py",
}
"""Tool -> how its migrations in code are called."""


@dataclass(frozen=True)
class FoundMigrations:
    """Migrations that were found."""

    tool: str
    folder: Path
    code: bool
    """Whether they are code, which only the tool can run."""

    def told(self, root: Path) -> str:
        """`flyway in db/migrations`."""
        return f"{self.tool} in {self.folder.relative_to(root).as_posix() or '.'}"


def find_migrations(root: Path, folder: Path | None) -> FoundMigrations:
    """The migrations of the repository at `root`.

    Args:
        root: where the contract is going to stand.
        folder: where the user says they are; None: they are looked for.

    Raises:
        UsageError: none are found, or those of several tools.
    """
    if folder is not None and not folder.is_dir():
        raise UsageError(f"--migrations {folder} is no folder.")
    claimed = tuple(tool for tool in SIGNS if _claims(root, tool))
    found = list(_found(root, [folder] if folder else list(_folders(root)), claimed))
    sure = _together([each for each in found if each.tool in claimed] or found)
    if len(sure) > 1 and {each.tool for each in sure} == {"plain"}:
        sure = [each for each in sure if each.folder.name == "migrations"] or sure
    tools = {each.tool for each in sure}
    if not found:
        raise UsageError(
            f"No migrations were found below {root}. Looked for files called "
            f"{'; '.join(each.FORM for each in LAYOUTS.values())}, and for what "
            f"{', '.join(sorted(set(PRESETS) - set(LAYOUTS)))} leave. Say where they are: --migrations DIR.")
    if len(tools) > 1 or (len(sure) > 1 and "django" not in tools):
        raise UsageError(f"Several folders of migrations were found: {'; '.join(each.told(root) for each in sure)}. "
                         "Say which: --migrations DIR.")
    return next(iter(sure))


def _together(found: list[FoundMigrations]) -> list[FoundMigrations]:
    """`found`, with the folders of a tool that looks into all below told by the one that holds them."""
    if len(found) < 2 or {each.tool for each in found} - RECURSIVE or len({each.tool for each in found}) > 1:
        return found
    first, *_ = found
    return [replace(first, folder=Path(os.path.commonpath([each.folder for each in found])))]


def _found(root: Path, folders: list[Path], claimed: tuple[str, ...]) -> Iterator[FoundMigrations]:
    if "django" in claimed and any(path.parent.name == "migrations" for path in root.glob("**/0001_*.py")):
        yield FoundMigrations("django", root, True)
        return
    for folder in folders:
        names = [path.name for path in folder.iterdir() if path.is_file()]
        code = next((tool for tool in (*claimed, "sqitch") if _holds_code(folder, names, tool)), None)
        if code is not None:
            yield FoundMigrations(code, folder, True)
            continue
        source = Source(folder, "contract.toml")
        fitting = [tool for tool, layout in LAYOUTS.items()
                   if tool not in UNSURE - set(claimed) and layout.recognises(source)]
        fitting = [tool for tool in fitting if tool in claimed] or fitting
        if set(fitting) <= RECURSIVE and not any(name.endswith(".sql") for name in names):
            continue
        if fitting:
            yield FoundMigrations(fitting[0], folder, False)
        elif any(name.endswith(".sql") for name in names) and re.search(r"migrat|schema|sql|db", folder.name):
            yield FoundMigrations("plain", folder, False)


def _holds_code(folder: Path, names: list[str], tool: str) -> bool:
    """Whether files of `folder` are the tool's migrations in code."""
    if tool not in CODE or tool == "django" or (tool == "alembic" and folder.name != "versions") \
            or (tool == "yoyo" and "migrations" not in folder.name):
        return False
    return any(re.fullmatch(CODE[tool], name) and not name.startswith("__") for name in names)


def _claims(root: Path, tool: str) -> bool:
    if any(next(root.glob(pattern), None) is not None for pattern in SIGNS[tool]):
        return True
    file, word = DEPENDENCIES.get(tool, ("", ""))
    listing = root / file
    return bool(file) and listing.is_file() and re.search(
        rf"[\"/\s]{word}\b", listing.read_text(encoding="utf-8", errors="replace")) is not None


def _folders(root: Path) -> Iterator[Path]:
    """The folders that may hold migrations, those of a tool that has one a migration told by their parent."""
    waiting = [root]
    while waiting:
        folder = waiting.pop(0)
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and path.name not in _SKIPPED
                       and not path.name.startswith(".") and len(path.relative_to(root).parts) <= DEPTH)
        yield folder
        if any((path / name).is_file() for path in inner for name in ("up.sql", "migration.sql")):
            continue
        if any(re.fullmatch(r"[VR][\d._]*__.*\.sql", path.name) for path in folder.iterdir()):
            continue
        waiting += inner
