"""Verified apply: says what it will do, does it, believes nothing, and proves the result through a fresh session.

Exit 0 only when the database itself shows it; 1 when it shows the contrary; 6 when nobody can tell yet.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from checks.claims.ledger_table import read_rows
from checks.claims.verify import judged
from checks.contract.contract import Contract
from checks.contract.migration import Migration
from checks.expectation.derive import expectation_of
from checks.expectation.expectation import Expectation
from checks.lambdas.client import invoke
from checks.lambdas.replies.outcome import Outcome, classify_apply
from checks.observation.observe import look, observe
from checks.reports.terminal import story
from checks.sql.names import ident, literal, nearest
from checks.target.migrate import record, send, told
from checks.target.open_target import Place, open_place
from checks.target.routes.direct import connect, execute
from checks.target.routes.pinned import WATCHFUL
from checks.target.target import Target
from checks.values import Rejected, Say, Unreachable, Unverified, UsageError, Verdict

LOCK = 0x706F7374  # "post"
"""First key of the advisory lock that one apply holds; the second is a hash of the ledger's name."""
LOCK_TIMEOUT_S = 10
"""How long DDL waits for a table that others use; longer would stop their work."""
PROVEN, DISPROVEN, UNDECIDED = 0, 1, 6
_BUSY_STATES = ("55P03", "40P01", "40001", "57014", "57P01")
"""Somebody else was in the way (lock timeout, deadlock, serialization, cancelled, shut down): it may do our work yet."""


@dataclass(frozen=True)
class _Doubt:
    """How the act itself ended; the database decides what it came to."""

    word: str
    reason: str


def apply(target: Target, contract: Contract, versions: Sequence[str], say: Say) -> int:
    """Applies what is pending (or just `versions`) and proves it.

    Args:
        target: where; typing the command is the consent to write there.
        contract: with migrations.
        versions: exact versions, or none for all that is pending.
        say: takes each line for the user.

    Returns:
        0 proven, 1 disproven, 6 cannot tell.

    Raises:
        UsageError: unknown version, one that this route cannot apply alone, or a standby.
        Unverified: the target cannot be reached or looked at.
    """
    if contract.migrations is None or contract.ledger is None:
        raise UsageError(f"{contract.file.name} names no migrations folder or no [ledger]; there is nothing to apply.")
    if contract.pattern is not None:
        raise UsageError(f"schemas of {contract.file.name} has {contract.pattern!r}, and which of the schemas like it are "
                         "to be migrated, and by which role, is your tool's to know. Apply with it, then look: "
                         f"pytest checks/ --target {target.name}")
    if contract.ledger.tool != "plain":
        tool = contract.ledger.tool
        raise UsageError(f"The ledger of {contract.file.name} is {tool}'s, which only that tool writes. Apply with {tool}, "
                         f"then look: pytest checks/ --target {target.name}")
    expectation = expectation_of(contract, target)
    known = [migration.version for migration in expectation.migrations]
    for version in versions:
        if version not in known:
            raise UsageError(f"No migration has the version {version!r}.{nearest(version, known)}")
    with open_place(target, contract, ()) as place:
        return _apply(place, expectation, versions, say)


def _apply(place: Place, expectation: Expectation, versions: Sequence[str], say: Say) -> int:
    spec = place.target.spec
    recorded = _recorded(place, expectation)
    pending = [m for m in expectation.migrations if m.version not in recorded]
    wanted = _wanted(expectation, pending, versions, spec.route == "lambda", spec.migration_function)
    how = f"through the function {spec.migration_function}" if spec.route == "lambda" else "directly"
    say(f"apply to {spec.name}, {how}: {', '.join(m.version for m in wanted) or 'nothing is pending'}")
    doubt = _Doubt("succeeded", "nothing to do")
    if wanted:
        doubt = _through_function(place, wanted, say) if spec.route == "lambda" else _directly(
            place, expectation, wanted, say)
    say("looking through a fresh session")
    return _prove(place, expectation, wanted, doubt, say)


def _recorded(place: Place, expectation: Expectation) -> set[str]:
    """Versions that have a row now.

    Raises:
        UsageError: nothing can be written there.
        Unverified: the ledger is there and cannot be read, or somebody is writing it.
    """
    session = place.session()
    try:
        seen = observe(session, expectation.contract, expectation.objects)
        if seen.replica is not None and place.target.spec.route == "direct":  # a function may read a standby
            raise UsageError(f"Target {place.target.name!r} is a standby, which only reads: nothing was applied. Apply to "
                             "its primary, by a target of its own or with target_session_attrs = \"primary\".")
        ledger = expectation.contract.ledger
        if ledger is None:
            return set()
        rows = read_rows(ledger, seen, expectation.known)
        if rows.why_not and not rows.absent:
            raise Unverified(f"What is pending cannot be told: {rows.why_not}. {rows.remedy}")
        if seen.snapshot.relation(ledger.shown) is not None:
            ((pid,),) = session.ask(_BUSY.format(table=literal(ident(ledger.schema, ledger.table))))
            _refuse_busy(pid, ledger.shown)
        return set(rows.times)
    except Rejected as refusal:
        raise Unverified(f"Target {place.target.name!r} refused a look: {refusal}.") from None
    finally:
        session.rest()
        session.close()


_BUSY = """SELECT format('%s', coalesce((
    SELECT min(l.pid) FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.granted
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND l.relation = pg_catalog.to_regclass({table}) AND l.pid <> pg_catalog.pg_backend_pid()
    AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')), 0
    )) AS doc"""


def _refuse_busy(pid: str, ledger: str) -> None:
    if pid != "0":
        raise Unverified(f"Another apply is in flight: backend {pid} is writing {ledger}. "
                         "Wait until it has ended, then run this again.")


