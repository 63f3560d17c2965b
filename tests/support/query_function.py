"""A SELECT-only query function over a database, as boto3 shows it; its replies are counted and bounded as Lambda's are."""

from __future__ import annotations

import io
import json
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor

from checks.contract.contract import TargetSpec
from checks.target.routes.through_lambda import LambdaSession


class QueryFunction:
    """What boto3 answers for a SELECT-only query function; a reply past `limit` bytes fails as Lambda's does."""

    def __init__(self, dsn: str, limit: int = 6_291_556) -> None:
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True
        self.limit = limit
        self.payloads: list[int] = []
        self.replies: list[int] = []

    def invoke(self, *, Payload: bytes, **more: Any) -> dict[str, Any]:  # noqa: N803 - boto3's name
        with self.connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(json.loads(Payload)["sql"])
            rows = [dict(row) for row in cursor.fetchall()]
        body = json.dumps({"success": True, "rows": rows, "count": len(rows)}, default=str)
        reply = json.dumps({"statusCode": 200, "body": body}).encode()
        self.payloads.append(len(Payload))
        self.replies.append(len(reply))
        if len(reply) > self.limit:
            reply = json.dumps({"errorType": "Function.ResponseSizeTooLarge", "errorMessage":
                                f"Response payload size ({len(reply)} bytes) exceeded maximum allowed payload size "
                                f"({self.limit} bytes)."}).encode()
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": io.BytesIO(reply)}
        return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": io.BytesIO(reply)}

    def close(self) -> None:
        self.connection.close()


def through(function: QueryFunction) -> LambdaSession:
    return LambdaSession(TargetSpec("prod", route="lambda", query_function="db-query"), function)
