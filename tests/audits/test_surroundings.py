"""A script under audit and its surroundings: nothing of it is left behind, and nothing real is reached."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
from pathlib import Path

import pytest

from checks.audits.lying_endpoint import LyingEndpoint
from checks.audits.script import Ending, Runner
from checks.audits.surroundings import environment, write_profiles
from checks.values import UsageError
from tests.audits.lying import QUERY


def test_nothing_real_is_in_the_environment(tmp_path: Path) -> None:
    base = {"AWS_PROFILE": "prod", "AWS_ACCESS_KEY_ID": "REAL", "AWS_ENDPOINT_URL_ECS": "https://real",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "BOTO_CONFIG": "/b",
            "PGHOST": "db.prod", "PGPASSWORD": "REAL", "PROD_DB": "postgresql://u:REAL@db/prod", "STAGING_DSN": "x",
            "https_proxy": "http://proxy", "PATH": "/bin", "HOME": "/root", "AWS_CONFIG_FILE": "/real"}
    write_profiles(tmp_path, ["prod"], "eu-west-1")
    found = environment(base, "http://127.0.0.1:1", "eu-west-1", tmp_path, {"STAGING_DSN": "postgresql://audit"})
    assert "REAL" not in " ".join(found.values())
    assert {"AWS_PROFILE", "PGHOST", "PROD_DB", "BOTO_CONFIG", "AWS_WEB_IDENTITY_TOKEN_FILE"}.isdisjoint(found)
    assert found["PATH"] == "/bin"
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"
    assert {found[name] for name in found if name.startswith("AWS_ENDPOINT_URL")} == {"http://127.0.0.1:1"}
    assert found["STAGING_DSN"] == "postgresql://audit"
    assert found["HTTPS_PROXY"] == found["https_proxy"] == "http://127.0.0.1:9"
    assert "[prod]" in (tmp_path / "credentials").read_text()
    assert "[profile prod]" in (tmp_path / "config").read_text()


def test_a_named_profile_leads_to_the_endpoint(world: LyingEndpoint, tmp_path: Path) -> None:
    write_profiles(tmp_path, ["prod"], "us-west-2")
    world.reset(None)
    variables = environment(os.environ, world.aws.endpoint_url, "us-west-2", tmp_path, {})
    code = (f"import boto3; c = boto3.Session(profile_name='prod').client('lambda'); "
            f"print(c.meta.endpoint_url, c.get_function_configuration(FunctionName='{QUERY}')['State'])")
    with Runner() as runner:
        ending = runner.run((sys.executable, "-c", code), variables, 30)
    assert ending.output.split() == [world.aws.endpoint_url, "Active"]


def run(command: tuple[str, ...], timeout_s: float = 20, text: str = "") -> Ending:
    with Runner() as runner:
        return runner.run(command, dict(os.environ), timeout_s, (re.compile(text),) if text else ())


def test_a_script_that_hangs_is_cut_with_all_it_started() -> None:
    ending = run(("bash", "-c", "setsid sleep 1000 & echo $!; sleep 1000 & echo $!; sleep 1000"), timeout_s=0.5)
    assert (ending.timed_out, ending.exit_code) == (True, None)
    assert "was killed after" in ending.told
    assert [gone(int(pid)) for pid in ending.output.split()] == [True, True]


def test_a_script_that_ends_leaves_no_child() -> None:
    ending = run(("bash", "-c", "setsid sleep 1000 & echo $!; sleep 1000 & echo $!"))
    assert ending.exit_code == 0
    assert [gone(int(pid)) for pid in ending.output.split()] == [True, True]


def test_a_script_that_dies_by_signal_is_told() -> None:
    ending = run(("bash", "-c", "kill -SEGV $$"))
    assert (ending.signal, ending.exit_code) == (signal.SIGSEGV, None)
    assert "died by signal 11" in ending.told


def test_megabytes_of_output_are_bounded_and_searched() -> None:
    code = "print('x' * 10**7); print('applied ok'); print('y\\n' * 10**6)"
    ending = run((sys.executable, "-c", code), text="^applied")
    assert len(ending.output) < 40_000
    assert ending.output.startswith("xxx")
    assert "bytes left out" in ending.output
    assert ending.success_line == "applied ok"


def test_what_cannot_be_run_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "deploy").write_text("no interpreter")
    (tmp_path / "deploy").chmod(0o755)
    with pytest.raises(UsageError, match="give it a #! line"):
        run((str(tmp_path / "deploy"),))


def gone(pid: int) -> bool:
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], 5)[0])
    finally:
        os.close(watched)
