"""The local AWS endpoint: deploying, naming and routing, and refusals."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError

from checks.lambdas.package import pack
from checks.values import UsageError
from tests.support.lambda_calls import ECHO, invoke, result, returning, zipped


def test_a_zip_depends_on_its_contents_only(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.py").write_text("2")
    (tmp_path / "one.py").write_text("1")
    first = pack(tmp_path, {"extra.py": b"3"})
    os.utime(tmp_path / "one.py", (1, 1))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "one.pyc").write_text("compiled")
    assert pack(tmp_path, {"extra.py": b"3"}) == first
    assert zipfile.ZipFile(io.BytesIO(first)).namelist() == ["b/two.py", "extra.py", "one.py"]
    assert pack(tmp_path, {"extra.py": b"4"}) != first


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match="gone is no folder; name the"):
        pack(tmp_path / "gone")


def test_deploy_answers_the_sha_that_aws_shows_for_the_zip(aws):
    for word in ("one", "two"):
        code = returning(word)
        sha = base64.b64encode(hashlib.sha256(code).digest()).decode()
        assert aws.deploy("sha", code) == sha
        shown = aws.client("lambda").get_function_configuration(FunctionName="sha")
        assert (shown["CodeSha256"], shown["State"]) == (sha, "Active")
        assert result(aws, "sha") == word


def test_the_deployed_zip_can_be_fetched_again(aws):
    aws.deploy("fetched", returning("one"), publish=True)
    aws.client("lambda").create_alias(FunctionName="fetched", Name="live", FunctionVersion="1")
    aws.deploy("fetched", returning("two"))

    def fetch(**qualifier):
        link = aws.client("lambda").get_function(FunctionName="fetched", **qualifier)["Code"]["Location"]
        assert link.startswith(aws.endpoint_url)
        with urlopen(link) as answer:
            return answer.read()

    assert (fetch(), fetch(Qualifier="1"), fetch(Qualifier="live")) == (
        returning("two"), returning("one"), returning("one"))
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{aws.endpoint_url}/code/us-west-2/absent/1.zip")
    with pytest.raises(ClientError, match="Function not found"):
        aws.client("lambda").get_function(FunctionName="absent")


def test_a_handler_sees_its_event_context_and_environment(aws, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    settings = {"DATABASE_URL": "postgresql://x", "AWS_REGION": "mars"}
    aws.deploy("echo", zipped(ECHO), environment=settings, timeout_s=7)
    context = base64.b64encode(json.dumps({"custom": {"who": "ä"}}).encode()).decode()
    answer = invoke(aws, "echo", b'{"a": [1, null, "\xc3\xa9"]}', ClientContext=context)
    seen = json.loads(answer["Payload"])
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert seen["event"] == {"a": [1, None, "é"]}
    assert seen["request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert seen["arn"] == f"arn:aws:lambda:us-west-2:{aws.account}:function:echo"
    assert (seen["version"], seen["memory"], seen["client"]) == ("$LATEST", "128", {"who": "ä"})
    assert 5000 < seen["left_ms"] <= 7000
    environment = seen["environment"]
    assert environment["DATABASE_URL"] == "postgresql://x"
    assert environment["AWS_REGION"] == "us-west-2", "reserved names are Lambda's"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "echo"
    assert environment["LAMBDA_TASK_ROOT"] == seen["cwd"] != str(Path.cwd())
    assert environment["AWS_ENDPOINT_URL"] == aws.endpoint_url, "its own AWS calls stay here"
    assert "hunter2" not in str(seen)
    assert "PYTEST_CURRENT_TEST" not in environment


def test_no_payload_is_an_empty_event(aws):
    aws.deploy("echo", zipped(ECHO))
    answer = aws.client("lambda").invoke(FunctionName="echo")
    assert json.loads(answer["Payload"].read())["event"] == {}


def test_other_services_answer_at_the_same_endpoint(aws):
    aws.client("ssm").put_parameter(Name="/dsn", Value="postgresql://", Type="SecureString")
    assert aws.client("ssm").get_parameter(Name="/dsn")["Parameter"]["Name"] == "/dsn"
    secret = aws.client("secretsmanager").create_secret(Name="dsn", SecretString="s")
    assert aws.client("secretsmanager").get_secret_value(SecretId=secret["ARN"])["SecretString"] == "s"
    aws.client("logs").create_log_group(logGroupName="/aws/lambda/x")
    assert aws.client("logs").describe_log_groups()["logGroups"][0]["logGroupName"] == "/aws/lambda/x"
    assert aws.client("ecs").create_cluster(clusterName="c")["cluster"]["status"] == "ACTIVE"
    assert aws.client("sts").get_caller_identity()["Account"] == aws.account


def test_a_function_calls_aws_at_the_same_endpoint(aws):
    aws.client("ssm").put_parameter(Name="/from-inside", Value="seen", Type="String", Overwrite=True)
    aws.deploy("caller", zipped("""
import boto3
def handler(event, context):
    return boto3.client("ssm").get_parameter(Name="/from-inside")["Parameter"]["Value"]
