"""The rooms of checks/ as they stand: which modules there are, and which import which."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support import ROOT

PACKAGE = ROOT / "checks"
FILES = tuple(sorted(PACKAGE.rglob("*.py")))
CLAIMS = tuple(file for file in FILES if file.name.startswith("test_"))
"""What pytest collects; apart from the rooms."""
MODULES = {".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): file for file in FILES
           if file != PACKAGE / "__init__.py" and file not in CLAIMS}
"""Dotted name below checks -> file; a folder's is its `__init__.py`, where its variants may be listed."""


@cache
def tree(file: Path) -> ast.Module:
    """The syntax tree of `file`."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def room(module: str) -> str:
    """The folder of checks/ that `module` stands in, or the module itself where it stands alone."""
    return module.partition(".")[0]


def names(file: Path) -> Iterator[str]:
    """Whatever `file` imports, late imports included: `module`, or `module.name` where a name is imported from it."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported(file: Path) -> set[str]:
    """The modules and folders of checks that `file` imports."""
    below = [name.removeprefix("checks.") for name in names(file) if name.startswith("checks.")]
    return {name if name in MODULES else name.rpartition(".")[0] for name in below}


def rooms() -> dict[str, set[str]]:
    """Room -> the other rooms that it imports."""
    found: dict[str, set[str]] = {}
    for module, file in MODULES.items():
        found.setdefault(room(module), set()).update(room(name) for name in imported(file))
    return {name: others - {name} for name, others in found.items()}
