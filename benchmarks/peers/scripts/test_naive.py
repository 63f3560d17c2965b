"""One query a claim, one test a query: what a team writes that verifies a deploy with pytest and without a library."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psycopg2
import pytest

CLAIMS = json.loads(Path(os.environ["NAIVE_CLAIMS"]).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def cursor():
    connection = psycopg2.connect(os.environ["NAIVE_URL"])
    connection.set_session(readonly=True, autocommit=True)
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


@pytest.mark.parametrize("question, arguments, expected", [claim[1:] for claim in CLAIMS],
                         ids=[claim[0] for claim in CLAIMS])
def test_is_as_expected(cursor, question, arguments, expected):
    cursor.execute(question, arguments)
    assert [list(row) for row in cursor.fetchall()] == expected
