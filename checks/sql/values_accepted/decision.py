"""One column's question, decided by reading and by witnesses (pure)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from checks.sql.logic.reading.parts import literals_of
from checks.sql.logic.rowspace import BUDGET, ExhaustedError, RowSpace, Some
from checks.sql.logic.search import satisfy
from checks.sql.syntax.lexemes import ParseError
from checks.sql.values.constants import as_text, number
from checks.sql.values.domains import assigned
from checks.sql.values.types import Elements, Type, Value, fits, item_type, type_of
from checks.sql.values_accepted import suspects
from checks.sql.values_accepted.answers import (
    AcceptedValues,
    ColumnRow,
    Storability,
    UndecidedPart,
)
from checks.sql.values_accepted.reading import GENERATED, ReadPart
from checks.sql.values_accepted.session import MARK
from checks.sql.values_accepted.witnesses import Found, Witnesses

_MOST_SUSPECTS = 24
_MOST_TRIED = 400
"""Suspect values evaluated for one column, at most."""
_MOST_LEFT_OUT = 8
"""CHECKs among which the fewest that refuse are sought, at most."""


class Decision:
    """One column's question; CHECKs are named by their numbers."""

    def __init__(self, column: str, allowed: Sequence[str], witnesses: Witnesses) -> None:
        self.column, self.witnesses = column, witnesses
        self.reading = reading = witnesses.reading
        self.kind = type_of(reading.types.get(column, ""))
        self.texts = allowed
        self.stored = {text: self._stored(text) for text in allowed}
        groups = reading.groups()
        # A part that is not understood may speak of any column.
        mine = [any(column in part.columns or part.node is None for part in group) for group in groups]
        self.core = [part for group, own in zip(groups, mine, strict=True) if own for part in group]
        self.rest = [group for group, own in zip(groups, mine, strict=True) if not own]
        known = {value for value in self.stored.values() if value is not None}
        self.space = RowSpace(reading.types, reading.not_null, tuple(atom for part in reading.parts for atom in part.atoms),
                              {column: tuple(sorted(known, key=str))}, reading.labels)
        self.elsewhere = self._elsewhere()

    def answers(self) -> AcceptedValues:
        """Every answer."""
        if isinstance(self.elsewhere, Storability):
            return AcceptedValues(dict.fromkeys(self.texts, self.elsewhere), self.elsewhere, self.elsewhere)
        allowed = {text: self._allowed(text, self.elsewhere) for text in self.texts}
        null = Storability("no", why="NOT NULL") if self.column in self.reading.not_null else self._storable(
            None, self.elsewhere)
        return AcceptedValues(allowed, self._others(self.elsewhere), null)

    def _stored(self, text: str) -> Value:
        if self.column in self.reading.labels:
            return text if text in self.reading.labels[self.column] else None
        return _stored(self.kind, text)

    def _elsewhere(self) -> Found | Storability:
        """Values of the columns that have nothing to do with this one; or what refuses every row."""
        row: dict[str, Value | Some] = {}
        unsure: list[ReadPart] = []
        for group in self.rest:
            found = self.witnesses.find(group, {})
            if found is None or not found.sure:
                if self._refused(group, {}):
                    return Storability("no", by=self._culprits(group, [{}]))
                unsure += group if found is None else found.unsure
            row.update({} if found is None else found.row)
        return Found(row, tuple(unsure))

    def _allowed(self, text: str, elsewhere: Found) -> Storability:
        value = self.stored[text]
        if value is None:
            return Storability("no", why=f"{self.reading.types[self.column]} cannot hold it")
        return self._storable(value, elsewhere)

    def _storable(self, value: Value, elsewhere: Found) -> Storability:
        """Whether this very value can be stored."""
        fixed = {self.column: value}
        found = self.witnesses.find(self.core, fixed)
        if found is not None and found.sure:
            return self._witnessed(value, found, elsewhere)
        if self._refused(self.core, fixed):
            return Storability("no", by=self._culprits(self.core, [fixed]))
        unsure = tuple(self.core) if found is None else found.unsure
        rows = () if found is None else (self._row(value, found, elsewhere),)
        return Storability("undecided", rows, parts=_undecided(unsure))

    def _witnessed(self, value: Value, found: Found, elsewhere: Found) -> Storability:
        rows = (self._row(value, found, elsewhere),)
        if elsewhere.unsure:
            return Storability("undecided", rows, parts=_undecided(elsewhere.unsure, apart=True))
        return Storability("yes", rows)

    def _row(self, value: Value, found: Found, elsewhere: Found) -> ColumnRow:
        def told(row: Mapping[str, Value | Some], *, session: bool) -> dict[str, str | None]:
            names = sorted(set(row) - {self.column} - self.reading.generated.keys())
            return {name.removeprefix(MARK): as_text(each) for name in names
                    if not isinstance(each := row[name], Some) and name.startswith(MARK) is session}

        return ColumnRow(as_text(value), told(found.row, session=False), told(elsewhere.row, session=False),
                         told({**elsewhere.row, **found.row}, session=True))

    def _refused(self, parts: Sequence[ReadPart], fixed: Mapping[str, Value | Some]) -> bool:
        """Whether it is proven that these parts let no row with these values in."""
        self.space.budget = BUDGET
        try:
            return satisfy(self.space, [part.formula for part in parts], dict(fixed)).answer == "no"
        except (ExhaustedError, RecursionError):
            return False

    def _culprits(self, parts: Sequence[ReadPart], rows: Sequence[Mapping[str, Value | Some]]) -> tuple[str, ...]:
        """Few CHECKs that refuse all these rows together, given that all of them do."""
        numbers = sorted({part.check for part in parts if part.check != GENERATED})

        def refuse(kept: Iterable[int]) -> bool:
            chosen = [part for part in parts if part.check in {GENERATED, *kept}]
            return all(self._refused(chosen, row) for row in rows)

        for alone in numbers:
            if len(numbers) > 1 and refuse([alone]):
                return (str(alone),)
        for left_out in numbers if len(numbers) <= _MOST_LEFT_OUT else ():
            fewer = [each for each in numbers if each != left_out]
            if fewer and refuse(fewer):
                numbers = fewer
        return tuple(map(str, numbers))

    def _others(self, elsewhere: Found) -> Storability:
        """Whether any other value can be stored."""
        points = [value for value in self.space.values(self.column) if value is not None and self._other(value)]
        left = [value for value in points if not self._refused(self.core, {self.column: value})]
        if left:
            return self._witness(left, elsewhere)
        return Storability("no", by=self._culprits(self.core, [{self.column: value} for value in points]))

    def _other(self, value: Value | Some) -> bool:
        if isinstance(value, Elements):
            items = {item for each in self.stored.values() if isinstance(each, Elements) for item in each.items}
            return any(item is not None and item not in items for item in value.items)
        return value not in self.stored.values()

    def _witness(self, left: Sequence[Value | Some], elsewhere: Found) -> Storability:
        """A value that goes in, out of parts not proven to be refused; else the likeliest ones."""
        rows: list[ColumnRow] = []
        unsure: dict[str, ReadPart] = {}
        for value in dict.fromkeys(self._tried(left)):
            found = self.witnesses.find(self.core, {self.column: value})
            if found is None:
                continue
            if found.sure:
                return self._witnessed(value, found, elsewhere)
            rows.append(self._row(value, found, elsewhere))
            unsure.update({part.text: part for part in found.unsure})
        parts = tuple(unsure.values()) or tuple(part for part in self.core if any(
            atom.kind in ("opaque", "within", "elements") for atom in part.atoms)) or tuple(self.core)
        return Storability("undecided", tuple(rows[:_MOST_SUSPECTS]), parts=_undecided(parts))

    def _tried(self, left: Sequence[Value | Some]) -> Iterator[Value]:
        known = [value for value in left if not isinstance(value, Some)]
        if self.kind.family in ("text", "bpchar", "folded"):
            literals = [text for part in self.core if part.node is not None
                        for text in literals_of(part.node).get(self.column, ()) if text is not None]
            values = (_stored(self.kind, text) for text in suspects.texts(self.texts, literals))
            others = (value for value in values if value is not None and self._other(value))
            yield from itertools.islice(others, _MOST_TRIED)
        yield from known
        if self.kind.family == "exact":
            finite = [value[1] for value in known if isinstance(value, tuple) and not value[0]]
            beside = [value + near for value in finite for near in (-2, -1, 1, 2)]
            numbers = ((0, Fraction(number)) for number in (*beside, *range(21), -1, 50, 99, 100, 1000))
            yield from (value for value in numbers if fits(value, self.kind) and self._other(value))


def _undecided(parts: Iterable[ReadPart], *, apart: bool = False) -> tuple[UndecidedPart, ...]:
    return tuple(dict.fromkeys(UndecidedPart("" if part.check == GENERATED else str(part.check), part.text, apart)
                               for part in parts))


def _stored(kind: Type, text: str) -> Value:
    """What the column holds once `text` is assigned to it; None where that is refused, or is another value."""
    if kind.array:
        item = _stored(item_type(kind), text)
        return None if item is None or isinstance(item, Elements) else Elements((item,))
    if kind.family is None:
        return text
    try:
        value, storable = assigned(kind, text)
    except ParseError:
        return None
    if isinstance(value, str):
        same = value == (text.rstrip(" ") if kind.family == "bpchar" else text)
    else:
        same = not isinstance(value, tuple) or kind.family == "float" or value == number(text)
    return value if storable and same else None
