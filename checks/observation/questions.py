"""Questions that are asked together, and answers that carry them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from checks.target.session import Row, Session
from checks.values import Rejected, Unreachable, Unverified


class Question(Protocol):
    """One thing to ask a database."""

    def select(self) -> str:
        """A SELECT of one JSON value."""

    def read(self, value: object) -> Any:
        """What the JSON value says.

        Raises:
            Unverified: it is no answer to this question.
        """


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a question has no answer: the server refused it."""

    sqlstate: str
    """Empty when a query function told of an error in its own way."""
    message: str

    def told(self) -> str:
        """The refusal as a sentence part; the server's words only where they cannot hold a stored value."""
        if not self.sqlstate:
            return "the target refused to say, and not why"
        if self.sqlstate[:2] in ("22", "23"):
            return f"the server could not evaluate it (SQLSTATE {self.sqlstate})"
        return f"{self.message} (SQLSTATE {self.sqlstate})"


Q = TypeVar("Q")


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q]):
    """A question with its answer."""

    question: Q
    answer: Any = None
    """What `question.read` made of it; a Refusal; None: it was not asked."""


def told_why(answer: object, otherwise: str = "the target did not tell") -> str:
    """Why `answer`, which is none, is none."""
    return answer.told() if isinstance(answer, Refusal) else otherwise


def ask_all(session: Session, questions: Iterable[Question]) -> dict[Question, Any]:
    """Asks all questions in as few SELECTs as can be: question -> what it read, or its Refusal.

    One is the rule. A question that raises takes the whole SELECT with it: then halves are asked, and the one that is
    to blame comes back as a Refusal.

    Raises:
        Unverified: the route did not answer, or something else than was asked.
    """
    found: dict[Question, Any] = {}
    waiting = _batches([(question, question.select()) for question in questions], session.question_bytes)
    while waiting:
        batch = waiting.pop()
        select = f"SELECT to_json(ARRAY[{', '.join(f'({text})' for _, text in batch)}])::text AS doc"
        try:
            rows = session.ask(select)
        except Rejected as refusal:
            session.rest()
            refused = Refusal(refusal.sqlstate, refusal.message)
        except Unreachable:
            raise
        except Unverified as silence:  # a query function that tells of errors in its own way
            refused = Refusal("", str(silence))
        else:
            for (question, _), value in zip(batch, json_list(rows, len(batch)), strict=True):
                found[question] = question.read(value)
            continue
        if len(batch) == 1:
            found[batch[0][0]] = refused
        else:
            middle = len(batch) // 2
            waiting += [batch[middle:], batch[:middle]]
    return found


def json_list(rows: Sequence[Row], count: int) -> list[Any]:
    """The JSON list of `count` values in the one cell of an answer.

    Raises:
        Unverified: the answer is no such thing.
    """
    try:
        ((document, *_), *_) = rows
        found = json.loads(document)
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, list) or len(found) != count:
        raise Unverified("The target answered something else than was asked. Look whether the route leads to the "
                         "database itself, then run again.")
    return found


Batch = list[tuple[Question, str]]


def _batches(asked: Batch, limit: int) -> list[Batch]:
    """As many together as make a question of at most `limit` bytes of JSON; the last batch first."""
    batches: list[Batch] = []
    size = limit
    for question, text in asked:
        more = len(json.dumps(text))
        if size + more > limit:
            batches.append([])
            size = 0
        size += more
        batches[-1].append((question, text))
    return batches[::-1]
