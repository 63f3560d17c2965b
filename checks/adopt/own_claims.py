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
from checks.contract.contract import Contract
from checks.contract.reader import read_contract
from checks.expectation.derive import expectation_of
from checks.target.chosen import chosen_targets, read_shard
from checks.target.open_target import open_place
from checks.target.session import Session
from checks.target.target import Target
from checks.values import HarnessError, Unverified
from postdeploy_checks_entry import PACKAGE, option

OWN = ("target", "snapshot", "expected", "ask")
"""The fixtures that make a test a claim."""
_CHOSEN = pytest.StashKey[tuple[Contract, tuple[Target, ...]]]()


class OwnLook:
    """A look at one target that starts when somebody asks, reads only, and ends with the run."""

    def __init__(self, contract: Contract, target: Target) -> None:
        self.contract, self.target = contract, target
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
    own = set(OWN) & set(metafunc.fixturenames) and PACKAGE not in Path(str(metafunc.module.__file__)).resolve().parents
    if not own:
        return
    try:
        _, targets = _chosen(metafunc.config)
    except HarnessError:  # the fixture says it, as it says all that keeps it from looking
        return
    if len(targets) > 1:
        metafunc.parametrize("_own_look", range(len(targets)), ids=[target.name for target in targets], indirect=True,
                             scope="session")


def _chosen(config: pytest.Config) -> tuple[Contract, tuple[Target, ...]]:
    """The contract, and the targets of this run."""
    if _CHOSEN not in config.stash:
        file = Path(option(config, "--contract") or config.rootpath / "contract.toml")
        contract, shard = read_contract(config.invocation_params.dir / file), option(config, "--shard")
        found = chosen_targets(option(config, "--target") or [None], contract, writes=option(config, "--writes"),
                               through=option(config, "--through"), shard=read_shard(shard) if shard else None)
        listed = tuple(target for target in found.targets if target.name not in found.unlisted)
        if not listed:
            raise Unverified(next(iter(found.unlisted.values())))
        config.stash[_CHOSEN] = contract, listed
    return config.stash[_CHOSEN]


@pytest.fixture(scope="session")
def _own_look(request: pytest.FixtureRequest) -> Iterator[OwnLook]:
    contract, targets = _chosen(request.config)
    look = OwnLook(contract, targets[getattr(request, "param", 0)])
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
