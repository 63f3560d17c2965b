"""Writes docs/claims.md from the kinds of claims: `python docs/list_claims.py`. A test holds the file to the code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from checks.explain import EVIDENCE, all_kinds, saboteurs  # noqa: E402
from checks.kinds import Kind  # noqa: E402
from checks.values import AREAS  # noqa: E402

FILE = ROOT / "docs" / "claims.md"
HEAD = """# Claims

Every kind of claim: its id, what it says, what the answer may rest on, what breaks it, and the saboteurs that do so in this
project's own tests (`fixtures/`, by family). `pytest checks/ --explain CLAIM` tells the same of one claim. This page is
written by `python docs/list_claims.py`.
"""


def listed() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_lines()]) + "\n"


def _lines() -> Iterator[str]:
    yield "| evidence | means |"
    yield "|---|---|"
    yield from (f"| {word} | {meaning} |" for word, meaning in EVIDENCE.items())
    kinds = sorted(all_kinds(), key=lambda kind: AREAS.index(kind.area))
    for area, found in groupby(kinds, key=lambda kind: kind.area):
        yield f"\n## {area}\n"
        for kind in found:
            yield from _told(kind)


def _told(kind: Kind[...]) -> Iterator[str]:
    names = saboteurs().get(kind.key, ())
    yield f"### `{kind.pattern}`\n"
    yield f"{kind.readable}\n"
    yield f"- evidence: {', '.join(kind.evidence)}"
    yield f"- broken {kind.broken}"
    yield f"- {len(names)} saboteurs: {', '.join(f'`{name}`' for name in names)}\n"


if __name__ == "__main__":
    FILE.write_text(listed(), encoding="utf-8")
