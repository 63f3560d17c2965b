"""CHECKs that are spelled apart and that reading alone cannot tell: asked on the server, side by side. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from checks.catalog.difference import Sides, field_change
from checks.catalog.key import Key
from checks.catalog.objects import Constraint, Object
from checks.catalog.snapshot import Snapshot
from checks.observation.candidates import suspects
from checks.observation.evaluate import PredicateQuestion
from checks.sql import meaning
from checks.sql.names import qualified

MAX_ROWS = 500


def check_questions(expected: Mapping[Key, Object], found: Snapshot) -> Iterator[tuple[Key, PredicateQuestion]]:
    """For each CHECK whose two texts can be told neither equal nor different: rows that may tell them apart.

    The predicates of each question are (expected, found).
    """
    sides = Sides(expected, found)
    for key, item in expected.items():
        other = found.objects.get(key)
        if not isinstance(item, Constraint) or not isinstance(other, Constraint) or item.type != "check":
            continue
        if item.expression == other.expression or key in found.unsafe or item.expression is None \
                or other.expression is None or qualified(item.expression):
            continue
        types = sides.types(key.relation)
        if not {*item.columns, *other.columns} <= types.keys():
            continue  # a row made of the columns that both mention is not all that the two look at
        change = field_change(key, "expression", item, other, sides)
        if change is not None and not change.sure:
            yield key, _question(key, item, other, types)


def _question(key: Key, expected: Constraint, found: Constraint, types: Mapping[str, str]) -> PredicateQuestion:
    columns = [name for name in dict.fromkeys((*expected.columns, *found.columns)) if name in types]
    texts = (expected.expression or "", found.expression or "")
    tried = [suspects([literal for text in texts for literal in meaning.literals(text).get(name, ())], types[name],
                      wide=len(columns) == 1) for name in columns]
    rows = tuple(itertools.islice(itertools.product(*tried), MAX_ROWS))
    return PredicateQuestion(f"the CHECK {key.path}", Key.table(key.relation).bare,
                             tuple((name, types[name]) for name in columns), rows, texts)
