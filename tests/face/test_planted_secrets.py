"""Nothing stored and no secret is printed: a value planted at every way to fail, looked for in every output.

Each way is run twice: with all that pytest can tell of a failure, and by two workers; terminal, JUnit and evidence are
searched. What is planted in a DSN is planted in halves, since a password that is not percent-encoded is cut in two.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from checks.apply import apply
from checks.contract.contract import TargetSpec
from checks.contract.reader import read_contract
from checks.lambdas.client import DUMMY_CREDENTIALS
from checks.lambdas.local.endpoint import LocalAws
from checks.lambdas.local.request import Response
from checks.lambdas.package import pack
from checks.target.target import Target
from tests.support import ROOT
from tests.support.running import run
from tests.support.sabotage_harness import commit_sql

PLANTED = "Zq7plantedA"
OTHER_HALF = "Zq7plantedB"
LOUD = ("-vv", "--showlocals", "--tb=long", "--full-trace")
SOME = ("-k", "ledger or enums or false_success")
"""Enough areas where thousands of frames are printed for each item; the quieter way asks for all."""
OUTPUTS = {"loud": (*LOUD, *SOME), "two workers": ("-n", "2", "-v")}
NOWHERE = "127.0.0.1:1"


TARGETS = {
    "keywords": f"host=127.0.0.1 port=1 user=me password={PLANTED} dbname=x",
    "keywords in quotes": f"host=127.0.0.1 port=1 password='{PLANTED} {OTHER_HALF}' dbname=x2",
    "a URL that nobody answers": f"postgresql://me:{PLANTED}@{NOWHERE}/x3",
    "a password with an @": f"postgresql://me:{PLANTED}@{OTHER_HALF}@{NOWHERE}/x",
    "a password with a slash": f"postgresql://me:{PLANTED}/{OTHER_HALF}@{NOWHERE}/x",
    "a password with a hash": f"postgresql://me:{PLANTED}#{OTHER_HALF}@{NOWHERE}/x5",
    "a password with a question mark": f"postgresql://me:{PLANTED}?{OTHER_HALF}@{NOWHERE}/x",
    "a password with a percent": f"postgresql://me:{PLANTED}%zz{OTHER_HALF}@{NOWHERE}/x",
    "a password with a space": f"postgresql://me:{PLANTED} {OTHER_HALF}@{NOWHERE}/x6",
    "a password among the parameters": f"postgresql://{NOWHERE}/x7?user=me&password={PLANTED}&sslpassword={OTHER_HALF}",
}
"""DSNs of a shape that libpq knows, whether or not it can read them."""
STRANGE = {
    "keywords misspelt": f"host=127.0.0.1 pasword={PLANTED} dbname=x",
    "a URL of JDBC": f"jdbc:postgresql://h/x?user=me&password={PLANTED}",
    "a URL of SQLAlchemy": f"postgresql+psycopg2://me:{PLANTED}@h/x",
    "a URL of SQLAlchemy with a space": f"postgresql+psycopg2://me:{PLANTED} {OTHER_HALF}@h/x",
    "another database's URL": f"mysql://me:{PLANTED}@h/x",
    "no scheme": f"me:{PLANTED}@h/x",
}
"""What libpq does not know."""
CONTRACTS = {
    "a DSN in a list": f'[target.x]\ndsn = ["postgresql://me:{PLANTED}@{NOWHERE}/x"]',
    "a DSN in a wrong place": f'[target.x]\nserver = "postgresql://me:{PLANTED}@h/x"',
    "a key that is none": f'[target.x]\npassword = "{PLANTED}"\ndsn = "env:X"',
    "a value of a wrong type": f'[target.x]\nthrough = {{ password = "{PLANTED}" }}\ndsn = "env:X"',
    "a default that is none": f'default = "postgresql://me:{PLANTED}@h/x"',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of the repository's own kind, whose contract can be added to."""
    for name in ("migrations", "fixtures"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def outputs(folder: Path, targets: Sequence[str], options: Sequence[str], *, codes: Sequence[int], contract: str = "",
            environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """What one run says, by where it says it."""
    text = (ROOT / "contract.toml").read_text(encoding="utf-8")
    (folder / "contract.toml").write_text(f"{text}\n{contract}\n", encoding="utf-8")
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "AWS_", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pytest", str(ROOT / "checks"), "--rootdir", str(ROOT), "-c",
         str(ROOT / "pyproject.toml"), *(f"--target={target}" for target in targets),
         "--contract", str(folder / "contract.toml"), "--junitxml", str(folder / "junit.xml"),
         "--evidence", str(folder / "evidence.json"), *options],
        cwd=folder, env={**keep, "PYTHONPATH": str(ROOT), **(environment or {})}, capture_output=True, text=True,
        timeout=500, check=False)
    found = {"stdout": done.stdout, "stderr": done.stderr}
    found |= {file.name: file.read_text(encoding="utf-8") for file in (folder / "junit.xml", *folder.glob("evidence*.json"))
              if file.exists()}
    assert done.returncode in codes, found
    assert done.stdout + done.stderr
    return found


