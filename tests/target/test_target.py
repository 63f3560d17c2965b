"""Names and DSNs -> targets: DSNs as libpq takes them, and none of what they hold in sight."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict
from pathlib import Path

import pytest

from checks.contract.contract import Contract
from checks.contract.reader import read_contract
from checks.target.target import Secret, redacted, resolve_target
from checks.values import UsageError
from tests.support import ROOT


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(ROOT / "contract.toml")


@pytest.mark.parametrize(("dsn", "name"), [
    ("postgresql://u:p@h:5/db", "postgresql://u@h:5/db"), ("postgres://h/db", "postgresql://h/db"),
    ("postgresql:///db?host=/tmp/x&user=u&password=p", "postgresql://u@local/db"),
    ("host=h port=5 user=u password=p dbname=db", "postgresql://u@h:5/db"), ("dbname=db", "postgresql://local/db"),
    ("service=prod", "postgresql://?service=prod"), ("postgresql://u:p@[::1]:5/db", "postgresql://u@::1:5/db"),
    ("postgresql://u:p@q@h/db", "postgresql://…"), ("postgresql://u:p%zz@h/db", "postgresql://…"),
])
def test_a_dsn_is_a_target_named_by_its_place(dsn: str, name: str, contract: Contract) -> None:
    target = resolve_target(dsn, contract, writes="scratch")
    assert target.dsn is not None
    assert (target.name, target.dsn.reveal(), target.scratch) == (name, dsn, True)


@pytest.mark.parametrize("text", [
    "prd", "postgresql+psycopg2://u:secret@h/db", "jdbc:postgresql://h/db?password=secret", "host=h pasword=secret",
    "u:secret@h/db", "mysql://u:secret@h/db", "a=secret"])
def test_what_is_no_dsn_is_refused_without_repeating_it(text: str, contract: Contract) -> None:
    with pytest.raises(UsageError, match="Unknown target") as caught:
        resolve_target(text, contract)
    assert "secret" not in str(caught.value)


def test_a_name_wins_over_a_dsn(contract: Contract) -> None:
    assert redacted("dbname=prod") is not None
    named = Contract(**{**contract.__dict__, "targets": {**contract.targets, "dbname=prod": contract.targets["staging"]}})
    assert resolve_target("dbname=prod", named, environ={"STAGING_DSN": "dbname=x"}).name == "staging"


def test_a_secret_has_no_way_to_text(contract: Contract) -> None:
    target = resolve_target("postgresql://u:hunter2@h/db", contract)
    secret = target.dsn
    assert secret is not None
    told = [str(secret), repr(secret), f"{secret}", f"{secret!r:>40}", "{}".format(secret), repr([secret]),  # noqa: UP032
            repr(target), str(target),
            repr(vars(target)), repr(dir(secret)), repr([getattr(secret, name) for name in dir(secret)])]
    assert not any("hunter2" in text for text in told)
    for act in (pickle.dumps, copy.copy, copy.deepcopy, asdict):
        with pytest.raises(TypeError):
            act(secret if act is not asdict else target)
    assert secret != Secret(secret.reveal())
    assert not hasattr(secret, "__dict__")


def test_no_frame_holds_the_environment(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --showlocals pytest shows every variable of every frame."""
    monkeypatch.setenv("ANOTHER_SECRET", "hunter2")
    monkeypatch.delenv("STAGING_DSN", raising=False)
    with pytest.raises(UsageError, match="STAGING_DSN") as caught:
        resolve_target("staging", contract)
    shown = [repr(entry.frame.f_locals) for entry in caught.traceback if "target" in Path(entry.path).parts]
    assert len(shown) >= 2
    assert not any("hunter2" in text for text in shown)
