"""Replies that take their success back, and replies that only mention such words, at any depth and in any spelling."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from tests.lambdas.replies.honest import SHAPES, Tale, V, judged
from tests.lambdas.replies.test_contradictions import CONTRADICTIONS, MENTIONS, SPELLINGS
from tests.oracle.tally import Tally


def tally(count: int, seed: str) -> Tally:
    """Of `count` replies."""
    found = Tally("replies")
    for number in range(count):
        random = Random(f"{seed}/{number}")
        lie = random.random() < 0.5
        pool = CONTRADICTIONS if lie else MENTIONS
        key = random.choice(sorted(pool))
        inside: Any = {random.choice(SPELLINGS)(key): copy.deepcopy(random.choice(pool[key]))}
        for _ in range(random.randint(0, 6)):
            inside = [{"n": 1}, inside] if random.random() < 0.3 else {
                "took_ms": 3, random.choice(("inner", "steps", "a b", "0", "report")): inside}
        more = inside if isinstance(inside, dict) else {"report": inside}
        tale = Tale(SHAPES[0], {"success": True, "migrations_applied": [V]}, {"statusCode": 200})
        (tale.account if random.random() < 0.7 else tale.envelope).update(more)
        word = judged(tale, tale.payload()).word
        found.tried += 1
        found.undecided += word == "undecided"
        if (word == "succeeded") == lie:
            found.wrong.append(f"replies {seed}/{number}: {tale.payload()} is called {word}")
    return found
