"""Rows that surely go in: every conjunct is evaluated for them, so what the search found is checked again (pure)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from checks.sql.evaluation.comparisons import WHOLE
from checks.sql.evaluation.evaluate import evaluate
from checks.sql.evaluation.harmless import harmless
from checks.sql.evaluation.moments import beside, instant
from checks.sql.logic.points import points_of
from checks.sql.logic.reading.parts import literals_of
from checks.sql.logic.rowspace import GIVEN, Some
from checks.sql.syntax.nodes import ColumnRef, Node, children, walk
from checks.sql.values.constants import Constant, as_text, constant_of, number
from checks.sql.values.types import Type, Value, fits, type_of
from checks.sql.values_accepted.reading import ReadChecks, ReadPart

_MOST_ROWS = 600
"""Rows tried for one value, at most."""
_MOST_VALUES = 24
_SHORT = 3
"""Characters of a text that may be a part of what is wanted, rather than all of it."""
_DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "date": ("2020-01-01", "2020-01-02"), "timestamp without time zone": ("2020-01-01 00:00:00", "2020-01-02 00:00:00"),
    "timestamp with time zone": ("2020-01-01 00:00:00+00", "2020-01-02 00:00:00+00"),
    "uuid": ("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001"),
    "json": ("{}", "[]", "1", '"a"', "true"), "jsonb": ("{}", "[]", "1", '"a"', "true"),
    "interval": ("00:00:00", "1 day", "2 days"), "time without time zone": ("00:00:00", "01:00:00"),
    "bytea": ("\\x", "\\x00"), "inet": ("127.0.0.1",), "real": ("0", "1", "2", "-1")}
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Found:
    """Values of a group's columns; `sure` if every conjunct surely lets them in, else `unsure` are those left open."""

    row: Mapping[str, Value | Some]
    """GIVEN is any value but NULL."""
    unsure: tuple[ReadPart, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether the row goes in, as far as this group is concerned."""
        return not self.unsure


class Witnesses:
    """Looks for rows over one table's columns."""

    def __init__(self, reading: ReadChecks) -> None:
        self.reading = reading
        self._candidates: dict[str, tuple[Value | Some, ...]] = {}
        self._sound: dict[Node, bool] = {}

    def find(self, group: Sequence[ReadPart], fixed: Mapping[str, Value]) -> Found | None:
        """A row that the group lets in with these values; the nearest to it if none surely is; None if all are refused."""
        names = sorted({name for part in group for name in part.columns} - set(fixed), key=self._rank)
        best: Found | None = None
        for values in itertools.islice(self._rows(group, names, dict(fixed)), _MOST_ROWS):
            if values is None:
                continue
            unsure = self._unsure(group, values)
            if unsure is not None and (best is None or len(unsure) < len(best.unsure)):
                best = Found(values, tuple(unsure))
                if not unsure:
                    break
        return best

    def _rank(self, name: str) -> tuple[bool, str]:
        return name in self.reading.generated, name

    def _rows(self, group: Sequence[ReadPart], names: Sequence[str], row: dict[str, Value | Some],
              ) -> Iterator[dict[str, Value | Some] | None]:
        """Rows that no conjunct refuses for sure; None for each one given up on the way."""
        ready = [part for part in group if part.columns <= row.keys()]
        known = self._constants(row)
        if any(_refuses(part, known) for part in ready):
            yield None
            return
        rest = [part for part in group if part not in ready]
        if not names:
            yield row
            return
        for value in self._values(names[0], row):
            yield from self._rows(rest, names[1:], {**row, names[0]: value})

    def _values(self, name: str, row: Mapping[str, Value | Some]) -> Iterable[Value | Some]:
        if name in self.reading.generated:
            made = evaluate(self.reading.generated[name], self._constants(row))
            if made is not None and made.kind not in ("other", "unknown"):
                return (made.value,)
        return self.candidates(name)

    def _constants(self, row: Mapping[str, Value | Some]) -> dict[str, Constant]:
        made = {name: _constant(value, self.reading.types.get(name, "")) for name, value in row.items()}
        return {name: each for name, each in made.items() if each is not None}

    def _unsure(self, group: Sequence[ReadPart], row: Mapping[str, Value | Some]) -> list[ReadPart] | None:
        """The conjuncts that are not known to let the row in; None if one refuses it."""
        known, found = self._constants(row), []
        for part in group:
            answer = _evaluated(part, known)
            if answer is None or part.node is None or not self._plannable(part.node):
                found.append(part)
            elif answer.value is False:
                return None
        return found

    def _plannable(self, node: Node) -> bool:
        """Whether no part without columns may raise: it does when the CHECK is planned, though never reached."""
        if node not in self._sound:
            names = any(isinstance(each, ColumnRef) for each in walk(node))
            self._sound[node] = all(map(self._plannable, children(node))) if names else (
                evaluate(node) is not None or harmless(node, {}))
        return self._sound[node]

    def candidates(self, name: str) -> tuple[Value | Some, ...]:
        """Values that a column is tried with, NULL first."""
        if name not in self._candidates:
            nullable = name not in self.reading.not_null
            values: dict[Value, None] = dict.fromkeys([None] if nullable else [])
            values.update(dict.fromkeys(itertools.islice(self._known(name), _MOST_VALUES)))
            self._candidates[name] = tuple(values) or (GIVEN,)
        return self._candidates[name]

    def _known(self, name: str) -> Iterator[Value]:
        reading = self.reading
        if name in reading.values or name in reading.labels:
            yield from reading.values.get(name) or reading.labels[name]
            return
        kind = type_of(reading.types.get(name, ""))
        mine = [part for part in reading.parts if name in part.columns]
        texts = [text for part in mine if part.node is not None
                 for text in literals_of(part.node).get(name, ()) if text is not None]
        if kind.family is None and not kind.array:
            yield from _plain_texts(kind.base, texts)
            return
        atoms = [atom for part in mine for atom in part.atoms
                 if atom.column == name or (atom.kind == "opaque" and name in atom.columns)]
        points = points_of(kind, atoms, _typed(kind, texts)).values
        yield from sorted(points, key=_plainest)
        yield from _usual(kind)


def _constant(value: Value | Some, kind: str) -> Constant | None:
    return Constant("given", "", kind, "") if isinstance(value, Some) else constant_of(value, kind)


def _plain_texts(base: str, literals: Sequence[str]) -> Iterator[str]:
    """Values of a type that is not looked into, as far as they surely are values of it."""
    if base == "bytea":
        yield from ("\\x" + "00" * int(text) for text in literals if text.isdigit() and len(text) < 4)
    for text in literals:
        if instant(Constant("other", text, base, text)) is not None:
            yield text
            yield from beside(text, base)
        elif (base == "uuid" and _UUID.fullmatch(text)) or (base == "real" and WHOLE.fullmatch(text)):
            yield text
    yield from _DEFAULTS.get(base, ())


def _evaluated(part: ReadPart, known: Mapping[str, Constant]) -> Constant | None:
    try:
        return evaluate(part.node, known) if part.node is not None else None
    except RecursionError:
        return None


def _refuses(part: ReadPart, known: Mapping[str, Constant]) -> bool:
    answer = _evaluated(part, known)
    return answer is not None and answer.value is False


def _plainest(value: Value) -> tuple[int, str]:
    text = as_text(value) or ""
    return len(text), text


def _usual(kind: Type) -> Iterator[Value]:
    """Values that a column can be given where nothing tells which ones matter."""
    if kind.family in ("text", "bpchar", "folded"):
        yield from ("a", "b")
    if kind.family == "exact":
        yield from (made for number in (0, 1, 2, 3, -1, 5, 10, 100) if fits(made := (0, Fraction(number)), kind))


def _typed(kind: Type, texts: Iterable[str]) -> set[Value]:
    """The literals as values of the type, and the numbers beside them."""
    if kind.family in ("text", "bpchar", "folded"):
        near = {made for text in texts for made in (text, *((f"a{text}a", f"a{text}") if len(text) < _SHORT else ()))}
        return {text.rstrip(" ") if kind.family == "bpchar" else text for text in near}
    if kind.family != "exact":
        return set()
    found: set[Value] = set()
    for text in texts:
        value = number(text, kind.base)
        if value is not None and not value[0]:
            found.update(made for shift in (0, 1, -1) if fits(made := (0, value[1] + shift), kind))
    return found
