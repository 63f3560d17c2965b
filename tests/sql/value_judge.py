"""A real PostgreSQL judges what is said of the values a column can store: every proof is tried by INSERTs."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from typing import Any

import psycopg2

from checks.sql.names import array_literal
from checks.sql.syntax.lexemes import array_elements
from checks.sql.values_accepted import suspects
from checks.sql.values_accepted.answers import AcceptedValues, ColumnFacts, ColumnRow, NamedCheck, Storability
from checks.sql.values_accepted.decide import decide
from tests.sql.value_grammar import NOT_NULL, OTHERS, STRANGE, Specimen

EXAMPLES = int(os.environ.get("POSTDEPLOY_ORACLE_EXAMPLES") or "0")
"""How many examples a test tries, if more than a few."""
SEED = os.environ.get("POSTDEPLOY_ORACLE_SEED") or "1"
"""What they are drawn from."""
Row = Mapping[str, str | None]
_TRY = """
CREATE OR REPLACE FUNCTION value_judge.try(statements jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE found jsonb := '[]'; made text; statement text; kept text;
BEGIN
  FOR statement IN SELECT jsonb_array_elements_text(statements) LOOP
    BEGIN
      EXECUTE statement INTO made;
      found := found || jsonb_build_array(jsonb_build_array('stored', made));
    EXCEPTION WHEN OTHERS THEN
      found := found || jsonb_build_array(jsonb_build_array(SQLSTATE, NULL));
    END;
  END LOOP;
  RETURN found;
END $$"""
_SETTINGS: tuple[Row, ...] = (
    {"j": "1"}, {"j": "5", "k": "x", "st": "legacy", "i": "1", "bo": "true"},
    {"j": "3", "k": "7", "st": "old", "i": "-1", "bo": "false", "d": "2024-06-01", "d2": "2023-01-01", "nu": "3.5",
     "ts": "2025-01-01 00:00+00"},
    {"j": "4", "k": "abc", "st": "new", "i": "3", "d": "2020-01-01", "d2": "2023-01-01", "nu": "9999.5", "x": "a"})



@dataclass
class Verdict:
    """What came of one specimen."""

    specimen: Specimen
    texts: Mapping[str, str]
    answer: AcceptedValues
    wrong: list[str]
    """Sentences about answers that the server refutes."""


class Judge:
    """A connection to one server."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._connect()
        self._run("DROP SCHEMA IF EXISTS value_judge CASCADE; CREATE SCHEMA value_judge; "
                  "GRANT USAGE ON SCHEMA value_judge TO public")
        self._run("DO $$ BEGIN CREATE ROLE value_app; EXCEPTION WHEN OTHERS THEN NULL; END $$")
        self._run(_TRY)

    def _connect(self) -> None:
        self.connection = psycopg2.connect(self.dsn, options="-c TimeZone=UTC -c DateStyle=ISO -c client_min_messages=error")
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def _run(self, statement: str) -> None:
        self.cursor.execute(statement)

    def extra_types(self) -> tuple[str, ...]:
        """Types that not every server has, and C as a column's collation."""
        found = ['text COLLATE "C"']
        for statement, kind in (
                ("CREATE EXTENSION IF NOT EXISTS citext SCHEMA public", "public.citext"),
                ("CREATE COLLATION IF NOT EXISTS public.ci (provider = icu, locale = 'und-u-ks-level2', "
                 "deterministic = false)", "text COLLATE public.ci")):
            try:
                self._run(statement)
                found.append(kind)
            except psycopg2.Error:
                pass
        return tuple(found)

    def verdict(self, specimen: Specimen, random: Random) -> Verdict | None:
        """Builds the table, asks, and tries; None when PostgreSQL takes no such table."""
        self._run("DROP TABLE IF EXISTS value_judge.t; DROP DOMAIN IF EXISTS value_judge.dom; SET search_path = public")
        if not self._built(specimen):
            return None
        self._run("SET search_path = pg_catalog")
        try:
            if not specimen.honest and random.random() < 0.6:
                specimen = self._fitting(specimen, random)
            checks, facts = self._read(specimen, random)
            answer = decide("side", specimen.allowed, checks, facts)
            return Verdict(specimen, {each.name: each.text for each in (*checks, *facts["side"].checks)}, answer,
                           list(self._refuted(specimen, answer, random)))
        finally:
            self._run("SET search_path = public")

    def _built(self, specimen: Specimen) -> bool:
        kind = specimen.type
        try:
            if specimen.domain:
                self._run(f"CREATE DOMAIN value_judge.dom AS {kind} CONSTRAINT held CHECK ({specimen.domain})")
                kind = "value_judge.dom"
            column = f"side {kind}" + (f" GENERATED ALWAYS AS ({specimen.generated}) STORED" if specimen.generated else "")
            others = ", ".join(f"{name} {each}{' NOT NULL' if name in NOT_NULL else ''}" for name, each in OTHERS.items())
            self._run(f"CREATE TABLE value_judge.t ({column}{' NOT NULL' if specimen.not_null else ''}, {others})")
            for number, check in enumerate(specimen.checks):
                self._run(f"ALTER TABLE value_judge.t ADD CONSTRAINT chk_{number} CHECK ({check})")
            self._run("GRANT ALL ON value_judge.t TO value_app; GRANT EXECUTE ON FUNCTION value_judge.try TO value_app")
        except (psycopg2.DataError, psycopg2.ProgrammingError, psycopg2.NotSupportedError):
            return False
        return True

    def _read(self, specimen: Specimen, random: Random) -> tuple[list[NamedCheck], dict[str, ColumnFacts]]:
        shown = random.choice(("pg_get_expr(conbin, conrelid)", "pg_get_constraintdef(oid)"))
        self.cursor.execute(f"SELECT conname, {shown} FROM pg_constraint WHERE conrelid = 'value_judge.t'::regclass "
                            "AND contype = 'c' ORDER BY conname")
        checks = [NamedCheck(*row) for row in self.cursor.fetchall()]
        self.cursor.execute("SELECT conname, pg_get_constraintdef(c.oid) FROM pg_constraint c "
                            "JOIN pg_type t ON t.oid = contypid WHERE typname = 'dom' AND contype = 'c'")
        domain = tuple(NamedCheck(*row) for row in self.cursor.fetchall())
        self.cursor.execute("SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'value_judge.t'::regclass")
        generated = self.cursor.fetchone()
        kind, _, collation = specimen.type.partition(" COLLATE ")
        facts = {name: ColumnFacts(each, name in NOT_NULL) for name, each in OTHERS.items()}
        facts["side"] = ColumnFacts(kind, specimen.not_null, domain, generated[0] if generated else "",
                                    citext=kind == "public.citext",
                                    collation="" if not collation else "C" if collation == '"C"' else "nondeterministic")
        return checks, facts

    def _fitting(self, specimen: Specimen, random: Random) -> Specimen:
        """The specimen with those values allowed that go in, if they are few: so that a proof has a chance."""
        if specimen.generated or specimen.type.endswith("[]"):
            return specimen
        pool = self._pool(specimen, (), random)
        rows = [{"side": value, "k": "abc", **others} for value in pool for others in _SETTINGS[:3]]
        stored = {value for took, value in self._inserted(rows) if took and value is not None}
        few = random.sample(sorted(stored), min(len(stored), 8))
        return replace(specimen, allowed=tuple(few)) if few else specimen

    def _inserted(self, rows: Sequence[Row]) -> list[tuple[bool, str | None]]:
        """Whether each row goes in, and what `side` then holds."""
        statements = []
        for row in rows:
            names, values = zip(*row.items(), strict=True) if row else ((), ())
            statements.append(self.cursor.mogrify(
                f"INSERT INTO value_judge.t ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))}) "
                "RETURNING side::text", values).decode())
        self.cursor.execute("SELECT value_judge.try(%s)", (json.dumps(statements),))
        (found,) = self.cursor.fetchone()
        return [(state == "stored", value) for state, value in found]

    def _pool(self, specimen: Specimen, shown: Sequence[str | None], random: Random) -> list[str | None]:
        """Values to try: the likely ones of the specimen, and random ones."""
        if specimen.generated:
            return [None]
        found: dict[str | None, None] = dict.fromkeys((None, *specimen.allowed))
        found.update(dict.fromkeys(shown))
        if specimen.type in ("integer", "smallint", "numeric(6,2)"):
            found.update(dict.fromkeys(map(str, range(-5, 13))))
            found.update(dict.fromkeys(("1.004", "1.5", "2.25", "NaN", "100", "32767", "-32768", "99999")))
            return [*found]
        if specimen.type == "boolean":
            return [None, "true", "false"]
        if specimen.type.endswith("[]"):
            items = [*specimen.literals, *specimen.allowed, "zz", "LONG", "", None]
            arrays = [list(each) for size in (0, 1, 2) for each in itertools.product(items, repeat=size)]
            random.shuffle(arrays)
            return [None, *(array_literal(each) for each in arrays[:60])]
        likely = [*suspects.texts(specimen.allowed, specimen.literals)]
        random.shuffle(likely)
        found.update(dict.fromkeys(likely[:70]))
        found.update(dict.fromkeys(random.sample(STRANGE, 12)))
        letters = sorted({*"".join((*specimen.checks, specimen.domain))} - {"'"}) or ["a"]
        found.update(dict.fromkeys("".join(random.choices(letters, k=random.randint(0, 6))) for _ in range(25)))
        if specimen.type == '"char"':  # the first byte of a longer character is no text
            return [value for value in found if value is None or value.isascii()]
        return [*found]

    def _refuted(self, specimen: Specimen, answer: AcceptedValues, random: Random) -> Iterator[str]:
        shown = [row.value for each in (*answer.allowed.values(), answer.others) for row in each.rows]
        pool = self._pool(specimen, shown, random)
        settings = [*_SETTINGS[:1], random.choice(_SETTINGS[1:])]
        for row in (row for each in (*answer.allowed.values(), answer.others, answer.null) for row in each.rows):
            settings.append({"j": "1", "k": "abc", **row.elsewhere, **row.others})
        keys = dict.fromkeys(tuple(sorted({"k": "abc", **each}.items())) for each in settings)
        distinct = [dict(each) for each in keys][:5]
        rows = [{**others, **({} if specimen.generated else {"side": value})} for value in pool for others in distinct]
        stored = {value for took, value in self._inserted(rows) if took}
        same = _Sameness(specimen.type)
        allowed = {same.key(value) for value in specimen.allowed}
        wrong = sorted(value for value in stored if value is not None and same.other(value, allowed))
        if answer.others.answer == "no" and wrong:
            yield f"another value goes in: {wrong[:3]!r}"
        if answer.null.answer == "no" and None in stored:
            yield "NULL goes in"
        found = {same.key(value) for value in stored if value is not None}
        for value, each in answer.allowed.items():
            if each.answer == "no" and same.key(value) in found:
                yield f"the allowed {value!r} goes in"
        yield from self._unshown(specimen, answer, same, allowed)

    def _unshown(self, specimen: Specimen, answer: AcceptedValues, same: _Sameness, allowed: set[Any]) -> Iterator[str]:
        """Rows that were promised to go in and do not."""
        for value, each in answer.allowed.items():
            if each.answer == "yes":
                took, held = self._shown(specimen, each)
                if not took or held is None or same.key(held) != same.key(value):
                    yield f"the allowed {value!r} does not go in as {each.rows[0]}: {held!r}"
        if answer.null.answer == "yes" and self._shown(specimen, answer.null) != (True, None):
            yield f"NULL does not go in as {answer.null.rows[0]}"
        if answer.others.answer == "yes":
            took, held = self._shown(specimen, answer.others)
            row = answer.others.rows[0]
            if not took or held is None or not same.other(held, allowed) or same.key(held) != same.key(row.value or ""):
                yield f"the witness does not go in: {row}: {held!r}"

    def _shown(self, specimen: Specimen, each: Storability) -> tuple[bool, str | None]:
        row: ColumnRow = each.rows[0]
        if any(value is not None and value.startswith("9000-") for value in row.session.values()):
            return True, row.value  # a late time, which no server can be set to
        user = row.session.get("CURRENT_USER")
        for expression, value in row.session.items():
            if expression.startswith("current_setting"):
                if value is None:  # only a session that never set it has none
                    self.connection.close()
                    self._connect()
                    self._run("SET search_path = pg_catalog")
                else:
                    self.cursor.execute("SELECT set_config('app.x', %s, false)", (value,))
        if user == "value_app":
            self._run("SET ROLE value_app")
        others = {"k": "abc", "j": "1", **row.elsewhere, **row.others}
        ((took, held),) = self._inserted([{**others, **({} if specimen.generated else {"side": row.value})}])
        self._run("RESET ROLE")
        return took, held


class _Sameness:
    """When two texts are the same value of a type."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def key(self, text: str) -> Any:
        if self.kind.endswith("[]"):
            return array_elements(text if text.startswith("{") else array_literal([text]))
        if self.kind.startswith("character("):
            return text.rstrip(" ")
        if self.kind == "boolean":
            return text in ("t", "true")
        if self.kind in ("integer", "smallint", "numeric(6,2)"):
            try:
                return Fraction(text)
            except ValueError:
                return text
        return text

    def other(self, text: str, allowed: set[Any]) -> bool:
        """Whether it is none of the allowed values; of an array, whether some item is none."""
        if not self.kind.endswith("[]"):
            return self.key(text) not in allowed
        known = {item for each in allowed for item in each}
        return any(item is not None and item not in known for item in array_elements(text))
