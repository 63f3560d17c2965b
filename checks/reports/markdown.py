"""Runs -> a job summary in Markdown, cut on purpose before GitHub would drop it. Pure."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Sequence

from checks.reports.fleet.schemas import NO_OTHER, InSchemas, claims_alike
from checks.reports.fleet.together import alike, in_words, named, unseen, worst_first
from checks.reports.history import shown
from checks.reports.runs import WORDS, Claim, RunRecord, word
from checks.values import AREAS, OWN

LIMIT_BYTES = 1_000_000
"""A step's summary may have 1 MiB (GitHub, "Workflow commands": step isolation and limits), and others write to it too."""
_FEW, _ROWS = 4, 100
"""More targets than this have one table, of so many rows."""
_OPEN = 5
"""So many stories are open at once."""


def summary(runs: Sequence[RunRecord], limit_bytes: int = LIMIT_BYTES) -> str:
    """One section a run; of more than a few together, the worst first. What would not fit is counted."""
    if len(runs) > _FEW:
        return _of_many(runs, limit_bytes)
    return "\n".join(_section(run, limit_bytes // max(len(runs), 1)) for run in runs)


def _of_many(runs: Sequence[RunRecord], limit_bytes: int) -> str:
    ordered = worst_first(runs)
    lines = [f"## {ordered[0].verdict}: {len(runs):,} targets", "", in_words(Counter(run.verdict for run in runs)), "",
             "| target | verdict | held | broken | unverified | accepted |", "|---|---|--:|--:|--:|--:|"]
    lines += [f"| {code(run.target)} | {run.verdict} | " + " | ".join(
        str(run.counts[name]) for name in ("held", "broken", "unverified", "accepted")) + " |" for run in ordered[:_ROWS]]
    if rest := Counter(run.verdict for run in ordered[_ROWS:]):
        lines += ["", f"and {rest.total():,} more: {in_words(rest)}"]
    lines += ["", *(f"<p>not looked at: {code(named(targets))}</p><pre>{html.escape(why)}</pre>"
                    for why, targets in unseen(runs)), ""]
    head = "\n".join(lines)
    told = [code(f"{len(each.targets):,} of {len(runs):,}: {each.named}") + "\n"
            + _story(each.claim, NO_OTHER, number < _OPEN) for number, each in enumerate(alike(runs))]
    room, kept = limit_bytes - len(head.encode()) - 300, 0
    for story in told:
        room -= len(story.encode())
        if room < 0:
            break
        kept += 1
    more = f"\n{len(told) - kept:,} more are not shown here: a job summary may have 1 MiB. The evidence has them all.\n" \
        if kept < len(told) else ""
    return head + "".join(told[:kept]) + more


def _section(run: RunRecord, limit_bytes: int) -> str:
    head = "\n".join(_head(run)) + "\n"
    said = list(claims_alike(run.not_held()))
    told = [_story(claim, same, number < _OPEN) for number, (claim, same) in enumerate(said)]
    room, kept = limit_bytes - len(head.encode()) - 300, 0
    for story in told:
        room -= len(story.encode())
        if room < 0:
            break
        kept += 1
    rest = Counter(word(claim) for claim, _ in said[kept:])
    cut = f"\n{_counted(rest)} more are not shown here: a job summary may have 1 MiB. The evidence has them all.\n" \
        if rest else ""
    return head + "".join(told[:kept]) + cut


def _head(run: RunRecord) -> Iterator[str]:
    target = run.document["target"]
    known = [f"PostgreSQL {target['server_version']}" if target.get("server_version") else "", *(
        f"{name} {target[name]}" for name in ("database", "role", "route", "writes") if target.get(name))]
    yield f"## {run.verdict}: {code(run.target)}"
    yield ""
    yield f"{code(', '.join(filter(None, known)))}, looked at {shown(run.at)}"
    yield ""
    if run.failure:
        yield f"<pre>{html.escape(run.failure)}</pre>"
        yield ""
    areas: dict[str, Counter[str]] = {}
    for claim in run.document["claims"]:
        areas.setdefault(claim["area"], Counter())[word(claim)] += 1
    yield "| area | held | broken | unverified | accepted |"
    yield "|---|--:|--:|--:|--:|"
    for area in sorted(areas, key=lambda area: (*AREAS, OWN, area).index(area)):
        counts = areas[area]
        yield f"| {code(area)} | {counts['held']} | {counts['broken']} | {counts['unverified']} | {counts['accepted']} |"
    yield ""


def _story(claim: Claim, same: InSchemas, opened: bool) -> str:
    parts = [("schemas", same.named), ("found", claim.get("detail")), ("witness", claim.get("witness")),
             ("next", claim.get("next_step"))]
    told = "\n".join(f"{name:<9}{text}" for name, text in parts if text)
    return (f"<details{' open' if opened else ''}><summary><b>{word(claim)}</b> {code(claim['id'])}{same.counted} "
            f"{escaped(str(claim.get('sentence') or ''))}</summary>\n<pre>{html.escape(told)}</pre></details>\n")


def _counted(counts: Counter[str]) -> str:
    return " and ".join(f"{counts[name]:,} {name}" for name in WORDS if counts[name])


def code(text: str) -> str:
    """`text` set as code, and nothing else, whatever it holds."""
    return f"<code>{escaped(text)}</code>"


def escaped(text: str) -> str:
    """`text` with all that Markdown or HTML would read as markup written as character references, on one line."""
    return "".join(letter if letter.isalnum() or letter in " .,:;_/()-=?" and letter != "_"
                   else f"&#{ord(letter)};" for letter in " ".join(text.split()))
