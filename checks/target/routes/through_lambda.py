"""The Lambda route: one boto3 invoke a question, every question with a nonce that the answer must echo.

A document column `doc` comes back in base64: told inside JSON inside JSON a quote would be four characters and a letter
outside ASCII seven, so that nobody could say beforehand how much of a document fits. Past 4.7 MB it is asked for in pages,
each as large as Lambda lets through. boto3 never invokes twice: retries are off and the read timeout is above what a
function may take.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from checks.contract.contract import TargetSpec
from checks.lambdas.aws import remedy_of
from checks.lambdas.client import invoke, lambda_client
from checks.lambdas.replies.outcome import Outcome, classify_query
from checks.target.routes.pinned import late
from checks.target.session import Cost, Row
from checks.target.target import Secret, Target
from checks.values import Rejected, Unreachable, Unverified

PAGE_BYTES = 4_700_000
"""Of a document, in UTF-8: four thirds of it and the wrapping are what Lambda lets through, 6,291,556 bytes."""
MAX_PAGES = 50
PAGED_ATTEMPTS = 3
"""How often a document is asked for whose pages do not fit together: the server may order its rows anew in between."""


class Page(NamedTuple):
    """A piece of a document."""

    piece: bytes
    size: int
    """Bytes of the whole document."""
    mark: str
    """What tells this document from another one; empty when it has one page."""


def open_session(target: Target, dsn: Secret | None, endpoint_url: str | None) -> LambdaSession:
    """A session through the target's query function.

    Raises:
        Unreachable: boto3 finds no region or no such profile.
    """
    return LambdaSession(target.spec, lambda_client(target.spec, endpoint_url))


class LambdaSession:
    """A session over a SELECT-only query function."""

    question_bytes = 5_000_000
    """Of the 6 MB that Lambda takes."""
    can_run = False

    def __init__(self, spec: TargetSpec, client: Any) -> None:
        self.cost = Cost()
        self._spec = spec
        self._client = client

    def ask(self, select: str, *, scan: bool = False) -> list[Row]:
        """See Session. The SELECT returns one row with one text column `doc`; the answer is that row."""
        for _ in range(PAGED_ATTEMPTS):
            told = self._told(select, scan)
            if told is not None:
                with self._reading():
                    return [(told.decode(),)]
        raise Unverified("The catalogue changed each time while it was told in pages. Run again when no migration runs.")

    def _told(self, select: str, scan: bool) -> bytes | None:
        """The whole document, or None when it changed between two of its pages."""
        first = self._page(select, 1, PAGE_BYTES, scan)
        told, pages = first.piece, 1
        while len(told) < first.size:
            pages += 1
            if pages > MAX_PAGES or not first.piece:
                raise Unverified(f"{self._name} tells {first.size:,} bytes in too small pages.")
            page = self._page(select, len(told) + 1, len(first.piece), scan)
            if (page.size, page.mark) != (first.size, first.mark) or not page.piece:
                return None
            told += page.piece
        return told

    def rest(self) -> None:
        """See Session: no transaction outlives an invocation."""

    def run(self, statements: str) -> list[Row]:
        """See Session: nothing is run through a query function."""
        raise Unverified("A query function only reads.")

    def close(self) -> None:
        """See Session."""
        self._client.close()

    @property
    def _name(self) -> str:
        return f"The query function {self._spec.query_function}"

    def _page(self, select: str, start: int, length: int, scan: bool) -> Page:
        while True:
            outcome = self._asked(select, start, length, scan)
            if outcome.word == "succeeded":
                return self._checked(outcome, start, length)
            if "ResponseSizeTooLarge" in outcome.reason and length > 10_000:
                length //= 2
                continue
            raise self._refusal(outcome)

    def _asked(self, select: str, start: int, length: int, scan: bool) -> Outcome:
        nonce = secrets.token_hex(8)
        page = (f"SELECT concat(length(q.doc), ':', CASE WHEN {start} > 1 OR length(q.doc) > {length} THEN md5(q.doc) END, "
                f"':', translate(encode(substr(q.doc, {start}, {length}), 'base64'), chr(10), '')) AS doc "
                f"FROM (SELECT convert_to(w.doc, 'UTF8') AS doc FROM ({select}) w OFFSET 0) q")
        if scan:
            self.cost.scans += 1
        else:
            self.cost.statements += 1
        self.cost.invocations += 1
        event = {"sql": late(page, nonce, self._spec.timeouts)}
        reply = invoke(self._client, self._spec.query_function or "", event, self._spec.qualifier)
        return classify_query(reply, nonce, self._spec.query_reply)

    def _checked(self, outcome: Outcome, start: int, length: int) -> Page:
        row = next(iter(outcome.rows or ()), None)
        told = row.get("page") if isinstance(row, dict) else row[0] if isinstance(row, list) and len(row) > 1 else None
        size, mark, text = (str(told).split(":", 2) if isinstance(told, str) and told.count(":") > 1 else ("", "", ""))
        with self._reading():
            page = Page(base64.b64decode(text, validate=True), int(size), mark)
        if len(page.piece) != max(0, min(length, page.size - start + 1)):
            raise Unverified(f"{self._name} cut its answer short: {len(page.piece):,} of {page.size:,} bytes.")
        return page

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except ValueError:
            raise Unverified(f"{self._name} answered something else than was asked: its first row holds "
                             "no text `page`. Look whether it is the SELECT-only query function.") from None

    def _refusal(self, outcome: Outcome) -> Exception:
        if outcome.sqlstate:
            return Rejected(outcome.sqlstate, "", "")
        kind = Unreachable if outcome.place == "transport" else Unverified
        remedy = remedy_of(outcome.reason, "lambda:InvokeFunction") or (
            "Look at its log: what it was asked, and what it answered.")
        return kind(f"{self._name} did not answer the question ({outcome.place}): {outcome.reason} {remedy}")

