"""The look at every target, before pytest collects anything, and the bar that shows it on a terminal."""

from __future__ import annotations

import datetime as dt
import gc
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from checks.claims.verify import Report
from checks.contract.contract import Isolation
from checks.values import Accepted, Case, Say, UsageError, Verdict, as_unverified

_VERDICT = [field.name for field in fields(Verdict)]


@dataclass(frozen=True)
class Wanted:
    """What the user asked for."""

    contract: Path
    targets: tuple[str | None, ...]
    """Names or URLs; None is the contract's default target."""
    writes: str | None
    through: str | None
    areas: frozenset[str]
    """The slow claims of other areas are not looked at."""
    contact: bool
    """False: no target is contacted, only the names of the claims are wanted."""
    isolation: Isolation | None
    """Of audited scripts; None: as the contract says."""
    since: dt.datetime | None = None
    """When the deploy began, UTC."""
    wait: dt.timedelta = dt.timedelta()
    """For how long it is looked again while something is on its way."""


def look_everywhere(wanted: Wanted, say: Say | None) -> Iterator[tuple[Report, float]]:
    """A Report of each target, and the seconds that the look took.

    Args:
        wanted: where, and for what.
        say: takes a line about what takes long, above a bar where standard output is a terminal; None: silence.

    Raises:
        UsageError: the contract, a target's name or a migration is at fault.
        Unverified: what should be there cannot be learnt.
    """
    from checks import check
    from checks.contract.reader import read_contract
    from checks.expectation.derive import expectation_of
    from checks.target.target import resolve_target

    with as_unverified():
        contract = read_contract(wanted.contract)
        targets = [resolve_target(name, contract, writes=wanted.writes, through=wanted.through) for name in wanted.targets]
    if wanted.isolation is not None:
        contract = replace(contract, audits=tuple(replace(spec, isolation=wanted.isolation) for spec in contract.audits))
    with _telling(say, len(targets)) as telling:
        for target in targets:
            start = time.monotonic()
            telling.step(f"{target.name}: what the migrations make")
            with as_unverified():
                expectation = expectation_of(contract, target, None, telling.say, telling.step)
            if not check.says_anything(expectation, target):
                raise UsageError(f"{wanted.contract.name} makes no claims about {target.name}, and a run of nothing is not "
                                 "green: it names no migrations, enums, dedupe or function. `python -m checks init` writes "
                                 "down what it finds.")
            telling.step(f"{target.name}: what is there")
            if wanted.contact:
                report = check.check(target, expectation, wanted.areas, telling.say,
                                     check.Deploy(wanted.since, wanted.wait))
            else:
                report = check.unseen(target, expectation, "the target was not contacted (--collect-only)", failed=False)
            telling.done()
            yield report, time.monotonic() - start


class _Lines:
    """Says lines, and shows no step."""

    def __init__(self, write: Say) -> None:
        self.write = write

    def say(self, line: str) -> None:
        """A line that stays."""
        self.write(line)

    def step(self, what: str) -> None:
        """What is going on now."""

    def done(self) -> None:
        """A target is finished."""


class _Bar(_Lines):
    """Says lines above a bar that moves as long as it is shown."""

    def __init__(self, progress: Any, targets: int) -> None:
        super().__init__(lambda line: progress.console.print(line, markup=False, highlight=False, soft_wrap=True))
        self.progress = progress
        self.task = progress.add_task("", total=targets if targets > 1 else None)

    def say(self, line: str) -> None:
        """A line that stays, and is the step."""
        self.write(line)
        self.step(line)

    def step(self, what: str) -> None:
        """What is going on now."""
        self.progress.update(self.task, description=what)

    def done(self) -> None:
        """A target is finished."""
        self.progress.advance(self.task)


@contextmanager
def _telling(say: Say | None, targets: int) -> Iterator[_Lines]:
    if say is None or os.environ.get("CI") or not sys.stdout.isatty():
        yield _Lines(say or (lambda line: None))
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    what = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
    with Progress(BarColumn(20), TimeElapsedColumn(), what, transient=True, redirect_stdout=False,
                  redirect_stderr=False) as progress:
        yield _Bar(progress, targets)


@contextmanager
def without_collection() -> Iterator[None]:
    """No garbage collection while catalogues are read: none of it is garbage, and the search takes longest."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


class Interrupts:
    """Notes Ctrl-C, which makes unverified what is looked at and lets nothing more begin; use as a context manager."""

    def __init__(self) -> None:
        self.pressed = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _press(self, number: int, frame: FrameType | None) -> None:
        self.pressed = True
        raise KeyboardInterrupt


def packed(reports: Sequence[Report]) -> str:
    """What an xdist worker must know of `reports`, as JSON."""
    return json.dumps([{"name": report.target.name, "cases": [
        (case.area, case.name, [[getattr(verdict, name) for name in _VERDICT] for verdict in case.verdicts])
        for case in report.cases]} for report in reports])


def _verdict(values: Sequence[Any]) -> Verdict:
    said = dict(zip(_VERDICT, values, strict=True))
    return Verdict(**{**said, "accepted": said["accepted"] and Accepted(*said["accepted"])})


def unpacked(text: str) -> list[Report]:
    """The Reports that were `packed`."""
    from checks.contract.contract import TargetSpec
    from checks.target.target import Target

    with without_collection():
        return [Report(Target(TargetSpec(data["name"]), None), tuple(
            Case(area, name, tuple(_verdict(verdict) for verdict in verdicts)) for area, name, verdicts in data["cases"]),
            ()) for data in json.loads(text)]
