"""Replies of a query function that answers as if all were well, in a way that gives it away.

Each takes the true answer of a database where V is applied (the twin) and spoils it so that a careful reader can tell
from the reply itself. A stale or empty answer is told only to a question that would show it: one with a nonce.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from checks.audits.faults.fault import ADVICE, Fault, Spoil, TwinAnswer
from checks.lambdas.local.request import Response


def _told(account: object, status: object = 200) -> Response:
    return Response(200, json.dumps({"statusCode": status, "body": json.dumps(account)}).encode(), _RAN)


def _with(**more: Any) -> Spoil:
    return lambda asked: _told({**asked.account, **more})


def _without_flag(asked: TwinAnswer) -> Response:
    return _told({key: value for key, value in asked.account.items() if key != "success"})


def _error(kind: str, message: str) -> Spoil:
    payload = json.dumps({"errorMessage": message, "errorType": kind}).encode()
    return lambda _: Response(200, payload, {**_RAN, "x-amz-function-error": "Unhandled"})


def _raw(text: Callable[[TwinAnswer], str]) -> Spoil:
    return lambda asked: Response(200, text(asked).encode(), _RAN)


def _beside(asked: TwinAnswer) -> Response:
    return replace(_told(asked.account), headers={**_RAN, "x-amz-function-error": "Handled"})


def _truncated(asked: TwinAnswer) -> Response:
    body = json.dumps(asked.account)
    return Response(200, json.dumps({"statusCode": 200, "body": body[:body.rindex("]")]}).encode(), _RAN)


def _twice(asked: TwinAnswer) -> Response:
    body = '{"rows": [], ' + json.dumps(asked.account)[1:]
    return Response(200, json.dumps({"statusCode": 200, "body": body}).encode(), _RAN)


def _no_rows(asked: TwinAnswer) -> Response | None:
    return _told({**asked.account, "rows": [], "count": 0}) if asked.rows else None


def _stale(asked: TwinAnswer) -> Response | None:
    if not asked.nonces:
        return None
    rows = json.dumps(asked.rows)
    for nonce in asked.nonces:
        rows = rows.replace(json.dumps(nonce)[1:-1], "0" * len(nonce))
    return _told({**asked.account, "rows": json.loads(rows)})


_RAN = {"x-amz-executed-version": "$LATEST"}
_THROTTLED = Response(429, b'{"Reason": "CallerRateLimitExceeded", "Type": "User", "message": "Rate Exceeded."}',
                    {"x-amzn-ErrorType": "TooManyRequestsException"})
_LIES: tuple[tuple[str, str, tuple[str, ...], Spoil], ...] = (
    ("F1.query-error", "The query failed: FunctionError, no rows.", (),
     _error("UndefinedTable", "relation \"schema_migrations\" does not exist")),
    ("F1.query-error-beside-rows", "FunctionError beside rows that look right.", (), _beside),
    ("F2.query-event", "202: the question was queued, nothing was asked.", (), lambda _: Response(202)),
    ("F3.query-error-beside-rows", "An errorMessage beside rows that look right.", (),
     _with(errorMessage="canceling statement due to conflict with recovery")),
    ("F4.query-status-500", "statusCode 500 beside rows that look right.", ("status",),
     lambda asked: _told(asked.account, 500)),
    ("F4.query-status-string", "statusCode \"500\" beside rows that look right.", ("status",),
     lambda asked: _told(asked.account, "500")),
    ("F5.query-success-false", "success is false beside rows that look right.", ("success",), _with(success=False)),
    ("F5.query-success-string", "success is the string \"false\" beside rows that look right.", ("success",),
     _with(success="false")),
    ("F5.query-success-missing", "success is missing beside rows that look right.", ("success",), _without_flag),
    ("F6.query-body-truncated", "The reply breaks off after rows that look right.", ("text",), _truncated),
    ("F6.query-duplicate-rows", "The reply names `rows` twice: once empty, once looking right.", ("rows",), _twice),
    ("F7.query-null", "The reply is null.", (), _raw(lambda _: "null")),
    ("F7.query-bare-rows", "The reply is a bare list of rows.", ("success",), _raw(lambda a: json.dumps(a.rows))),
    ("F9.query-timed-out", "The query timed out.", (),
     _error("Sandbox.Timedout", "RequestId: 3f6e2c51 Error: Task timed out after 3.00 seconds")),
    ("F10.query-rows-cut", "It counts more rows than it sends.", ("count",),
     lambda asked: _told({**asked.account, "count": len(asked.rows) + 1})),
    ("F11.query-failed-with-stale-rows", "The query failed, and the rows are those of an earlier time.", (),
     _with(error="connection refused", cached=True)),
    ("F11.query-error-row", "The only row tells of an error.", ("rows",),
     lambda asked: _told({**asked.account, "count": 1,
                          "rows": [{"error": "permission denied for table schema_migrations"}]})),
    ("F11.query-no-rows", "No row comes back from a question that always has one.", ("rows",), _no_rows),
    ("F11.query-another-question", "The answer is one to `SELECT 1`.", ("rows",),
     lambda asked: _told({**asked.account, "count": 1, "rows": [{"?column?": 1}]})),
    ("F11.query-stale-nonce", "The rows look right and carry another question's nonce.", ("rows",), _stale),
    ("F12.query-throttled", "The call is throttled.", (), lambda _: _THROTTLED),
    ("F12.query-read-timeout", "No answer comes.", (), lambda asked: Response(0, delay_s=asked.hang_s)),
)

QUERY_FAULTS = tuple(
    Fault(name, "query", sentence, ADVICE[name.partition(".")[0]], spoil=spoil, needs=needs, slow=name.startswith("F12"))
    for name, sentence, needs, spoil in _LIES)
