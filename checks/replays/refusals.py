"""What the server refused and the consumer acknowledged all the same, told with the claim that explains it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from checks.contract.dedupe import Dedupe
from checks.replays.proxy.framing import verb
from checks.replays.proxy.gate import SentError
from checks.sql.names import shown, split_path

TOLD = 3
"""Refusals told at most."""
_QUOTES_NO_VALUE = ("23", "42")
"""Classes of SQLSTATE whose messages quote names only (PostgreSQL manual, appendix A)."""
_INTO = re.compile(r"""\binsert\s+into\s+((?:"(?:[^"]|"")+"|[\w$])+(?:\.(?:"(?:[^"]|"")+"|[\w$])+)?)""", re.IGNORECASE)
_CONFLICT = re.compile(r"\bon\s+conflict\s*\(([^)]*)\)", re.IGNORECASE)


class Insert(NamedTuple):
    """The part of an INSERT that says which index it needs."""

    table: str
    """As reports write it; empty for another statement."""
    target: tuple[str, ...] = ()
    """The columns that its ON CONFLICT names."""


def insert_of(sql: str) -> Insert:
    """What `sql` inserts into, and its conflict target."""
    into, conflicts = _INTO.search(sql), _CONFLICT.findall(sql)
    if into is None:
        return Insert("")
    columns = tuple(column.strip().lower() for column in conflicts[-1].split(",")) if conflicts else ()
    return Insert(_relation(into[1]), columns)


def told(refusals: Sequence[SentError], spec: Dedupe) -> tuple[str, ...]:
    """A sentence for each kind of refusal, those that were met most often first."""
    kinds: dict[tuple[str, Insert, str], list[SentError]] = {}
    for refusal in refusals:
        kinds.setdefault((refusal.sqlstate, insert_of(refusal.sql), refusal.constraint), []).append(refusal)
    often = sorted(kinds.values(), key=lambda met: -len(met))
    return tuple(_sentence(met[0], spec) for met in often[:TOLD])


def _sentence(refusal: SentError, spec: Dedupe) -> str:
    quoted = refusal.sqlstate.startswith(_QUOTES_NO_VALUE) and refusal.message
    why = f" ({' '.join(refusal.message.split())[:160]})" if quoted else ""
    explained = next(_explained(refusal, spec), "")
    return (f"The server answered {refusal.sqlstate}{why} to {_what(refusal)}, and the delivery was acknowledged"
            + (f": see {explained}." if explained else "."))


def _what(refusal: SentError) -> str:
    found = insert_of(refusal.sql)
    if not found.table:
        word = verb(refusal.sql)
        return f"{'an' if word[0] in 'AEIOU' else 'a'} {word}" if word else "a connection"
    target = f" … ON CONFLICT ({', '.join(found.target)})" if found.target else " …"
    return f"INSERT INTO {found.table}{target}"


def _explained(refusal: SentError, spec: Dedupe) -> Iterator[str]:
    """The claims that say why, the closest first."""
    if refusal.constraint and refusal.table:
        yield f"constraints:{shown(*refusal.table.split('.', 1), refusal.constraint)}"
    met = insert_of(refusal.sql)
    listed = [(f"dedupe:{spec.name}.statement{number}", insert_of(text)) for number, text in enumerate(spec.statements, 1)]
    yield from (claim for claim, insert in listed if insert == met and met.table)
    for claim, insert in listed:
        if met.table and insert.table == met.table:
            yield f"{claim}, whose ON CONFLICT names ({', '.join(insert.target)})" if insert.target else claim
    if met.table == _relation(spec.table):
        yield f"dedupe:{spec.name}.key"
    if met.table in [_relation(effect.table) for effect in spec.effects]:
        yield f"dedupe:{spec.name}.{met.table}"


def _relation(written: str) -> str:
    return shown(*(part if written.startswith('"') else part.lower() for part in split_path(written)))
