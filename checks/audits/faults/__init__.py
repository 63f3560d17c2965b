"""The faults an audit tries, a file for each kind: replies, answers to queries, and what really happens."""

from __future__ import annotations

from checks.audits.faults.deeds import droppable
from checks.audits.faults.fault import Fault
from checks.audits.faults.queries import QUERY_FAULTS
from checks.audits.faults.replies import reply_faults
from checks.audits.faults.worlds import WORLDS, left_out
from checks.contract.contract import Contract
from checks.expectation.expectation import Expectation
from checks.lambdas.replies.specimens import load
from checks.resources import PAYLOADS

OWN_CORPUS = "fixtures/payloads"
"""Where a contract may have a corpus of its own, from its folder."""


def catalogue(contract: Contract, expectation: Expectation) -> tuple[Fault, ...]:
    """Every fault that an audit of this version can try."""
    own = contract.root / OWN_CORPUS
    corpus = load(own if own.is_dir() else PAYLOADS)
    return (*WORLDS, *left_out(droppable(expectation)), *reply_faults(corpus), *QUERY_FAULTS)
