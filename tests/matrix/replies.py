"""Replies of Lambdas: the corpus of fixtures/payloads, and single contradictions and mentions beside a success."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from checks.lambdas.replies.specimens import load
from tests.lambdas.replies.honest import SHAPES, Tale, V, judged
from tests.lambdas.replies.test_contradictions import CONTRADICTIONS, MENTIONS
from tests.matrix.trial import Trial, Word
from tests.support import ROOT


def trials() -> Iterator[Trial]:
    """All of them; no PostgreSQL has a part in it."""
    for specimen in load(ROOT / "fixtures" / "payloads"):
        outcome = specimen.judged()
        honest = specimen.must_be == "succeeded"
        yield Trial("replies", specimen.name, specimen.faults, _word(honest, outcome.word, specimen.must_be),
                    specimen.function, 0, outcome.reason)
    for pool, honest in ((CONTRADICTIONS, False), (MENTIONS, True)):
        for key, values in pool.items():
            for value in values:
                outcome = judged(*_beside(key, value))
                yield Trial("replies", f"{key} = {json.dumps(value)}", () if honest else ("F15",),
                            _word(honest, outcome.word, outcome.word), "migration", 0, outcome.reason)


def _beside(key: str, value: Any) -> tuple[Tale, str]:
    tale = Tale(SHAPES[0], {"success": True, "migrations_applied": [V], key: value}, {"statusCode": 200})
    return tale, tale.payload()


def _word(honest: bool, called: str, must_be: str) -> Word:
    if honest:
        return "quiet" if called == "succeeded" else "alarmed"
    return "missed" if called == "succeeded" else "caught" if called == must_be else "misdiagnosed"
