"""Every remedy that holds SQL, run on the sabotaged database: its claim holds afterwards, and nothing else broke."""

from __future__ import annotations

import re

from checks.values import Verdict
from tests.support.sabotage_harness import Bench, Project, Saboteur, commit_sql, look_at, verdicts

STATEMENT = re.compile(r"\b(?:ALTER|CREATE|DROP|GRANT|REVOKE|SELECT|INSERT|UPDATE|DELETE)\b"
                       r"(?:'(?:[^']|'')*'|\"[^\"]*\"|[^;'\"])*;")
HARMFUL = re.compile(r"DISABLE ROW LEVEL|(?<!NO)BYPASSRLS|(?<!NO)SUPERUSER|GRANT ALL|DISABLE TRIGGER"
                     r"|DROP (TABLE|COLUMN|SCHEMA)|TRUNCATE TABLE|CASCADE;|idempotent")
"""Advice that would loosen security, lose data, or take for granted what is not known."""
FIRST = re.compile(r"\b(?:once no|Mend those)\b", re.I)
"""Advice that asks its reader for something first: what the saboteur's `First` does."""


def broken(found: dict[str, Verdict]) -> set[str]:
    return {claim for claim, verdict in found.items() if verdict.verdict == "broken"}


def run_remedies(found: dict[str, Verdict], bench: Bench, project: Project, saboteur: Saboteur, dsn: str) -> list[str]:
    """The claims whose remedy was run, one after the other, of those that `found` calls broken."""
    assert [verdict.next_step for verdict in found.values() if HARMFUL.search(verdict.next_step)] == []
    run = []
    for claim in list(found):
        verdict = found.get(claim)
        if verdict is not None and verdict.verdict == "broken" and not verdict.cause and STATEMENT.search(verdict.next_step):
            if FIRST.search(verdict.next_step):
                commit_sql(dsn, *saboteur.first)
            found = tried(verdict, found, bench, project, dsn)
            run.append(claim)
    return run


def tried(verdict: Verdict, before: dict[str, Verdict], bench: Bench, project: Project, dsn: str) -> dict[str, Verdict]:
    """What is said once the remedy of one claim was run; an object that is gone has no claim any more."""
    commit_sql(dsn, " ".join(STATEMENT.findall(verdict.next_step)))
    after = verdicts(look_at(bench, project, dsn))
    now = after.get(verdict.claim)
    assert now is None or now.verdict == "held", (verdict, now)
    worse = broken(after) - broken(before)
    if "write one" in verdict.next_step or "by a migration" in verdict.next_step:
        worse = {claim for claim in worse if not claim.startswith("drift:")}  # this database has it, and no migration yet
    assert worse == set(), verdict
    return after
