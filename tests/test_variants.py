"""Variants are files: what the contract can name is what there is, and files that are no modules are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks import resources
from checks.contract.consumers import CONSUMERS
from checks.contract.contract import ROUTES, SERVERS
from checks.contract.layouts import LAYOUTS
from checks.contract.ledgers.ddl import MAKING
from checks.contract.ledgers.presets import PRESETS
from checks.replays.consumers import RUNNERS
from checks.target import routes, servers
from tests.support import sabotage_harness


def test_every_server_the_contract_can_name_is_a_file_and_a_line() -> None:
    files = {file.stem for file in Path(servers.__file__).parent.glob("*.py")}
    assert set(SERVERS) == {"given", *servers.SCRATCH}
    assert set(SERVERS) <= files


def test_every_route_the_contract_can_name_can_be_opened_and_meets_the_saboteurs() -> None:
    assert set(ROUTES) == set(routes.ROUTES)
    assert set(ROUTES) <= set(sabotage_harness.ROUTES)


def test_every_consumer_the_contract_can_name_can_be_run() -> None:
    assert set(CONSUMERS.values()) == set(RUNNERS)


def test_every_tool_whose_files_are_read_has_a_ledger() -> None:
    assert set(LAYOUTS) - set(PRESETS) == set()
    assert set(LAYOUTS) - {"plain"} == set(MAKING)


def test_files_that_are_no_modules_are_there() -> None:
    for file in (resources.WATCHER, resources.REAPER, resources.CONSUMER, resources.KEEPER):
        assert file.is_file(), file
    assert list(resources.PAYLOADS.rglob("*.json"))
    assert (resources.LAMBDAS / "db_query" / "app.py").is_file()


def test_an_installed_package_brings_its_fixtures_below_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "checks"
    monkeypatch.setattr(resources, "PACKAGE", package)
    assert resources._shipped("payloads") == tmp_path / "fixtures" / "payloads"
    (package / "fixtures" / "payloads").mkdir(parents=True)
    assert resources._shipped("payloads") == package / "fixtures" / "payloads"
