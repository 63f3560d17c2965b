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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from checks.claims.verify import Report
from checks.contract.contract import Contract, Isolation
from checks.target.chosen import Chosen
from checks.target.parallel import InParallel
from checks.target.routes.direct import give_up
from checks.target.target import Target
from checks.values import INTERRUPTED, Accepted, Case, Say, UsageError, Verdict, as_unverified

if TYPE_CHECKING:
    from checks.claims.fleet.shared import Shared
    from checks.expectation.expectation import Expectation

USUAL_LOOKS = 16
"""So many targets are looked at at a time, unless `--looks` says otherwise."""
_VERDICT = [field.name for field in fields(Verdict)]


@dataclass(frozen=True)
class Wanted:
    """What the user asked for."""

    contract: Path
    targets: tuple[str | None, ...]
    """Names, fleets, patterns or URLs; None is the contract's default target."""
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
    looks: int = USUAL_LOOKS
    """So many targets are looked at at a time."""
    shard: str | None = None
    """`3/8`: which part of the targets."""


@dataclass(frozen=True)
class Plan:
    """Where a run is going to look."""

    wanted: Wanted
    contract: Contract
    chosen: Chosen


def planned(wanted: Wanted) -> Plan:
    """Reads the contract, and finds the targets.

    Raises:
        UsageError: the contract, or the name of a target, is at fault.
    """
    from checks.contract.reader import read_contract
    from checks.target.chosen import chosen_targets, read_shard

    with as_unverified():
        contract = read_contract(wanted.contract)
        if wanted.isolation is not None:
            contract = replace(contract, audits=tuple(replace(spec, isolation=wanted.isolation) for spec in contract.audits))
        shard = read_shard(wanted.shard) if wanted.shard else None
        return Plan(wanted, contract, chosen_targets(wanted.targets, contract, writes=wanted.writes,
                                                     through=wanted.through, shard=shard))


def look_everywhere(plan: Plan, say: Say | None, stopped: Callable[[], bool] = lambda: False,
                    ) -> Iterator[tuple[Report, float]]:
    """A Report of each target, and the seconds that the look took.

    Given targets are looked at in parallel, at most `looks` of them at a time; after them one by one those of which more is
    done than reading: servers of ours, scratch targets, and those behind a tunnel.

    Args:
        plan: where, and for what.
        say: takes a line about what takes long, above a bar where standard output is a terminal; None: silence.
        stopped: whether somebody pressed Ctrl-C; then what was begun is unverified, and no further look begins.

    Raises:
        UsageError: the contract, a target or a migration is at fault.
        Unverified: what should be there cannot be learnt.
    """
    targets = plan.chosen.targets
    with _telling(say, len(targets)) as telling:
        made = _PlannedLooks(plan, telling)
        looks = [made.of(target) for target in targets]
        apart = [number for number, target in enumerate(targets) if _reads_only(target)]
        if len(apart) < 2 or not plan.wanted.contact:
            apart = []
        yield from _at_once([looks[number] for number in apart], plan.wanted.looks, telling, stopped)
        for look in (each for number, each in enumerate(looks) if number not in apart):
            if stopped():
                return
            telling.step(f"{look.target.name}: what is there")
            found = look.look()
            telling.done()
            yield found


def _reads_only(target: Target) -> bool:
    return not (target.ours or target.scratch or target.spec.way.tunnel)


def _at_once(looks: Sequence[_PlannedLook], most: int, telling: _Lines, stopped: Callable[[], bool],
             ) -> Iterator[tuple[Report, float]]:
    """What the `looks` came to, in their order; on Ctrl-C those that are known, and that the others were broken off."""
    from checks import check

    pool = InParallel([look.look for look in looks], most)
    found: dict[int, tuple[Report, float]] = {}
    gc.freeze()  # what is known before is no garbage; of what each look leaves behind much is
    gc.enable()
    try:
        for index, result in pool:
            found[index] = result
            telling.step(f"{len(found):,} of {len(looks):,} targets looked at")
            telling.done()
    except KeyboardInterrupt:
        if not stopped():
            raise
        found |= {index: (check.unseen(looks[index].target, looks[index].expectation, INTERRUPTED), 0.0)
                  for index in pool.begun - found.keys()}
        give_up()
        pool.ended(within_s=1.0)
    yield from (found[index] for index in sorted(found))


@dataclass(frozen=True)
class _PlannedLook:
    """One look that is going to be made."""

    target: Target
    expectation: Expectation
    look: Callable[[], tuple[Report, float]]


class _PlannedLooks:
    """Makes looks; what the migrations make is learnt once for all targets of one head."""

    def __init__(self, plan: Plan, telling: _Lines) -> None:
        self.plan, self.telling = plan, telling
        self._known: dict[str | None, tuple[Expectation, Shared | None]] = {}

    def of(self, target: Target) -> _PlannedLook:
        """The look at `target`.

        Raises:
            UsageError, Unverified: as `look_everywhere`.
        """
        from checks import check

        wanted, unlisted = self.plan.wanted, self.plan.chosen.unlisted
        expectation, shared = self._expected(target)
        if not check.says_anything(expectation, target):
            raise UsageError(f"{wanted.contract.name} makes no claims about {target.name}, and a run of nothing is not "
                             "green: it names no migrations, enums, dedupe or function. `python -m checks init` writes "
                             "down what it finds.")
        deploy = check.Deploy(wanted.since, wanted.wait, shared=shared)

        def look() -> tuple[Report, float]:
            start = time.monotonic()
            if target.name in unlisted:
                report = check.unseen(target, expectation, unlisted[target.name])
            elif wanted.contact:
                report = check.check(target, expectation, wanted.areas, self.telling.say, deploy)
            else:
                report = check.unseen(target, expectation, "the target was not contacted (--collect-only)", failed=False)
            return report, time.monotonic() - start

        return _PlannedLook(target, expectation, look)

    def _expected(self, target: Target) -> tuple[Expectation, Shared | None]:
        from checks.claims.fleet.shared import Shared
        from checks.expectation.derive import expectation_of

        through = target.spec.through
        if through not in self._known:
            self.telling.step(f"{target.name}: what the migrations make")
            with as_unverified():
                expectation = expectation_of(self.plan.contract, target, None, self.telling.say, self.telling.step)
            self._known[through] = expectation, Shared() if len(self.plan.chosen.targets) > 1 else None
        return self._known[through]


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
    """What an xdist worker must know of `reports`, as JSON; a verdict that many targets share is told once."""
    places: dict[int, int] = {}
    told: list[list[Any]] = []

    def place(verdict: Verdict) -> int:
        if id(verdict) not in places:
            places[id(verdict)] = len(told)
            told.append([getattr(verdict, name) for name in _VERDICT])
        return places[id(verdict)]

    found = [{"name": report.target.name, "cases": [
        (case.area, case.name, [place(verdict) for verdict in case.verdicts]) for case in report.cases]}
        for report in reports]
    return json.dumps({"verdicts": told, "reports": found})


def _verdict(values: Sequence[Any]) -> Verdict:
    said = dict(zip(_VERDICT, values, strict=True))
    return Verdict(**{**said, "accepted": said["accepted"] and Accepted(*said["accepted"])})


def unpacked(text: str) -> list[Report]:
    """The Reports that were `packed`."""
    from checks.contract.contract import TargetSpec

    with without_collection():
        told = json.loads(text)
        verdicts = list(map(_verdict, told["verdicts"]))
        return [Report(Target(TargetSpec(data["name"]), None), tuple(
            Case(area, name, tuple(verdicts[place] for place in places)) for area, name, places in data["cases"]), ())
            for data in told["reports"]]
