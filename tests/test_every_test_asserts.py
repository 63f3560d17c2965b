"""No test can pass without asserting, and no skip hides a missing part."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.asserting import may_pass_bare

FILES = sorted((ROOT / "tests").rglob("*.py"))
SKIPS = {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif"}
NEVER = {"pytest.importorskip", "pytest.mark.xfail", "pytest.xfail"}

BARE = {
    "nothing at all": "pass",
    "an early return": "if found(): return\nassert found()",
    "a swallowed exception": "try:\n    assert found()\nexcept ValueError:\n    return",
    "a suppressed exception": "with suppress(ValueError):\n    assert found()",
    "one branch only": "if found():\n    assert found()",
    "a loop over what may be empty": "for each in found():\n    assert each",
    "a loop over an empty literal": "for each in []:\n    assert each",
    "a loop that may not begin": "while found():\n    assert found()",
    "a helper that may not assert": "sometimes()",
    "a helper in a branch that is not reached": "found() and always()",
    "a helper that is only handed on": "[always() for each in found()]",
    "an inner function that is not called": "def inner():\n    assert found()",
    "a case that may not match": "match found():\n    case 1:\n        assert found()",
}
SOUND = {
    "an assert": "assert found()",
    "raises": "with pytest.raises(ValueError):\n    found()",
    "a return after the assert": "assert found()\nif found():\n    return",
    "both branches": "if found():\n    assert found()\nelse:\n    assert not found()",
    "a branch that fails": "if found():\n    raise AssertionError\nassert found()",
    "a loop over a literal": "for each in ('a', 'b'):\n    assert each",
    "a loop over a filled constant": "for at, (name, each) in enumerate(CASES.items()):\n    assert each",
    "a loop after an assert": "assert found()\nfor each in found():\n    assert each",
    "a helper": "always()",
    "a helper's value": "value = [always(), 2]",
    "an inner function that is called": "def inner():\n    assert found()\ninner()",
    "an assert at last": "try:\n    found()\nfinally:\n    assert found()",
    "an assert in a context": "with found() as it:\n    assert it",
}
FRAME = """
CASES = {{"a": 1}}
def always():
    assert found()
def sometimes():
    if found():
        assert found()
def test_it():
    {body}
"""


def names_in(body: str) -> list[str]:
    return may_pass_bare(ast.parse(FRAME.format(body=body.replace("\n", "\n    "))))


@pytest.mark.parametrize("body", BARE.values(), ids=BARE)
def test_a_test_that_can_pass_without_asserting_is_found(body: str) -> None:
    assert names_in(body) == ["test_it"]


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND)
def test_a_test_that_asserts_however_it_ends_is_not(body: str) -> None:
    assert names_in(body) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_test_asserts_however_it_ends(file: Path) -> None:
    assert may_pass_bare(ast.parse(file.read_text(encoding="utf-8"))) == []


def test_every_skip_names_the_variable_that_lifts_it() -> None:
    calls = [(file, node) for file in FILES for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
             if isinstance(node, ast.Call)]
    skips = [ast.unparse(node) for _, node in calls if ast.unparse(node.func) in SKIPS]
    assert len(skips) >= 4
    assert [skip for skip in skips if "POSTDEPLOY_" not in skip] == []
    assert [f"{file}:{node.lineno}" for file, node in calls if ast.unparse(node.func) in NEVER] == []
