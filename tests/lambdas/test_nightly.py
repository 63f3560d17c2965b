"""The suite as a nightly function: run by AWS's own runtime client, with its evidence in an S3 that really keeps it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg2
import pytest

from checks.lambdas.local.endpoint import LocalAws
from checks.lambdas.package import pack
from tests.support import ROOT
from tests.support.running import run

NAME = "postdeploy-nightly"
CONTRACT = """migrations = "migrations"
[ledger]
table = "schema_migrations"
[target.night]
dsn = "env:NIGHT_DSN"
"""


class Nightly(NamedTuple):
    """Where the function runs, and where it keeps evidence."""

    aws: LocalAws
    bucket: str


@pytest.fixture
def nightly(aws: LocalAws, migrated: str, tmp_path: Path) -> Nightly:
    """The endpoint with a bucket, and the function deployed beside contract, migrations and lock."""
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    (tmp_path / "contract.toml").write_text(CONTRACT)
    assert run("-m", "checks", "lock", cwd=tmp_path).code == 0
    bucket = f"evidence-{uuid4()}"
    aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    files = {file.relative_to(tmp_path).as_posix(): file.read_bytes() for file in tmp_path.rglob("*.*") if file.is_file()}
    aws.deploy(NAME, pack(ROOT / "fixtures" / "lambdas" / "verify", files), timeout_s=120, environment={
        "PYTHONPATH": str(ROOT), "NIGHT_DSN": migrated, "TARGET": "night", "EVIDENCE_BUCKET": bucket,
        "AWS_ENDPOINT_URL_S3": aws.endpoint_url, "AWS_S3_ADDRESSING_STYLE": "path", "PING_URL": "http://127.0.0.1:1/SECRET"})
    return Nightly(aws, bucket)


def invoked(nightly: Nightly, event: Any) -> tuple[str | None, Any]:
    """(FunctionError, payload)."""
    answer = nightly.aws.client("lambda").invoke(FunctionName=NAME, Payload=json.dumps(event).encode())
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def kept(nightly: Nightly) -> dict[str, bytes]:
    s3 = nightly.aws.client("s3")
    return {each["Key"]: s3.get_object(Bucket=nightly.bucket, Key=each["Key"])["Body"].read()
            for each in s3.list_objects_v2(Bucket=nightly.bucket).get("Contents", ())}


def test_evidence_is_kept_each_night_and_the_function_fails_when_a_claim_is_broken(nightly: Nightly, migrated: str) -> None:
    for target in ("--writes=scratch", "postgresql://elsewhere/x", "a b"):
        failed, told = invoked(nightly, {"target": target})
        assert (failed, told["errorMessage"]) == ("Unhandled", "target must be a name of contract.toml")
    assert kept(nightly) == {}
    failed, told = invoked(nightly, {})
    assert failed is None, told
    assert (told["verdict"], told["exit_code"], told["not_held"]) == ("held", 0, [])
    connection = psycopg2.connect(migrated)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side")
    connection.close()
    failed, told = invoked(nightly, {"target": "night"})
    assert (failed, told["errorType"]) == ("Unhandled", "NotHeld")
    said = json.loads(told["errorMessage"])
    assert said["verdict"] == "broken"
    assert "constraints:active_positions.chk_active_positions_side" in said["not_held"]
    files = kept(nightly)
    verdicts = [json.loads(text)["verdict"] for key, text in sorted(files.items()) if key.endswith(".json")]
    assert verdicts == ["held", "broken"]
    assert b'data-strip="hb"' in files["evidence/night/report.html"]
    assert b"SECRET" not in b"".join(files.values())