"""))
    assert result(aws, "caller") == "seen"


def test_versions_and_aliases_run_the_code_they_name(aws):
    client = aws.client("lambda")
    aws.deploy("v", returning("one"), publish=True)
    client.create_alias(FunctionName="v", Name="live", FunctionVersion="1")
    aws.deploy("v", returning("two"), publish=True)
    aws.deploy("v", returning("three"))
    for qualifier, word, version in [("1", b'"one"', "1"), ("2", b'"two"', "2"), ("live", b'"one"', "1"),
                                     ("$LATEST", b'"three"', "$LATEST")]:
        answer = invoke(aws, "v", Qualifier=qualifier)
        assert (answer["Payload"], answer["ExecutedVersion"]) == (word, version)
    assert result(aws, "v") == "three"
    client.update_alias(FunctionName="v", Name="live", FunctionVersion="2")
    assert result(aws, "v", Qualifier="live") == "two"


def test_a_function_may_be_named_in_every_way_that_aws_allows(aws):
    aws.deploy("named", zipped(ECHO), publish=True)
    aws.client("lambda").create_alias(FunctionName="named", Name="live", FunctionVersion="1")
    arn = f"arn:aws:lambda:us-west-2:{aws.account}:function:named"
    for name, version, seen in [
        ("named:live", "1", f"{arn}:live"), (arn, "$LATEST", arn), (f"{arn}:1", "1", f"{arn}:1"),
        (f"{aws.account}:function:named:live", "1", f"{arn}:live"),
        ("arn:aws:lambda:us-west-2:999999999999:function:named", "$LATEST", arn),
    ]:
        answer = invoke(aws, name)
        assert (answer["ExecutedVersion"], json.loads(answer["Payload"])["arn"]) == (version, seen)


def test_weighted_routing_follows_the_weights_the_same_way_each_time(aws):
    aws.deploy("w", returning("one"), publish=True)
    aws.deploy("w", returning("two"), publish=True)
    aws.client("lambda").create_alias(FunctionName="w", Name="half", FunctionVersion="1",
                                      RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}})
    versions = [invoke(aws, "w", Qualifier="half")["ExecutedVersion"] for _ in range(8)]
    assert versions == ["1", "1", "2", "1", "1", "1", "2", "1"]


NOT_FOUND = (404, "ResourceNotFoundException",
             "Function not found: arn:aws:lambda:us-west-2:{account}:function:")
UNREADABLE = (400, "InvalidRequestContentException",
              "Could not parse request body into json: Could not parse payload into json")
TOO_LARGE = (413, "RequestEntityTooLargeException",
             "Request must be smaller than {limit} bytes for the InvokeFunction operation")


@pytest.mark.parametrize("name, more, status, code, said", [
    pytest.param("absent", {}, *NOT_FOUND[:2], NOT_FOUND[2] + "absent", id="function"),
    pytest.param("there", {"Qualifier": "7"}, *NOT_FOUND[:2], NOT_FOUND[2] + "there:7", id="version"),
    pytest.param("there", {"Qualifier": "gone"}, *NOT_FOUND[:2], NOT_FOUND[2] + "there:gone", id="alias"),
    pytest.param("there:1", {"Qualifier": "2"}, 400, "InvalidParameterValueException",
                 "The derived qualifier from the function name does not match the specified qualifier.",
                 id="two qualifiers"),
    pytest.param("there", {"Payload": b"{"}, *UNREADABLE, id="half an object"),
    pytest.param("there", {"Payload": b'{"a": NaN}'}, *UNREADABLE, id="NaN"),
    pytest.param("there", {"Payload": b"\xff"}, *UNREADABLE, id="no UTF-8"),
    pytest.param("there", {"Payload": b"[" * 100_000}, *UNREADABLE, id="too deep"),
    pytest.param("there", {"Payload": b'"%s"' % (b"x" * 6_291_456)}, *TOO_LARGE[:2],
                 TOO_LARGE[2].replace("{limit}", "6291456"), id="too large"),
    pytest.param("there", {"Payload": b'"%s"' % (b"x" * 1_048_576), "InvocationType": "Event"},
                 *TOO_LARGE[:2], TOO_LARGE[2].replace("{limit}", "1048576"), id="too large for an event"),
])
def test_what_lambda_refuses_is_refused_in_its_words(aws, name, more, status, code, said):
    aws.deploy("there", returning("ran"))
    with pytest.raises(ClientError) as caught:
        aws.client("lambda").invoke(FunctionName=name, **more)
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (status, code)
    assert said.format(account=aws.account) in answer["Error"]["Message"]


def test_reserved_concurrency_of_zero_throttles(aws):
    aws.deploy("busy", returning("ran"))
    client = aws.client("lambda")
    client.put_function_concurrency(FunctionName="busy", ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException, match="Rate Exceeded"):
        invoke(aws, "busy")
    client.delete_function_concurrency(FunctionName="busy")
    assert result(aws, "busy") == "ran"


@pytest.mark.parametrize("runtime, code, error", [("nodejs22.x", returning("x"), "InvalidRuntimeException"),
                                                  ("python3.11", b"no zip", "InvalidZipFileException")])
def test_code_that_cannot_run_here_is_refused(aws, runtime, code, error):
    aws.deploy("any", returning("x"))
    role = aws.client("lambda").get_function_configuration(FunctionName="any")["Role"]
    aws.client("lambda").create_function(FunctionName=error, Role=role, Runtime=runtime,
                                         Handler="app.handler", Code={"ZipFile": code})
    with pytest.raises(ClientError, match=error):
        invoke(aws, error)
