"""`python -m checks report`: evidence files -> a page about many runs, another report, or what changed between two."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from checks.values import UsageError


def add_report(parser: argparse.ArgumentParser) -> None:
    """The arguments of `report`."""
    parser.add_argument("files", nargs="*", metavar="EVIDENCE", help="evidence files, or folders of them")
    parser.add_argument("-o", "--output", metavar="FILE", help=".html: all runs; .md, .sarif: the newest one")
    parser.add_argument("--target", metavar="NAME", help="whose runs, where the files are of several")
    parser.add_argument("--diff", nargs=2, metavar=("BEFORE", "AFTER"), help="say what changed between two runs")
    parser.set_defaults(act=report)


def report(options: argparse.Namespace) -> int:
    """Writes the report, or says what changed; 0 whatever the runs came to.

    Raises:
        UsageError: nothing to report on, or it cannot be written.
    """
    from checks.files import write_whole
    from checks.reports.outputs import rendered, report_file
    from checks.reports.runs import read_runs
    from checks.telling import printable

    if options.diff:
        return _diff(*map(Path, options.diff))
    if not options.files or not options.output:
        raise UsageError("Name evidence files and a report: python -m checks report evidence/*.json -o drift.html; "
                         "or two files: --diff BEFORE AFTER.")
    output = Path(options.output)
    report_file("--output", output)
    left_out: list[str] = []
    runs = read_runs(map(Path, options.files), left_out.append, options.target)
    for line in left_out:
        print(printable(line), file=sys.stderr)
    for file, text in rendered(output, runs[-1:], runs[:-1], options.contract, left_out):
        write_whole(file, text)
    newest = runs[-1]
    told = f"{len(runs):,} run{'s' if len(runs) > 1 else ''}" if output.suffix == ".html" else "the newest run"
    print(f"written: {output}, about {told} of {newest.target}, {newest.verdict} at the last")
    return 0


def _diff(before: Path, after: Path) -> int:
    from checks.reports.compare import changes, lines
    from checks.reports.runs import read_run

    for line in lines(changes(read_run(before), read_run(after))):
        print(line)
    return 0
