"""Migrations whose steps are code: which there are, by the names of their files or by a command that lists them.

Sources: Alembic's revision files (revision, down_revision, depends_on); sqitch.plan; the naming of Django, Rails, Ecto,
knex, Sequelize and TypeORM, whose ledgers hold (parts of) the file's name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from checks.contract.layouts.source import text_of, titled
from checks.contract.migration import Migration
from checks.values import UsageError

_SKIPPED = frozenset({"__pycache__", "node_modules", ".git"})


def listed_in(folder: Path, tool: str) -> tuple[Migration, ...]:
    """The migrations that the files of `folder` are, in order; empty where their names alone do not say it.

    Raises:
        UsageError: the files do not fit together.
    """
    if tool == "alembic":
        return _alembic(folder)
    if tool == "sqitch":
        return _sqitch(folder)
    return ()


def file_of(version: str, files: Iterable[str]) -> str:
    """The file that `version` is told in, of `files` (paths); empty when none or several may be."""
    found = [name for name in files if version in _versions(name)]
    return found[0] if len(found) == 1 else ""


def files_in(folder: Path) -> tuple[str, ...]:
    """Every file below `folder`, by its path from there."""
    return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")
                        if path.is_file() and not _SKIPPED & set(path.relative_to(folder).parts)))


def _versions(path: str) -> set[str]:
    """What a ledger may call the migration in the file `path`."""
    *folders, name = path.split("/")
    stem = name.partition(".")[0] if name.count(".") == 1 else name.rpartition(".")[0]
    digits = re.match(r"\d+", stem)
    number = digits[0] if digits else ""
    rest = stem[len(number):].lstrip("_-")
    app = folders[-2] if len(folders) > 1 and folders[-1] == "migrations" else ""
    return {name, stem, *([number, str(int(number)), rest + number] if number else ()), *([f"{app}.{stem}"] if app else ())}


def _alembic(folder: Path) -> tuple[Migration, ...]:
    found: dict[str, Migration] = {}
    for name in files_in(folder):
        if name.endswith(".py"):
            said = _assigned(folder / name)
            revision = said.get("revision")
            if isinstance(revision, str):
                parents = (*_names(said.get("down_revision")), *_names(said.get("depends_on")))
                found[revision] = Migration(revision, name, "", parents=parents, title=titled(revision, name))
    return tuple(_parents_first(found))


def _assigned(file: Path) -> dict[str, object]:
    """The module's assignments of constants."""
    try:
        tree = ast.parse(text_of(file), str(file))
    except SyntaxError as error:
        raise UsageError(f"{file} is not Python: {error.msg} in line {error.lineno}.") from None
    found: dict[str, object] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        for target in targets:
            if isinstance(target, ast.Name) and value is not None:
                try:
                    found[target.id] = ast.literal_eval(value)
                except ValueError:
                    continue
    return found


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, tuple | list | set) else ()


def _parents_first(found: dict[str, Migration]) -> Iterator[Migration]:
    done: set[str] = set()
    while len(done) < len(found):
        free = [each for version, each in found.items() if version not in done
                and {name for name in each.parents or () if name in found} <= done]
        if not free:
            ring = ", ".join(each.file for version, each in found.items() if version not in done)
            raise UsageError(f"{ring} stand upon each other.")
        done |= {each.version for each in free}
        yield from free


def _sqitch(folder: Path) -> tuple[Migration, ...]:
    plan = folder / "sqitch.plan"
    if not plan.is_file():
        return ()
    names = [line.split()[0] for line in text_of(plan).splitlines()
             if line.strip() and not line.startswith(("%", "#", "@"))]
    return tuple(Migration(name, f"deploy/{name}.sql", "", title=titled(name, f"deploy/{name}.sql"))
                 for name in dict.fromkeys(names))


def from_lines(lines: Sequence[str], tool: str) -> tuple[str, ...]:
    """The versions that a command lists, a line each; of Alembic's history, whose newest comes first, the revisions."""
    history = [match[1] for line in lines if (match := re.match(r"\S.* -> (\w+)", line))]
    if tool == "alembic" and history:
        return tuple(reversed(history))
    return tuple(line.split()[0] for line in lines if line.strip())
