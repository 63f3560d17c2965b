"""What to write into the contract when a migration does not replay, where the refusal says it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from checks.values import Rejected, UsageError

_PLACEHOLDER = re.compile(r"\$\{(?P<dollar>[\w.:-]+)\}|\{\{-?\s*\.?(?P<braces>[\w.]+)\s*-?\}\}"
                          r"|(?<!(?<!:):):(?P<quote>['\"]?)(?P<name>[^\W\d]\w*)(?P=quote)")
_NEAR = 40
"""Characters before a syntax error in which a placeholder may begin."""


class NotReplayed(UsageError):
    """A migration that a scratch server refused."""

    def __init__(self, message: str, remedies: Sequence[str]) -> None:
        super().__init__(message)
        self.remedies = tuple(remedies)
        """Sentences, each told once for all files."""


def remedies(refusal: Rejected) -> Sequence[str]:
    """What the contract must say so that a statement that was refused may go through."""
    if refusal.sqlstate == "3F000":
        return ("Schemas, roles and settings that are there before the first migration belong into a file of SQL: "
                '[replay] prelude = ["FILE.sql"].',)
    if refusal.sqlstate == "42601" and refusal.position:
        at = refusal.position - 1
        for match in _PLACEHOLDER.finditer(refusal.statement, max(0, at - _NEAR)):
            if match.start() <= at < match.end():
                name = match["dollar"] or match["braces"] or f":{match['name']}"
                return (f"{match[0]} is a placeholder; say what stands for it: "
                        f'[migrations] placeholders = {{ "{name}" = "…" }}.',)
    return ()
