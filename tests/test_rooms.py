"""Imports go up the floors only, held over the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

PACKAGE = ROOT / "checks"
FLOORS = (
    {"values", "resources"},
    {"kinds"},
    {"sql"},
    {"catalog", "contract"},
    {"lambdas"},
    {"target"},
    {"observation", "replays"},
    {"expectation"},
    {"claims"},
    {"audits", "report"},
    {"apply", "check"},
    {"plugin", "__main__"},
)
"""From the ground up. A room is a folder of checks/, or a module that stands in it alone."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FILES_A_ROOM, LINES_A_FILE = 11, 260


def modules() -> dict[str, Path]:
    """Dotted name below checks -> file; the claims that pytest collects apart."""
    return {".".join(file.relative_to(PACKAGE).with_suffix("").parts): file for file in PACKAGE.rglob("*.py")
            if file.name != "__init__.py" and not file.name.startswith("test_")}


MODULES = modules()


def imported(file: Path) -> Iterator[str]:
    """The modules of checks that `file` imports, late imports included."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "checks":
            base = (node.module or "").removeprefix("checks").lstrip(".")
            for name in node.names:
                full = f"{base}.{name.name}".lstrip(".")
                yield full if full in MODULES else base


def room(module: str) -> str:
    return module.partition(".")[0]


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in MODULES} == set(FLOOR)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_up_the_floors_only(module: str) -> None:
    above = {name for name in imported(MODULES[module])
             if room(name) != room(module) and FLOOR[room(name)] >= FLOOR[room(module)]}
    assert above == set()


def test_no_module_imports_itself_in_a_ring() -> None:
    graph = {module: set(imported(file)) & set(MODULES) for module, file in MODULES.items()}
    settled: set[str] = set()
    while waiting := {module for module, needs in graph.items() if module not in settled and needs <= settled}:
        settled |= waiting
    assert set(graph) - settled == set()


def test_claims_import_only_values() -> None:
    for file in (ROOT / "checks").glob("test_*.py"):
        assert set(imported(file)) == {"values"}, file.name


def test_only_the_plugin_knows_pytest() -> None:
    for module in MODULES.keys() - {"plugin", "fast_loop"}:
        file = MODULES[module]
        names = {name for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                 for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import)
                              else [node.module or ""] if isinstance(node, ast.ImportFrom) else [])}
        assert not any(name.split(".")[0] in ("pytest", "_pytest", "xdist") for name in names), file.name


def test_library_code_does_not_assert() -> None:
    """pytest rewrites asserts of tests only; under -O they are gone."""
    found = [f"{file.name}:{node.lineno}" for file in MODULES.values()
             for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Assert)]
    assert found == []
