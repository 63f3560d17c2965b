"""`python -m checks report`: evidence files -> a page about many runs, another report, or what changed between two."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from checks.values import UsageError

UNVERIFIED = 6


def add_report(parser: argparse.ArgumentParser) -> None:
    """The arguments of `report`."""
    parser.add_argument("files", nargs="*", metavar="EVIDENCE", help="evidence files, or folders of them")
    parser.add_argument("-o", "--output", metavar="FILE", help=".html: all runs; .md, .sarif: the newest one; .json: the "
                        "evidence of several targets, or of shards, joined")
    parser.add_argument("--target", metavar="NAME", help="whose runs, where the files are of several")
    parser.add_argument("--diff", nargs=2, metavar=("BEFORE", "AFTER"), help="say what changed between two runs")
    parser.set_defaults(act=report)


def report(options: argparse.Namespace) -> int:
    """Writes the report, or says what changed; 0 whatever the runs came to, but 6 where parts of one do not make a whole.

    Raises:
        UsageError: nothing to report on, or it cannot be written.
    """
    from checks.files import write_whole
    from checks.reports.outputs import rendered, report_file
    from checks.reports.runs import read_runs, tell_of_several
    from checks.telling import printable

    if options.diff:
        return _diff(Path(options.diff[0]), Path(options.diff[1]), options.target)
    if not options.files or not options.output:
        raise UsageError("Name evidence files and a report: python -m checks report evidence/*.json -o drift.html; "
                         "or two files: --diff BEFORE AFTER.")
    output = Path(options.output)
    files = list(map(Path, options.files))
    if output.suffix == ".json" or (not options.target and tell_of_several(files)):
        return _join(files, output, options)
    report_file("--output", output)
    left_out: list[str] = []
    runs = read_runs(files, left_out.append, options.target)
    for line in left_out:
        print(printable(line), file=sys.stderr)
    for file, text in rendered(output, runs[-1:], runs[:-1], options.contract, left_out):
        write_whole(file, text)
    newest = runs[-1]
    told = f"{len(runs):,} run{'s' if len(runs) > 1 else ''}" if output.suffix == ".html" else "the newest run"
    print(f"written: {output}, about {told} of {newest.target}, {newest.verdict} at the last")
    return 0


def _join(files: Sequence[Path], output: Path, options: argparse.Namespace) -> int:
    """Writes what all files tell of all targets, each as it was seen last."""
    from checks.evidence import prepare_output
    from checks.files import write_whole
    from checks.reports.document import as_text
    from checks.reports.fleet.join import joined
    from checks.reports.fleet.together import in_words
    from checks.reports.outputs import rendered, report_file
    from checks.reports.runs import runs_of
    from checks.telling import printable

    if output.suffix == ".json":
        prepare_output("--output", output)
    else:
        report_file("--output", output)
    notes: list[str] = []
    document = joined(files, notes.append)
    for line in notes:
        print(printable(line), file=sys.stderr)
    if output.suffix == ".json":
        write_whole(output, as_text(document))
    else:
        runs = runs_of(document["targets"], str(output))
        for file, text in rendered(output, runs, (), options.contract, notes):
            write_whole(file, text)
    counts = Counter(each["verdict"] for each in document["targets"])
    lacks = ", and not whole, so at best unverified" if document.get("missing") else ""
    print(f"written: {output}, about {counts.total():,} targets: {in_words(counts)}{lacks}")
    return UNVERIFIED if lacks else 0


def _diff(before: Path, after: Path, target: str | None) -> int:
    from checks.reports.compare import changes, lines
    from checks.reports.runs import read_run

    for line in lines(changes(read_run(before, target), read_run(after, target))):
        print(line)
    return 0
