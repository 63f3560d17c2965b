"""`python -m checks replay EVIDENCE`: asks again what was not held, and says what is fixed and what is still broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from checks.claims.drift import EXTRA
from checks.claims.verify import Report
from checks.looking import Wanted, look_everywhere, planned, without_collection
from checks.reports.document import verdict_word
from checks.reports.runs import WORDS, Claim, RunRecord, read_document, read_run, records, word
from checks.reports.terminal import header, story
from checks.values import AREAS, OWN, Say, Unverified, Verdict

_EXIT = {"held": 0, "accepted": 0, "broken": 1, "unverified": 6}


def replay(evidence: Path, contract: Path, target: str | None, writes: str | None, say: Say) -> int:
    """Asks again what `evidence` tells as broken or unverified; returns the exit code, as of a run of these claims.

    Args:
        evidence: of the earlier run.
        contract: the contract.toml.
        target: a name or URL; None: the evidence's own.
        writes: for URLs.
        say: takes each line.

    Raises:
        UsageError: no evidence, no such target, a contract that is at fault.
        Unverified: another database answered, or nobody could look.
    """
    document = read_document(evidence)
    every = list(records(document, str(evidence)))
    runs = {run.target: run for run in every if run.not_held()}
    if not runs and document.get("missing"):
        say(f"{evidence}: every claim in it was held, and it is no whole: {' '.join(map(str, document['missing']))}")
        return _EXIT["unverified"]
    if not runs:
        say(f"{evidence}: every claim was held; there is nothing to ask again.")
        return 0
    if target is not None and len(every) > 1:
        runs = {run.target: run for run in [read_run(evidence, target)]}
    areas = frozenset(claim["area"] for run in runs.values() for claim in run.not_held()) & frozenset(AREAS)
    heads = {run.document["target"].get("through") for run in runs.values()}
    names = tuple(runs) if target is None or len(every) > 1 else (target,)
    with without_collection():
        plan = planned(Wanted(contract.absolute(), names, writes, next(iter(heads)) if len(heads) == 1 else None, areas,
                              contact=True, isolation=None))
        reports = [report for report, _ in look_everywhere(plan, say)]
    counts: Counter[str] = Counter()
    for report in reports:
        run = runs.get(report.target.name) or next(iter(runs.values()))
        counts += _replayed(run, report, contract.name, say)
    say("")
    say(f"{counts['held']} of {counts.total()} fixed, {counts['broken']} broken, {counts['unverified']} unverified"
        + (f", {counts['accepted']} accepted" if counts["accepted"] else "")
        + (f", on {len(reports):,} targets" if len(reports) > 1 else ""))
    return next((_EXIT[name] for name in WORDS if counts[name]), 0)


def _replayed(run: RunRecord, report: Report, contract: str, say: Say) -> Counter[str]:
    """Tells what the claims of `run` that were not held have come to; returns how many came to what."""
    wanted = run.not_held()
    for line in header(report, contract):
        say(line)
    _same_place(run, report)
    told = _Now(report)
    words = [told.word(claim) for claim in wanted]
    for claim, came_to in zip(wanted, words, strict=True):
        say("")
        for line in told.lines(claim, came_to):
            say(line)
    return Counter(words)


def _same_place(run: RunRecord, report: Report) -> None:
    """What was not held in one database is not fixed because another is well."""
    then = run.document["target"]
    if report.target.ours or then.get("server", "given") != "given" or not report.identity:
        return
    for name in ("database", "system_identifier"):
        now = report.identity.get(name)
        if None not in (then.get(name), now) and str(then[name]) != str(now):
            raise Unverified(f"The evidence is of another database: its {name.replace('_', ' ')} was {then[name]}, and this "
                             f"one's is {now}. Nothing is called fixed; `pytest checks/` makes new evidence.")


class _Now:
    """What the claims of an earlier run have come to."""

    def __init__(self, report: Report) -> None:
        self.claims = {verdict.claim: (verdict,) for case in report.cases for verdict in case.verdicts}
        self.cases = {f"{case.area}:{case.name}": case.verdicts for case in report.cases}
        """A run that could not look told of cases only."""

    def word(self, claim: Claim) -> str:
        """One of WORDS; a claim that is not made any more is held only where it was about what must not be there."""
        found = self._found(claim)
        if found:
            return "accepted" if all(verdict.accepted for verdict in found) else verdict_word(found)
        extra = self.claims.get(f"drift:{EXTRA}", ())
        return "held" if claim["area"] == "drift" and extra and verdict_word(extra) == "held" else "unverified"

    def lines(self, claim: Claim, came_to: str) -> Iterator[str]:
        """What is told of the claim, which came to that word."""
        found = [verdict for verdict in self._found(claim) if verdict.verdict != "held"]
        if came_to == "held":
            yield f"FIXED {claim['id']}"
        elif not found:
            why = "a claim of the project's own is asked by pytest only" if claim["area"] == OWN else \
                "it is not claimed any more, which is no proof that it is fixed"
            yield f"UNVERIFIED {claim['id']}: {why}"
        elif came_to == "accepted":
            yield from (f"ACCEPTED {verdict.claim}: {verdict.accepted.told}" for verdict in found if verdict.accepted)
        else:
            for verdict in found:
                first, *rest = story(verdict)
                yield f"STILL {first}" if word(claim) == verdict.verdict else f"{first} (was {word(claim)})"
                yield from rest

    def _found(self, claim: Claim) -> Sequence[Verdict]:
        return self.claims.get(claim["id"]) or self.cases.get(claim["id"], ())
