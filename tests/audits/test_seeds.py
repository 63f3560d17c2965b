"""A script under audit finds the parameters and secrets of the contract, as they were before any run."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from checks.audits.audit import Audit, audit
from checks.audits.trials import AuditRequest
from checks.contract.contract import AuditSpec, Seeds
from checks.contract.reader import read_contract
from checks.target.servers import ScratchServer
from checks.values import UsageError
from tests.support import ROOT
from tests.support.walls import ISOLATION

CONTRACT = read_contract(ROOT / "contract.toml")
V = "2026_02_02_0003_add_constraints_no_do"
SEEDS = Seeds({"/prod/dsn": "{dsn}", "/prod/region": "us-west-2"}, {"db": json.dumps({"url": "{dsn}", "braces": "{}"})})
DEPLOY = f"""
import boto3, json, psycopg2, sys
ssm, secrets = boto3.client("ssm"), boto3.client("secretsmanager")
read = lambda name: ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
secret = json.loads(secrets.get_secret_value(SecretId="db")["SecretString"])
assert read("/prod/region") == "us-west-2", "not as it was"
assert secret["braces"] == "{{}}", "not as it was"
assert secret["url"] == read("/prod/dsn")
ssm.put_parameter(Name="/prod/region", Value="changed", Overwrite=True)
secrets.put_secret_value(SecretId="db", SecretString='{{"braces": "changed", "url": ""}}')
boto3.client("lambda").invoke(FunctionName="ops-pipeline-db-migration", Payload=b"{{}}")
with psycopg2.connect(secret["url"]) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT count(*) FROM schema_migrations WHERE version = '{V}'")
    sys.exit(0 if cursor.fetchone() == (1,) else "not recorded")
"""


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """A script that takes its DSN from SSM and from Secrets Manager, and changes both."""
    (tmp_path / "deploy.py").write_text(textwrap.dedent(DEPLOY))
    return sys.executable, str(tmp_path / "deploy.py")


def audited(command: tuple[str, ...], seeds: Seeds, server: ScratchServer) -> Audit:
    only = ("world.did-nothing", "world.row-without-ddl")
    request = AuditRequest(command, version=V, only=only, parallel=1, isolation=ISOLATION, seeds=seeds)
    return audit(CONTRACT, request, scratch=lambda: nullcontext(server))


def test_every_run_finds_them_as_they_were(deploy: tuple[str, ...], scratch_server: ScratchServer,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "one-that-is-not-here")
    found = audited(deploy, SEEDS, scratch_server)
    assert found.control.word == "caught", found.control
    words = {trial.fault.name: trial.word for trial in found.trials}
    assert words == {"world.did-nothing": "caught", "world.row-without-ddl": "fooled"}


def test_without_them_the_script_is_told_that_there_are_none(deploy: tuple[str, ...], scratch_server: ScratchServer) -> None:
    found = audited(deploy, Seeds(), scratch_server)
    assert found.control.ending is not None
    assert "ResourceNotFound" in found.control.ending.output


def test_what_aws_would_refuse_is_a_sentence(deploy: tuple[str, ...], scratch_server: ScratchServer) -> None:
    with pytest.raises(UsageError, match=r"A parameter or secret of \[audit\] is refused: .*Correct it in the contract"):
        audited(deploy, Seeds({"/aws/mine": "x"}), scratch_server)


def test_the_contract_names_them_and_no_repr_tells_their_values(tmp_path: Path) -> None:
    file = tmp_path / "contract.toml"
    file.write_text('[target.embedded]\nserver = "embedded"\n[audit.deploy]\ncommand = ["x"]\n'
                    'parameters = { "/prod/dsn" = "hunter2" }\nsecrets = { "name" = "hunter3" }\n')
    seeds = Seeds({"/prod/dsn": "hunter2"}, {"name": "hunter3"})
    (spec,) = read_contract(file).audits
    assert spec == AuditSpec("deploy", ("x",), seeds=seeds)
    assert "hunter" not in repr(replace(spec, name="other"))
