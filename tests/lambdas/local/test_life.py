"""The local AWS endpoint's own life: alone, on loopback, quick, and gone with its owner."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from checks.lambdas.local.endpoint import local_aws
from checks.values import UsageError
from tests.support import ROOT
from tests.support.lambda_calls import ECHO, ended, invoke, result, returning, zipped


def environment(**more: str) -> dict[str, str]:
    """Ours, for a Python that finds the harness and lambda_calls."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def script(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], env=environment(**more), capture_output=True,
                          text=True, timeout=120)


def refuses_connections(address: str) -> bool:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def test_two_endpoints_in_one_process_know_nothing_of_each_other():
    with local_aws() as one, local_aws("eu-central-1") as two:
        assert one.account != two.account
        one.deploy("f", returning("one"))
        two.deploy("f", returning("two"))
        assert (result(one, "f"), result(two, "f")) == ("one", "two")
        one.deploy("only", returning("here"))
        with pytest.raises(ClientError, match="Function not found"):
            invoke(two, "only")
        assert [f["FunctionName"] for f in two.client("lambda").list_functions()["Functions"]] == ["f"]
    with local_aws() as again:
        assert again.client("lambda").list_functions()["Functions"] == []


UNDER_A_PROFILE = """
from tests.support.lambda_calls import invoke, returning
from checks.lambdas.local.endpoint import local_aws
with local_aws() as aws:
    aws.deploy("f", returning("yes"))
    print(invoke(aws, "f")["Payload"].decode())
    print(aws.client("logs").describe_log_groups()["logGroups"])
    print(aws.client("sts").get_caller_identity()["Account"] == aws.account)
"""


@pytest.mark.parametrize("profile", ["prod", "absent"])
def test_the_users_aws_settings_are_not_looked_at(tmp_path, profile):
    settings = tmp_path / "config"
    asked = tmp_path / "asked"
    settings.write_text("[profile prod]\nregion = mars\nca_bundle = /nowhere\nendpoint_url = http://127.0.0.1:1\n"
                        f"credential_process = touch {asked}\n")
    run = script(UNDER_A_PROFILE, AWS_PROFILE=profile, AWS_CONFIG_FILE=str(settings), AWS_REGION="mars",
                 AWS_ENDPOINT_URL="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1")
    assert (run.stderr, run.stdout) == ("", '"yes"\n[]\nTrue\n')
    assert not asked.exists()


def test_it_listens_on_127_0_0_1_only(aws):
    port = f":{int(aws.endpoint_url.rsplit(':', 1)[1]):04X}"
    tables = [Path(f"/proc/self/net/{name}").read_text() for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()]
    assert [row[1] for row in rows if row[3] == "0A" and row[1].endswith(port)] == ["0100007F" + port]


def test_nothing_is_left_after_close():
    before = set(threading.enumerate())
    with local_aws() as aws:
        aws.deploy("f", zipped(ECHO))
        aws.deploy("stuck", zipped("import time\ndef handler(event, context): time.sleep(600)"))
        seen = result(aws, "f")

        def abandoned():
            with suppress(Exception):
                invoke(aws, "stuck")

        threading.Thread(target=abandoned).start()
        while aws.process_starts["stuck:$LATEST"] == 0:
            assert result(aws, "f")
        started = time.monotonic()
    assert time.monotonic() - started < 3, "a call that nobody waits for does not hold close up"
    assert ended(seen["pid"], 0)
    assert refuses_connections(aws.endpoint_url)
    assert refuses_connections(seen["environment"]["AWS_LAMBDA_RUNTIME_API"])
    assert not Path(seen["cwd"]).parent.exists()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert set(threading.enumerate()) <= before
    aws.close()


OWNER = """
import sys
from tests.support.lambda_calls import zipped
from checks.lambdas.local.endpoint import local_aws
with local_aws() as aws:
    aws.deploy("hangs", zipped(sys.argv[1]), timeout_s=600)
    print(aws._sandboxes._reaper.pid, flush=True)
    aws.client("lambda").invoke(FunctionName="hangs")
"""


def test_nothing_is_left_when_the_owner_is_killed(gate):
    handler = f"""
import os, socket, subprocess
def handler(event, context):
    child = subprocess.Popen(["sleep", "600"])
    with socket.create_connection({gate.getsockname()!r}) as report:
        report.sendall(f"{{os.getpid()}} {{child.pid}} {{os.getcwd()}}".encode())
    child.wait()
"""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, handler], stdout=subprocess.PIPE, text=True,
                             env=environment())
    try:
        assert owner.stdout
        reaper = int(owner.stdout.readline())
        with gate.accept()[0] as report:
            pid, child, cwd = report.makefile().read().split()
    finally:
        owner.kill()
        owner.communicate()
    assert [ended(int(process)) for process in (pid, child, reaper)] == [True, True, True]
    assert not Path(cwd).parent.exists()


@pytest.mark.parametrize("missing, platform, said", [
    ("moto", "linux", "moto is missing"), ("flask", "linux", "pip install 'postdeploy-checks[local]'"),
    ("awslambdaric", "linux", "need awslambdaric; install it with: pip install 'postdeploy-checks[local]'"),
    ("awslambdaric", "darwin", "for Linux only"),
])
def test_a_missing_extra_is_one_sentence_with_the_remedy(monkeypatch, missing, platform, said):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else find(name))
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(UsageError, match="Lambda targets need") as caught, local_aws():
        pass
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


STARTUP = """
import time
from checks.lambdas.local.endpoint import local_aws
with local_aws():
    print(time.process_time())
"""


def test_it_is_up_within_a_second_of_processor_time():
    assert min(float(script(STARTUP).stdout) for _ in range(2)) < 1.0, "0.5 s measured, imports included"
