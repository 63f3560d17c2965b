"""Which index ON CONFLICT can use, against an INSERT that the server plans and runs."""

from __future__ import annotations

from random import Random

import psycopg2

from checks.catalog.arbiters import arbiter
from checks.catalog.decode import decode
from checks.catalog.key import Key
from checks.catalog.select import snapshot_select
from tests.oracle.tally import Tally

COLUMNS = ("a", "b", "c")


def indexes(random: Random) -> list[str]:
    """Up to four ways to make something unique, or nearly so."""
    return [_index(random, number) for number in range(random.randint(0, 4))]


def _index(random: Random, number: int) -> str:
    columns = random.sample(COLUMNS, random.randint(1, 3))
    if random.random() < 0.35:
        kind = "UNIQUE" if random.random() < 0.7 or number else "PRIMARY KEY"
        late = random.choice(("", "", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"))
        if kind == "UNIQUE" and random.random() < 0.1:
            return f"ALTER TABLE t ADD CONSTRAINT x{number} EXCLUDE ({columns[0]} WITH =){late}"
        return f"ALTER TABLE t ADD CONSTRAINT k{number} {kind} ({', '.join(columns)}){late}"
    keys = [f"lower({each})" if each == "a" and random.random() < 0.2 else
            f"{each} COLLATE \"C\"" if each == "a" and random.random() < 0.2 else
            f"{each} text_pattern_ops" if each == "a" and random.random() < 0.15 else
            f"{each} DESC" if random.random() < 0.2 else each for each in columns]
    unique = "UNIQUE " if random.random() < 0.75 else ""
    more = " INCLUDE (d)" if random.random() < 0.15 else ""
    nulls = " NULLS NOT DISTINCT" if unique and random.random() < 0.1 else ""
    where = random.choice(("", "", "", " WHERE a IS NOT NULL", " WHERE true", " WHERE b > 0"))
    return f"CREATE {unique}INDEX i{number} ON t ({', '.join(keys)}){more}{nulls}{where}"


def tally(dsn: str, count: int, seed: str) -> Tally:
    """Of `count` tables, each with a few indexes and one ON CONFLICT."""
    found = Tally("arbiters")
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        for number in range(count):
            random = Random(f"{seed}/{number}")
            made, key = indexes(random), tuple(random.sample(COLUMNS, random.randint(1, 3)))
            cursor.execute("CREATE TABLE t (a text NOT NULL, b int NOT NULL, c int, d int)")
            for statement in made:
                cursor.execute("SAVEPOINT one")
                try:
                    cursor.execute(statement)
                except psycopg2.Error:
                    cursor.execute("ROLLBACK TO one")
            cursor.execute("SET LOCAL search_path = pg_catalog, pg_temp")
            cursor.execute(snapshot_select(("public",), None))
            told = arbiter(Key.table("t").path, key, decode(cursor.fetchone()[0]))
            try:
                cursor.execute(f"INSERT INTO public.t VALUES ('a', 1, 1, 1) ON CONFLICT ({', '.join(key)}) DO NOTHING")
                taken = ""
            except psycopg2.Error as error:
                taken = str(error.pgcode)
            found.tried += 1
            if (told is None) == (taken == ""):
                found.wrong.append(f"arbiters {seed}/{number}: {made} ON CONFLICT {key}: "
                                   f"{told and told.name} is told, the server says {taken or 'yes'}")
            connection.rollback()
    return found
