"""What each kind of claim says, what it rests on and what breaks it: `--explain CLAIM`, and the table in docs/claims.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module, resources

from checks.kinds import Kind, kinds_in, kinds_of
from checks.sql.names import nearest
from checks.values import UsageError

_ROOMS = (
    "claims.ledger", "claims.ledger_table", "claims.constraints", "claims.enforcement", "claims.enums",
    "claims.dedupe.structure", "claims.dedupe.statements", "claims.dedupe.stored", "replays.claims",
    "claims.functions.false_success", "claims.functions.query_function", "claims.functions.deployed_code",
    "audits.report", "claims.access.of_role", "claims.access.of_public", "claims.deployment.services",
    "claims.deployment.functions", "claims.deployment.logs", "claims.deployment.freshness", "claims.deployment.rollback",
    "claims.drift",
)
"""The modules that define kinds, in the order of the areas."""
EVIDENCE: Mapping[str, str] = {
    "catalog": "read from the catalogue", "evaluated": "evaluated by the server over made-up rows",
    "proven": "proven by reading, for every value", "attempted": "tried with real INSERTs, each undone",
    "replayed": "events delivered to the real consumer", "observed": "observed: counted or asked for",
}
"""What each kind of evidence means."""


@cache
def all_kinds() -> tuple[Kind[...], ...]:
    """Every kind of claim that this suite can make."""
    return kinds_in(import_module(f"checks.{room}") for room in _ROOMS)


@cache
def saboteurs() -> Mapping[str, tuple[str, ...]]:
    """Name of each kind -> the saboteurs that break it in this project's own tests."""
    text = resources.files("checks").joinpath("saboteurs.json").read_text(encoding="utf-8")
    return {name: tuple(found) for name, found in json.loads(text).items()}


def explain(claim: str) -> Iterator[str]:
    """Lines about each kind that the claim id `claim` may be of.

    Raises:
        UsageError: no kind has such ids (nearest named).
    """
    kinds = all_kinds()
    fitting = kinds_of(claim, kinds)
    if not fitting:
        raise UsageError(f"No claim is called {claim!r}.{nearest(claim, [each.pattern for each in kinds])} "
                         "Ids look like area:object[.part]; docs/claims.md lists them all.")
    yield claim + (", one of these:" if len(fitting) > 1 else "")
    for kind in fitting:
        yield from _told(kind)


def _told(kind: Kind[...]) -> Iterator[str]:
    yield f"  kind      {kind.pattern}"
    yield f"  claim     {kind.readable}"
    for number, word in enumerate(kind.evidence):
        yield f"  {'evidence' if number == 0 else '':<10}{word}: {EVIDENCE[word]}"
    yield f"  broken    {kind.broken}"
    found = saboteurs().get(kind.key, ())
    if found:
        more = f" and {len(found) - 8} more" if len(found) > 8 else ""
        yield f"  saboteurs {', '.join(found[:8])}{more}"