def leaks(found: Mapping[str, str]) -> list[str]:
    """Where a planted value, or a control character that came from data, stands."""
    told = [f"{name}: …{text[max(0, at.start() - 80):at.end() + 40]}…" for name, text in found.items()
            for at in re.finditer(f"{PLANTED}|{OTHER_HALF}", text)]
    told += [f"{name}: {text[max(0, at.start() - 40):at.end() + 40]!r}" for name, text in found.items()
             for at in re.finditer(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)]
    for name in filter(re.compile("evidence").match, found):
        values = json.dumps(json.loads(found[name]), ensure_ascii=False)
        told += [f"{name}: {at[0]}" for at in re.finditer(r"\\u00[01][0-9a-f]|[\x7f-\x9f\u202a-\u202e]", values)]
    return told


@pytest.mark.parametrize("options", OUTPUTS.values(), ids=OUTPUTS.keys())
def test_no_dsn_that_fails_is_repeated(options: Sequence[str], folder: Path) -> None:
    """Each as a target typed, and each in an environment variable, with those that libpq does not know."""
    environment = {f"DSN_{number}": dsn for number, dsn in enumerate((*TARGETS.values(), *STRANGE.values()))}
    contract = "\n".join(f'[target.{name.lower()}]\ndsn = "env:{name}"' for name in environment)
    targets = [*TARGETS.values(), *(name.lower() for name in environment)]
    found = outputs(folder, targets, options, codes=(6,), contract=contract, environment=environment)
    assert leaks(found) == []
    assert len(json.loads(found["evidence.json"])["targets"]) == len(set(targets))


@pytest.mark.parametrize("target", STRANGE.values(), ids=STRANGE.keys())
def test_no_target_that_is_none_is_repeated(target: str, folder: Path) -> None:
    found = outputs(folder, [target], LOUD, codes=(4,))
    assert "Unknown target" in found["stderr"] + found["stdout"]
    assert leaks(found) == []


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_no_contract_is_repeated(contract: str, folder: Path) -> None:
    assert leaks(outputs(folder, ["x"], LOUD, codes=(4,), contract=contract)) == []


def test_the_measure_sees_what_is_planted() -> None:
    assert leaks({"stdout": f"x {PLANTED} y"}) == [f"stdout: …x {PLANTED} y…"]
    assert len(leaks({"stdout": "\x1b[31m", "evidence.json": json.dumps({"a": "\x07", "b": "\u202e"})})) == 3
    assert leaks({"stdout": "a\n\tb", "evidence.json": "{}"}) == []


STORED = {
    "values": f"""
        CREATE FUNCTION loud(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
            $$ BEGIN RAISE EXCEPTION 'no %', $1; END $$;
        ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side;
        ALTER TABLE position_history DROP CONSTRAINT chk_position_history_strategy_type;
        ALTER TABLE position_history DROP CONSTRAINT chk_position_history_side;
        DROP INDEX uq_active_positions_alpaca_order_id;
        INSERT INTO active_positions (ticker, side, quantity, entry_price, alpaca_order_id)
            SELECT '{PLANTED}', 'long', 1, 1, '{OTHER_HALF}' FROM generate_series(1, 2);
        INSERT INTO position_history (side, strategy_type) VALUES ('{PLANTED[:10]}', '{OTHER_HALF}');
        INSERT INTO alpaca_event_dedupe (event_id, event_type, order_id, processed_at)
            VALUES ('{PLANTED}', 'fill', '{OTHER_HALF}x', now() - interval '1 hour');
        ALTER TABLE active_positions ADD CONSTRAINT chk_active_positions_side CHECK (ticker::integer > 0) NOT VALID;
        ALTER TABLE position_history ADD CONSTRAINT chk_position_history_strategy_type CHECK (loud(strategy_type)) NOT VALID;
        ALTER TABLE position_history ADD CONSTRAINT chk_position_history_side CHECK (side IN ('long', 'short')) NOT VALID""",
    "a ledger's view and a lookup table": f"""
        ALTER TABLE schema_migrations RENAME TO done;
        INSERT INTO done (version) VALUES ('{PLANTED}');
        CREATE VIEW schema_migrations AS SELECT version::integer::text AS version, applied_at FROM done;
        CREATE TABLE sides (side varchar(20) PRIMARY KEY);
        INSERT INTO sides VALUES ('long'), ('short'), ('{PLANTED}');
        ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side;
        ALTER TABLE active_positions ADD CONSTRAINT by_lookup FOREIGN KEY (side) REFERENCES sides (side)""",
    "control characters": r"""
        CREATE TABLE U&"\001b[31mred\000aHELD ledger:x\202e" (a int, U&"\0007" text DEFAULT E'\x1b[1m');
        ALTER TABLE active_positions ADD CONSTRAINT U&"\001b]0;title\0007" CHECK (ticker <> E'\x1b[5m\u202e');
        CREATE INDEX U&"\009b31m" ON position_history (ticker);
        INSERT INTO schema_migrations (version) VALUES (E'\x1b[2J2026\nHELD ledger:x'), (E'\u202e'),
            (repeat('v', 100000))""",
}


