"""Verdicts -> terminal lines and the evidence document. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from checks.claims.verify import Report
from checks.evidence import utc
from checks.telling import fit, printable
from checks.values import AREAS, OWN, Case, LeftOut, Verdict, VerdictWord

SCHEMA = 1
"""Version of the evidence document."""
_IDENTITY = ("server_version", "database", "role", "in_recovery", "system_identifier")
LOGIN_TRIGGERS = "login_triggers"
"""What of the database's own code ran because somebody logged in; told where there is any."""


def header(report: Report, contract: str) -> list[str]:
    """What was reached, and what is left out there and why."""
    spec, seen = report.target.spec, report.identity
    if seen:
        state = "in recovery (standby)" if seen["in_recovery"] else "primary"
        reached = (f"PostgreSQL {seen['server_version']}, database {seen['database']}, role {seen['role']}, {state}")
    else:
        reached = "not reached" if report.failure else "not contacted"
    lines = [f"target {spec.name}: {reached}, route {spec.route}, writes {spec.writes}, contract {contract}"]
    if ran := seen.get(LOGIN_TRIGGERS):
        lines.append(f"  ran at login: the event trigger {', '.join(ran)}, code of the database's own")
    return [*map(fit, lines), *(f"  left out: {left.area}: {left.why}" for left in report.left_out)]


def with_own(reports: Sequence[Report], said: Mapping[str, str]) -> tuple[list[Report], tuple[str, str, str]]:
    """`reports` with a claim of the project's own (target, claim, sentence, verdict, detail), and where it stands."""
    first, *_ = reports
    name = said["target"] or first.target.name
    word: VerdictWord = "broken" if said["verdict"] == "broken" else "held" if said["verdict"] == "held" else "unverified"
    verdict = Verdict(said["claim"], said["sentence"], word, "observed", said["detail"])
    case = Case(OWN, said["claim"].partition(":")[2], (verdict,))
    kept = [replace(report, cases=(*(each for each in report.cases if (each.area, each.name) != (OWN, case.name)), case))
            if report.target.name == name else report for report in reports]
    return kept, (name, OWN, case.name)


def closing(reports: Sequence[Report], ran: set[tuple[str, str, str]], looked_s: Sequence[float]) -> Iterator[str]:
    """The closing table by area, then every claim that is not held with what to do about it.

    Args:
        reports: one a target.
        ran: (target, area, case) of the items that were run.
        looked_s: how long the look at each target took, in seconds.
    """
    for report, took_s in zip(reports, looked_s, strict=True):
        cases: list[Case] = []
        others: list[Case] = []
        for case in report.cases:
            (cases if (report.target.name, case.area, case.name) in ran else others).append(case)
        yield f"target {report.target.name}"
        yield from table(cases, others, report)
        yield f"  looked for {took_s:.1f} s"
        if report.failure:
            yield f"  {report.failure}"
            continue
        yield from (f"  {note}" for note in report.notes)
        for case in cases:
            for verdict in (*case.broken, *case.unverified):
                yield ""
                yield from story(verdict)
        accepted = [verdict for case in cases for verdict in case.accepted]
        if accepted:
            yield ""
        for verdict in accepted:
            yield f"ACCEPTED {verdict.claim}: {verdict.accepted.told if verdict.accepted else ''}"


def table(cases: Iterable[Case], others: Iterable[Case], report: Report) -> Iterator[str]:
    """Counts of claims by area: of the `cases` that ran, and of the `others`, which were not asked, if there are any."""
    asked, left = _counts(cases), _counts(others)
    accepted = any("accepted" in row for row in asked.values())
    more = (f"{'accepted':>10}" if accepted else "") + (f"{'not asked':>11}" if left else "")
    yield f"  {'area':<14}{'held':>6}{'broken':>8}{'unverified':>12}{more}"
    for area in (*AREAS, OWN):
        if area in asked or area in left:
            row = asked.get(area, Counter())
            yield f"  {area:<14}{row['held']:>6}{row['broken']:>8}{row['unverified']:>12}" + (
                f"{row['accepted']:>10}" if accepted else "") + (
                f"{left.get(area, Counter()).total():>11}" if left else "")
    cost = report.cost
    if cost:
        yield (f"  {cost['statements']} statements, {cost['scans']} scans of stored rows, "
               f"{cost['invocations']} invocations")


