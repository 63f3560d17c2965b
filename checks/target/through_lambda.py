"""The Lambda route: one boto3 invoke a question, every question with a nonce that the answer must echo.

A document column `doc` comes back with `"` and `` ` `` swapped, since it is told inside JSON inside JSON, where every
quote would become four characters; past 6 MB it is asked for in pages. boto3 never invokes twice: retries are off and
the read timeout is above what a function may take.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

from checks.contract.contract import TargetSpec
from checks.lambdas.replies.outcome import Outcome, classify_query
from checks.lambdas.replies.reply import Reply
from checks.target.session import Cost, Row
from checks.values import Rejected, Unreachable, Unverified, UsageError

PAGE_CHARACTERS = 5_000_000
"""Of a document that Lambda's 6 MB (6,291,556 bytes) let through with its wrapping."""
READ_TIMEOUT_S = 910
"""Above Lambda's longest function timeout, 15 minutes."""
MAX_PAGES = 50
PAGED_ATTEMPTS = 3
"""How often a document is asked for whose pages do not fit together: the server may order its rows anew in between."""
_SWAP = str.maketrans('"`', '`"')


class LambdaSession:
    """A session over a SELECT-only query function."""

    question_bytes = 5_000_000
    """Of the 6 MB that Lambda takes."""
    can_run = False

    def __init__(self, spec: TargetSpec, client: Any) -> None:
        self.cost = Cost()
        self._spec = spec
        self._client = client

    def ask(self, select: str, *, scan: bool = False) -> list[Row]:
        """See Session. The SELECT returns one row with one text column `doc`; the answer is that row."""
        for _ in range(PAGED_ATTEMPTS):
            text = self._told(select, scan)
            if text is not None:
                return [(text.translate(_SWAP),)]
        raise Unverified("The catalogue changed each time while it was told in pages. Run again when no migration runs.")

    def _told(self, select: str, scan: bool) -> str | None:
        """The whole document, or None when it changed between two of its pages."""
        text, size, mark = self._page(select, 1, PAGE_CHARACTERS, scan)
        step = len(text)
        pages = 1
        while len(text) < size:
            pages += 1
            if pages > MAX_PAGES or step == 0:
                raise Unverified(f"{self._name} tells {size:,} characters in too small pages.")
            more, again, same = self._page(select, len(text) + 1, step, scan)
            if (again, same) != (size, mark) or not more:
                return None
            text += more
        return text

    def rest(self) -> None:
        """See Session: no transaction outlives an invocation."""

    def run(self, statements: str) -> list[Row]:
        """See Session: nothing is run through a query function."""
        raise Unverified("A query function only reads.")

    def close(self) -> None:
        """See Session."""
        self._client.close()

    @property
    def _name(self) -> str:
        return f"The query function {self._spec.query_function}"

    def _page(self, select: str, start: int, length: int, scan: bool) -> tuple[str, int, str]:
        while True:
            outcome = self._asked(select, start, length, scan)
            if outcome.word == "succeeded":
                return self._cell(outcome, start, length)
            if "ResponseSizeTooLarge" in outcome.reason and length > 10_000:
                length //= 2
                continue
            raise self._refusal(outcome)

    def _asked(self, select: str, start: int, length: int, scan: bool) -> Outcome:
        nonce = secrets.token_hex(8)
        question = (f"SELECT substr(q.doc, {start}, {length}) AS page, length(q.doc) AS size, "
                    f"CASE WHEN {start} > 1 OR length(q.doc) > {length} THEN md5(q.doc) ELSE '' END AS mark, "
                    f"'{nonce}' AS nonce FROM (SELECT translate(w.doc, '\"`', '`\"') AS doc FROM ({select}) w "
                    "OFFSET 0) q")
        if scan:
            self.cost.scans += 1
        else:
            self.cost.statements += 1
        self.cost.invocations += 1
        reply = invoke(self._client, self._spec.query_function or "", {"sql": question}, self._spec.qualifier)
        return classify_query(reply, nonce, self._spec.query_reply)

    def _cell(self, outcome: Outcome, start: int, length: int) -> tuple[str, int, str]:
        row = outcome.rows[0] if outcome.rows else None
        if isinstance(row, dict):
            row = [row.get("page"), row.get("size"), row.get("mark")]
        if not isinstance(row, list | tuple) or len(row) < 3 or not isinstance(row[0], str):
            raise Unverified(f"{self._name} answered something else than was asked: its first row holds "
                             "no text `page`. Look whether it is the SELECT-only query function.")
        try:
            size = int(row[1])
        except (TypeError, ValueError):
            raise Unverified(f"{self._name} answered something else than was asked: no `size`.") from None
        if len(row[0]) != max(0, min(length, size - start + 1)):
            raise Unverified(f"{self._name} cut its answer short: {len(row[0]):,} of {size:,} characters.")
        return row[0], size, str(row[2])

    def _refusal(self, outcome: Outcome) -> Exception:
        found = sqlstate_of(outcome.reason)
        if found:
            return Rejected(found, outcome.reason, "")
        remedy = " Give credentials: AWS_PROFILE, or profile in the contract." if "Credentials" in outcome.reason else ""
        return Unverified(f"{self._name} did not answer the question ({outcome.place}): {outcome.reason}{remedy}")


