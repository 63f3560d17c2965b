"""Event triggers ON login run when we log in, as for anybody: they are named, and can be asked not to."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from checks.contract.contract import Contract, TargetSpec
from checks.contract.reader import read_contract
from checks.target.routes.direct import connect, execute, open_session
from checks.target.target import Secret, Target
from checks.values import Unreachable, UsageError
from tests.support import ROOT
from tests.support.running import verify
from tests.support.sabotage_harness import Bench, commit_sql

GREETING = """
CREATE SEQUENCE logins;
GRANT USAGE ON SEQUENCE logins TO PUBLIC;
CREATE FUNCTION greet() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN PERFORM pg_catalog.nextval('public.logins'); END $$;
CREATE EVENT TRIGGER greeting ON login EXECUTE FUNCTION greet();
CREATE EVENT TRIGGER asleep ON login EXECUTE FUNCTION greet();
ALTER EVENT TRIGGER asleep DISABLE;
"""


@pytest.fixture
def greeting(migrated: str, bench: Bench) -> str:
    """A database that runs code when somebody logs in."""
    assert bench.major >= 17
    commit_sql(migrated, GREETING)
    return migrated


def logins(dsn: str) -> int:
    """How often it ran, the login that asks left out."""
    quiet = Secret(dsn)
    with closing(connect(quiet, "the database", {"event_triggers": "off"})) as connection:
        return int(execute(connection, "SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM public.logins")[0][0])


def test_it_is_named_in_header_and_evidence(greeting: str, tmp_path: Path) -> None:
    before = logins(greeting)
    ran = verify(greeting, evidence=tmp_path / "evidence.json")
    assert logins(greeting) == before + 1
    assert "ran at login: the event trigger greeting, code of the database's own" in ran.out
    assert ran.evidence["target"]["login_triggers"] == ["greeting"]


def test_where_there_is_none_nothing_is_said(migrated: str, tmp_path: Path) -> None:
    ran = verify(migrated, evidence=tmp_path / "evidence.json")
    assert ran.code == 0
    assert "login" not in ran.out + json.dumps(ran.evidence["target"])


def spec(event_triggers: str) -> TargetSpec:
    return TargetSpec("x", dsn="given", event_triggers=event_triggers)


def test_it_can_be_asked_not_to_run(greeting: str) -> None:
    before = logins(greeting)
    with closing(open_session(Target(spec("off"), None), Secret(greeting), None)) as session:
        assert session.ask("SELECT current_setting('event_triggers')") == [("off",)]
    assert logins(greeting) == before
    with closing(open_session(Target(spec(""), None), Secret(greeting), None)) as session:
        session.ask("SELECT 1")
    assert logins(greeting) == before + 1


def test_a_dsns_own_options_are_kept(greeting: str) -> None:
    dsn = Secret(f"{greeting}&options=-c%20work_mem%3D7MB")
    with closing(open_session(Target(spec("off"), None), dsn, None)) as session:
        assert session.ask("SELECT current_setting('work_mem') || current_setting('event_triggers')") == [("7MBoff",)]


def test_who_may_not_ask_is_told_the_remedy(greeting: str, bench: Bench) -> None:
    with pytest.raises(Unreachable, match=r"permission denied to set parameter .* leave it out"):
        open_session(Target(spec("off"), None), Secret(bench.as_reader(greeting)), None)


@pytest.mark.parametrize(("lines", "words"), [
    ('dsn = "env:X"\nevent_triggers = "on"', "event_triggers can only be 'off'"),
    ('route = "lambda"\nquery_function = "f"\nevent_triggers = "off"', "the function logs in, not we"),
    ('dsn = "env:X"\nevent_trigers = "off"', "Did you mean 'event_triggers'?"),
])
def test_the_contract_says_what_it_can_be(lines: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "contract.toml").write_text(f"[target.x]\n{lines}\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_contract(tmp_path / "contract.toml")
    assert words in str(caught.value)


def test_the_contract_reads_it(tmp_path: Path) -> None:
    (tmp_path / "contract.toml").write_text('[target.x]\ndsn = "env:X"\nevent_triggers = "off"\n', encoding="utf-8")
    contract: Contract = read_contract(tmp_path / "contract.toml")
    assert contract.targets["x"].event_triggers == "off"
    assert replace(read_contract(ROOT / "contract.toml").targets["staging"], event_triggers="off").event_triggers == "off"
