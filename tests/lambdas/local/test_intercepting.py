"""The seam of the local endpoint: intercepted invocations answer, forge, drop and hang."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError, ResponseStreamingError

from checks.lambdas.local.endpoint import Response, local_aws
from tests.support.lambda_calls import invoke, result, returning, zipped


@pytest.fixture
def intercepting(aws):
    def intercept(with_what):
        aws.intercept = with_what

    yield intercept
    aws.intercept = None


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
