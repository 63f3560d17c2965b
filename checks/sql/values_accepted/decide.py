"""What a column can store, decided for all values: reading proves, and each witness is evaluated again (pure).

Nothing else can be stored where the CHECKs, the column not NULL and none of the allowed values contradict each other,
whatever is not looked into says. A value can be stored where every conjunct is known to let a whole row in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from checks.sql.values_accepted.answers import (
    AcceptedValues,
    ColumnFacts,
    NamedCheck,
    Storability,
)
from checks.sql.values_accepted.decision import Decision
from checks.sql.values_accepted.plain import plainly
from checks.sql.values_accepted.reading import read_checks
from checks.sql.values_accepted.witnesses import Witnesses


def decide(column: str, allowed: Sequence[str], checks: Sequence[NamedCheck],
           facts: Mapping[str, ColumnFacts]) -> AcceptedValues:
    """What `column` can store, against the values it should; characters and lengths are those of a UTF-8 database.

    Args:
        column: its bare name, unquoted.
        allowed: the values it should store, as text; of an array, its items.
        checks: every enforced CHECK of the table, also those that do not mention the column.
        facts: what is known of the column and of the others that CHECKs mention.
    """
    found = plainly(column, allowed, checks, facts)
    if found is not None:
        return found
    texts: list[tuple[str, str | None]] = [(each.text, None) for each in checks]
    names = [each.name for each in checks]
    for name, known in facts.items():
        texts += [(each.text, name) for each in known.checks]
        names += [each.name for each in known.checks]
    bare = tuple((name, replace(known, checks=())) for name, known in sorted(facts.items()))
    return _named(_decided(column, tuple(allowed), tuple(texts), bare), names)


@lru_cache(maxsize=4096)
def _decided(column: str, allowed: tuple[str, ...], checks: tuple[tuple[str, str | None], ...],
             facts: tuple[tuple[str, ColumnFacts], ...]) -> AcceptedValues:
    return Decision(column, allowed, _read(checks, facts)).answers()


@lru_cache(maxsize=64)
def _read(checks: tuple[tuple[str, str | None], ...], facts: tuple[tuple[str, ColumnFacts], ...]) -> Witnesses:
    """The CHECKs of one table, read once for all its columns."""
    return Witnesses(read_checks(checks, dict(facts)))


def _named(found: AcceptedValues, names: Sequence[str]) -> AcceptedValues:
    """With CHECKs by name instead of by number."""
    def storability(each: Storability) -> Storability:
        if not each.by and not each.parts:
            return each
        by = tuple(dict.fromkeys(names[int(number)] for number in each.by))
        parts = tuple(replace(part, constraint=names[int(part.constraint)] if part.constraint else "")
                      for part in each.parts)
        return replace(each, by=by, parts=parts)

    return AcceptedValues({value: storability(each) for value, each in found.allowed.items()},
                          storability(found.others), storability(found.null))
