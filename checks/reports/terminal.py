"""Verdicts -> terminal lines. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from checks.claims.verify import Report
from checks.reports.document import LOGIN_TRIGGERS
from checks.reports.fleet.schemas import InSchemas, verdicts_alike
from checks.reports.fleet.together import named
from checks.telling import fit
from checks.values import AREAS, OWN, Case, Verdict, VerdictWord


def header(report: Report, contract: str) -> list[str]:
    """What was reached, and what is left out there and why."""
    spec, seen = report.target.spec, report.identity
    if seen:
        state = f"in recovery (standby: {seen['replica'].told})" if seen["in_recovery"] else "primary"
        reached = (f"PostgreSQL {seen['server_version']}, database {seen['database']}, role {seen['role']}, {state}")
    else:
        reached = "not reached" if report.failure else "not contacted"
    lines = [f"target {spec.name}: {reached}, route {spec.route}, writes {spec.writes}, contract {contract}"]
    if ran := seen.get(LOGIN_TRIGGERS):
        lines.append(f"  ran at login: the event trigger {', '.join(ran)}, code of the database's own")
    return [*map(fit, lines), *(f"  left out: {left.area}: {left.why}" for left in report.left_out)]


def header_of_many(reports: Sequence[Report], contract: str) -> list[str]:
    """What was reached, told once for all targets alike, and what is left out there and why."""
    lines: dict[str, list[str]] = {}
    left: dict[str, int] = {}
    for report in reports:
        spec, seen = report.target.spec, report.identity
        reached = (f"PostgreSQL {seen['server_version']}, role {seen['role']}, "
                   f"{'in recovery (standby)' if seen['in_recovery'] else 'primary'}") if seen else \
            "not reached" if report.failure else "not contacted"
        lines.setdefault(f"{reached}, route {spec.route}, writes {spec.writes}, contract {contract}", []).append(spec.name)
        if ran := seen.get(LOGIN_TRIGGERS):
            text = f"  ran at login: the event trigger {', '.join(ran)}, code of the database's own"
            left[text] = left.get(text, 0) + 1
        for each in report.left_out:
            text = f"  left out: {each.area}: {each.why.replace(f'target {spec.name} ', 'the target ')}"
            left[text] = left.get(text, 0) + 1
    told = [f"{len(names):,} target{'s' if len(names) > 1 else ''} {named(names)}: {text}" for text, names in lines.items()]
    return [*map(fit, told), *(text if count == len(reports) else f"{text} (on {count:,} of {len(reports):,})"
                               for text, count in left.items())]


def cost_of(reports: Sequence[Report], ran: set[tuple[str, str, str]], looked_s: Sequence[float]) -> str:
    """What a run of several targets cost, in one line."""
    cost = Counter[str]()
    for report in reports:
        cost.update(report.cost)
    skipped = sum(len(case.verdicts) for report in reports for case in report.cases
                  if (report.target.name, case.area, case.name) not in ran)
    more = f"; {skipped:,} claims not asked" if skipped else ""
    return (f"{cost['statements']:,} statements, {cost['scans']:,} scans of stored rows, {cost['invocations']:,} "
            f"invocations; looks took {sum(looked_s):,.1f} s together, the longest {max(looked_s, default=0):,.1f} s{more}")


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
            for verdict, same in verdicts_alike((*case.broken, *case.unverified)):
                yield ""
                yield from story(verdict, same)
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


def story(verdict: Verdict, same: InSchemas | None = None) -> Iterator[str]:
    """One claim that is not held: its sentence, of which schemas the same is said, what was found, what to do."""
    yield f"{verdict.verdict.upper()} {verdict.claim}{same.counted if same else ''}"
    yield f"  claim    {verdict.sentence}"
    if same and same.named:
        yield f"  schemas  {same.named}"
    for number, line in enumerate(verdict.detail.splitlines() or ["nothing more is known"]):
        yield f"  {'found' if number == 0 else '':<9}{line}"
    if verdict.witness:
        yield f"  witness  {verdict.witness}"
    if verdict.next_step:
        yield f"  next     {verdict.next_step}"


def case_story(case: Case) -> str:
    """Every claim of a case that is not held, for pytest's own report and JUnit."""
    return "\n".join(line for verdict, same in verdicts_alike((*case.broken, *case.unverified))
                     for line in (*story(verdict, same), "")).strip()
