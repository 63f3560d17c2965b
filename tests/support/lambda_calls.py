"""What tests of deployed functions share: zips, and invocations as boto3 answers them."""

from __future__ import annotations

import base64
import io
import json
import os
import select
import zipfile

ECHO = """
import os
def handler(event, context):
    return {"event": event, "pid": os.getpid(), "request_id": context.aws_request_id,
            "arn": context.invoked_function_arn, "version": context.function_version,
            "memory": context.memory_limit_in_mb, "left_ms": context.get_remaining_time_in_millis(),
            "client": context.client_context and context.client_context.custom,
            "environment": dict(os.environ), "cwd": os.getcwd()}
"""


def zipped(source: str) -> bytes:
    """A zip whose app.py is `source`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), source)
    return buffer.getvalue()


def returning(word: str) -> bytes:
    return zipped(f"def handler(event, context): return {word!r}")


def invoke(aws, name, payload=b"{}", **more):
    """The answer of boto3, with the payload read and the log tail decoded."""
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=payload, **more)
    answer["Payload"] = answer["Payload"].read()
    answer["Log"] = base64.b64decode(answer.get("LogResult", "")).decode()
    return answer


def result(aws, name, payload=b"{}", **more):
    answer = invoke(aws, name, payload, **more)
    assert "FunctionError" not in answer, answer["Payload"]
    return json.loads(answer["Payload"])


def failure(aws, name, payload=b"{}", **more):
    """(errorType, errorMessage, answer) of an invocation that must fail in the function."""
    answer = invoke(aws, name, payload, LogType="Tail", **more)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    error = json.loads(answer["Payload"])
    return error["errorType"], error["errorMessage"], answer


def ended(pid: int, within_s: float = 10) -> bool:
    """Waits for the end of a process that need not be a child."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], within_s)[0])
    finally:
        os.close(watched)
