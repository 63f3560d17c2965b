"""Held claims in a loop of their own, without fixtures, capture and log handling, which are most of an item's time.

Only while nobody else listens: as soon as another plugin or a conftest has a hook about running items, or an autouse
fixture or a marker applies to a claim, pytest's own loop runs. Their reports are the same either way.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import zip_longest
from typing import Literal

import pytest

from checks.values import TargetCase

OURS = frozenset({"_pytest", "pytest", "checks", "postdeploy_checks_entry", "_hypothesis_pytestplugin", "xdist",
                  "__channelexec__"})
"""Packages whose hooks miss nothing when a held claim runs here; the last is what execnet calls xdist's in a worker."""
_HOOKS = ("pytest_runtest", "pytest_pyfunc_call", "pytest_fixture", "pytest_assertion_pass")
_UNHEARD = pytest.StashKey[bool]()
_PLACES = pytest.StashKey[dict[object, tuple[str, int | None, str]]]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Runs held claims quickly, and everything else pytest's own way; xdist's own loop has no items in this process."""
    config = session.config
    plainly = any(config.getoption(name, False) for name in ("collectonly", "setupshow", "setuponly", "usepdb", "trace"))
    if plainly or session.testsfailed or hasattr(config, "workerinput") or not unheard(config) \
            or not any(map(is_held, session.items)):
        return None
    others = [item for item in session.items if not is_held(item)]
    following = dict(zip_longest(others, others[1:]))
    for item in session.items:
        if item in following:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following[item])
        else:
            _run_held(item)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """The same in an xdist worker, but for the last claim of a module, which takes the module down."""
    if not hasattr(item.config, "workerinput") or nextitem is None or nextitem.parent is not item.parent \
            or not is_held(item) or not unheard(item.config):
        return None
    _run_held(item)
    return True


def unheard(config: pytest.Config) -> bool:
    """Whether nobody but OURS has a hook about running items."""
    if _UNHEARD not in config.stash:
        config.stash[_UNHEARD] = {
            (getattr(implementation.function, "__module__", None) or "").partition(".")[0]
            for name, hook in vars(config.hook).items() if name.startswith(_HOOKS)
            for implementation in hook.get_hookimpls()} <= OURS
    return config.stash[_UNHEARD]


def is_held(item: pytest.Item) -> bool:
    """Whether `item` is a claim about just one case, in which everything is held, and nothing but its fixture applies."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    if len(params) != 1:
        return False
    (fixture, value), = params.items()
    return (isinstance(value, TargetCase)
            and set(getattr(item, "fixturenames", ())) <= {fixture, "request"}
            and next(item.iter_markers(), None) is None
            and all(verdict.verdict == "held" for verdict in value.case.verdicts))


def _place(item: pytest.Item) -> tuple[str, int | None, str]:
    """`item.location`, of which all but the name is worked out once for the items of a function."""
    known = item.session.stash.setdefault(_PLACES, {})
    function = item.obj  # type: ignore[attr-defined]
    if function not in known:
        known[function] = item.location
    file, line, _ = known[function]
    return file, line, item.name


def _run_held(item: pytest.Item) -> None:
    """Asserts the claim and tells pytest of the three phases that it passed."""
    about, = item.callspec.params.values()  # type: ignore[attr-defined]
    hook, place = item.ihook, _place(item)
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=place)
    start = time.time()
    item.obj(about.case)  # type: ignore[attr-defined]
    stop = time.time()
    item.user_properties += about.told
    keywords: Mapping[str, Literal[1]] = dict.fromkeys(item.keywords, 1)
    for when in ("setup", "call", "teardown"):
        hook.pytest_runtest_logreport(report=pytest.TestReport(
            item.nodeid, place, keywords, "passed", None, when, [],
            stop - start if when == "call" else 0.0, start, stop, item.user_properties))
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=place)
