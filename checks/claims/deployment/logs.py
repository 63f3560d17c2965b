"""The claims about a log group: it is alive, tells what it must, and tells of no error. Counts and times only. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from checks.contract.deployment.sections import Count, LogsSpec
from checks.deployment.logs import FAULTS, MOST_LINES, LogsSeen
from checks.deployment.seen import DeploymentSeen
from checks.kinds import Finding, claim
from checks.values import Figure, Unverified, Verdict

LATE = dt.timedelta(minutes=5)
"""So long after a deploy the first lines may still be on their way."""
_ALLOW = "Allow it (docs/deployment.md has the policy), or mend what is said, then run again."


def judge_logs(spec: LogsSpec, seen: DeploymentSeen) -> Iterator[Verdict]:
    """The claims about one group."""
    told = seen.logs[spec.name]
    early = seen.since is not None and seen.now - seen.since < LATE
    yield alive(spec.name, spec.group, told, early)
    if spec.must_match:
        yield matches(spec.name, spec.must_match, told, early)
    yield clean(spec.name, spec.must_not_match, told)
    yield counted(spec.name, spec.count, told)


@claim("deployment:logs.{name}.alive", evidence=("observed",),
       breaks="there is no such group, or it has no line since the deploy: no error, because there is nothing")
def alive(name: str, group: str, told: LogsSeen | Unverified, early: bool) -> Finding:
    """the log group {group} is there and has lines since the deploy"""
    if isinstance(told, Unverified):
        return Finding("unverified", str(told), "", _ALLOW)
    if not told.there:
        near = f" There is {', '.join(told.near)}." if told.near else ""
        return Finding("broken", f"There is no log group {group} in this account and region.{near}", group,
                       f"Set logs.{name}.group in the contract, or the group in the task definition.")
    if told.all.lines == 0:
        when = f"{told.since:%Y-%m-%d %H:%M:%S} UTC" if told.since else "the deploy"
        return Finding("unverified" if early else "broken", f"It has no line since {when}: what should write it does not.",
                       "" if early else "no line", "Look whether the service runs, and where its logs go.", moving=early)
    return Finding("held", told.all.told)


@claim("deployment:logs.{name}.matches", evidence=("observed",), breaks="no line since the deploy matches a must_match")
def matches(name: str, patterns: tuple[str, ...], told: LogsSeen | Unverified, early: bool) -> Finding:
    """the logs {name} tell of all that they must since the deploy"""
    if isinstance(told, Unverified) or not told.there or told.all.lines == 0:
        return _nothing(told)
    lost = [pattern for pattern in patterns if not told.patterns[pattern].lines]
    if not lost:
        return Finding("held", "; ".join(f"{pattern}: {told.patterns[pattern].told}" for pattern in patterns))
    if not told.whole:
        return _too_many()
    return Finding("unverified" if early else "broken", f"Of {told.all.told} none matches {' and none '.join(lost)}.",
                   "" if early else lost[0], "Look whether what was deployed does its work, or correct must_match.",
                   moving=early)


@claim("deployment:logs.{name}.clean", evidence=("observed",),
       breaks="a line tells of a constraint violation, an unhandled or a swallowed error, or matches must_not_match")
def clean(name: str, forbidden: tuple[str, ...], told: LogsSeen | Unverified) -> Finding:
    """the logs {name} tell of no constraint violation and of no unhandled or swallowed error since the deploy"""
    if isinstance(told, Unverified) or not told.there or told.all.lines == 0:
        return _nothing(told)
    wrong = {what: told.patterns[what] for what in (*FAULTS, *forbidden) if told.patterns[what].lines}
    if wrong:
        listed = "; ".join(f"{what}: {tally.told}" for what, tally in wrong.items())
        first = min(filter(None, (tally.first for tally in wrong.values())))
        return Finding("broken", f"{listed}.", f"{next(iter(wrong))}, {next(iter(wrong.values())).lines:,} times",
                       f"Read them: aws logs filter-log-events --start-time {int(first.timestamp() * 1000)}")
    return Finding("held", f"{told.all.lines:,} lines read") if told.whole else _too_many()


@claim("deployment:logs.{name}.count", evidence=("observed",), breaks="more lines than allowed match, or fewer")
def counted(name: str, count: Count, told: LogsSeen | Unverified) -> Finding:
    """the logs {name} tell of "{count.pattern}" as often as is allowed"""
    if isinstance(told, Unverified) or not told.there or told.all.lines == 0:
        return _nothing(told)
    tally = told.patterns[count.pattern]
    figure, seen = f"{tally.lines:,} of {told.all.lines:,} lines", (Figure("lines", tally.lines),)
    if count.at_most is not None and tally.lines > count.at_most:
        return Finding("broken", f"{figure}, and {count.allowed} are allowed.", figure,
                       "Find out who delivers the same events again and again.", figures=seen)
    if not told.whole:
        return _too_many()
    if count.at_least is not None and tally.lines < count.at_least:
        return Finding("broken", f"{figure}, and {count.allowed} are expected.", figure,
                       "Look whether duplicates are still recognised.", figures=seen)
    return Finding("held", figure + (f", {count.allowed} allowed" if count.allowed else ""), figures=seen)


def _nothing(told: LogsSeen | Unverified) -> Finding:
    if isinstance(told, Unverified):
        return Finding("unverified", str(told), "", _ALLOW)
    return Finding("unverified", "There is no line to look at, and that proves nothing.", "", "See whether it is alive.")


def _too_many() -> Finding:
    return Finding("unverified", f"Only the first {MOST_LINES:,} lines were read.", "",
                   "Give a later --since, or a shorter window.")
