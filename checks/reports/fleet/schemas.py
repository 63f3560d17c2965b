"""Claims of many schemas that say the same of each: told once, with their count. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from checks.reports.runs import Claim
from checks.sql.names import ident, split_path
from checks.values import Verdict

MOST_NAMED = 8
"""So many schemas are named where a claim is told once; the evidence has all."""


class InSchemas(NamedTuple):
    """A claim that is not held, and the schemas of which the same is said, its own first; nothing where it is of none."""

    at: int
    """The claim's place among those given."""
    schemas: tuple[str, ...]

    @property
    def counted(self) -> str:
        """` (in 40 schemas)`; empty where it is said of one."""
        return f" (in {len(self.schemas)} schemas)" if len(self.schemas) > 1 else ""

    @property
    def named(self) -> str:
        """Which ones, at most `MOST_NAMED`; empty where it is said of one."""
        if len(self.schemas) < 2:
            return ""
        more = len(self.schemas) - MOST_NAMED
        return ", ".join(self.schemas[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


NO_OTHER = InSchemas(0, ())


def alike(claims: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[InSchemas]:
    """Those of `claims`, (schema, what is said of it), that say the same of different schemas, in order of the first."""
    found: dict[tuple[object, ...], tuple[int, list[str]]] = {}
    for index, (schema, texts) in enumerate(claims):
        said = tuple(_of_any(schema).sub("*", text) for text in texts) if schema else (index, *texts)
        found.setdefault(said, (index, []))[1].append(schema)
    return (InSchemas(index, tuple(filter(None, schemas))) for index, schemas in found.values())


def verdicts_alike(verdicts: Iterable[Verdict]) -> Iterator[tuple[Verdict, InSchemas]]:
    """Verdicts that are not held, each as one of those that say the same."""
    every = tuple(verdicts)
    said = ((each.schema, (each.verdict, each.claim, each.detail, each.witness, each.next_step)) for each in every)
    for same in alike(said):
        yield every[same.at], same


def claims_alike(claims: Iterable[Claim]) -> Iterator[tuple[Claim, InSchemas]]:
    """The same of claims as evidence has them."""
    every = tuple(claims)
    for same in alike((str(each.get("schema") or ""), tuple(str(each.get(name) or "") for name in (
            "verdict", "id", "detail", "witness", "next_step", "accepted"))) for each in every):
        yield every[same.at], same


@lru_cache(maxsize=4096)
def _of_any(schema: str) -> re.Pattern[str]:
    """The schema's name as reports show it, in quotes, and as a string."""
    try:
        name, *_ = split_path(schema)
    except ValueError:
        name = schema
    spelled = sorted({schema, ident(name), name}, key=len, reverse=True)
    return re.compile(rf"(?<![\w$])(?:{'|'.join(map(re.escape, spelled))})(?![\w$])")
