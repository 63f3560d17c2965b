"""The laws of the rooms: imports go up the floors only, rooms and files stay small, a name stands for one thing."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.support import ROOT, loaded
from tests.support.rooms import CLAIMS, FILES, MODULES, imported, names, room, rooms, tree

FLOORS = (
    {"telling", "files"},
    {"values", "resources"},
    {"evidence"},
    {"kinds"},
    {"sql", "isolation"},
    {"catalog", "contract"},
    {"lambdas"},
    {"target"},
    {"observation", "replays", "deployment"},
    {"expectation"},
    {"claims"},
    {"audits", "reports"},
    {"apply", "check", "explain"},
    {"adopt"},
    {"fast_loop", "looking"},
    {"run", "again"},
    {"plugin", "__main__"},
)
"""From the ground up. A room is a folder of checks/, or a module that stands in it alone."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES_A_FOLDER, LINES_A_FILE = 15, 325
KNOW_PYTEST = {"plugin", "run", "reports.handover", "fast_loop", "adopt.own_claims"}
STAND_FOR_SEVERAL: set[str] = set()
"""Class names that are yet to be given apart; it only shrinks."""


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in MODULES} == set(FLOOR)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_up_the_floors_only(module: str) -> None:
    above = {name for name in imported(MODULES[module])
             if room(name) != room(module) and FLOOR[room(name)] >= FLOOR[room(module)]}
    assert above == set()


def test_no_module_imports_itself_in_a_ring() -> None:
    graph = {module: imported(file) & set(MODULES) for module, file in MODULES.items()}
    settled: set[str] = set()
    while waiting := {module for module, needs in graph.items() if module not in settled and needs <= settled}:
        settled |= waiting
    assert set(graph) - settled == set()


def test_the_picture_of_the_rooms_is_of_this_code() -> None:
    """`python docs/draw_rooms.py` draws it anew."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    assert loaded(ROOT / "docs" / "draw_rooms.py").drawn(text, rooms()) == text


def test_claims_import_only_values() -> None:
    assert {file.name: imported(file) for file in CLAIMS} == {file.name: {"values"} for file in CLAIMS}
    assert len(CLAIMS) >= 6


def test_only_the_plugin_knows_pytest() -> None:
    know = {module for module, file in MODULES.items()
            if {name.partition(".")[0] for name in names(file)} & {"pytest", "_pytest", "xdist"}}
    assert "plugin" in know
    assert know <= KNOW_PYTEST


def test_library_code_does_not_assert() -> None:
    """pytest rewrites asserts of tests only; under -O they are gone."""
    assert [f"{file}:{node.lineno}" for file in MODULES.values() for node in ast.walk(tree(file))
            if isinstance(node, ast.Assert)] == []


def test_no_folder_holds_too_many_modules() -> None:
    full = Counter(str(file.parent) for file in MODULES.values() if file.name != "__init__.py")
    assert max(full.values()) <= MODULES_A_FOLDER, full.most_common(3)


def test_no_file_is_too_long() -> None:
    long = {str(file): lines for file in FILES if (lines := _lines(file)) > LINES_A_FILE}
    assert long == {}


def _lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def test_every_file_says_first_what_it_is_for() -> None:
    assert [str(file) for file in FILES if not file.read_text(encoding="utf-8").startswith('"""')] == []


def test_a_class_name_stands_for_one_thing() -> None:
    defined = Counter(node.name for file in FILES for node in ast.walk(tree(file)) if isinstance(node, ast.ClassDef))
    assert {name for name, times in defined.items() if times > 1} <= STAND_FOR_SEVERAL
