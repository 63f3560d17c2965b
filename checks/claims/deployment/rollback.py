"""The claims that there is a way back: an earlier task definition and function version, migrations that old code lives with.

Each tells the command, held or not. `update-function-configuration --publish` is none: it publishes a version, and rolls
nothing back. Sources: AWS CLI reference, `ecs update-service`, `lambda update-alias`, `lambda update-function-code`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from checks.catalog.objects import Constraint
from checks.claims.deployment.compatible import against_old_code
from checks.claims.ledger_table import read_rows
from checks.claims.stored_rows import breaking_rows
from checks.contract.deployment.sections import ServiceSpec
from checks.contract.migration import Migration
from checks.deployment.deployed_code import FunctionSeen, Published
from checks.deployment.seen import DeploymentSeen
from checks.deployment.services import Service, ServiceSeen
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.kinds import Finding, claim
from checks.values import LeftOut, Unverified, Verdict

_ALLOW = "Allow it (docs/deployment.md has the policy), or mend what is said, then run again."


def judge_rollback(expectation: Expectation, seen: DeploymentSeen, settled: Settled | None) -> Iterator[Verdict]:
    """The claims about the way back of everything that the target's `deployment` names.

    Args:
        expectation: with the migrations' effects.
        seen: what AWS told.
        settled: the database as it was looked at; None: it could not be.
    """
    known = expectation.contract.deployment
    for name, service in seen.services.items():
        yield back_to_definition(name, known.services[name], service)
    for name, function in seen.functions.items():
        yield back_to_version(name, function, seen.published.get(name, ()))
    wrong = {} if expectation.derived is None or expectation.in_one else against_old_code(expectation.derived)
    for migration in released_since(expectation, seen.since, settled) or ():
        yield compatible(migration, wrong)
    if settled is not None and expectation.derived is not None:
        yield validate(settled)


def released_since(expectation: Expectation, since: dt.datetime | None, settled: Settled | None,
                   ) -> tuple[Migration, ...] | None:
    """The migrations of this release: by the contract's `released`, or recorded since the deploy began. None: nobody knows.

    Those that have no row yet are of this release too.
    """
    released = expectation.contract.deployment.released
    versions = [each.version for each in expectation.migrations]
    if since is None:
        return expectation.migrations[versions.index(released) + 1:] if released in versions else None
    ledger = expectation.contract.ledger
    if settled is None or ledger is None or not ledger.applied_at:
        return None
    rows = read_rows(ledger, settled.seen, expectation.known)
    if rows.why_not:
        return None
    return tuple(each for each in expectation.migrations if not _before(rows.times.get(each.version, ()), since))


def _before(times: Sequence[float | None], since: dt.datetime) -> bool:
    return bool(times) and all(at is not None and at < since.timestamp() for at in times)


def rollback_left_out(expectation: Expectation, seen: DeploymentSeen, settled: Settled | None) -> Iterator[LeftOut]:
    """That no migration is judged, where nobody says which are of this release."""
    if expectation.derived is not None and released_since(expectation, seen.since, settled) is None:
        yield LeftOut("deployment", "no migration is held against the code before it: neither --since nor [rollback] "
                      "released says which are of this release")


@claim("deployment:rollback.service.{name}", evidence=("observed",),
       breaks="no earlier task definition of the family is ACTIVE: there is nothing to go back to")
def back_to_definition(name: str, spec: ServiceSpec, told: ServiceSeen) -> Finding:
    """the service {name} can go back to an earlier task definition"""
    if not isinstance(told.service, Service):
        return Finding("unverified", str(told.service or "There is no such service."), "", _ALLOW)
    for part in (told.active, told.wanted):
        if isinstance(part, Unverified):
            return Finding("unverified", str(part), "", _ALLOW)
    active, now = told.active, str(told.wanted)
    revision = int(now.rpartition(":")[2] or 0)
    earlier = [] if isinstance(active, Unverified) else [each for each in active if int(each.rpartition(":")[2]) < revision]
    if not earlier:
        return Finding("broken", f"No revision before {now} is ACTIVE.", now,
                       "Register the earlier image again: aws ecs register-task-definition. Deregister revisions only when "
                       "nobody can need them.")
    return Finding("held", f"aws ecs update-service --cluster {spec.cluster} --service {spec.service} "
                   f"--task-definition {earlier[0]}")


@claim("deployment:rollback.function.{name}", evidence=("observed",),
       breaks="no version with other code is published: there is nothing to go back to")
def back_to_version(name: str, seen: FunctionSeen, versions: Sequence[Published] | Unverified) -> Finding:
    """the function {name} can go back to an earlier version"""
    if isinstance(seen.deployed, Unverified):
        return Finding("unverified", str(seen.deployed), "", _ALLOW)
    if isinstance(versions, Unverified):
        return Finding("unverified", str(versions), "", _ALLOW)
    now = str(seen.deployed.get("CodeSha256"))
    current = max((int(each.version) for each in versions if each.code_sha256 == now), default=None)
    earlier = [each.version for each in versions if each.code_sha256 != now
               and (current is None or int(each.version) < current)]
    if not earlier:
        return Finding("broken", "No published version holds other code than the one that answers now.",
                       f"{len(versions)} versions",
                       f"Publish before each deploy: aws lambda publish-version --function-name {seen.function}")
    return Finding("held", way_back(seen.function, seen.qualifier, earlier[-1]))


def way_back(function: str, qualifier: str | None, version: str) -> str:
    """The command that makes `version` answer again."""
    if qualifier and not qualifier.isdigit() and qualifier != "$LATEST":
        return (f"aws lambda update-alias --function-name {function} --name {qualifier} --function-version {version} "
                "--routing-config AdditionalVersionWeights={}")
    return (f"curl -fsSo back.zip \"$(aws lambda get-function --function-name {function} --qualifier {version} "
            f"--query Code.Location --output text)\" && aws lambda update-function-code --function-name {function} "
            "--zip-file fileb://back.zip")


@claim("deployment:rollback.{migration.version}", evidence=("catalog",),
       breaks="it drops, renames or narrows, needs a value that old code does not give, or checks or rewrites stored rows")
def compatible(migration: Migration, wrong: Mapping[str, Sequence[str]]) -> Finding:
    """the code before {migration.shown} can live with it"""
    if migration.version not in wrong:
        return Finding("unverified", "One command applies all migrations, so what each one did is not known.", "",
                       "Give [migrations] step in the contract.")
    told = wrong[migration.version]
    if not told:
        return Finding("held", "the code may be rolled back, and the migration stays")
    return Finding("broken", f"It {'; '.join(told[:4])}" + (f"; and {len(told) - 4} more" if len(told) > 4 else "") + ".",
                   told[0], "Do it in two releases: first what both codes live with, the rest when the old code is gone.")


@claim("deployment:rollback.not-valid", evidence=("observed",), breaks="stored rows stand in the way of VALIDATE CONSTRAINT")
def validate(settled: Settled) -> Finding:
    """no stored row stands in the way of VALIDATE CONSTRAINT"""
    waiting = [(key, item) for key, item in settled.found.objects.items() if isinstance(item, Constraint)
               and not item.validated and item.enforced and key in settled.expectation.objects]
    found = {key: breaking_rows(key, item, settled) for key, item in waiting}
    counts = settled.seen.stored.constraints
    told = [f"{_rows(counts.get(key))} in the way of ALTER TABLE {key.relation} VALIDATE CONSTRAINT {key.own};"
            for key in found]
    for word in ("broken", "unverified"):
        of = [finding for finding in found.values() if finding.word == word]
        if of:
            return Finding(of[0].word, "\n".join(told), of[0].witness, of[0].next_step, "observed")
    return Finding("held", "\n".join(told) or "nothing is NOT VALID")


def _rows(count: object) -> str:
    if not isinstance(count, int):
        return "rows that could not be counted stand"
    return f"{count:,} stored row{' stands' if count == 1 else 's stand'}"


