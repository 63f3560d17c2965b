"""`python -m checks replay EVIDENCE`: asks again what was not held, and says what is fixed and what is still broken."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

from checks.claims.drift import EXTRA
from checks.claims.verify import Report
from checks.looking import Wanted, look_everywhere, without_collection
from checks.reports.runs import Claim, RunRecord, read_run, word
from checks.reports.terminal import header, story
from checks.values import AREAS, OWN, Say, Unverified, Verdict

_EXIT = {"held": 0, "accepted": 0, "broken": 1, "unverified": 6}


def add_replay(parser: argparse.ArgumentParser) -> None:
    """The arguments of `replay`."""
    parser.add_argument("evidence", metavar="EVIDENCE", help="the evidence file of a run in which not every claim was held")
    parser.add_argument("--target", metavar="NAME|URL", help="where to ask; default: the evidence's own target")
    parser.set_defaults(act=lambda options: replay(
        Path(options.evidence), Path(options.contract), options.target, lambda line: print(line, flush=True)))


def replay(evidence: Path, contract: Path, target: str | None, say: Say) -> int:
    """Asks again what `evidence` tells as broken or unverified; returns the exit code, as of a run of these claims.

    Raises:
        UsageError: no evidence, no such target, a contract that is at fault.
        Unverified: another database answered, or nobody could look.
    """
    run = read_run(evidence)
    wanted = run.not_held()
    if not wanted:
        say(f"{evidence}: every claim was held; there is nothing to ask again.")
        return 0
    spec = run.document["target"]
    areas = frozenset(claim["area"] for claim in wanted) & frozenset(AREAS)
    scratch = target is not None and "scratch" in str(spec.get("writes")) and _is_url(target)
    with without_collection():
        ((report, _),) = look_everywhere(Wanted(contract.absolute(), (target or run.target,), "scratch" if scratch else None,
                                                spec.get("through"), areas, contact=True, isolation=None), say)
    for line in header(report, contract.name):
        say(line)
    _same_place(run, report)
    found = {verdict.claim: verdict for case in report.cases for verdict in case.verdicts}
    words = []
    for claim in wanted:
        verdict = found.get(claim["id"])
        words.append(_word(claim, verdict, found))
        for line in _told(claim, verdict, words[-1]):
            say(line)
    counts = {name: words.count(name) for name in ("held", "broken", "unverified", "accepted")}
    say("")
    say(f"{counts['held']} of {len(words)} fixed, {counts['broken']} broken, {counts['unverified']} unverified"
        + (f", {counts['accepted']} accepted" if counts["accepted"] else ""))
    return next(_EXIT[name] for name in ("broken", "unverified", "accepted", "held") if name in words)


def _is_url(target: str) -> bool:
    return "://" in target or "=" in target


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


def _word(claim: Claim, verdict: Verdict | None, found: Mapping[str, Verdict]) -> str:
    """What the claim came to; one that is not made any more is fixed only where it was about what must not be there."""
    if verdict is not None:
        return "accepted" if verdict.accepted else verdict.verdict
    nothing_extra = found.get(f"drift:{EXTRA}")
    return "held" if claim["area"] == "drift" and nothing_extra is not None and nothing_extra.verdict == "held" \
        else "unverified"


def _told(claim: Claim, verdict: Verdict | None, came_to: str) -> Iterator[str]:
    yield ""
    if came_to == "held":
        yield f"FIXED {claim['id']}"
    elif verdict is None:
        why = "a claim of the project's own is asked by pytest only" if claim["area"] == OWN else \
            "it is not claimed any more, which is no proof that it is fixed"
        yield f"UNVERIFIED {claim['id']}: {why}"
    elif verdict.accepted:
        yield f"ACCEPTED {claim['id']}: {verdict.accepted.told}"
    else:
        first, *rest = story(verdict)
        yield f"STILL {first}" if word(claim) == verdict.verdict else f"{first} (was {word(claim)})"
        yield from rest