@pytest.mark.parametrize("options", OUTPUTS.values(), ids=OUTPUTS.keys())
@pytest.mark.parametrize("sql", STORED.values(), ids=STORED.keys())
def test_no_stored_value_is_repeated(sql: str, options: Sequence[str], migrated: str, folder: Path) -> None:
    commit_sql(migrated, sql)
    found = outputs(folder, [migrated], options, codes=(1,))
    assert leaks(found) == []
    assert PLANTED[:10] not in "".join(found.values())
    assert "\nHELD" not in found["stdout"]
    assert "v" * 200 not in "".join(found.values())


def body(status: int = 200, **account: object) -> Response:
    return Response(200, json.dumps({"statusCode": status, "body": json.dumps(account)}).encode())


def failure(kind: str, message: str, **more: object) -> Response:
    return Response(200, json.dumps({"errorType": kind, "errorMessage": message, **more}).encode(),
                    {"x-amz-function-error": "Unhandled"})


REPLIES: dict[str, Response] = {
    "an invalid value": body(500, success=False, sqlstate="22P02",
                             error=f'invalid input syntax for type integer: "{PLANTED}"\nCONTEXT: x "{OTHER_HALF}"'),
    "an invalid value without its state": body(success=False, error=f'invalid input syntax for type date: "{PLANTED}"'),
    "a message of a function's": body(success=False, sqlstate="P0001", error=f"{PLANTED} is not allowed"),
    "a name that is none": body(success=False, sqlstate="42P01", error=f'relation "{PLANTED}" does not exist'),
    "a state that is none": body(success=False, sqlstate=PLANTED, error="x", code=OTHER_HALF),
    "a row": body(500, success=False, error=f"duplicate key\nDETAIL:  Key (a)=({PLANTED}) already exists."),
    "an object": body(500, success=False, error={"message": PLANTED, "detail": OTHER_HALF}),
    "a list": body(500, success=False, errors=[PLANTED, {"why": OTHER_HALF}]),
    "an exception": failure("ValueError", PLANTED, stackTrace=[OTHER_HALF]),
    "an exception of that name": failure(PLANTED, OTHER_HALF),
    "a connection string": failure("OperationalError", f"could not connect to postgresql://me:{PLANTED}@db/x"),
    "a time-out that says more": failure("Sandbox.Timedout", f"Task timed out after 3.00 seconds {PLANTED}"),
    "no JSON": Response(200, f"<html>{PLANTED}</html>".encode()),
    "no object": Response(200, json.dumps(PLANTED).encode()),
    "a body that is no JSON": Response(200, json.dumps({"statusCode": 200, "body": PLANTED}).encode()),
    "rows of another question": body(success=True, rows=[{"a": PLANTED, OTHER_HALF: 1}], count=1),
    "a state of its own": body(success=False, state=PLANTED, status=OTHER_HALF),
    "a key of its own": body(success=True, rows=[], count=0, **{f"{PLANTED}": {"error": OTHER_HALF}}),
    "a refusal of AWS": Response(403, json.dumps({"message": f"The Canonical String was x-amz-security-token:{PLANTED}"}
                                                 ).encode(), {"x-amzn-errortype": "InvalidSignatureException"}),
    "a refusal without a name": Response(500, json.dumps({"message": PLANTED}).encode(), {"x-amzn-errortype": OTHER_HALF}),
    "control characters": body(500, success=False, error="\x1b[31m\u202e\nHELD ledger:x"),
}
LAMBDA = ('[target.{name}]\nroute = "lambda"\nregion = "us-west-2"\nquery_function = "{name}"\n'
          'migration_function = "{name}"\nerror_probes = true\n')


