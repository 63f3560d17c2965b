"""What targets of one run have in common is worked out once: catalogues that are alike are decoded and judged once."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from hashlib import sha256
from typing import Any

from checks.catalog.decode import decode
from checks.catalog.snapshot import Snapshot
from checks.claims.causes import with_causes
from checks.claims.verify import of_the_ledger, of_the_rest
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.observation.observe import Observation
from checks.observation.questions import Asked
from checks.target.target import Target
from checks.values import Case

MOST = 40
"""So many catalogues that differ are kept in mind, the latest."""
_OWN = ("database", "system_identifier")
"""What of an identity no verdict rests on, but where a setting of the database is told."""
_HEAD = '{"identity" : '


@dataclass
class _Judged:
    """One kind of target, and what it came to."""

    expectation: Expectation
    ours: bool
    seen: object
    """What was seen, without what differs from one target to the next."""
    settled: Settled
    rest: tuple[Case, ...]
    by_ledger: list[tuple[object, tuple[Case, ...]]] = field(default_factory=list)
    """(what the ledger answered, every case)."""


class Shared:
    """What was seen and judged before in this run; many threads may ask at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: dict[bytes, Snapshot] = {}
        self._judged: list[_Judged] = []

    def decoded(self, document: str) -> Snapshot:
        """As `decode`; the same objects where another target's catalogue reads the same.

        Raises:
            as `decode` does.
        """
        with self._lock:
            identity, rest = _cut(document)
            if identity is None:
                return decode(document)
            digest = sha256(rest.encode("utf-8", "surrogatepass")).digest()
            known = self._documents.get(digest)
            if known is None:
                known = self._known(decode(document))
                self._documents[digest] = known
                _forget(self._documents)
            return replace(known, identity={**identity, "server_version_num": int(identity["server_version_num"])})

    def _known(self, found: Snapshot) -> Snapshot:
        """The Snapshot that equals `found` but for its identity: oids may differ where nothing that counts does."""
        return next((each for each in self._documents.values() if replace(each, identity=found.identity) == found), found)

    def judged(self, expectation: Expectation, seen: Observation, target: Target, today: dt.date) -> tuple[Case, ...]:
        """As `claims.verify.judged`: what equals an earlier target in all that verdicts rest on comes to the same."""
        with self._lock:
            alike = _without_own(seen)
            known = next((each for each in reversed(self._judged) if each.expectation is expectation
                          and each.ours == target.ours and each.seen == alike), None)
            if known is None:
                settled = Settled(expectation, seen)
                known = _Judged(expectation, target.ours, alike, settled, of_the_rest(settled, target, today))
                self._judged = [*self._judged[-MOST + 1:], known]
            ledger = _asked(seen.ledger)
            cases = next((cases for answer, cases in reversed(known.by_ledger) if answer == ledger), None)
            if cases is None:
                cases = with_causes((*of_the_ledger(known.settled.beside(seen)), *known.rest))
                known.by_ledger = [*known.by_ledger[-MOST + 1:], (ledger, cases)]
            return cases


def _cut(document: str) -> tuple[Mapping[str, Any] | None, str]:
    """The identity at the head of a catalogue's document, and all that follows; None where it is written otherwise."""
    if not document.startswith(_HEAD):
        return None, document
    identity, end = json.JSONDecoder().raw_decode(document, len(_HEAD))
    return (identity, document[end:]) if isinstance(identity, dict) else (None, document)


def _without_own(seen: Observation) -> object:
    """`seen` without its ledger, its cost, and what only names the target; rows of trials as the values that they are."""
    snapshot = seen.snapshot
    kept = {name: value for name, value in snapshot.identity.items()
            if name not in _OWN or (snapshot.settings and name == "database")}
    enums = {spec: (each.plan, each.trial and (_values(each.trial.question.question), each.trial.answer),
                    _asked(each.lookup), each.attempts) for spec, each in seen.enums.items()}
    return (enums, {key: _asked(each) for key, each in seen.checks.items()}, list(map(_asked, seen.dedupe)),
            replace(seen, snapshot=replace(snapshot, identity=kept), enums={}, checks={}, dedupe=(), ledger=None, cost={},
                    freshness=(), replica=None))


def _asked(asked: Asked[Any] | None) -> object:
    """What was asked and answered, as values: questions themselves are one another's equals only where they are the same."""
    return None if asked is None else (_values(asked.question), asked.answer)


def _values(question: Any) -> object:
    if not is_dataclass(question):
        return question
    return type(question), *(getattr(question, each.name) for each in fields(question))


def _forget(known: dict[bytes, Snapshot]) -> None:
    while len(known) > MOST:
        del known[next(iter(known))]
