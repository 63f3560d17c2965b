"""Whether two schemas are the same, against `pg_dump -s`: random schemas, and random single steps away from them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import psycopg2

from checks.target.servers import ScratchServer
from tests.matrix.generated import Stepped
from tests.matrix.random_schema import random_schema
from tests.matrix.steps import STEPS
from tests.oracle.tally import Tally
from tests.support.pg_dump import schema_text

LEFT_OUT = ("statistics", "rebuilt", "shadowed")
"""Steps that pg_dump tells and no claim does (docs/ignored.md), that it cannot see, or that name their database."""
A_SCHEMA = 25
"""Steps tried of one schema."""


def tally(server: ScratchServer, pg_dump: Path, count: int, seed: str) -> Tally:
    """Of `count` single steps, each committed, dumped and looked at."""
    found = Tally("drift")
    with tempfile.TemporaryDirectory() as folder:
        for number in range((count + A_SCHEMA - 1) // A_SCHEMA):
            _schema(server, pg_dump, Random(f"{seed}/{number}"), f"{seed}/{number}", Path(folder), found,
                    min(A_SCHEMA, count - found.tried))
    return found


def _schema(server: ScratchServer, pg_dump: Path, random: Random, name: str, folder: Path, found: Tally, most: int) -> None:
    before, after = "oracle_before", "oracle_after"
    dsn = server.create_database(before)
    server.execute(random_schema(random), database=before)
    text = schema_text(pg_dump, dsn)
    stepped = Stepped(name, ("public",), dsn, 0, folder)
    every = [(step, statement) for step in STEPS if step.title not in LEFT_OUT for _, statement in stepped.objects(step)]
    stepped.close()
    for step, statement in random.sample(every, min(most, len(every))):
        server.execute(f'CREATE DATABASE "{after}" TEMPLATE "{before}" STRATEGY file_copy')
        try:
            if _committed(server.dsn(after), statement):
                differs = schema_text(pg_dump, server.dsn(after)) != text
                said = stepped.elsewhere(server.dsn(after))
                broken = [verdict.claim for verdict in said if verdict.verdict == "broken"]
                unsure = [verdict.claim for verdict in said if verdict.verdict == "unverified"]
                found.tried += 1
                found.undecided += not broken and bool(unsure)
                if (differs and step.loud) != bool(broken) and not (differs and unsure):  # spelled apart is no drift
                    found.wrong.append(f"drift {name}: {step.title}: {statement}: pg_dump "
                                       f"{'differs' if differs else 'does not'}, broken: {broken}")
        finally:
            server.execute(f'DROP DATABASE "{after}" WITH (FORCE)')
    server.execute(f'DROP DATABASE "{before}" WITH (FORCE)')


def _committed(dsn: str, statement: str) -> bool:
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
    except psycopg2.Error:
        return False
    finally:
        connection.close()
    return True
