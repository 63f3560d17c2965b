"""The matrix as a page and as JSON; no time and no machine in them, so that two runs write the same."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from checks.explain import all_kinds
from tests.matrix.known import SURVIVORS
from tests.matrix.trial import SEVERITY, Trial, Word
from tests.support import ROOT, saboteur_index

HEAD = """# Kill matrix: what is caught, and what is not cried about

Written by `tox run -e matrix`, which runs every saboteur (a fault, committed) and every look-alike (an honest change that
looks like one) by every route on every PostgreSQL major it is given: the embedded one, and `POSTDEPLOY_TEST_SERVERS`. The
same as JSON, one line each: [matrix.json](matrix.json). What the ids of faults mean: [faults.md](faults.md).

*Caught*: a claim is broken, names the object, and shows a witness and a next step, and no other claim is broken without
need. *Misdiagnosed*: something else is broken. *Missed*: nothing is; the claim may be unverified. One that is run several
ways counts once, as the worst of them. What pg_dump tells and no claim does, on purpose, is neither
([ignored.md](ignored.md)).

*generated*: single steps away from a schema (drop, rename, retype, loosen, move, disable …) and steps that change nothing,
made from its catalogue, each of them on a few objects of each schema.
"""


def faults() -> dict[str, str]:
    """Id -> sentence, as docs/faults.md lists them."""
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| ([A-Z]\d+) \| (.+) \|$", text, re.M))


def worst(trials: Iterable[Trial]) -> dict[tuple[str, str], list[Trial]]:
    """(family, name) -> its runs, the worst first."""
    found: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        found.setdefault((trial.family, trial.name), []).append(trial)
    return {key: sorted(runs, key=lambda trial: SEVERITY.index(trial.word)) for key, runs in found.items()}


def totals(trials: Sequence[Trial]) -> dict[str, int]:
    """saboteurs, lookalikes, caught, misdiagnosed, missed, alarmed, and runs."""
    words = Counter[Word](runs[0].word for runs in worst(trials).values())
    return {"saboteurs": sum(words[word] for word in SEVERITY[:3]), "lookalikes": words["quiet"] + words["alarmed"],
            "caught": words["caught"], "misdiagnosed": words["misdiagnosed"], "missed": words["missed"],
            "alarmed": words["alarmed"], "runs": len(trials)}


def document(trials: Sequence[Trial]) -> dict[str, Any]:
    """All of it but the single ones."""
    by_fault = {fault: totals([trial for trial in trials if fault in trial.faults]) for fault in faults()}
    families = dict.fromkeys(trial.family for trial in trials)
    return {
        "command": "tox run -e matrix", "majors": sorted({trial.major for trial in trials} - {0}),
        "totals": totals(trials),
        "faults": {fault: told["saboteurs"] or told["lookalikes"] for fault, told in by_fault.items()},
        "families": {name: totals([trial for trial in trials if trial.family == name]) for name in families},
        "routes": {route: totals([trial for trial in trials if trial.route == route])
                   for route in sorted({trial.route for trial in trials})},
        "kinds": {kind.key: len(saboteur_index.read().get(kind.key, ())) for kind in all_kinds()},
    }


def write(trials: Sequence[Trial], folder: Path) -> None:
    """Writes matrix.json and matrix.md into `folder`."""
    told, ones = document(trials), worst(trials)
    head = json.dumps(told, indent=1)[:-2]
    lines = ",\n".join("  " + json.dumps(_one(runs)) for runs in ones.values())
    (folder / "matrix.json").write_text(f'{head},\n "each": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    (folder / "matrix.md").write_text(_page(told, ones), encoding="utf-8")


def _one(runs: list[Trial]) -> dict[str, Any]:
    first, words = runs[0], Counter(run.word for run in runs)
    told: dict[str, Any] = {"family": first.family, "name": first.name, "faults": first.faults, "word": first.word,
                            "runs": len(runs)}
    if len(words) > 1:
        told["but"] = {f"{run.route} {run.major}": run.word for run in runs if run.word != first.word}
    return told


def _page(told: dict[str, Any], ones: dict[tuple[str, str], list[Trial]]) -> str:
    majors = ", ".join(map(str, told["majors"]))
    parts = [HEAD, f"On PostgreSQL {majors}.\n", _table("family", told["families"] | {"**all**": told["totals"]}),
             "## By route\n", _table("route", told["routes"]), "## By fault\n",
             "| | fault | saboteurs, or look-alikes |\n|---|---|---|"]
    parts[-1] += "".join(f"\n| {fault} | {sentence} | {told['faults'][fault] or 'none yet'} |"
                         for fault, sentence in faults().items()) + "\n"
    parts += ["## By kind of claim\n", "| kind | saboteurs |\n|---|---|" + "".join(
        f"\n| {kind} | {count} |" for kind, count in told["kinds"].items()) + "\n", "## What survives\n"]
    left = [runs[0] for runs in ones.values() if runs[0].word not in ("caught", "quiet")]
    parts.append("".join(_survivor(trial) for trial in left) or "Nothing.\n")
    return "\n".join([*parts, _mutants()])


def _mutants() -> str:
    """The score of tests/mutation."""
    score = json.loads((ROOT / "tests" / "mutation" / "score.json").read_text(encoding="utf-8"))
    lines = [f"| {part} | {', '.join(told['modules'])} | {told['tried']} | {told['killed']} "
             f"({100 * told['killed'] // max(1, told['tried'])} %) |" for part, told in score.items()]
    head = ("## Mutants of our own judges\n\nDrawn at random with seed 1 and tried against the fast part of the tests only "
            "(`tox run -e mutants`), so that a share is of a sample; those that survive are explained in "
            "[mutants.md](mutants.md).\n\n| part | modules | tried | killed |\n|---|---|---|---|\n")
    return head + "\n".join(lines) + "\n"


def _survivor(trial: Trial) -> str:
    why = next((why for part, why in SURVIVORS.items() if part in trial.name), "not explained yet")
    return f"- {trial.word}: {trial.family} *{trial.name}* ({trial.route}, PostgreSQL {trial.major}): {why}\n"


def _table(head: str, rows: dict[str, dict[str, int]]) -> str:
    columns = ("saboteurs", "caught", "misdiagnosed", "missed", "lookalikes", "alarmed", "runs")
    lines = [f"| {head} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(str(told[column]) for column in columns)} |" for name, told in rows.items()]
    return "\n".join(lines) + "\n"
