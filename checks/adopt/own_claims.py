"""Claims of a project's own, written as tests beside ours: what each may ask for, and how it counts.

    def test_orders_are_partitioned(snapshot):
        '''orders is partitioned by month'''
        assert snapshot.relation("orders").partition_key == "RANGE (placed_at)"

A test that asks for `target`, `snapshot`, `expected` or `ask` is a claim: its docstring is the sentence, its id is
`own:MODULE.FUNCTION`. Passed it is held, a failed assert breaks it, and any other error leaves it unverified.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from checks.catalog.decode import decode
from checks.catalog.key import Key
from checks.catalog.objects import Object
from checks.catalog.select import snapshot_select
from checks.catalog.snapshot import Snapshot
from checks.contract.reader import read_contract
from checks.expectation.derive import expectation_of
from checks.target.open_target import open_place
from checks.target.session import Session
from checks.target.target import Target, resolve_target
from checks.values import Unverified
from postdeploy_checks_entry import PACKAGE, option

OWN = ("target", "snapshot", "expected", "ask")
"""The fixtures that make a test a claim."""
_LOOKS = pytest.StashKey[dict[str, "OwnLook"]]()


class OwnLook:
    """A look at one target that starts when somebody asks, reads only, and ends with the run."""

    def __init__(self, contract: Path, name: str | None, writes: str | None, through: str | None) -> None:
        self.contract = read_contract(contract)
        self.target = resolve_target(name, self.contract, writes=writes, through=through)
        self._stack = ExitStack()

    @cached_property
    def expectation(self) -> Any:
        """What should be there."""
        return expectation_of(self.contract, self.target)

    @cached_property
    def session(self) -> Session:
        """A way to ask."""
        place = self._stack.enter_context(open_place(self.target, self.contract, self.expectation.migrations))
        session = place.session()
        self._stack.callback(session.close)
        return session

    def ask(self, select: str) -> list[dict[str, Any]]:
        """The rows of one SELECT, by the names of their columns; search_path is pinned, so names have their schema.

        Raises:
            Rejected: the server refused it.
        """
        inner = select.strip().rstrip(";")
        if not re.match(r"(?i)(SELECT|VALUES|WITH|TABLE)\b", inner):
            raise Unverified("ask takes one SELECT, and reads only.")
        (document, *_), = self.session.ask(f"SELECT format('%s', coalesce(json_agg(q), '[]'::json)) AS doc FROM ({inner}) q")
        rows: list[dict[str, Any]] = json.loads(document)
        return rows

    @cached_property
    def snapshot(self) -> Snapshot:
        """The catalogue as it is."""
        ledger = self.contract.ledger
        (document, *_), = self.session.ask(snapshot_select(self.contract.read_schemas, ledger.table if ledger else None))
        return decode(document)

    def close(self) -> None:
        """Leaves nothing behind."""
        self._stack.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item a target, where several are looked at."""
    names = option(metafunc.config, "--target") or []
    own = set(OWN) & set(metafunc.fixturenames) and PACKAGE not in Path(str(metafunc.module.__file__)).resolve().parents
    if own and len(names) > 1:
        metafunc.parametrize("_own_look", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def _own_look(request: pytest.FixtureRequest) -> Iterator[OwnLook]:
    config = request.config
    given = option(config, "--target") or [None]
    file = Path(option(config, "--contract") or config.rootpath / "contract.toml")
    look = OwnLook(config.invocation_params.dir / file, getattr(request, "param", next(iter(given))),
                   option(config, "--writes"), option(config, "--through"))
    yield look
    look.close()


@pytest.fixture
def target(_own_look: OwnLook) -> Target:
    """What is looked at: `target.name`, `target.spec`."""
    return _own_look.target


@pytest.fixture
def snapshot(_own_look: OwnLook) -> Snapshot:
    """The catalogue of the target: `snapshot.relation("orders")`, `snapshot.of("orders", "column")`, `snapshot.objects`."""
    return _own_look.snapshot


@pytest.fixture
def expected(_own_look: OwnLook) -> Mapping[Key, Object]:
    """What the migrations make: key -> object, as in `snapshot.objects`."""
    found: Mapping[Key, Object] = _own_look.expectation.objects
    return found


@pytest.fixture
def ask(_own_look: OwnLook) -> Callable[[str], list[dict[str, Any]]]:
    """Asks the target one SELECT: `ask("SELECT count(*) AS n FROM public.orders")`."""
    return _own_look.ask


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None],
                              ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Says of each own claim what it came to, for the run's evidence."""
    report = yield
    if call.when == "teardown" or not set(OWN) & set(getattr(item, "fixturenames", ())) or PACKAGE in item.path.parents:
        return report
    if call.when == "setup" and call.excinfo is None:
        return report
    look = getattr(item, "funcargs", {}).get("_own_look")
    function = getattr(item, "function", None)
    sentence = next(iter((getattr(function, "__doc__", None) or "").strip().splitlines()), "")
    said = {"target": look.target.name if look is not None else "", "claim": f"own:{item.path.stem}.{item.name}",
            "sentence": sentence or item.name.removeprefix("test_").replace("_", " "), "verdict": "held", "detail": ""}
    if call.excinfo is not None:
        error = call.excinfo.value
        said["verdict"] = "broken" if isinstance(error, AssertionError) else "unverified"
        said["detail"] = str(error).strip() or type(error).__name__
    report.user_properties.append(("own", json.dumps(said)))
    return report
