"""docs/benchmark.md, .json and .svg, of what a run found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Found = Mapping[str, Any]
"""What `python -m benchmarks.peers` found; docs/benchmark.json holds it."""

HEAD = """# Benchmark: other ways to verify a schema, in the same run

Made by `{command}` on {at}; `tox run -e benchmark` runs it.
{machine}, load {load} meanwhile. Above a load of 1 a core others shared the machine: compare the rows of
one table with each other, not with another table's or another day's. [benchmark.json](benchmark.json) has every figure.
{versions}.

Each figure is the median of {runs} fresh processes that took turns, or one where a command is slow, with their bytecode
kept, against one embedded PostgreSQL through a relay that counts statements. In the second part the relay adds 10 ms each
way; it does not limit throughput. CPU time is user and system time of the process and its children, not of the server;
memory is the peak of its largest process. A table of the schema has 10 columns, 6 constraints and 5 indexes
(benchmarks/schema.py).

Every tool had written down beforehand, in its own form, what should be there: a lock file, a dump, JSON, a second
database (migra, over loopback), a list of questions, a script (pgTAP, whose functions stand in the database: it is
written to once). A claim is what the tool counts: an object, a statement of a dump, an item. They are not of one size.
*empty pytest* runs one test that passes; *bare script* fetches our snapshot, evaluates the CHECKs of the declared enums
over sampled values, and judges nothing.
"""
COLUMNS = ("tool", "statements", "wall", "CPU", "peak memory", "claims", "wall, ours = 1")


def write_page(found: Found, page: Path) -> None:
    """Writes the page, and its JSON and plot beside it."""
    page.with_suffix(".json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page.write_text(as_page(found, page.with_suffix(".svg").name), encoding="utf-8")
    plot(found, page.with_suffix(".svg"))


def as_page(found: Found, plotted: str) -> str:
    """The page's text; `plotted` is the name of the plot beside it."""
    known = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    most = max(row["runs"] for row in found["figures"])
    parts = [HEAD.format(**{**found, "versions": known, "runs": most}), f"![wall time by tables]({plotted})\n"]
    for round_trip_ms in dict.fromkeys(row["round_trip_ms"] for row in found["figures"]):
        parts += [f"## {f'A round trip of {round_trip_ms} ms' if round_trip_ms else 'Loopback'}\n"]
        for tables in dict.fromkeys(row["tables"] for row in found["figures"]):
            rows = [row for row in found["figures"] if (row["tables"], row["round_trip_ms"]) == (tables, round_trip_ms)]
            parts += [f"{tables:,} tables:\n", _table(COLUMNS, _figures(rows, found["ours"])), _bound(rows, found["ours"])]
    parts += ["## Faults\n", *_steps(found)]
    if found["missing"]:
        parts += ["## Not measured\n", "\n".join(f"- {name}: {why}" for name, why in found["missing"].items()) + "\n"]
    return "\n".join(part for part in parts if part)


def _figures(rows: Sequence[Mapping[str, Any]], ours: str) -> Iterator[Sequence[str]]:
    took = next(row["wall_s"] for row in rows if row["tool"] == ours)
    for row in rows:
        if row["ended"]:
            yield (row["tool"], f"{row['statements']:,}", f"{row['wall_s']:.2f} s", f"{row['cpu_s']:.2f} s",
                   f"{row['peak_mb']:.0f} MB", f"{row['claims']:,}" if row["claims"] else "", f"{row['wall_s'] / took:.1f}")
        else:
            yield (row["tool"], f"{row['statements']:,} so far", f"ended after {row['wall_s']:.0f} s", "", "", "",
                   f"over {row['wall_s'] / took:.0f}")


def _bound(rows: Sequence[Mapping[str, Any]], ours: str) -> str:
    took = {row["tool"]: row["wall_s"] for row in rows}
    allowed = took["empty pytest"] + 2 * took["bare script"]
    return f"Ours against an empty pytest and two bare scripts: {took[ours]:.2f} s of {allowed:.2f} s.\n"


def _steps(found: Found) -> Iterator[str]:
    names = list(found["steps"][0]["said"])
    kinds = {kind: [step for step in found["steps"] if step["kind"] == kind] for kind in ("fault", "look-alike")}
    faults, alikes = map(len, kinds.values())
    yield (f"{faults} faults of [faults.md](faults.md) and {alikes} look-alikes, each on a copy of the database of ten "
           "tables and some more objects. Every tool was quiet about the unchanged copy.\n")
    yield _table(("tool", "faults told", "look-alikes cried about"), (
        (name, *(f"{sum(step['said'][name] == 'told' for step in steps)} of {len(steps)}" for steps in kinds.values()))
        for name in names))
    for steps in kinds.values():
        yield _table(("id", steps[0]["kind"], *names),
                     ((step["id"], step["what"], *(step["said"][name] for name in names)) for step in steps))


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def plot(found: Found, file: Path) -> None:
    """Wall time by tables, one picture a round trip, as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "benchmark", "svg.fonttype": "none"})
    from matplotlib import pyplot

    trips = list(dict.fromkeys(row["round_trip_ms"] for row in found["figures"]))
    figure, places = pyplot.subplots(1, len(trips), figsize=(11, 4.5), sharey=True, squeeze=False)
    for place, trip in zip(places[0], trips, strict=True):
        for name in dict.fromkeys(row["tool"] for row in found["figures"]):
            rows = [row for row in found["figures"] if (row["tool"], row["round_trip_ms"]) == (name, trip) and row["ended"]]
            place.plot([row["tables"] for row in rows], [row["wall_s"] for row in rows], marker="o", label=name,
                       linewidth=3 if name == found["ours"] else 1)
        place.set(xscale="log", yscale="log", xlabel="tables", title=f"{trip} ms round trip" if trip else "loopback")
        place.grid(alpha=0.3)
    places[0][0].set_ylabel("wall time, s")
    places[0][-1].legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