def _wanted(expectation: Expectation, pending: list[Migration], versions: Sequence[str], through_function: bool,
            function: str | None) -> list[Migration]:
    """What to apply, in order.

    Raises:
        UsageError: `versions` cannot be applied alone.
    """
    if through_function and not function:
        raise UsageError("This target has no migration_function; set it in the contract to apply through it.")
    if not versions:
        return pending
    names = {migration.version for migration in pending}
    asked = [m for m in expectation.migrations
             if m.version in versions and (m.version in names or not through_function)]
    if through_function and {m.version for m in asked} != names:
        raise UsageError(f"The migration function takes no version: it applies all that is pending "
                         f"({', '.join(sorted(names)) or 'nothing'}). Leave the version out, or name exactly these.")
    before = [m.version for m in pending if m.version not in versions
              and asked and m.version < asked[-1].version]
    if before:
        raise UsageError(f"{before[0]} is pending too and comes before {asked[-1].version}; apply it first, or both.")
    return [m for m in asked if m.version in names]


def _directly(place: Place, expectation: Expectation, wanted: Sequence[Migration], say: Say) -> _Doubt:
    """Each file whole, as one string, in one transaction."""
    ledger = expectation.contract.ledger
    if place.dsn is None or ledger is None:
        raise UsageError("This target has no database of its own to apply to.")
    with closing(connect(place.dsn, f"target {place.target.name!r}")) as connection:
        ((mine,),) = execute(connection, f"SELECT pg_catalog.pg_try_advisory_lock({LOCK}, "
                                         f"pg_catalog.hashtext({literal(ledger.shown)}))")
        if not mine:
            raise Unverified("Another apply is in flight on this database (advisory lock). "
                             "Wait until it has ended, then run this again.")
        execute(connection, f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'; {WATCHFUL.format(local='false')}")
        for number, migration in enumerate(wanted, 1):
            say(f"[{number}/{len(wanted)}] {migration.version}: sending {migration.file}")
            try:
                send(lambda sql: execute(connection, sql), migration)
                record(lambda sql: execute(connection, sql), ledger, migration)
            except Rejected as refusal:
                kept = "and kept nothing of it" if refusal.statement == migration.sql else "but may have what stands before"
                say(f"  the server refused it, {kept}: {told(refusal)}")
                word = "undecided" if refusal.sqlstate in _BUSY_STATES else "failed"
                return _Doubt(word, f"{migration.file}: {told(refusal)}.")
            except Unreachable as error:
                say(f"  {error}")
                return _Doubt("undecided", str(error))
    return _Doubt("succeeded", "every file was executed")


def _through_function(place: Place, wanted: Sequence[Migration], say: Say) -> _Doubt:
    spec = place.target.spec
    client = place.client()
    try:
        _refuse_updating(client, spec.migration_function or "", spec.qualifier)
        say(f"invoking {spec.migration_function}, once")
        reply = invoke(client, spec.migration_function or "", {}, spec.qualifier)
    finally:
        client.close()
    expected = spec.qualifier if spec.qualifier and spec.qualifier.isdigit() else None
    outcome: Outcome = classify_apply(reply, [m.version for m in wanted], spec.reply, expected)
    say(f"  its reply: {outcome.word} ({outcome.place}): {outcome.reason}")
    return _Doubt(outcome.word, outcome.reason)


def _refuse_updating(client: object, function: str, qualifier: str | None) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    more = {"Qualifier": qualifier} if qualifier else {}
    try:
        state = client.get_function_configuration(FunctionName=function, **more)  # type: ignore[attr-defined]
    except (ClientError, BotoCoreError):
        return  # not allowed to look; the invocation will tell
    if state.get("LastUpdateStatus") == "InProgress":
        raise Unverified(f"The function {function} is still being updated, so its old code could answer. Wait: "
                         f"aws lambda wait function-updated-v2 --function-name {function}")


def _prove(place: Place, expectation: Expectation, wanted: Sequence[Migration], doubt: _Doubt, say: Say) -> int:
    """What the database itself says."""
    try:
        seen = look(place, expectation.contract, expectation.objects)
    except Unverified as error:
        say(f"cannot tell: {error}")
        return UNDECIDED
    cases = judged(expectation, seen, place.target, dt.datetime.now(dt.UTC).date())
    verdicts = [v for case in cases if case.area in ("ledger", "constraints", "enums") for v in case.verdicts]
    names = {f"ledger:{migration.version}" for migration in wanted}
    for verdict in verdicts:
        if verdict.claim in names and verdict.verdict == "held":
            say(f"  proven: {verdict.sentence} ({verdict.detail})")
    broken = [v for v in verdicts if v.verdict == "broken"]
    unverified = [v for v in verdicts if v.verdict == "unverified"]
    for verdict in (*broken, *unverified):
        for line in story(verdict):
            say(f"  {line}")
    again = f"pytest checks/ --target {place.target.name}"
    if broken and doubt.word == "undecided":
        say(f"cannot tell: {doubt.reason} What was asked is not there yet, and may still come. Run next: {again}")
        return UNDECIDED
    if broken:
        say(f"not proven: {len(broken)} claims are broken. Run next: {again}")
        return DISPROVEN
    if unverified:
        say(f"cannot tell: {len(unverified)} claims could not be verified. Run next: {again}")
        return UNDECIDED
    _say_proven(verdicts, doubt, say)
    return PROVEN


def _say_proven(verdicts: Sequence[Verdict], doubt: _Doubt, say: Say) -> None:
    if doubt.word != "succeeded":
        say(f"note: the reply was no proof ({doubt.reason}), the database is")
    say(f"proven: {len(verdicts)} claims hold on the database itself")
