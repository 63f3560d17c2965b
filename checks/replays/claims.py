"""Replay claims: the contract's consumer, driven by its events on a scratch database -> Verdicts."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from checks.contract.contract import Contract
from checks.contract.dedupe import Dedupe, LambdaConsumer
from checks.replays.findings import PARTS, ReplayResult
from checks.target.open_target import Place
from checks.values import Unverified, UsageError, Verdict

_NEXT = {
    "schedules": "Build the key from the event's own fields, and let the database refuse the second effect.",
    "crashes": "Write the dedupe row and the effect in one transaction, and acknowledge only after COMMIT.",
    "errors": "Let the error out: an event whose dedupe check failed is not acknowledged.",
    "races": "Let a unique index decide, with ON CONFLICT, instead of looking first.",
}
LONG_S = 2.0
"""A replay that takes longer is told with its time, in seconds."""


def can_replay(place: Place) -> bool:
    """Whether this place's database may be written and is reached directly."""
    return place.target.scratch and place.target.spec.route == "direct" and place.dsn is not None


def replay_verdicts(place: Place, contract: Contract, say: Callable[[str], None],
                    clock: Callable[[], float] = time.monotonic) -> dict[str, tuple[Verdict, ...]]:
    """By `[dedupe.NAME]`: the verdicts of each part of its replay.

    Args:
        place: a scratch database; its dedupe and effect tables are emptied.
        contract: the consumers and their events.
        say: takes a line about what is going on, and one about each replay that took long.
        clock: seconds.

    Raises:
        UsageError: the contract names a file, table or column that is not there.
    """
    if not can_replay(place):
        return {}
    found = {}
    for spec in contract.dedupe:
        if spec.consumer is not None:
            say(f"replaying {spec.events} through {spec.consumer} …")
            start = clock()
            found[spec.name] = _verdicts(spec, place, contract)
            if (took_s := clock() - start) > LONG_S:
                say(f"replayed {spec.events} through {spec.consumer} in {took_s:.1f} s")
    return found


def _verdicts(spec: Dedupe, place: Place, contract: Contract) -> tuple[Verdict, ...]:
    from checks.replays.replay import replay

    dsn = place.dsn
    if dsn is None:
        return ()
    try:
        with _endpoint(spec, contract) as endpoint_url, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Hypothesis thinks that a plugin is still being set up
            result = replay(spec, dsn.reveal(), root=contract.root, endpoint_url=endpoint_url)
    except Unverified as error:
        return tuple(Verdict(_claim(spec, part), PARTS[part], "unverified", "replayed", str(error), "",
                             "Mend the consumer or the contract, then run again.") for part in PARTS)
    return tuple(_verdict(spec, part, result) for part in PARTS if part in result.tried or part in result.untried
                 or result.finding(part) is not None)


def _verdict(spec: Dedupe, part: str, result: ReplayResult) -> Verdict:
    finding = result.finding(part)
    claim, tried = _claim(spec, part), result.tried.get(part, "")
    if finding is not None:
        return Verdict(claim, PARTS[part], "broken", "replayed", f"{finding.sentence}\n{finding.story}\n{tried}".strip(),
                       f"{finding.kind}: {finding.sentence}", _NEXT[part])
    if part in result.untried:
        return Verdict(claim, PARTS[part], "unverified", "replayed", result.untried[part], "", "Mend what is said above.")
    return Verdict(claim, PARTS[part], "held", "replayed", tried)


def _claim(spec: Dedupe, part: str) -> str:
    return f"dedupe:{spec.name}.replay.{part}"


@contextmanager
def _endpoint(spec: Dedupe, contract: Contract) -> Iterator[str | None]:
    """A local endpoint that runs a Lambda consumer, when it is one with a source."""
    consumer = spec.consumer
    if not isinstance(consumer, LambdaConsumer) or not consumer.source:
        yield None
        return
    from checks.lambdas.local.endpoint import local_aws
    from checks.lambdas.package import pack

    folder, *files = (contract.root / path for path in consumer.source)
    missing = [path for path in (folder, *files) if not path.exists()]
    if missing:
        raise UsageError(f"{contract.file.name}: dedupe.{spec.name}.consumer.source: there is no {missing[0]}.")
    with local_aws() as aws:
        aws.deploy(consumer.function, pack(folder, {path.name: path.read_bytes() for path in files}))
        yield aws.endpoint_url
