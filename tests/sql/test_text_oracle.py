"""A real PostgreSQL judges what is said of single expressions: their values, and the languages of their texts."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import psycopg2
import pytest

from checks.sql.evaluation.evaluate import evaluate
from checks.sql.languages.automaton import TooLargeError
from checks.sql.languages.cells import Product
from checks.sql.languages.images.views import held_by
from checks.sql.languages.language import Language
from checks.sql.logic.formula import Atom, Not
from checks.sql.logic.reading.translate import Reader
from checks.sql.syntax.expression import parse
from checks.sql.syntax.nodes import ColumnRef, Is
from checks.sql.values.constants import Constant, as_text, constant_of
from checks.sql.values.domains import assigned
from checks.sql.values.types import type_of
from tests.sql.value_grammar import OTHERS, STRANGE, WORDS, number_atom, random_check, term, text_atom
from tests.sql.value_judge import EXAMPLES, SEED

KINDS = ("text", "character varying(8)", "character(6)", "integer", "smallint", "numeric(6,2)", 'text COLLATE "C"')
ROWS: dict[str, tuple[str | None, ...]] = {
    "k": ("abc", "x", "7"), "st": ("old", None), "i": ("1", "-2", None), "j": ("1", "4"), "d": ("2024-06-01", None),
    "d2": ("2025-01-01", None), "bo": ("true", "false", None), "nu": ("3.5", None), "ts": ("2025-01-01 00:00:00+00", None),
    "x": ("a", None)}


class Server:
    """A connection that deparses CHECKs and evaluates them."""

    def __init__(self, dsn: str) -> None:
        connection = psycopg2.connect(dsn, options="-c TimeZone=UTC -c DateStyle=ISO")
        connection.autocommit = True
        self.cursor = connection.cursor()
        others = ", ".join(f"{name} {kind}" for name, kind in OTHERS.items())
        self.cursor.execute(f"CREATE TABLE public.t (side text, {others}); SET search_path = pg_catalog")

    def deparsed(self, kind: str, check: str) -> str | None:
        """What pg_get_expr makes of it; None when PostgreSQL takes no such CHECK."""
        try:
            self.cursor.execute("ALTER TABLE public.t DROP CONSTRAINT IF EXISTS x, DROP COLUMN side; "
                                f"ALTER TABLE public.t ADD COLUMN side {kind}; "
                                f"ALTER TABLE public.t ADD CONSTRAINT x CHECK ({check})")
        except (psycopg2.DataError, psycopg2.ProgrammingError):
            return None
        self.cursor.execute("SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = 'x'")
        return str(self.cursor.fetchone()[0])

    def answers(self, statement: str, values: list[Any]) -> list[tuple[Any, ...]] | None:
        """Rows; None where it raises."""
        try:
            self.cursor.execute(statement, values)
        except psycopg2.Error:
            return None
        return self.cursor.fetchall()


@pytest.fixture(scope="module")
def server(fresh_database: Callable[[], str]) -> Server:
    return Server(fresh_database())


def constant(kind: str, text: str | None) -> Constant:
    """A value of a column as `evaluate` takes it."""
    value: Any = text
    if text is not None and type_of(kind).family is not None:
        value, fits = assigned(type_of(kind), text)
        assert fits
    made = constant_of(value, kind)
    assert made is not None
    return made


def values_of(random: Random, kind: str, texts: list[str]) -> str | None:
    if kind.startswith(("integer", "smallint", "numeric")):
        return random.choice((None, *map(str, range(-4, 10)), *(("1.5", "2.25") if kind.startswith("numeric") else ())))
    drawn = random.choice((None, *texts, random.choice(STRANGE), random.choice(texts).upper(), random.choice(texts) + " ",
                           "".join(random.choices("lonSIi x_-%\\é", k=random.randint(0, 5))), random.choice(WORDS)))
    limit = type_of(kind).modifiers
    return drawn if drawn is None or not limit else drawn[:limit[0]]


def expression(random: Random, kind: str, texts: list[str]) -> str:
    if kind.startswith(("integer", "smallint", "numeric")):
        return random_check(random, lambda: number_atom(random, "side"), 1)
    if random.random() < 0.4:
        return f"({term(random, 'side', texts)}) IS NULL"
    return random_check(random, lambda: text_atom(random, "side", texts), 1)


def test_an_expression_evaluates_as_the_server_does(server: Server) -> None:
    counts: Counter[str] = Counter()
    for number in range(EXAMPLES or 150):
        random = Random(f"{SEED}/{number}")
        kind, texts = random.choice(KINDS), random.sample(WORDS, 3)
        text = server.deparsed(kind, expression(random, kind, texts))
        if text is None:
            continue
        node = parse(text)
        if isinstance(node, Is) and node.test == "NULL" and not isinstance(node.operand, ColumnRef):
            node = node.operand
        for _ in range(5):
            row = {"side": values_of(random, kind, texts), **{name: random.choice(few) for name, few in ROWS.items()}}
            found = evaluate(node, {name: constant(kind if name == "side" else OTHERS[name], each) for name,
                each in row.items()})
            if found is None:
                counts["unknown"] += 1
                continue
            counts["known"] += 1
            columns = ", ".join(f"%s::{kind if name == 'side' else OTHERS[name]} AS {name}" for name in row)
            shown = text[node.start:node.end].replace("%", "%%")
            real = server.answers(f"SELECT ({shown})::text FROM (SELECT {columns}) AS t", [*row.values()])
            mine = None if found.kind == "null" else as_text(found.value)
            assert real is not None, (SEED, number, text, row)
            same = float(real[0][0]) == float(mine or "") if found.kind == "exact" and real[0][0] else real[0][0] == mine
            assert same, (SEED, number, text, row, found, real)
    assert counts["known"] > 5 * counts["unknown"] > 0


def memberships(server: Server, count: int) -> Iterator[tuple[Random, str, str, Language, bool]]:
    """Random tests of a text column that are memberships: their text, the language, whether it is denied."""
    for number in range(count):
        random = Random(f"{SEED}/{number}")
        kind, texts = random.choice([each for each in KINDS if each[0] in "tc"]), random.sample(WORDS, 3)
        text = server.deparsed(kind, text_atom(random, "side", texts))
        formula = None if text is None else Reader({"side": kind}).formula(parse(text))
        denied = isinstance(formula, Not)
        atom = formula.part if isinstance(formula, Not) else formula
        if text is not None and isinstance(atom, Atom) and atom.kind == "within" and atom.membership is not None:
            yield random, kind, text, held_by(atom.membership), denied


def words(random: Random, kind: str, language: Language) -> list[str]:
    """Texts in the language and beside it, which the column can hold."""
    found = {*STRANGE, *WORDS, *(word.upper() for word in WORDS), *(f"{word} " for word in WORDS)}
    found |= {"".join(random.choices("lonSIi x_-%éK", k=random.randint(0, 5))) for _ in range(20)}
    try:
        for cell in Product([language.inner, language.outer]).cells:
            some = [*itertools.islice(cell.words(12), 60)]
            found.update(random.sample(some, min(len(some), 25)))
    except TooLargeError:
        pass
    limit = type_of(kind).modifiers
    return sorted(word for word in found if not limit or len(word) <= limit[0])


def test_a_language_holds_what_the_server_matches(server: Server) -> None:
    counts: Counter[str] = Counter()
    for random, kind, text, language, denied in memberships(server, EXAMPLES or 200):
        source = f"(SELECT u::{kind} AS side FROM unnest(%s::text[]) AS u) AS t"
        shown = text.replace("%", "%%")
        real = server.answers(f"SELECT side::text, ({shown}) FROM {source}", [words(random, kind, language)])
        assert real is not None, (SEED, text)
        for word, truth in real:
            held = language.holds(word)
            counts["open" if held is None else "held" if held else "not held"] += 1
            assert held is None or (held is not denied) is truth, (SEED, text, word, held, truth)
    assert min(counts["held"], counts["not held"]) > 300
    assert counts["open"] > 0
