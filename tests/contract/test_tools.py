"""Each migration tool: which files are migrations, in which order, and what the ledger calls them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from checks.contract.tools import TOOLS

from checks.contract.migrations import read_migrations
from checks.contract.reader import read_contract
from tests.support import ROOT

FOLDERS = {
    "plain": (("2026_10_b.sql", "2026_09_a.sql", "2026_9_c.sql", "README.md", "old.sql/2025_01_x.sql"),
              ("2026_09_a", "2026_10_b", "2026_9_c")),
}
"""Tool -> (files of a folder, the versions of its migrations in the order they apply)."""


@pytest.mark.parametrize("name", TOOLS)
def test_a_tools_migrations_are_read_in_its_order(name: str, tmp_path: Path) -> None:
    files, versions = FOLDERS[name]
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("SELECT 1;")
    contract = replace(read_contract(ROOT / "contract.toml"), tool=TOOLS[name], migrations=tmp_path, ledger=None)
    assert tuple(migration.version for migration in read_migrations(contract)) == versions
