"""Imports go up the floors only, held over the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

HARNESS = ROOT / "checks" / "harness"
FLOORS = (
    {"values", "sqltext", "objects", "session", "dedupe_spec", "watch", "predicates", "pgwire"},
    {"snapshot", "catalog_sql", "evaluate", "dedupe_plan", "servers", "toml_reader", "meaning"},
    {"arbiters", "compare", "families", "dedupe_toml", "scan", "replies", "lambdas"},
    {"outcome", "contract"},
    {"migrations", "target", "through_lambda", "direct", "enum_plan", "check_plan", "attempt", "dedupe_scan"},
    {"observe", "derive"},
    {"expectation", "place"},
    {"judges", "live", "replays"},
    {"verify"},
    {"report", "audits"},
    {"apply", "check"},
)
"""From the ground up. A room is a module of checks/harness, or a folder of modules."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def modules() -> dict[str, Path]:
    """Dotted name below checks.harness -> file."""
    return {".".join(file.relative_to(HARNESS).with_suffix("").parts): file
            for file in HARNESS.rglob("*.py") if file.name != "__init__.py"}


MODULES = modules()


def imported(file: Path) -> Iterator[str]:
    """The harness modules that `file` imports, late imports included."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("checks.harness"):
            base = (node.module or "").removeprefix("checks.harness").lstrip(".")
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
             if room(name) != room(module) and FLOOR[room(name)] > FLOOR[room(module)]}
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
    for file in [*HARNESS.rglob("*.py"), ROOT / "checks" / "__main__.py"]:
        names = {name for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                 for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import)
                              else [node.module or ""] if isinstance(node, ast.ImportFrom) else [])}
        assert not any(name.split(".")[0] in ("pytest", "_pytest", "xdist") for name in names), file.name


def test_library_code_does_not_assert() -> None:
    """pytest rewrites asserts of tests only; under -O they are gone."""
    found = [f"{file.name}:{node.lineno}" for file in HARNESS.rglob("*.py")
             for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Assert)]
    assert found == []
