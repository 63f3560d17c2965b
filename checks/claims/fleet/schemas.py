"""Many schemas that the same migrations make, judged one by one and told together: a case has the claims of all. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from checks.catalog.key import Key
from checks.claims.drift import EXTRA, SCHEMA
from checks.claims.verify import Report
from checks.contract.contract import Contract
from checks.expectation.expectation import Expectation
from checks.expectation.tenants import SchemaView
from checks.observation.observe import Observation
from checks.sql.names import shown
from checks.values import Case, LeftOut, Verdict

Judge = Callable[[Expectation, Observation], Report]
"""Judges one view."""


def judge_views(expectation: Expectation, seen: Sequence[tuple[SchemaView, Observation]], judge_one: Judge) -> Report:
    """What was seen of a target whose `schemas` have a pattern, as one Report.

    Args:
        expectation: of all, with the pattern's name in the place of each schema like it.
        seen: what stands in no such schema, then a view a schema.
        judge_one: judges one view.
    """
    (rest, observed), *tenants = seen
    pattern = expectation.contract.pattern or ""
    first = judge_one(rest.expectation, observed)
    mixed = tuple(_unmapped(key, pattern) for key in rest.mixed)
    if mixed:
        first = replace(first, cases=(*first.cases, Case("drift", SCHEMA, mixed)))
    reports = [_of_tenant(judge_one(view.expectation, one), view.expectation, pattern) for view, one in tenants]
    cases: dict[tuple[str, str], list[Verdict]] = {}
    for report in (first, *reports):
        for case in report.cases:
            cases.setdefault((case.area, case.name), []).extend(case.verdicts)
    asked = [*reports, *([first] if _tables(rest.expectation) or not reports else [])]
    elsewhere = all(report.elsewhere for report in asked)
    left = dict.fromkeys(each for report in (first, *reports) for each in report.left_out)
    note = f"{len(tenants)} schemas are like {pattern}" if len(tenants) != 1 else f"one schema is like {pattern}"
    return replace(first, cases=tuple(Case(*name, tuple(verdicts)) for name, verdicts in cases.items()),
                   left_out=tuple(left), notes=(*first.notes, note), elsewhere=elsewhere)


def nobody(contract: Contract) -> str:
    """Why nothing can be said of a target on which no schema is like the pattern."""
    return (f"No schema here is like {contract.pattern!r}, which schemas of {contract.file.name} has: this is another "
            "database, or none was made yet.")


def _tables(expectation: Expectation) -> bool:
    return any(key.kind == "table" for key in expectation.objects)


def _unmapped(key: Key, pattern: str) -> Verdict:
    return Verdict(f"drift:{key.title}", f"{key.kind} {key.path} is what the migrations make it", "unverified", "catalog",
                   f"It belongs to the database and names objects of the schemas like {pattern!r}, so what it should be "
                   "with many of them cannot be told.", "", "Compare it by hand, or accept it with [[accept]].")


def _of_tenant(report: Report, expectation: Expectation, pattern: str) -> Report:
    """A report on one schema, its claims named by it, in cases that are named by the pattern."""
    own, every = f"{shown(expectation.schema)}.", f"{shown(pattern)}."
    ledger = expectation.contract.ledger
    ids = {verdict.claim: _qualified(verdict.claim, own, ledger.shown if ledger else "")
           for case in report.cases for verdict in case.verdicts}
    told = _Told(ids)
    cases = (Case(case.area, every + case.name[len(own):] if case.name.startswith(own) and case.area != "ledger"
                  or ledger is not None and case.name == ledger.shown and ledger.schema == expectation.schema else case.name,
                  tuple(_named(verdict, ids, own, told) for verdict in case.verdicts))
             for case in report.cases if not _shared(case, expectation))
    return replace(report, cases=tuple(cases), left_out=tuple(
        LeftOut(each.area, each.why.replace(own, every)) for each in report.left_out))


def _shared(case: Case, expectation: Expectation) -> bool:
    """Whether a case is about the ledger that all of them share, of which is told once."""
    ledger = expectation.contract.ledger
    return case.area == "ledger" and ledger is not None and ledger.schema != expectation.schema and case.name == ledger.shown


def _qualified(claim: str, own: str, ledger: str) -> str:
    """A claim's id with the schema that it is about, where it has none yet."""
    area, _, name = claim.partition(":")
    plain = area in ("dedupe", "access") or (area == "ledger" and not name.startswith(f"{ledger}.")) or (
        area == "drift" and name in (EXTRA, SCHEMA))
    return f"{area}:{own}{name}" if plain else claim


class _Told:
    """The ids of other claims in what is told of one."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        self._ids = {old: new for old, new in ids.items() if old != new}
        longest = sorted(self._ids, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest)) or r"(?!)")

    def of(self, text: str) -> str:
        """`text` with the ids that the claims have here."""
        return self._pattern.sub(lambda found: self._ids[found.group()], text)


def _named(verdict: Verdict, ids: Mapping[str, str], own: str, told: _Told) -> Verdict:
    claim = ids[verdict.claim]
    return replace(verdict, claim=claim, cause=ids.get(verdict.cause, verdict.cause), schema=own[:-1],
                   detail=told.of(verdict.detail) if verdict.cause else verdict.detail,
                   sentence=verdict.sentence if claim == verdict.claim else f"in {own[:-1]}: {verdict.sentence}")
