"""The runs of one audit: the control first, then a trial for each fault, several at a time, each in its own world."""

from __future__ import annotations

import os
import queue
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from checks.audits.faults.fault import Fault
from checks.audits.lying_endpoint import LyingEndpoint, tellable
from checks.audits.prepared import Prepared
from checks.audits.script import Ending, Runner
from checks.audits.surroundings import environment, write_profiles
from checks.contract.contract import NO_SEEDS, Isolation, Seeds
from checks.isolation.walls import Walls
from checks.target.servers.given import variable_of
from checks.values import HarnessError, Say, Unverified

RunWord = Literal["fooled", "caught", "not tried", "unverified"]
HEALTHY = Fault("world.healthy", "world", "Nothing is wrong here.",
                "It never applied the version: invoke the migration function, and look at the database after it.")


@dataclass(frozen=True)
class AuditRequest:
    """What is to be audited, and how."""

    command: tuple[str, ...]
    version: str | None = None
    """V; None is the last file."""
    success_text: tuple[str, ...] = ()
    """Regular expressions, searched in each line of the output."""
    hang_s: float = 3.0
    timeout_s: float = 60.0
    only: tuple[str, ...] = ()
    folder: Path | None = None
    """Where it runs; None is the working directory."""
    parallel: int | None = None
    """How many runs at a time; None: twice the processors."""
    isolation: Isolation = "namespaces"
    seeds: Seeds = NO_SEEDS


@dataclass(frozen=True)
class ScriptRun:
    """One run of the script."""

    fault: Fault
    word: RunWord
    why: str = ""
    """What the database showed, or why the fault was not tried."""
    ending: Ending | None = None
    reply: str = ""
    """The lie it was told, shortened."""


class Bench:
    """Runs trials, several at a time, each in a world of its own."""

    def __init__(self, prepared: Prepared, runner: Runner, request: AuditRequest, patterns: Sequence[re.Pattern[str]],
                 stack: ExitStack) -> None:
        self._prepared, self._runner, self._request, self._patterns = prepared, runner, request, patterns
        self._stack = stack
        self._worlds: queue.SimpleQueue[LyingEndpoint] = queue.SimpleQueue()
        profiles = {spec.profile for spec in prepared.contract.targets.values() if spec.profile}
        profiles |= {os.environ[name] for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE") if os.environ.get(name)}
        write_profiles(runner.folder, profiles, prepared.region)

    def run(self, faults: Sequence[Fault], say: Say) -> tuple[ScriptRun, tuple[ScriptRun, ...]]:
        """The control and the trials, in the order of `faults`."""
        world = LyingEndpoint(self._prepared, 0, self._stack)
        control = self._control(world)
        say(f"control: {control.ending.told if control.ending else ''}; {control.why}")
        if control.word == "unverified":
            return control, ()
        self._worlds.put(world)
        found = {fault.name: ScriptRun(fault, "not tried", why) for fault in faults
                 if (why := self._pointless(fault, world))}
        tried = [fault for fault in faults if fault.name not in found]
        found.update((trial.fault.name, trial) for trial in self._all(tried, say))
        return control, tuple(found[fault.name] for fault in faults)

    def _all(self, faults: Sequence[Fault], say: Say) -> Iterator[ScriptRun]:
        count = min(self._request.parallel or 2 * (os.cpu_count() or 1), max(1, len(faults)))
        for number in range(1, count):
            self._worlds.put(LyingEndpoint(self._prepared, number, self._stack))
        pool = ThreadPoolExecutor(count)
        try:
            waiting = [pool.submit(self._trial, fault) for fault in faults]
            for done, future in enumerate(as_completed(waiting), 1):
                trial = future.result()
                if trial.word in ("fooled", "unverified"):
                    say(f"[{done}/{len(faults)}] {trial.word} {trial.fault.name}: {trial.fault.sentence}")
                elif done % 20 == 0:
                    say(f"[{done}/{len(faults)}]")
                yield trial
        finally:
            self._runner.close()
            pool.shutdown(cancel_futures=True)

    def _control(self, world: LyingEndpoint) -> ScriptRun:
        ending, why = self._once(world, None)
        if not self._says_success(ending):
            unknown = f" It invoked {', '.join(sorted(world.unknown))}, which no target names; known here: " \
                      f"{', '.join(self._prepared.roles)}." if world.unknown else ""
            why = f"In the healthy world, where all goes well, it fails.{unknown}"
            return ScriptRun(HEALTHY, "unverified", why, ending)
        if why:
            return ScriptRun(HEALTHY, "fooled", why, ending)
        return ScriptRun(HEALTHY, "caught", f"{self._prepared.version} is proven in the database", ending)

    def _pointless(self, fault: Fault, world: LyingEndpoint) -> str:
        """Why `fault` cannot touch this script or this version, as the control showed; or nothing."""
        if fault.kind != "query" and "migration" not in world.asked:
            return "in the healthy world the script did not invoke the migration function"
        if fault.kind == "query" and "query" not in world.asked:
            return "in the healthy world the script did not ask the query function"
        if fault.name == "F11.query-stale-nonce" and not world.nonces:
            return "the script's questions carry no nonce, so a stale answer cannot be told from a fresh one"
        kind = "query" if fault.kind == "query" else "migration"
        for role in (role for role in self._prepared.roles.values() if role.kind == kind):
            if not tellable(fault, role.shape):
                return "in a declared reply shape it cannot be told"
        return fault.impossible(self._prepared.expectation)

    def _trial(self, fault: Fault) -> ScriptRun:
        world = self._worlds.get()
        try:
            ending, why = self._once(world, fault)
            if fault.kind == "query" and not world.spoiled:
                return ScriptRun(fault, "not tried", "no question of this run could show it", ending)
            if not why and not world.lied:
                return ScriptRun(fault, "unverified", "This run did not invoke the migration function, as the one in the "
                                 "healthy world did: it was told no lie.", ending)
            return ScriptRun(fault, "fooled" if why else "caught", why, ending, world.reply)
        except HarnessError as error:
            return ScriptRun(fault, "unverified", str(error))
        finally:
            self._worlds.put(world)

    def _once(self, world: LyingEndpoint, fault: Fault | None) -> tuple[Ending, str]:
        """How one run ended, and, when it said success, why the version is not proven."""
        world.reset(fault)
        contract = self._prepared.contract
        named = map(variable_of, (*contract.targets.values(), *(fleet.spec for fleet in contract.fleets.values())))
        databases = {variable: world.dsn for variable in named if variable is not None}
        variables = environment(os.environ, world.aws.endpoint_url, self._prepared.region, self._runner.folder,
                                databases)
        walls = Walls.open_to(world.aws.endpoint_url, world.dsn) if self._request.isolation == "namespaces" else None
        ending = self._runner.run(self._request.command, variables, self._request.timeout_s, self._patterns,
                                  self._request.folder, walls)
        world.settle()
        if not self._says_success(ending):
            return ending, ""
        verdict = world.proof()
        if verdict.verdict == "unverified":
            raise Unverified(f"Whether {self._prepared.version} is applied could not be told: {verdict.detail}")
        return ending, "" if verdict.verdict == "held" else verdict.detail

    @staticmethod
    def _says_success(ending: Ending) -> bool:
        return ending.exit_code == 0 or bool(ending.success_line)
