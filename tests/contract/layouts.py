"""Folders of migration files, written for a test and read by a layout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from checks.contract.migration import Migration
from checks.contract.migrations import read_migrations
from checks.contract.reader import read_contract


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """`folder` with `files`, path -> text."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def migrations_of(root: Path, tool: str, files: Mapping[str, str], more: str = "", ledger: str = "",
                  ) -> tuple[Migration, ...]:
    """What `[migrations] tool = TOOL` reads out of `files`."""
    written(root / "db", files)
    contract = root / "contract.toml"
    contract.write_text(f'[migrations]\nfolder = "db"\ntool = "{tool}"\n{more}\n{ledger}', encoding="utf-8")
    return read_migrations(read_contract(contract))
