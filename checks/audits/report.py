"""An Audit -> terminal lines, the evidence document, a claim. Pure, but for `audit_cases`, which runs the audits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from checks.audits.audit import Audit, audit
from checks.audits.faults.fault import Fault
from checks.audits.trials import AuditRequest, ScriptRun
from checks.contract.contract import AuditSpec, Contract
from checks.evidence import utc
from checks.kinds import Finding, claim
from checks.lambdas.replies.reply import short
from checks.target.servers import ScratchServer, embedded
from checks.target.target import Target
from checks.values import FALSE_SUCCESS, Case, HarnessError, Verdict

SCHEMA = 1
"""Version of the evidence document."""
FOUND_MOST = 240
"""Characters of what the database showed, on the terminal; the evidence holds all of it."""
EXIT = {"held": 0, "broken": 1, "unverified": 6}


def lines(found: Audit) -> Iterator[str]:
    """What the audit came to: every fault that fooled the script with its reply and the advice, and a summary."""
    if found.control.word == "unverified":
        yield from _control_failed(found)
        return
    for trial in (*found.of["fooled"], *found.of["unverified"]):
        yield ""
        yield from _story(trial)
    yield ""
    yield from _left(found)
    counts = ", ".join(f"{len(trials)} {_COUNTED[word]}" for word, trials in found.of.items()
                       if trials or word in ("fooled", "caught"))
    yield f"{counts}. {found.version}, {found.duration_s:.0f} s. {_SUMMARY[found.verdict]}"


_COUNTED = {"fooled": "fooled it", "caught": "did not", "not tried": "not tried", "unverified": "could not be told"}
_SUMMARY = {
    "broken": "FOOLED: it says success where nothing is proven.",
    "held": "Not fooled.",
    "unverified": "UNVERIFIED: not every fault could be tried.",
}


def _control_failed(found: Audit) -> Iterator[str]:
    control = found.control
    ending = control.ending
    yield f"UNVERIFIED: {control.why} It {ending.told if ending else 'did not run'}. Its last lines:"
    for line in ending.last_lines() if ending else ():
        yield f"  | {line}"
    yield ("It is not given the variables of your environment, but for PATH, HOME and their like; to give it one, audit "
           "env NAME=VALUE COMMAND.")
    yield ("Mend what it says, or give it more time with --timeout-s; only a script that succeeds where all goes "
           "well can be audited.")


def _story(trial: ScriptRun) -> Iterator[str]:
    ending = trial.ending
    yield f"{trial.word.upper()} {trial.fault.name}"
    yield f"  fault    {trial.fault.sentence}"
    if trial.reply:
        yield f"  reply    {trial.reply}"
    yield f"  found    {trial.why if len(trial.why) <= FOUND_MOST else trial.why[:FOUND_MOST] + '…'}"
    if ending is not None:
        how = f" and printed: {ending.success_line}" if ending.success_line else ""
        yield f"  script   {ending.told}{how}"
    if trial.word == "fooled":
        yield f"  advice   {trial.fault.advice}"


def _left(found: Audit) -> Iterator[str]:
    whys: dict[str, list[str]] = {}
    for trial in found.of["not tried"]:
        whys.setdefault(trial.why, []).append(trial.fault.name)
    for why, names in whys.items():
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        yield f"not tried: {shown}: {why}"


def evidence(found: Audit, started: dt.datetime, finished: dt.datetime) -> dict[str, Any]:
    """The evidence document; it holds nothing of what the script printed, which could hold secrets.

    Args:
        found: the audit.
        started, finished: UTC.
    """
    return {
        "schema": SCHEMA, "kind": "audit", "verdict": found.verdict, "command": short(" ".join(found.request.command)),
        "version": found.version, "isolation": found.request.isolation,
        "started_at": utc(started), "finished_at": utc(finished),
        "duration_s": round(found.duration_s, 3), "setup_s": round(found.setup_s, 3),
        "counts": {word: len(trials) for word, trials in found.of.items()},
        "control": _trial(found.control), "faults": [_trial(trial) for trial in found.trials],
    }


def _trial(trial: ScriptRun) -> dict[str, Any]:
    ending = trial.ending
    return {
        "fault": trial.fault.name, "sentence": trial.fault.sentence, "word": trial.word, "why": trial.why,
        "reply": trial.reply, "advice": trial.fault.advice if trial.word == "fooled" else "",
        "exit_code": ending.exit_code if ending else None, "signal": ending.signal if ending else None,
        "timed_out": bool(ending and ending.timed_out), "success_text": bool(ending and ending.success_line),
        "duration_s": round(ending.duration_s, 3) if ending else None,
    }


def catalogue_lines(faults: Sequence[Fault]) -> Iterator[str]:
    """`--list`: every fault; `+` marks those that only `--only` reaches."""
    for fault in faults:
        yield f"{' ' if fault.default else '+'} {fault.name:<48} {fault.sentence}"


def audit_cases(contract: Contract, target: Target,
                scratch: Callable[[], AbstractContextManager[ScratchServer]] = embedded) -> tuple[Case, ...]:
    """One case for each `[audit.NAME]`, on targets that may be written to; run in the contract's folder.

    The worlds are servers of our own, which `scratch` lends: `target` is not touched.
    """
    if not target.scratch:
        return ()
    return tuple(Case(FALSE_SUCCESS, f"audit.{spec.name}", (_verdict(spec, contract, scratch),)) for spec in contract.audits)


def _verdict(spec: AuditSpec, contract: Contract, scratch: Callable[[], AbstractContextManager[ScratchServer]]) -> Verdict:
    request = AuditRequest(spec.command, spec.version, spec.success_text, float(spec.hang_s), float(spec.timeout_s),
                           folder=contract.root, isolation=spec.isolation, seeds=spec.seeds)
    try:
        found: Audit | HarnessError = audit(contract, request, scratch=scratch)
    except HarnessError as error:
        found = error
    return no_lie_fools(spec.name, " ".join(spec.command), found)


@claim("false-success:audit.{name}", evidence=("observed",),
       breaks="the script says success although a Lambda's reply, or what it really did, was no success")
def no_lie_fools(name: str, command: str, found: Audit | HarnessError) -> Finding:
    """{command} is fooled by no lie"""
    if isinstance(found, HarnessError):
        return Finding("unverified", str(found), next_step="Mend that, then run again.")
    again, fooled = f"python -m checks audit -- {command}", found.of["fooled"]
    if found.verdict == "held":
        only = "; nothing but its environment kept it from the world" if found.request.isolation == "environment" else ""
        return Finding("held", f"{len(found.of['caught'])} faults did not fool it{only}")
    if found.verdict == "broken":
        names = [trial.fault.name for trial in fooled]
        detail = f"{len(fooled)} of {len(fooled) + len(found.of['caught'])} faults fool it: {', '.join(names[:12])}"
        more = f" and {len(names) - 12} more" if len(names) > 12 else ""
        return Finding("broken", f"{detail}{more}.", names[0], f"{fooled[0].fault.advice} See them all: {again}")
    ending = found.control.ending
    if found.control.word == "unverified" and ending is not None:
        tail = " / ".join(ending.last_lines(3))
        return Finding("unverified", f"The control: {found.control.why} It {ending.told}: {short(tail)}", next_step=again)
    whys = (trial.why for trial in (*found.of["unverified"], *found.of["not tried"]))
    return Finding("unverified", next(whys, "Nothing could be tried."), next_step=again)
