"""Runs -> annotations of a GitHub job: at most ten a step, the broken claims first, the rest counted. Pure."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence

from checks.reports.runs import Claim, RunRecord, word

MOST = 10
"""GitHub shows ten errors and ten warnings of a step, and drops the others in silence."""
_LONGEST = 1_500


def annotated(runs: Sequence[RunRecord], place: str) -> list[str]:
    """Workflow commands, a line each.

    Args:
        runs: one a target.
        place: the file that they are shown at, relative to the repository: the contract.
    """
    told = sorted(((claim, run) for run in runs for claim in run.not_held()), key=lambda each: word(each[0]))
    shown = told if len(told) <= MOST else told[:MOST - 1]
    rest = Counter(word(claim) for claim, _ in told[len(shown):])
    lines = [_annotation(claim, run, place) for claim, run in shown]
    if rest:
        level = "error" if rest["broken"] else "warning"
        counted = " and ".join(f"{count:,} {name}" for name, count in rest.items())
        lines.append(_command(level, place, "and more",
                              f"{counted} claims more; the job summary and the evidence have them."))
    return lines


def _annotation(claim: Claim, run: RunRecord, place: str) -> str:
    told = [str(claim[name]) for name in ("detail", "next_step") if claim.get(name)]
    return _command("error" if claim["verdict"] == "broken" else "warning", place,
                    f"{word(claim)} on {run.target}: {claim['id']}", "\n".join(told) or "nothing more is known")


def _command(level: str, place: str, title: str, message: str) -> str:
    return f"::{level} file={_property(place)},title={_property(title)}::{_data(message[:_LONGEST])}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def unheard(lines: Iterator[str]) -> Iterator[str]:
    """`lines` between commands that keep a runner from taking names in them for commands."""
    word = secrets.token_hex(16)
    yield f"::stop-commands::{word}"
    yield from lines
    yield f"::{word}::"
