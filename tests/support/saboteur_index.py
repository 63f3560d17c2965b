"""Which saboteur breaks which kinds of claims: checks/saboteurs.json, held to what the tests of the saboteurs see.

    POSTDEPLOY_WRITE_SABOTEURS=1 pytest tests/claims tests/replays tests/audits    writes it anew, in one process
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from functools import cache

from checks.explain import all_kinds
from checks.kinds import Kind
from checks.values import Verdict
from tests.support import ROOT

FILE = ROOT / "checks" / "saboteurs.json"
WRITING = "POSTDEPLOY_WRITE_SABOTEURS" in os.environ


def read() -> dict[str, list[str]]:
    """Key of a kind -> the saboteurs that break it."""
    found: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def saw(saboteur: str, broken: Iterable[Verdict]) -> None:
    """Holds the index to what a test saw a saboteur break of what it is aimed at.

    Args:
        saboteur: `FAMILY/NAME`.
        broken: the verdicts on the claims that it is aimed at.
    """
    kinds = {kind_seen(verdict).key for verdict in broken if verdict.verdict == "broken"}
    assert kinds, f"{saboteur} breaks nothing"
    if WRITING:
        _write(saboteur, kinds)
    assert {key for key, names in read().items() if saboteur in names} == kinds, (
        f"{saboteur}: {FILE.name} says otherwise; write it anew with POSTDEPLOY_WRITE_SABOTEURS=1")


def kind_seen(verdict: Verdict) -> Kind[...]:
    """The kind that gives such an id with such a sentence."""
    told = f"{verdict.claim}\n{verdict.sentence}"
    fitting = {kind: _shape(kind)[1] for kind in all_kinds() if re.fullmatch(_shape(kind)[0], told, re.DOTALL)}
    assert fitting, f"{verdict.claim} is of no kind: {verdict.sentence}"
    return max(fitting, key=fitting.__getitem__)


@cache
def _shape(kind: Kind[...]) -> tuple[str, int]:
    """(what id and sentence match, a blank always standing for the same; how much of it is given)."""
    parts = re.split(r"\{([^{}]*)\}", f"{kind.id}\n{kind.sentence}")
    blanks: dict[str, str] = {}
    shape = "".join(re.escape(part) if number % 2 == 0 else _group(part, blanks) for number, part in enumerate(parts))
    return shape, sum(map(len, parts[::2]))


def _group(blank: str, blanks: dict[str, str]) -> str:
    if blank in blanks:
        return f"(?P={blanks[blank]})"
    blanks[blank] = f"blank_{len(blanks)}"
    return f"(?P<{blanks[blank]}>.*)"


def _write(saboteur: str, kinds: set[str]) -> None:
    found = read() if FILE.exists() else {}
    named = {kind.key: {*found.get(kind.key, ())} - {saboteur} | ({saboteur} if kind.key in kinds else set())
             for kind in all_kinds()}
    lines = (f"{json.dumps(key)}: {json.dumps(sorted(names, key=_natural))}" for key, names in named.items() if names)
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts D2 before D10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
