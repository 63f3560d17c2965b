"""Is this deploy script fooled? Runs it unmodified in a healthy world, then with one fault at a time.

Fooled means: it says success (exit 0, or a line that success_text matches) while V is not proven in the database, by
its row and its effects. The control comes first: a script that fails in the healthy world cannot be audited.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from typing import Literal

from checks.audits.faults import catalogue
from checks.audits.faults.fault import chosen
from checks.audits.prepared import prepare
from checks.audits.script import Runner, find_command
from checks.audits.trials import AuditRequest, Bench, RunWord, ScriptRun
from checks.contract.contract import Contract, TargetSpec
from checks.expectation.derive import expectation_of
from checks.expectation.expectation import Expectation
from checks.isolation.walls import missing
from checks.target.servers import ScratchServer, embedded
from checks.target.target import Target
from checks.values import Say, Unverified, UsageError, as_unverified


@dataclass(frozen=True)
class Audit:
    """What an audit came to."""

    request: AuditRequest
    version: str
    control: ScriptRun
    trials: tuple[ScriptRun, ...]
    duration_s: float
    setup_s: float = 0.0
    of: Mapping[RunWord, tuple[ScriptRun, ...]] = field(default_factory=dict)
    """The trials by word, the control among them when it is fooled or unverified."""

    @property
    def verdict(self) -> Literal["held", "broken", "unverified"]:
        """`broken` when anything fooled it; `held` only when the control held and every trial said something."""
        if self.of["fooled"]:
            return "broken"
        return "unverified" if self.of["unverified"] or not self.of["caught"] else "held"


def audit(contract: Contract, request: AuditRequest, say: Say = lambda _: None,
          scratch: Callable[[], AbstractContextManager[ScratchServer]] = embedded) -> Audit:
    """Audits one command; nothing of it is left running, and it reaches neither a real account nor a real database.

    Args:
        contract: with migrations and [ledger]; names the functions that the script may invoke.
        request: command, version, limits.
        say: takes a line of progress.
        scratch: lends the server on which the worlds are made.

    Raises:
        UsageError: no such command, version or fault; a malformed success_text.
        Unverified: the worlds cannot be made, or no walls round the script.
    """
    find_command(request.command, request.folder)
    if request.isolation == "namespaces" and (why := missing()):
        raise Unverified(f"No walls can be built round a script here, so it could reach your accounts and servers: {why}; "
                         "to replace its environment only, add --isolation environment, or isolation = \"environment\" in "
                         "[audit.NAME].")
    patterns = _patterns(request.success_text)
    started = time.monotonic()
    with as_unverified(), scratch() as server:
        expectation = expected(contract, request.version, lambda: nullcontext(server))
        faults = chosen(catalogue(contract, expectation), request.only)
        with ExitStack() as stack:
            prepared = stack.enter_context(prepare(contract, expectation, server, request.hang_s, request.seeds))
            runner = stack.enter_context(Runner())
            bench = Bench(prepared, runner, request, patterns, stack)
            setup_s = time.monotonic() - started
            control, trials = bench.run(faults, say)
    of: dict[RunWord, list[ScriptRun]] = {"fooled": [], "caught": [], "not tried": [], "unverified": []}
    for trial in (*([control] if control.word != "caught" else []), *trials):
        of[trial.word].append(trial)
    return Audit(request, expectation.migrations[-1].version, control, trials, time.monotonic() - started, setup_s,
                 {word: tuple(found) for word, found in of.items()})


def expected(contract: Contract, version: str | None,
             scratch: Callable[[], AbstractContextManager[ScratchServer]]) -> Expectation:
    """What the database looks like when `version`, or the last file, is applied.

    Raises:
        UsageError: no migrations, no ledger, or no such version.
    """
    if contract.migrations is None or contract.ledger is None:
        raise UsageError(f"{contract.file.name} names no migrations folder or no [ledger]; an audit needs both, to "
                         "tell whether a version is applied.")
    if contract.ledger.tool != "plain":
        raise UsageError("An audit applies migrations as the reference function does, and the ledger of "
                         f"{contract.file.name} is {contract.ledger.tool}'s, which only that tool writes.")
    found = expectation_of(contract, Target(TargetSpec("audit", through=version), None), scratch)
    return replace(found, contract=replace(found.contract, enums=(), dedupe=(), ignores=()))  # only effects are asked for


def _patterns(texts: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    found = []
    for text in texts:
        try:
            found.append(re.compile(text))
        except re.error as error:
            raise UsageError(f"success_text {text!r} is not a regular expression: {error}.") from None
    return tuple(found)
