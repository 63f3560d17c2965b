"""Invoke at the local endpoint: failures in Lambda's own shapes, time-outs and logs."""

from __future__ import annotations

import json
import time

import pytest

from tests.support.lambda_calls import ended, failure, invoke, result, returning, zipped


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
