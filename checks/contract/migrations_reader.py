"""`migrations = "FOLDER"`, or `[migrations]` -> which migrations there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checks.contract.contract import MigrationsSpec
from checks.contract.layouts import LAYOUTS
from checks.contract.ledgers.presets import BUILDS, PRESETS
from checks.contract.toml_table import TomlTable


def read_migrations_spec(top: TomlTable, root: Path) -> MigrationsSpec | None:
    """What the contract says of migrations; relative paths start from `root`.

    Raises:
        UsageError: with the key path and the remedy.
    """
    written: Any = top.take("migrations", object)
    if isinstance(written, str):
        return MigrationsSpec(root / written)
    if written is None:
        return None
    if not isinstance(written, dict):
        raise top.error("migrations", "must be a folder, or a table: [migrations] folder = …, tool = …")
    table = TomlTable(written, "migrations", top.file)
    build, step = table.texts("build", ()), table.texts("step", ())
    folder, tool = table.take("folder", str), table.choice("tool", tuple({**LAYOUTS, **PRESETS}), "plain")
    placeholders = table.table("placeholders")
    if not build and not step and tool not in LAYOUTS:
        command = ", ".join(f'"{word}"'.replace("{folder}", folder or "migrations") for word in BUILDS[tool])
        raise table.error("build", f"is missing: {tool}'s migrations are code, which only {tool} can run; say how, such as "
                                   f"build = [{command}]")
    if folder is None and not build and not step:
        raise table.error("folder", "is missing; say where the files are, or build = [COMMAND…] to apply them")
    if placeholders is not None and (build or step):
        raise table.error("placeholders", "does not go with build and step, whose commands read the files themselves")
    versions = _versions(table, root)
    if versions and not (build or step):
        raise table.error("versions", "goes with build or step only; files of a folder are known")
    if step and not (versions or (folder and tool in ("alembic", "sqitch"))):
        raise table.error("versions", "is missing; step = […] needs the versions in order: a command that lists them, or a "
                                      "folder whose files they are")
    spec = MigrationsSpec(
        None if folder is None else root / folder, tool,
        {} if placeholders is None else {name: placeholders.text(name) for name in placeholders.left()},
        build or step, step, versions)
    table.finish()
    return spec


def _versions(table: TomlTable, root: Path) -> tuple[str, ...] | Path:
    written: Any = table.take("versions", object)
    if isinstance(written, str):
        if not (root / written).is_dir():
            raise table.error("versions", f"names the folder {written!r}, which is not there; write a command as a list")
        return root / written
    if written is None:
        return ()
    if not isinstance(written, list) or not written or not all(isinstance(word, str) for word in written):
        raise table.error("versions", "must be a command as a list of strings, or a folder")
    return tuple(written)
