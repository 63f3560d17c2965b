"""Locks and caches are trusted by the hash of what they hold, and of what they were made of."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from checks.contract.contract import Contract
from checks.contract.reader import read_contract
from checks.expectation.derive import derive, write_lock
from checks.expectation.derived import Derived
from checks.expectation.lock import cache_path, dump, load
from checks.target.servers import ScratchServer
from checks.values import UsageError
from tests.support import ROOT


@pytest.fixture
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Contract:
    """The repository's contract in a folder of its own, with a cache of its own."""
    (tmp_path / "migrations").symlink_to(ROOT / "migrations")
    (tmp_path / "contract.toml").write_text((ROOT / "contract.toml").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return read_contract(tmp_path / "contract.toml")


@contextmanager
def nobody() -> object:  # type: ignore[misc]
    """A server that nobody may ask for."""
    raise AssertionError("it was replayed")
    yield


Served = Callable[[], AbstractContextManager[ScratchServer]]


@pytest.fixture
def server(scratch_server: ScratchServer) -> Served:
    return lambda: nullcontext(scratch_server)


def tampered(text: str) -> dict[str, str]:
    """Ways to change what was written."""
    return {
        "a type": text.replace('"varchar', '"text', 1).replace("character varying(10)", "character varying(99)", 1),
        "a constraint left out": "\n".join(line for line in text.splitlines() if "chk_active_positions_side" not in line),
        "cut": text[: len(text) // 2], "empty": "", "another digest": text.replace('"digest": "', '"digest": "0', 1),
        "the hash of another content": text.replace('"content": "', '"content": "0', 1)[:200],
        "a pickle": pickle.dumps({"digest": "x"}).decode("latin-1"), "code": "__import__('os').system('false')",
    }


WAYS = tuple(tampered(""))


@pytest.mark.parametrize("way", WAYS)
def test_a_lock_that_was_changed_is_refused(way: str, contract: Contract, server: Served) -> None:
    path, found = write_lock(contract, server)
    assert derive(contract, nobody) == found  # type: ignore[arg-type]
    changed = tampered(path.read_text(encoding="utf-8"))[way]
    assert changed != path.read_text(encoding="utf-8")
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(UsageError, match="python -m checks lock"):
        derive(contract, nobody)  # type: ignore[arg-type]


def test_a_lock_of_other_migrations_is_refused(contract: Contract, server: Served) -> None:
    path, found = write_lock(contract, server)
    path.write_text(dump(replace(found, digest="0" * 64)), encoding="utf-8")
    with pytest.raises(UsageError, match="was not made of these migrations"):
        derive(contract, nobody)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", WAYS)
def test_a_cache_that_was_changed_is_made_again(way: str, contract: Contract, server: Served) -> None:
    found = derive(contract, server)
    (cache,) = (contract.root / "cache").rglob("*.json")
    assert derive(contract, nobody) == found  # type: ignore[arg-type]
    good = cache.read_text(encoding="utf-8")
    cache.write_text(tampered(good)[way], encoding="utf-8")
    assert derive(contract, server) == found
    assert cache.read_text(encoding="utf-8") == good


def test_a_cache_of_other_migrations_is_made_again(contract: Contract, server: Served) -> None:
    """Its own hash is right, and its name; what it was made of is not."""
    found = derive(contract, server)
    (cache,) = (contract.root / "cache").rglob("*.json")
    other: Derived = replace(found, digest="0" * 64)
    cache.write_text(dump(other), encoding="utf-8")
    assert load(dump(other)) == other
    assert derive(contract, server) == found
    assert cache_path(found.digest, contract.replay.place) == cache
