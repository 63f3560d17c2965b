"""No tool: plain SQL files, applied in the order of their names, which record themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from checks.contract.tools.tool import Tool


def _files(folder: Path) -> Sequence[Path]:
    return sorted((path for path in folder.glob("*.sql") if path.is_file()), key=lambda path: path.name)


PLAIN = Tool(files=_files, version_from="{stem}", table="schema_migrations", version="version", applied_at="applied_at")