def sqlstate_of(reason: str) -> str | None:
    """The SQLSTATE that a function's error text lets us tell, for the refusals that have a remedy of their own."""
    if "permission denied" in reason or "InsufficientPrivilege" in reason:
        return "42501"
    if "statement timeout" in reason or "lock timeout" in reason:
        return "57014"
    return None


def lambda_client(spec: TargetSpec, endpoint_url: str | None = None) -> Any:
    """A boto3 Lambda client for `spec`: no retries, so that nothing is invoked twice.

    Args:
        spec: region, profile.
        endpoint_url: a local endpoint; then credentials are ours too, and no profile is read.

    Raises:
        Unreachable: boto3 finds no region or no such profile.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=READ_TIMEOUT_S,
                    connect_timeout=10, tcp_keepalive=True)
    try:
        if endpoint_url:
            return boto3.Session(aws_access_key_id="local", aws_secret_access_key="local",
                                 region_name=spec.region or "us-west-2").client(
                "lambda", endpoint_url=endpoint_url, config=config)
        return boto3.Session(profile_name=spec.profile, region_name=spec.region).client("lambda", config=config)
    except BotoCoreError as error:
        raise Unreachable(f"No Lambda client for target {spec.name!r}: {error}. Set region (and profile) in the "
                          "contract, or AWS_REGION and AWS_PROFILE.") from None
    except ValueError as error:
        raise UsageError(f"No Lambda client for target {spec.name!r}: {error}.") from None


def invoke(client: Any, function: str, event: dict[str, Any], qualifier: str | None = None) -> Reply:
    """Invokes once and returns what came back, errors of the transport included; nothing is believed here.

    Args:
        client: from `lambda_client`.
        function: name or ARN.
        event: the payload, a JSON object.
        qualifier: version or alias.
    """
    import json

    from botocore.exceptions import BotoCoreError, ClientError

    more = {"Qualifier": qualifier} if qualifier else {}
    try:
        answer = client.invoke(FunctionName=function, InvocationType="RequestResponse", LogType="Tail",
                               Payload=json.dumps(event).encode(), **more)
        payload = answer["Payload"].read()
    except ClientError as error:
        details = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return Reply(status=status, transport_error=f"{details.get('Code')}: {details.get('Message')}"[:300])
    except BotoCoreError as error:
        return Reply(status=None, transport_error=f"{type(error).__name__}: {error}"[:300])
    except Exception as error:  # urllib3's own, when the body breaks off in mid-read
        return Reply(status=None, transport_error=f"{type(error).__name__}: the reply broke off")
    tail = answer.get("LogResult", "")
    return Reply(status=answer["StatusCode"], function_error=answer.get("FunctionError"),
                 executed_version=answer.get("ExecutedVersion"),
                 log_tail=base64.b64decode(tail).decode("utf-8", "replace") if tail else "", payload=payload,
                 retries=answer.get("ResponseMetadata", {}).get("RetryAttempts", 0))


def plain_name(function: str) -> str:
    """The name in what may be an ARN, `name:qualifier` or just a name."""
    parts = function.split(":")
    return parts[parts.index("function") + 1] if "function" in parts[:-1] else parts[0]
