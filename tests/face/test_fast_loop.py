"""Held claims run in a loop of their own only while nobody listens, and their reports are those of pytest's own loop."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import _pytest.hookspec
import pluggy
import pytest

from checks.fast_loop import unheard
from tests.face.overheard import FOLDER
from tests.support.running import Ran, verify

ALONE = tuple(word for name in ("html", "metadata", "allure_pytest", "timeout", "rerunfailures")
              for word in ("-p", f"no:{name}"))
"""Without the plugins that only these tests need, which listen."""
ABOUT_ITEMS = sorted(name for name in vars(_pytest.hookspec) if name.startswith((
    "pytest_runtest", "pytest_pyfunc_call", "pytest_fixture", "pytest_assertion_pass")))


@dataclass(frozen=True)
class Heard:
    """A run, and what was overheard of it."""

    ran: Ran
    reports: list[dict[str, Any]]
    called: list[str]
    """Node ids of the items that went pytest's own way."""

    @property
    def items(self) -> set[str]:
        return {report["nodeid"] for report in self.reports}


def overheard(target: str, folder: Path, *options: str, path: Sequence[Path] = ()) -> Heard:
    folder.mkdir()
    pythonpath = ":".join(map(str, (Path(__file__).resolve().parents[2], *path)))
    ran = verify(target, "-p", "tests.face.overheard", *ALONE, *options,
                 environment={FOLDER: str(folder), "PYTHONPATH": pythonpath})
    files = [json.loads(file.read_text()) for file in folder.iterdir()]
    main = json.loads((folder / "main.json").read_text())
    return Heard(ran, sorted(main["reports"], key=lambda report: (report["nodeid"], report["when"])),
                 sorted(nodeid for file in files for nodeid in file["called"]))


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_both_loops_report_every_item_alike(workers: tuple[str, ...], partly_broken: str, tmp_path: Path) -> None:
    fast = overheard(partly_broken, tmp_path / "fast", *workers)
    slow = overheard(partly_broken, tmp_path / "slow", *workers, "-p", "no:checks.fast_loop")
    assert (fast.ran.code, slow.ran.code) == (1, 1)
    assert fast.reports == slow.reports
    assert {report["when"] for report in fast.reports} == {"setup", "call", "teardown"}
    assert slow.called == sorted(slow.items)
    broken = {report["nodeid"] for report in fast.reports if report["outcome"] == "failed"}
    assert broken <= set(fast.called) < fast.items
    if not workers:
        assert set(fast.called) == broken


@pytest.mark.parametrize("hook", ABOUT_ITEMS)
def test_any_hook_about_items_of_anybody_else_is_a_listener(hook: str) -> None:
    arguments = ", ".join(getattr(_pytest.hookspec, hook).__code__.co_varnames[:1])
    assert not unheard(config(plugin("elsewhere", f"def {hook}({arguments}): pass")))
    assert unheard(config(plugin("_pytest.elsewhere", f"def {hook}({arguments}): pass")))


def test_other_hooks_are_no_listeners() -> None:
    assert unheard(config(plugin("elsewhere", "def pytest_configure(config): pass")))


def config(*plugins: object) -> Any:
    manager = pluggy.PluginManager("pytest")
    manager.add_hookspecs(_pytest.hookspec)
    for each in plugins:
        manager.register(each)
    return SimpleNamespace(hook=manager.hook, stash=pytest.Stash())


def plugin(module: str, source: str) -> object:
    names: dict[str, Any] = {"__name__": module}
    exec(f"import pluggy\n@pluggy.HookimplMarker('pytest')\n{source}", names)
    return SimpleNamespace(**{name: value for name, value in names.items() if name.startswith("pytest_")})


LISTENERS = {
    "a hook": "def pytest_runtest_setup(item): pass",
    "a hook of a plugin object": "class L:\n    def pytest_runtest_logreport(self, report): pass\n"
                                 "def pytest_configure(config): config.pluginmanager.register(L())",
    "an autouse fixture": "import pytest\n@pytest.fixture(autouse=True)\ndef watched(): yield",
    "a marker": "import pytest\ndef pytest_collection_modifyitems(items):\n"
                "    for item in items: item.add_marker(pytest.mark.usefixtures('tmp_path'))",
}


@pytest.mark.parametrize("source", LISTENERS.values(), ids=LISTENERS.keys())
def test_every_item_goes_pytests_own_way_while_somebody_listens(source: str, migrated: str, tmp_path: Path) -> None:
    (tmp_path / "listener.py").write_text(source)
    heard = overheard(migrated, tmp_path / "heard", "-p", "listener", path=[tmp_path])
    assert heard.ran.code == 0, heard.ran.out
    assert heard.called == sorted(heard.items)
    assert heard.called


def test_plugins_without_a_hook_about_items_take_nothing_away(migrated: str, tmp_path: Path) -> None:
    (tmp_path / "listener.py").write_text("def pytest_collection_finish(session): pass")
    heard = overheard(migrated, tmp_path / "heard", "-p", "listener", path=[tmp_path])
    assert heard.ran.code == 0, heard.ran.out
    assert (heard.called, bool(heard.items)) == ([], True)
