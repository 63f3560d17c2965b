"""Replay claims: the contract's consumer, driven by its events on a scratch database -> Verdicts."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

from checks.contract.consumers import LambdaConsumer
from checks.contract.contract import Contract
from checks.contract.dedupe import Dedupe
from checks.isolation.walls import missing
from checks.kinds import Finding, Kind, claim
from checks.replays.results import PARTS, ReplayResult
from checks.target.open_target import Place
from checks.values import INTERRUPTED, Say, Unverified, Verdict

LONG_S = 2.0
"""A replay that takes longer is told with its time, in seconds."""
Replayed = ReplayResult | Unverified
"""What a replay came to, or why there was none."""


@claim("dedupe:{dedupe}.replay.schedules", evidence=("replayed",),
       breaks="an event delivered again, late, changed in what a broker may change, or in another order has its effect "
              "twice, never, or over a newer one's; or another message under its key has one of its own")
def schedules(dedupe: str, replayed: Replayed) -> Finding:
    """duplicates, reorderings, bursts and late replays leave one effect an event"""
    return _found("schedules", replayed,
                  "Build the key from the event's own fields, and let the database refuse the second effect.")


@claim("dedupe:{dedupe}.replay.crashes", evidence=("replayed",),
       breaks="an event whose delivery lost its connection before or after some statement has its effect twice or never")
def crashes(dedupe: str, replayed: Replayed) -> Finding:
    """a connection lost before or after any statement, COMMIT included, loses and doubles nothing"""
    return _found("crashes", replayed,
                  "Write the dedupe row and the effect in one transaction, and acknowledge only after COMMIT.")


@claim("dedupe:{dedupe}.replay.errors", evidence=("replayed",),
       breaks="an event one of whose statements was answered with an error has its effect twice or never")
def errors(dedupe: str, replayed: Replayed) -> Finding:
    """a statement answered with an error loses and doubles nothing"""
    return _found("errors", replayed,
                  "Let the error out: an event whose dedupe check failed is not acknowledged.")


@claim("dedupe:{dedupe}.replay.races", evidence=("replayed",),
       breaks="two deliveries at once, their statements interleaved in some order, leave an effect twice or never")
def races(dedupe: str, replayed: Replayed) -> Finding:
    """two deliveries at once leave one effect an event, however their statements interleave"""
    return _found("races", replayed, "Let a unique index decide, with ON CONFLICT, instead of looking first.")


KINDS: dict[str, Kind[str, Replayed]] = {kind.name: kind for kind in (schedules, crashes, errors, races)}
"""Part -> its kind of claim."""


def _found(part: str, replayed: Replayed, remedy: str) -> Finding:
    if isinstance(replayed, Unverified):
        return Finding("unverified", str(replayed), next_step="Mend the consumer or the contract, then run again.")
    breach, tried, swallowed = replayed.breach(part), replayed.tried.get(part, ""), replayed.swallowed
    if breach is not None:
        return Finding("broken", "\n".join(filter(None, (breach.sentence, *swallowed, breach.story, tried))),
                       f"{breach.kind}: {breach.sentence}", remedy)
    if part in replayed.untried:
        return Finding("unverified", "\n".join((replayed.untried[part], *swallowed)), next_step="Mend what is said above.")
    return Finding("held", "\n".join((tried, *swallowed)))


def replay_verdicts(place: Place, contract: Contract, say: Say,
                    clock: Callable[[], float] = time.monotonic) -> dict[str, tuple[Verdict, ...]]:
    """By `[dedupe.NAME]`: the verdicts of each part of its replay.

    Args:
        place: a scratch database, reached directly; its dedupe and effect tables are emptied. Elsewhere nothing is done.
        contract: the consumers and their events.
        say: takes a line about what is going on, and one about each replay that took long.
        clock: seconds.

    Raises:
        UsageError: the contract names a file, table or column that is not there.
    """
    if not place.target.scratch or place.target.spec.route != "direct" or place.dsn is None:
        return {}
    found = {}
    for spec in contract.dedupe:
        if spec.consumer is not None:
            say(f"replaying {spec.events} through {spec.consumer} …")
            if not isinstance(spec.consumer, LambdaConsumer) and (why := missing()):
                say(f"no walls are round {spec.consumer}, so it can reach whatever you can: {why}")
            start = clock()
            replayed = _replayed(spec, place.dsn.reveal(), contract)
            parts = PARTS if isinstance(replayed, Unverified) else replayed.looked_at
            found[spec.name] = tuple(KINDS[part](spec.name, replayed) for part in parts)
            if (took_s := clock() - start) > LONG_S:
                say(f"replayed {spec.events} through {spec.consumer} in {took_s:.1f} s")
    return found


def _replayed(spec: Dedupe, dsn: str, contract: Contract) -> Replayed:
    from checks.replays.consumers.lambda_function import local_endpoint
    from checks.replays.replay import replay

    key = f"{contract.file.name}: dedupe.{spec.name}.consumer.source"
    try:
        with local_endpoint(spec.consumer, contract.root, key) as endpoint_url, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Hypothesis thinks that a plugin is still being set up
            return replay(spec, dsn, root=contract.root, endpoint_url=endpoint_url)
    except Unverified as error:
        return error
    except KeyboardInterrupt:
        return Unverified(INTERRUPTED)
