"""Invoke at the local endpoint: failures in Lambda's own shapes, logs, processes, types and the seam."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError, ResponseStreamingError

from checks.lambdas.local.endpoint import Response, local_aws
from tests.support.lambda_calls import ECHO, ended, failure, invoke, result, returning, zipped


@pytest.fixture
def intercepting(aws):
    def intercept(with_what):
        aws.intercept = with_what

    yield intercept
    aws.intercept = None


def test_an_exception_is_told_with_type_message_and_stack(aws):
    aws.deploy("raises", zipped("def handler(event, context): raise ValueError('no such thing')"))
    kind, message, answer = failure(aws, "raises")
    body = json.loads(answer["Payload"])
    assert (kind, message) == ("ValueError", "no such thing")
    assert body["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert "line 1, in handler" in body["stackTrace"][0]
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "[ERROR] ValueError: no such thing" in answer["Log"]
    before = aws.process_starts["raises:$LATEST"]
    failure(aws, "raises")
    assert aws.process_starts["raises:$LATEST"] == before == 1, "an exception does not end the process"


@pytest.mark.parametrize("source, handler, kind, said", [
    ("import no_such_module", "app.handler", "Runtime.ImportModuleError",
     "Unable to import module 'app': No module named 'no_such_module'"),
    ("handler = None", "gone.handler", "Runtime.ImportModuleError", "Unable to import module 'gone'"),
    ("x = 1", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
    ("def handler(:", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
    ("raise KeyError('DATABASE_URL')", "app.handler", "KeyError", "'DATABASE_URL'"),
    ("x = 1", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
    ("import sys; sys.exit(3)", "app.handler", "Runtime.ExitError",
     "RequestId: {id} Error: Runtime exited with error: exit status 3"),
    ("def handler(event, context): return {1, 2}", "app.handler", "Runtime.MarshalError",
     "Unable to marshal response: Object of type set is not JSON serializable"),
    ("import os\ndef handler(event, context): os._exit(7)", "app.handler", "Runtime.ExitError",
     "RequestId: {id} Error: Runtime exited with error: exit status 7"),
    ("import sys\ndef handler(event, context): sys.exit()", "app.handler", "Runtime.ExitError",
     "RequestId: {id} Error: Runtime exited without providing a reason"),
    ("import os\ndef handler(event, context): os.kill(os.getpid(), 9)", "app.handler", "Runtime.ExitError",
     "RequestId: {id} Error: Runtime exited with error: signal: killed"),
    ("import os\ndef handler(event, context): os.kill(os.getpid(), 11)", "app.handler", "Runtime.ExitError",
     "RequestId: {id} Error: Runtime exited with error: signal: segmentation fault"),
    ("def handler(event, context): return 'x' * 6_291_556", "app.handler", "Function.ResponseSizeTooLarge",
     "Response payload size exceeded maximum allowed payload size (6291556 bytes)."),
    ("import time\ndef handler(event, context): time.sleep(60)", "app.handler", "Sandbox.Timedout",
     "RequestId: {id} Error: Task timed out after 1.00 seconds"),
], ids=["import error", "no such module", "no handler", "syntax error", "init raises", "malformed handler",
        "exit at import", "unserialisable", "os._exit", "sys.exit", "killed", "segfault", "too large",
        "timeout"])
def test_each_way_to_fail_has_lambdas_own_shape_and_the_next_code_runs(aws, source, handler, kind, said):
    aws.deploy("fails", zipped(source), handler=handler, timeout_s=1)
    found, message, answer = failure(aws, "fails")
    assert found == kind
    assert said.format(id=answer["ResponseMetadata"]["RequestId"]) in message
    assert failure(aws, "fails")[0] == kind, "and again"
    aws.deploy("fails", returning("healed"))
    assert result(aws, "fails") == "healed"


def test_the_largest_reply_comes_back_whole_and_one_byte_more_does_not(aws):
    aws.deploy("large", zipped("def handler(event, context): return 'x' * event"))
    assert len(invoke(aws, "large", b"6291554")["Payload"]) == 6_291_556
    assert failure(aws, "large", b"6291555")[0] == "Function.ResponseSizeTooLarge"
    assert result(aws, "large", b"3") == "xxx"


def test_a_timeout_kills_the_process_and_all_it_started(aws, tmp_path):
    aws.deploy("hangs", zipped(f"""
import os, subprocess
def handler(event, context):
    if event == "well": return os.getpid()
    child = subprocess.Popen(["sleep", "600"])
    with open({str(tmp_path / "pids")!r}, "w") as file: file.write(f"{{os.getpid()}} {{child.pid}}")
    print("about to hang")
    child.wait()
"""), timeout_s=1)
    started = time.monotonic()
    kind, _, answer = failure(aws, "hangs")
    assert kind == "Sandbox.Timedout"
    assert 1 <= time.monotonic() - started < 3
    assert "about to hang" in answer["Log"]
    assert "Task timed out after 1.00 seconds" in answer["Log"]
    assert [ended(int(pid)) for pid in (tmp_path / "pids").read_text().split()] == [True, True]
    assert result(aws, "hangs", b'"well"') > 0


def test_importing_too_long_times_out_too(aws, monkeypatch):
    monkeypatch.setattr("checks.lambdas.local.sandbox.INIT_S", 0.2)
    aws.deploy("slow", zipped("import time; time.sleep(60)"), timeout_s=1)
    assert failure(aws, "slow")[0] == "Sandbox.Timedout"


def test_the_log_tail_has_this_calls_output_between_start_and_report(aws):
    aws.deploy("talks", zipped("""
