"""CHECKs that are spelled apart and that reading alone cannot tell: asked on the server, side by side. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping

from checks.catalog.difference import Sides, field_change
from checks.catalog.objects import Constraint, Object, parent_name
from checks.catalog.snapshot import Snapshot
from checks.observation.enum_plan import suspects
from checks.observation.evaluate import Question
from checks.sql import meaning
from checks.sql.names import split_path

MAX_ROWS = 500
_OWN_CALL = re.compile(r'[\w"]\.("[^"]+"|\w+)\(|OPERATOR\((?!pg_catalog\.)')
"""A schema-qualified call: with search_path pinned to pg_catalog, what is qualified is not built in."""


def check_questions(expected: Mapping[str, Object], found: Snapshot) -> Iterator[Question]:
    """For each CHECK whose two texts can be told neither equal nor different: rows that may tell them apart.

    The predicates of each question are (expected, found).
    """
    sides = Sides(expected, found)
    for key, item in expected.items():
        other = found.objects.get(key)
        if not isinstance(item, Constraint) or not isinstance(other, Constraint) or item.type != "check":
            continue
        if item.expression == other.expression or key in found.unsafe or item.expression is None \
                or other.expression is None or _OWN_CALL.search(item.expression) \
                or not _askable(key, item, other, sides):
            continue
        change = field_change(key, "expression", item, other, sides)
        if change is not None and not change.sure:
            yield _question(key, item, other, sides)


def _askable(key: str, expected: Constraint, found: Constraint, sides: Sides) -> bool:
    """Whether a row made of the columns that both mention is all that the two look at."""
    types = sides.types(parent_name(key.partition(":")[2]))
    return {*expected.columns, *found.columns} <= types.keys()


def _question(key: str, expected: Constraint, found: Constraint, sides: Sides) -> Question:
    table = parent_name(key.partition(":")[2])
    types = sides.types(table)
    columns = [name for name in dict.fromkeys((*expected.columns, *found.columns)) if name in types]
    texts = (expected.expression or "", found.expression or "")
    tried = [suspects([literal for text in texts for literal in meaning.literals(text).get(name, ())], types[name],
                      wide=len(columns) == 1) for name in columns]
    rows = tuple(itertools.islice(itertools.product(*tried), MAX_ROWS))
    return Question(f"check:{key}", split_path(table)[-1], tuple((name, types[name]) for name in columns), rows, texts)
