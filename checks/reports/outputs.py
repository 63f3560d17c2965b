"""What a run hands to others beside its evidence: files in their formats, and a webhook.

All that can be wrong with it is told before anything is looked at; what fails afterwards is told, and changes no verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from checks.evidence import prepare_output
from checks.reports.history import history
from checks.reports.runs import RunRecord, earlier_runs
from checks.reports.web import Link, link, notify
from checks.values import UsageError

REPORT_EXTRA = "pip install 'postdeploy-checks[report]'  (in a checkout: pip install -e '.[report]')"
MOST_PAGES = 20
"""With more targets than this a page tells of all of them, and there is none about each."""
SUFFIXES = (".html", ".sarif", ".md")
"""Of a `--report FILE`; the suffix decides."""


@dataclass(frozen=True)
class Outputs:
    """What was asked for, and found to be possible."""

    reports: tuple[Path, ...] = ()
    ctrf: Path | None = None
    metrics: Path | None = None
    notify: Link | None = None
    past: Path | None = None
    """The folder where evidence is kept."""
    place: str = "contract.toml"
    """The file that findings are shown at: the contract, relative to the repository."""

    def earlier(self) -> list[RunRecord]:
        """The runs before this one, where somebody wants to know of them; to be read before the new evidence is written."""
        wanted = self.notify is not None or any(file.suffix == ".html" for file in self.reports)
        return earlier_runs(self.past) if wanted and self.past is not None and self.past.is_dir() else []


def outputs_of(given: Mapping[str, Any], evidence: Path | None, place: str, environ: Mapping[str, str]) -> Outputs:
    """What the options in `given` ask for.

    Args:
        given: option -> what was given; None or missing where it was not.
        evidence: `--evidence`; beside it the earlier evidence is looked for.
        place: see Outputs.
        environ: where `env:NAME` is looked up.

    Raises:
        UsageError: an unknown suffix, a file that cannot be written, a library that is missing, a URL that is none.
    """
    reports = tuple(Path(file) for file in given.get("--report") or ())
    for file in reports:
        report_file("--report", file)
    files = {name: Path(given[name]) for name in ("--ctrf", "--metrics") if given.get(name)}
    for name, file in files.items():
        prepare_output(name, file)
    if "--metrics" in files:
        _needs("--metrics", "prometheus_client")
    hook = link("--notify", given["--notify"], environ) if given.get("--notify") else None
    return Outputs(reports, files.get("--ctrf"), files.get("--metrics"), hook,
                   evidence.parent if evidence is not None else None, place)


def report_file(option: str, file: Path) -> None:
    """Makes sure that the report `file` can be made.

    Raises:
        UsageError: it cannot.
    """
    if file.suffix not in SUFFIXES:
        raise UsageError(f"{option} {file}: the suffix decides what it is, and {file.suffix or 'none'!r} is none of "
                         f"{', '.join(SUFFIXES)}.")
    if file.suffix == ".html":
        _needs(f"{option} {file}", "jinja2")
    prepare_output(option, file)


def _needs(what: str, library: str) -> None:
    if find_spec(library) is None:
        raise UsageError(f"{what} needs {library}, which is not installed: {REPORT_EXTRA}")


def rendered(file: Path, runs: Sequence[RunRecord], earlier: Sequence[RunRecord], place: str,
             notes: Sequence[str] = ()) -> Iterator[tuple[Path, str]]:
    """(file, text) of the report `file` about `runs`, one a target; of a few targets there is a page each too."""
    if file.suffix == ".md":
        from checks.reports.markdown import summary

        yield file, summary(runs)
    elif file.suffix == ".sarif":
        from checks.reports.sarif import sarif

        yield file, sarif(runs, place)
    else:
        from checks.reports.page import page, page_of_many

        pages = {run.target: named(file, run.target) for run in runs} if 1 < len(runs) <= MOST_PAGES else {}
        if len(runs) != 1:
            yield file, page_of_many(runs, notes, {target: each.name for target, each in pages.items()})
        for run in runs if pages or len(runs) == 1 else ():
            past = [other for other in earlier if other.target == run.target and other.at < run.at]
            yield pages.get(run.target, file), page(history([*past, run]), notes)


def named(file: Path, target: str) -> Path:
    """`report.prod.html`: the file about one target of several."""
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in target)
    return file.with_suffix(f".{name}{file.suffix}")


def publish(outputs: Outputs, runs: Sequence[RunRecord], earlier: Sequence[RunRecord], exit_code: int,
            write: Callable[[Path, str], None]) -> Iterator[str]:
    """Writes and sends everything; yields a sentence about each thing that somebody should know of."""
    for made in _files(outputs, runs, earlier, exit_code):
        try:
            for file, text in made():
                write(file, text)
        except OSError as error:
            yield f"{error.filename or 'a report'} could not be written: {error.strerror}"
    if outputs.notify is not None:
        last = {run.target: run for run in earlier}
        yield notify(outputs.notify, [(last.get(run.target), run) for run in runs])


def _files(outputs: Outputs, runs: Sequence[RunRecord], earlier: Sequence[RunRecord], exit_code: int,
           ) -> Iterator[Callable[[], Iterator[tuple[Path, str]]]]:
    def of(file: Path) -> Callable[[], Iterator[tuple[Path, str]]]:
        return lambda: rendered(file, runs, earlier, outputs.place)

    yield from map(of, outputs.reports)
    if (file := outputs.ctrf) is not None:
        from checks.reports.ctrf import ctrf

        text = ctrf(runs)
        yield lambda: iter([(file, text)])
    if (other := outputs.metrics) is not None:
        from checks.reports.metrics import metrics

        values = metrics(runs, exit_code)
        yield lambda: iter([(other, values)])


def suite_properties(runs: Sequence[RunRecord]) -> Iterator[tuple[str, str]]:
    """(name, value) of what a JUnit file says of the whole run: what was looked at, and the verdict."""
    for run in runs:
        several = f"{run.target}." if len(runs) > 1 else ""
        facts = {**run.document["target"], "target": run.target, "verdict": run.verdict}
        facts.pop("name")
        yield from ((f"{several}{name}", str(value)) for name, value in facts.items() if value not in (None, ""))
