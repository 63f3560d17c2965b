"""Questions that are asked together, and answers that carry them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from checks.sql.names import literal
from checks.target.session import Row, Session
from checks.values import Rejected, Unreachable, Unverified


class Question(Protocol):
    """One thing to ask a database."""

    @property
    def may_raise(self) -> bool:
        """Whether the server may raise an error instead of answering, because of a value."""

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
    words: str
    """What may be told of it."""

    def told(self) -> str:
        """The refusal as a sentence part."""
        if not self.sqlstate:
            return "the target refused to say, and not why"
        if self.sqlstate[:2] in ("22", "23"):
            return f"the server could not evaluate it (SQLSTATE {self.sqlstate})"
        return f"{self.words} (SQLSTATE {self.sqlstate})"


@dataclass(frozen=True, slots=True)
class Unasked:
    """Why a question was not asked: to answer it, the target would run code of its own."""

    why: str

    def told(self) -> str:
        """See Refusal."""
        return self.why


TOGETHER = 1_000
"""Questions in one SELECT: that of a ledger locks its table and its index, as long as the transaction lasts."""
Q = TypeVar("Q")


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q]):
    """A question with its answer."""

    question: Q
    answer: Any = None
    """What `question.read` made of it; a Refusal; None: it was not asked."""


def told_why(answer: object, otherwise: str = "the target did not tell") -> str:
    """Why `answer`, which is none, is none."""
    return answer.told() if isinstance(answer, Refusal | Unasked) else otherwise


def ask_one(session: Session, select: str) -> list[Row] | Refusal:
    """The rows of one SELECT that scans stored rows, or why there are none: it ends no run.

    Raises:
        Unreachable: the route is broken.
    """
    try:
        return session.ask(select, scan=True)
    except (Rejected, Unverified) as error:
        refusal = refusal_of(error)
        session.rest()
        return refusal


def refusal_of(error: Rejected | Unverified) -> Refusal:
    """What one question came to that raised.

    Raises:
        Unreachable: as it came.
    """
    if isinstance(error, Unreachable):
        raise error
    return Refusal(error.sqlstate, error.words) if isinstance(error, Rejected) else Refusal("", str(error))


def ask_all(session: Session, questions: Iterable[Question]) -> dict[Question, Any]:
    """Asks all questions in as few SELECTs as can be: question -> what it read, or its Refusal.

    One is the rule. A question that raises takes the whole SELECT with it: then those that cannot raise are asked again,
    once, and the others stay unanswered. So the cost is the same whatever CHECKs a schema holds.

    Raises:
        Unverified: the route did not answer, or something else than was asked.
    """
    found: dict[Question, Any] = {}
    refused: Refusal | None = None
    waiting = _batches([(question, question.select()) for question in questions], session.question_bytes)
    while waiting:
        batch = waiting.pop()
        if refused is not None:  # one has raised: from now on only what cannot
            found.update({question: refused for question, _ in batch if question.may_raise})
            batch = [(question, text) for question, text in batch if not question.may_raise]
        if not batch:
            continue
        values = ", ".join(f"({text})" for _, text in batch)
        select = f"SELECT {json_text(f'to_json(ARRAY[{values}])')} AS doc"
        try:
            rows = session.ask(select)
        except (Rejected, Unverified) as error:  # the latter from a query function that tells of errors in its own way
            again = refused is None and any(not question.may_raise for question, _ in batch)
            refused = refusal_of(error)
            session.rest()
            if again:
                waiting.append(batch)
            else:
                found.update({question: refused for question, _ in batch})
        else:
            for (question, _), value in zip(batch, json_list(rows, len(batch)), strict=True):
                found[question] = question.read(value)
            if waiting:
                session.rest()
    return found


def json_text(json_expression: str) -> str:
    """A JSON expression as text, through the output function: a cast between built-in types may be the user's."""
    return f"format('%s', {json_expression})"


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
    """As many together as make a question of at most `limit` bytes of JSON, in quotes, and of at most `TOGETHER`; the last
    batch first."""
    batches: list[Batch] = []
    size = limit
    for question, text in asked:
        more = len(json.dumps(literal(text)))
        if size + more > limit or len(batches[-1]) == TOGETHER:
            batches.append([])
            size = 0
        size += more
        batches[-1].append((question, text))
    return batches[::-1]
