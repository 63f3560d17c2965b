"""A History -> one HTML page that needs nothing else: no network, no script but its own, every name escaped."""

from __future__ import annotations

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import checks
from checks.reports.fleet.together import alike, named, unseen, worst_first
from checks.reports.history import ClaimHistory, History, Series, shown, sides
from checks.reports.runs import WORDS, RunRecord, word
from checks.resources import TEMPLATES
from checks.telling import printable

_FEWEST = 30
"""A strip has room for so many nights at least; the newest stands at its right end."""
_APART = 60
"""Up to so many nights a strip shows each by itself."""
_SHAPES = {"h": ("held", 3, 7), "b": ("broken", 0, 10), "u": ("unverified", 5, 5), "a": ("accepted", 3, 7)}
"""Letter of a strip -> (class, top, height) of 10: a verdict is told by shape as well as by colour."""
_OPEN = 40
"""So many claims that are not held are told in full at once; the others open."""
_EPISODES = 12
"""So many of the newest episodes of a claim are listed."""
_ROWS, _STORIES = 5_000, 500
"""So many targets, and so many stories, a page about many has."""
_SMALL = 24
"""So many of the figures that belong to claims are plotted."""


def page(past: History, notes: Sequence[str] = ()) -> str:
    """The page about `past`; `notes` are sentences about what it does not tell."""
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True,
                              trim_blocks=True, lstrip_blocks=True)
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    told = _plotted(past)
    counts = Counter(claim.word for claim in past.claims)
    last = past.last
    return environment.get_template("page.html").render(
        past=past, last=last, target=last.document["target"], counts=counts, words=(*WORDS, "gone"),
        notes=list(map(printable, notes)),
        style=Markup(style), script=Markup(script), style_hash=_hash(style), script_hash=_hash(script),
        areas=list(dict.fromkeys(claim.area for claim in past.claims)), verdict=last.verdict,
        nights=[shown(run.at) for run in past.runs], since=_since(past), identity=list(_identity(past)),
        plots=[_plot(each) for each in told if not each.claim],
        claim_plots=[_plot(each) for each in told if each.claim], shapes=_shapes, slots=slots,
        sides=sides, shown=shown, anchor=anchor,
        now_open={claim.id for claim in past.claims[:_OPEN] if claim.word not in ("held", "gone")},
        episodes=lambda claim: claim.episodes[:-_EPISODES - 1:-1], version=checks.__version__, described=_described)


def page_of_many(runs: Sequence[RunRecord], notes: Sequence[str] = (),
                 pages: Mapping[str, str] = MappingProxyType({})) -> str:
    """The page about several targets: all of them, the worst first, and what is told alike of many told once.

    Args:
        runs: one a target.
        notes: sentences about what it does not tell.
        pages: target -> the file beside this one that is about it.
    """
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    ordered = worst_first(runs)
    stories = alike(runs, accepted=True)
    return environment.get_template("targets.html").render(
        runs=ordered[:_ROWS], all=len(ordered), rest=len(ordered) - _ROWS, words=WORDS, word=word, pages=pages,
        verdict=ordered[0].verdict, verdicts=Counter(run.verdict for run in runs), at=shown(min(run.at for run in runs)),
        stories=stories[:_STORIES], more=len(stories) - _STORIES, unseen=unseen(runs), notes=list(map(printable, notes)),
        style=Markup(style), style_hash=_hash(style), quoted=lambda name: quote(name), named=named, open=_OPEN,
        version=checks.__version__)


def anchor(claim: str) -> str:
    """A claim's id as a fragment of a URL."""
    return quote(claim, safe=":./-_~()$,*")


def _hash(text: str) -> str:
    """What a Content-Security-Policy calls an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _identity(past: History) -> Iterator[tuple[str, str]]:
    """What was looked at, as (word, value)."""
    target, last = past.last.document["target"], past.last
    recovery = target.get("in_recovery")
    values = (("target", target["name"]), ("PostgreSQL", target.get("server_version")), ("database", target.get("database")),
              ("role", target.get("role")),
              ("state", None if recovery is None else "in recovery (standby)" if recovery else "primary"),
              ("route", target.get("route")), ("writes", target.get("writes")), ("through", target.get("through")),
              ("system identifier", target.get("system_identifier")), ("looked at", shown(last.at)),
              ("runs", f"{len(past.runs):,}, the first {shown(past.runs[0].at)}"))
    yield from ((name, str(value)) for name, value in values if value not in (None, ""))


def _since(past: History) -> str:
    """For how long the run's verdict has been what it is."""
    letters = past.strip
    index = len(letters.rstrip(letters[-1]))
    runs = len(letters) - index
    known = "since" if index else "in every run since"
    return f"{known} {shown(past.runs[index].at)}, {runs:,} run{'s' if runs > 1 else ''}"


def _shapes(strip: str) -> list[tuple[str, str]]:
    """(class, path) for each verdict in a strip, in a box of one unit a night and ten units height."""
    paths: dict[str, list[str]] = {}
    apart = len(strip) <= _APART
    position = slots(strip) - len(strip)
    for letter, group in groupby(strip):
        nights = len(list(group))
        if letter in _SHAPES:
            name, top, height = _SHAPES[letter]
            for x, width in [(position + n, 0.86) for n in range(nights)] if apart else [(position, nights)]:
                paths.setdefault(name, []).append(f"M{x} {top}h{width}v{height}h-{width}z")
        position += nights
    return [(name, "".join(path)) for name, path in paths.items()]


def slots(strip: str) -> int:
    """For how many nights a strip has room."""
    return max(len(strip), _FEWEST)


def _described(claim: ClaimHistory, past: History) -> str:
    """A strip in words, for those who do not see it."""
    held = f"held on {claim.held} runs"
    return f"{held}; {claim.current.word} {past.since(claim.current)}" if claim.current else held


def _plotted(past: History) -> list[Series]:
    told = [series for series in past.figures if len(series.known) > 0 and (series.claim or any(series.known))]
    own = [series for series in told if not series.claim]
    return own + sorted((series for series in told if series.claim), key=lambda series: -max(series.known))[:_SMALL]


def _plot(series: Series) -> dict[str, Any]:
    """A small plot: a path in a box of 100 by 30, broken where nothing was counted, and what it tells in words."""
    most, count = max(series.known) or 1.0, len(series.values)
    points = [(100 * index / max(count - 1, 1), 29 - 27 * max(value, 0.0) / most)
              for index, value in enumerate(series.values) if not math.isnan(value)]
    known = [index for index, value in enumerate(series.values) if not math.isnan(value)]
    steps = ["L" if index and known[index - 1] == known[index] - 1 else "M" for index in range(len(known))]
    path = "".join(f"{step}{x:.1f} {y:.1f}" for step, (x, y) in zip(steps, points, strict=True))
    path += f"h.01M{points[-1][0]:.1f} {points[-1][1]:.1f}h.01"
    return {"name": series.name, "claim": series.claim, "path": path, "last": _amount(series.known[-1], series.unit),
            "least": _amount(min(series.known), series.unit), "most": _amount(max(series.known), series.unit)}


def _amount(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}" if value >= 1 else f"{value:,.3f}"
    return f"{text} {unit}".strip()
