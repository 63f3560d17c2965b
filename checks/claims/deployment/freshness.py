"""The claims that what must be renewed every so often was: rows of a table, and the evidence of earlier runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from checks.contract.deployment.sections import FreshnessSpec
from checks.contract.deployment.times import shown_duration
from checks.deployment.evidence_files import EvidenceSeen
from checks.deployment.seen import DeploymentSeen
from checks.kinds import Finding, claim
from checks.observation.freshness import FreshnessAnswer
from checks.observation.observe import Observation
from checks.observation.questions import told_why
from checks.values import Verdict


def judge_freshness(spec: FreshnessSpec, seen: DeploymentSeen, looked: Observation | None) -> Iterator[Verdict]:
    """The claim of one section.

    Args:
        spec: the section.
        seen: with the evidence files.
        looked: the database as it was looked at; None: it could not be.
    """
    if spec.table is None:
        yield evidence(spec.name, spec, seen.evidence[spec.name], seen)
        return
    answer = next((asked.answer for asked in looked.freshness if asked.question.spec == spec), None) if looked else None
    yield rows(spec.name, spec, answer, shown_duration(spec.every))


@claim("deployment:freshness.{name}", evidence=("observed",), breaks="the table has no row that is new enough")
def rows(name: str, spec: FreshnessSpec, answer: object, every: str) -> Finding:
    """{spec.table} has rows of the last {every}"""
    if not isinstance(answer, FreshnessAnswer):
        return Finding("unverified", f"Its rows were not looked at: {told_why(answer)}.", "",
                       "Let the role read the table, and its column of times be a plain one.")
    if answer.fresh:
        return Finding("held", f"by {spec.column}")
    ahead = " Rows of the future do not count." if answer.ahead else ""
    if not answer.rows:
        return Finding("broken", f"It has no row with a {spec.column}: what fills it never ran.", "no row",
                       "Look at the job that fills it, at its schedule and its log.")
    return Finding("broken", f"Its newest {spec.column} is older than {every}: what fills it stopped.{ahead}",
                   f"nothing in {every}", "Look at the job that fills it, at its schedule and its log.")


@claim("deployment:freshness.{name}.evidence", evidence=("observed",),
       breaks="no run that could look ended of late: the nightly job stopped, or never had credentials")
def evidence(name: str, spec: FreshnessSpec, found: EvidenceSeen, seen: DeploymentSeen) -> Finding:
    """this target was looked at in the time that freshness.{name} allows"""
    every = shown_duration(spec.every)
    passed = [f"{count} {what}" for count, what in (
        (found.unreadable, "half written or no evidence"), (found.foreign, "of other targets"),
        (found.blind, "of runs that could not look"), (found.ahead, "that end in the future")) if count]
    told = f" Passed over: {', '.join(passed)}." if passed else ""
    remedy = "Look at the job that runs the suite: its schedule, its credentials, and where it writes its evidence."
    if found.newest is None:
        many = f"{found.files or 'No'} files match {spec.evidence}: none"
        return Finding("broken", f"{many} tells of a look at this target.{told}", "no evidence", remedy)
    age = seen.now - found.newest
    if age > spec.every:
        return Finding("broken", f"The newest is of {found.newest:%Y-%m-%d %H:%M} UTC, {age.total_seconds() / 3600:,.0f} h "
                       f"ago; {every} is allowed.{told}", f"{found.newest:%Y-%m-%d %H:%M} UTC", remedy)
    return Finding("held", f"the newest is of {found.newest:%Y-%m-%d %H:%M} UTC.{told}")