def _counts(cases: Iterable[Case]) -> dict[str, Counter[str]]:
    """Area -> verdict, or `accepted` -> number of claims."""
    counts: dict[str, Counter[str]] = {}
    for case in cases:
        counts.setdefault(case.area, Counter()).update(
            "accepted" if verdict.accepted else verdict.verdict for verdict in case.verdicts)
    return counts


def story(verdict: Verdict) -> Iterator[str]:
    """One claim that is not held: its sentence, what was found, the witness, the next step."""
    yield f"{verdict.verdict.upper()} {verdict.claim}"
    yield f"  claim    {verdict.sentence}"
    for number, line in enumerate(verdict.detail.splitlines() or ["nothing more is known"]):
        yield f"  {'found' if number == 0 else '':<9}{line}"
    if verdict.witness:
        yield f"  witness  {verdict.witness}"
    if verdict.next_step:
        yield f"  next     {verdict.next_step}"


def case_story(case: Case) -> str:
    """Every claim of a case that is not held, for pytest's own report and JUnit."""
    return "\n".join(line for verdict in (*case.broken, *case.unverified) for line in (*story(verdict), "")).strip()


def verdict_word(verdicts: Iterable[Verdict]) -> str:
    """The worst word, where what was accepted counts as held; a run of nothing is unverified."""
    words = {"held" if verdict.accepted else verdict.verdict for verdict in verdicts}
    return next((word for word in ("broken", "unverified", "held") if word in words), "unverified")


def evidence(report: Report, ran: set[tuple[str, str, str]], started: dt.datetime, finished: dt.datetime,
             ) -> dict[str, Any]:
    """The evidence document of one target; see docs/evidence.md. It holds no secret and no stored row.

    Args:
        report: what the run came to.
        ran: (target, area, case) of the items that were run.
        started, finished: UTC.
    """
    spec = report.target.spec
    verdicts = [verdict for case in report.cases for verdict in case.verdicts
                if (report.target.name, case.area, case.name) in ran]
    identity = {name: report.identity.get(name) for name in _IDENTITY}
    if report.identity.get(LOGIN_TRIGGERS):
        identity[LOGIN_TRIGGERS] = list(map(printable, report.identity[LOGIN_TRIGGERS]))
    document = {
        "schema": SCHEMA, "verdict": verdict_word(verdicts),
        "target": {"name": spec.name, "route": spec.route, "writes": spec.writes, "server": spec.server,
                   **{name: printable(value) if isinstance(value, str) else value for name, value in identity.items()},
                   "through": spec.through},
        "started_at": utc(started), "finished_at": utc(finished),
        "duration_s": round((finished - started).total_seconds(), 3),
        "statements": report.cost.get("statements", 0), "scans": report.cost.get("scans", 0),
        "invocations": report.cost.get("invocations", 0),
        "left_out": [_left_out(left) for left in report.left_out],
        "claims": [_claim(verdict) for verdict in verdicts],
    }
    if report.failure:
        document["failure"] = report.failure
    if report.notes:
        document["notes"] = list(report.notes)
    return document


def as_text(document: Mapping[str, Any]) -> str:
    """The evidence document as JSON, one claim a line, so that two runs can be compared line by line."""
    head = {name: value for name, value in document.items() if name != "claims"}
    lines = [*(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()),
             ' "claims": [\n  ' + ",\n  ".join(map(json.dumps, document["claims"])) + "\n ]"]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _left_out(left: LeftOut) -> dict[str, str]:
    return {"area": left.area, "why": left.why}


def _claim(verdict: Verdict) -> dict[str, Any]:
    return {"id": verdict.claim, "area": verdict.area, "sentence": verdict.sentence, "verdict": verdict.verdict,
            "evidence": verdict.evidence, "detail": verdict.detail, "witness": verdict.witness,
            "next_step": verdict.next_step, **({"note": verdict.note} if verdict.note else {}),
            **({"cause": verdict.cause} if verdict.cause else {}),
            **({"accepted": {"reason": verdict.accepted.reason, "until": verdict.accepted.until or None}}
               if verdict.accepted else {})}