import logging, os, sys
print("at import")
def handler(event, context):
    print("to stdout", event); print("to stderr", file=sys.stderr); logging.warning("logged")
    os.system("echo from a child")
"""))
    log = invoke(aws, "talks", b"1", LogType="Tail")["Log"]
    request_id = log.split()[2]
    lines = log.splitlines()
    assert lines[0] == f"START RequestId: {request_id} Version: $LATEST"
    assert {"at import", "to stdout 1", "to stderr", "from a child"} < set(lines)
    assert "logged" in log
    assert lines[-2] == f"END RequestId: {request_id}"
    assert lines[-1].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    second = invoke(aws, "talks", b"2", LogType="Tail")["Log"]
    assert "to stdout 2" in second
    assert "to stdout 1" not in second
    assert "at import" not in second
    assert "LogResult" not in invoke(aws, "talks", b"3")


def test_the_log_tail_is_the_last_4_kb(aws):
    aws.deploy("floods", zipped("def handler(event, context):\n  for n in range(200_000): print('line', n)"))
    log = invoke(aws, "floods", LogType="Tail")["Log"]
    assert len(log) == 4096
    assert "line 199999\nEND RequestId" in log


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


def test_intercept_answers_instead_of_the_function(aws, intercepting):
    aws.deploy("forged", returning("real"))
    forged = Response(200, b'{"errorMessage": "forged"}', {
        "x-amz-function-error": "Handled", "X-Amz-Executed-Version": "41", "Content-Type": "text/html"})
    intercepting(lambda invocation: forged if invocation.function == "forged" else None)
    answer = invoke(aws, "forged")
    assert (answer["FunctionError"], answer["ExecutedVersion"], answer["Payload"]) == (
        "Handled", "41", forged.payload)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "text/html"
    assert aws.process_starts["forged:$LATEST"] == 0
    aws.deploy("honest", returning("real"))
    assert result(aws, "honest") == "real"


def test_intercept_may_run_the_function_and_answer_otherwise(aws, intercepting):
    aws.deploy("first", zipped("def handler(event, context): return event"))
    aws.deploy("second", returning("of another function"))

    def lie(invocation):
        truth = aws.run(replace(invocation, payload=b'"another question"'))
        other = aws.run(replace(invocation, function="second"))
        return Response(200, truth.payload + b" " + other.payload)

    intercepting(lie)
    assert invoke(aws, "first", b'"asked"')["Payload"] == b'"another question" "of another function"'


@pytest.mark.parametrize("reply, code", [
    (Response(429, b'{"Message": "Rate exceeded"}', {"x-amzn-ErrorType": "TooManyRequestsException"}),
     "TooManyRequestsException"),
    (Response(503, b"<html>", {"Content-Type": "text/html"}), "503"),
])
def test_intercept_forges_refusals(aws, intercepting, reply, code):
    intercepting(lambda invocation: reply)
    with pytest.raises(ClientError) as caught:
        invoke(aws, "anything")
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("reply, error", [
    (Response(0), ConnectionClosedError),
    (Response(200, b'{"a": 1}', cut_after=3), ResponseStreamingError),
])
def test_intercept_drops_the_connection(aws, intercepting, reply, error):
    intercepting(lambda invocation: reply)
    with pytest.raises(error):
        invoke(aws, "anything")
    assert len(aws.errors) == 0


def test_a_hanging_reply_ends_when_the_caller_hangs_up_or_the_endpoint_closes():
    import boto3
    from botocore.config import Config

    served = threading.Semaphore(0)
    with local_aws() as aws:
        send = aws._send

        def counted(*arguments):
            try:
                return send(*arguments)
            finally:
                served.release()

        aws._send = counted
        aws.intercept = lambda invocation: Response(200, b"{}", delay_s=600)
        hasty = boto3.client("lambda", endpoint_url=aws.endpoint_url, region_name="us-west-2",
                             aws_access_key_id="x", aws_secret_access_key="x",
                             config=Config(read_timeout=0.2, retries={"total_max_attempts": 1}))
        with pytest.raises(ReadTimeoutError):
            hasty.invoke(FunctionName="f")
        assert served.acquire(timeout=5)
        stuck = threading.Thread(target=lambda: invoke(aws, "f"))
        stuck.start()
        while len(aws.invocations) < 2:
            stuck.join(0.01)
    assert served.acquire(timeout=5)
    stuck.join(5)
    assert not stuck.is_alive()


def test_what_intercept_raises_is_kept_and_answered_500(aws, intercepting):
    def raises(invocation):
        raise RuntimeError("a bug in the audit")

    intercepting(raises)
    with pytest.raises(ClientError, match="intercept raised"):
        invoke(aws, "anything")
    assert [str(error) for error in aws.errors] == ["a bug in the audit"]
    aws.errors.clear()


def test_plain_http_without_a_signature_is_served_in_the_endpoints_region(aws):
    aws.deploy("plain", returning("yes"))
    connection = http.client.HTTPConnection(aws.endpoint_url.removeprefix("http://"))
    connection.request("POST", "/2015-03-31/functions/plain/invocations", body=b"{}")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b'"yes"')
    connection.request("POST", "/2014-11-13/functions/plain/invoke-async/", body=b"{}")
    assert connection.getresponse().status == 202
