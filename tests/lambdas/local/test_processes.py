"""Invoke at the local endpoint: warm processes, calls at once, events, dry runs."""

from __future__ import annotations

import http.client
import os
import signal
import threading

import pytest
from botocore.exceptions import ClientError

from checks.lambdas.local.endpoint import local_aws
from tests.support.lambda_calls import ECHO, ended, invoke, result, returning, zipped


def test_a_warm_process_serves_until_its_code_or_settings_change(aws):
    def pid():
        return result(aws, "warm")["pid"]

    aws.deploy("warm", zipped(ECHO))
    first = pid()
    assert [pid() for _ in range(5)] == [first] * 5
    assert aws.process_starts["warm:$LATEST"] == 1
    aws.deploy("warm", zipped(ECHO))
    assert pid() == first, "the same deployed again is no change"
    aws.deploy("warm", zipped(ECHO), environment={"NEW": "1"})
    second = pid()
    aws.deploy("warm", zipped(ECHO + "\n"), environment={"NEW": "1"})
    third = pid()
    assert len({first, second, third}) == 3
    assert ended(first)
    assert ended(second)


def test_a_process_that_dies_between_calls_is_replaced_unnoticed(aws):
    aws.deploy("mortal", zipped(ECHO))
    first = result(aws, "mortal")["pid"]
    sandbox = next(idle for idle in aws._sandboxes._idle if idle.pid == first)
    os.kill(first, signal.SIGKILL)
    sandbox._process.wait()
    assert result(aws, "mortal")["pid"] != first


def test_calls_at_once_run_in_processes_of_their_own(aws, gate):
    aws.deploy("meets", zipped(f"""
import os, socket
def handler(event, context):
    with socket.create_connection({gate.getsockname()!r}) as gate: gate.recv(1)
    return os.getpid()
"""))
    pids: list[int] = []
    calls = [threading.Thread(target=lambda: pids.append(result(aws, "meets"))) for _ in range(3)]
    for call in calls:
        call.start()
    inside = [gate.accept()[0] for _ in calls]
    for connection in inside:
        connection.sendall(b"x")
        connection.close()
    for call in calls:
        call.join()
    assert len(set(pids)) == 3


def test_more_calls_than_processes_wait_for_their_turn(aws, monkeypatch):
    monkeypatch.setattr("checks.lambdas.local.sandboxes.AT_ONCE", 2)
    aws.deploy("queue", zipped("import os\ndef handler(event, context): return [event, os.getpid()]"))
    seen: list[list[int]] = []
    calls = [threading.Thread(target=lambda n=n: seen.append(result(aws, "queue", str(n).encode())))
             for n in range(20)]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    assert sorted(n for n, _ in seen) == list(range(20)), "each call got the reply to its own event"
    assert len({pid for _, pid in seen}) <= 2


def test_an_event_answers_202_at_once_and_runs_once(aws, gate):
    aws.deploy("later", zipped(f"""
import socket
def handler(event, context):
    with socket.create_connection({gate.getsockname()!r}) as gate: gate.sendall(event.encode()); gate.recv(1)
    raise ValueError("an event is not tried again here")
"""))
    answer = invoke(aws, "later", b'"hello"', InvocationType="Event")
    assert (answer["StatusCode"], answer["Payload"]) == (202, b"")
    assert "FunctionError" not in answer
    connection, _ = gate.accept()
    assert connection.recv(100) == b"hello"
    connection.close()
    aws._invoker.join()
    assert aws.process_starts["later:$LATEST"] == 1


def test_close_waits_for_accepted_events(tmp_path):
    done = tmp_path / "done"
    with local_aws() as aws:
        aws.deploy("later", zipped(f"""
import pathlib, time
def handler(event, context):
    time.sleep(0.3)
    pathlib.Path({str(done)!r}).write_text("yes")
"""))
        invoke(aws, "later", InvocationType="Event")
    assert done.read_text() == "yes"


def test_a_dry_run_answers_204_and_runs_nothing(aws):
    aws.deploy("dry", returning("ran"))
    assert invoke(aws, "dry", InvocationType="DryRun")["StatusCode"] == 204
    assert aws.process_starts["dry:$LATEST"] == 0
    with pytest.raises(ClientError, match="Function not found"):
        invoke(aws, "absent", InvocationType="DryRun")


def test_every_invocation_is_recorded(aws):
    aws.deploy("noted", returning("x"), publish=True)
    aws.invocations.clear()
    invoke(aws, "noted", b"1")
    invoke(aws, "noted", b"2", Qualifier="1", InvocationType="DryRun")
    with pytest.raises(ClientError):
        invoke(aws, "absent", b"3")
    assert [(one.function, one.qualifier, one.kind, one.payload) for one in aws.invocations] == [
        ("noted", None, "RequestResponse", b"1"), ("noted", "1", "DryRun", b"2"),
        ("absent", None, "RequestResponse", b"3")]


def test_plain_http_without_a_signature_is_served_in_the_endpoints_region(aws):
    aws.deploy("plain", returning("yes"))
    connection = http.client.HTTPConnection(aws.endpoint_url.removeprefix("http://"))
    connection.request("POST", "/2015-03-31/functions/plain/invocations", body=b"{}")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b'"yes"')
    connection.request("POST", "/2014-11-13/functions/plain/invoke-async/", body=b"{}")
    assert connection.getresponse().status == 202