@pytest.fixture
def planted(aws: LocalAws) -> Iterator[LocalAws]:
    """An endpoint at which every function answers as its name says."""
    replies = {f"planted-{number}": reply for number, reply in enumerate(REPLIES.values())}
    aws.invocations.clear()
    aws.intercept = lambda invocation: replies[invocation.function]
    yield aws
    aws.intercept = None
    assert {invocation.function for invocation in aws.invocations} == set(replies)


@pytest.mark.parametrize("options", OUTPUTS.values(), ids=OUTPUTS.keys())
def test_no_reply_is_repeated(options: Sequence[str], folder: Path, planted: LocalAws) -> None:
    names = [f"planted-{number}" for number in range(len(REPLIES))]
    environment = {"AWS_ENDPOINT_URL_LAMBDA": planted.endpoint_url, **DUMMY_CREDENTIALS}
    found = outputs(folder, names, options, codes=(1, 6), contract="\n".join(LAMBDA.format(name=name) for name in names),
                    environment=environment)
    assert leaks(found) == []
    assert [each["target"]["name"] for each in json.loads(found["evidence.json"])["targets"]] == names


@pytest.mark.parametrize("number", range(len(REPLIES)), ids=REPLIES.keys())
def test_apply_repeats_no_reply(number: int, folder: Path, aws: LocalAws, migrated: str, capfd: pytest.CaptureFixture[str],
                                ) -> None:
    """The migration function's reply, where the database itself is asked directly of the query function."""
    reply = list(REPLIES.values())[number]
    said: list[str] = []
    commit_sql(migrated, "DELETE FROM schema_migrations WHERE version LIKE '2026_02_02_0003%'")
    aws.deploy("apply-query", pack(ROOT / "fixtures/lambdas/db_query"), environment={"DATABASE_URL": migrated})
    aws.intercept = lambda invocation: reply if invocation.function == "apply-migration" else None
    (folder / "contract.toml").write_text((ROOT / "contract.toml").read_text(encoding="utf-8"), encoding="utf-8")
    contract = read_contract(folder / "contract.toml")
    spec = TargetSpec("applied", route="lambda", region="us-west-2", query_function="apply-query",
                      migration_function="apply-migration")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {"AWS_ENDPOINT_URL_LAMBDA": aws.endpoint_url, **DUMMY_CREDENTIALS}.items():
            patched.setenv(name, value)
        assert apply(Target(spec, None), contract, [], said.append) in (1, 6)
    aws.intercept = None
    told = capfd.readouterr()
    assert leaks({"said": "\n".join(said), "stdout": told.out, "stderr": told.err}) == []
    assert any("its reply" in line for line in said)


MIGRATIONS = {
    "a value that does not cast": "ALTER TABLE active_positions ALTER COLUMN ticker TYPE integer USING ticker::integer;",
    "a value that a block raises": "DO $$ BEGIN RAISE EXCEPTION '%', (SELECT max(ticker) FROM active_positions); END $$;",
    "a value that a block raises as a name": "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '42P01', MESSAGE = "
                                             "format('relation \"%s\" does not exist', (SELECT max(ticker) FROM "
                                             "active_positions)); END $$;",
    "a key that is there twice": "CREATE UNIQUE INDEX twice ON active_positions (ticker);",
}


@pytest.mark.parametrize("sql", MIGRATIONS.values(), ids=MIGRATIONS.keys())
def test_apply_repeats_no_stored_value(sql: str, folder: Path, migrated: str) -> None:
    """A migration that meets what is stored there, and passes where nothing is."""
    (folder / "migrations").unlink()
    shutil.copytree(ROOT / "migrations", folder / "migrations")
    guarded = sql.replace("BEGIN RAISE", "BEGIN IF EXISTS (SELECT FROM active_positions) THEN RAISE").replace(
        "; END $$", "; END IF; END $$")
    (folder / "migrations" / "2026_03_03_0001_next.sql").write_text(
        f"{guarded}\nINSERT INTO schema_migrations (version) VALUES ('2026_03_03_0001_next');\n", encoding="utf-8")
    (folder / "contract.toml").write_text((ROOT / "contract.toml").read_text(encoding="utf-8"), encoding="utf-8")
    commit_sql(migrated, f"INSERT INTO active_positions (ticker, side, quantity, entry_price) "
                         f"SELECT '{PLANTED}', 'long', 1, 1 FROM generate_series(1, 2)")
    ran = run("-m", "checks", "apply", "--target", migrated, "--contract", str(folder / "contract.toml"), cwd=folder)
    assert ran.code == 1, ran.out
    assert "the server refused it" in ran.out
    assert leaks({"stdout": ran.out}) == []
