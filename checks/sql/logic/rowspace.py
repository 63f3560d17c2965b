"""What truth values a formula can have when only some columns are known (pure).

A column's values are parted by the literals it is compared with: each literal, each gap between them, one fresh
value, NULL. An opaque atom is a three-valued variable of its own. Sets of truth values are bits T, F, N.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from checks.sql.evaluation.evaluate import evaluate
from checks.sql.languages.images.views import held_by
from checks.sql.logic.formula import Atom, Const, Formula, Iff, Junction, Not, Pick, Truth, atoms_of
from checks.sql.logic.points import Points, points_of
from checks.sql.logic.truth import BIT, F, N, T, bit_of, conjunction, negated, same
from checks.sql.values.constants import Constant, compared, constant_of
from checks.sql.values.types import Value, type_of

BUDGET = 200_000
"""Atoms evaluated for one question, at most: about half a second."""


class ExhaustedError(Exception):
    """More evaluations than the budget allows."""


class Some:
    """A non-NULL value of which nothing else is known; the search's own is `SOME`, a caller's is `GIVEN`."""


SOME, GIVEN = Some(), Some()
Environment = dict[str, "Value | Some"]
"""Values of columns, by name, and of opaque atoms, by `?` + key."""


@dataclass
class RowSpace:
    """What is known of the columns, and how much search is left."""

    types: Mapping[str, str]
    not_null: frozenset[str]
    atoms: tuple[Atom, ...]
    also: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    """Values that must be among a column's points."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """All values of columns that are native enums."""
    budget: int = BUDGET
    labelled: frozenset[str] = field(init=False)
    """Columns that are surely enums, because a label is compared with them."""
    _points: dict[str, Points] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.labelled = frozenset(atom.column for atom in self.atoms if atom.kind == "label")

    def spend(self, atoms: int) -> None:
        """Counts evaluations of atoms.

        Raises:
            ExhaustedError: the budget is used up.
        """
        self.budget -= atoms
        if self.budget < 0:
            raise ExhaustedError

    def scalar(self, column: str) -> bool:
        """Whether IS NULL on it says just that it is NULL."""
        return column in self.labelled or type_of(self.types.get(column, "")).scalar

    def variables(self, formulas: Iterable[Formula]) -> frozenset[str]:
        """Columns and opaque atoms that decide these formulas."""
        found: set[str] = set()
        for formula in formulas:
            for atom in atoms_of(formula):
                if self.opaque(atom):
                    found.add("?" + atom.key)
                    found |= atom.strict or frozenset()
                else:
                    found.add(atom.column)
                    found |= {"?" + atom.key} if self.inexact(atom) else set()
        return frozenset(found)

    def opaque(self, atom: Atom) -> bool:
        """Whether the atom is a variable of its own."""
        return atom.kind == "opaque" or (atom.kind in ("null", "notnull") and not self.scalar(atom.column))

    def inexact(self, atom: Atom) -> bool:
        """Whether it is a membership or a test of items that some values of the column leave open."""
        if atom.membership is not None and atom.membership.listed is not None:
            return False
        if atom.kind == "within" and atom.membership is not None and not held_by(atom.membership).exact:
            return True
        return atom.kind in ("within", "elements") and not self.points(atom.column).covering

    def points(self, column: str) -> Points:
        """Values that stand for all of the column's but NULL; none where its type is not known."""
        if column not in self._points:
            mine = [atom for atom in self.atoms if column in (atom.column, *atom.columns)]
            about = [atom for atom in mine if atom.column == column or atom.kind == "opaque"]
            self._points[column] = Points(self.labels[column], frozenset(self.labels[column])) if (
                column in self.labels) else points_of(type_of(self.types.get(column, "")), about, self.also.get(column, ()))
        return self._points[column]

    def values(self, column: str) -> tuple[Value | Some, ...]:
        """One value of each part of the column's domain, NULL last."""
        kind = type_of(self.types.get(column, ""))
        known: tuple[Value | Some, ...]
        if kind.family is not None or kind.array:
            known = self.points(column).values
        else:
            labels = {str(atom.value) for atom in self.atoms if atom.column == column and atom.kind == "label"}
            known = (*sorted(labels | set(map(str, self.also.get(column, ())))), SOME)
        return known if column in self.not_null else (*known, None)

    def constants(self, columns: Iterable[str], env: Mapping[str, Value | Some]) -> dict[str, Constant] | None:
        """The columns' values as constants; None unless each is a single value."""
        found = {}
        for column in columns:
            value, kind = env.get(column, SOME), self.types.get(column, "")
            if isinstance(value, Some):
                return None
            opaque = type_of(kind).family is None and not type_of(kind).array
            known = opaque or value is None or value in self.points(column).single
            made = constant_of(value, kind) if known else None
            if made is None:
                return None
            found[column] = made
        return found

    def possible(self, formula: Formula, env: Mapping[str, Value | Some]) -> int:
        """The truth values the formula can have, as bits, given what `env` says; never too few."""
        if isinstance(formula, Atom):
            return self._atom(formula, env)
        if isinstance(formula, Const):
            return BIT[formula.value]
        if isinstance(formula, Not):
            return negated(self.possible(formula.part, env))
        if isinstance(formula, Junction):
            self.spend(len(formula.parts))
            masks = [self.possible(part, env) for part in formula.parts]
            return conjunction(masks) if formula.op == "and" else negated(conjunction(map(negated, masks)))
        if isinstance(formula, Truth):
            mask, wanted = self.possible(formula.part, env), BIT[formula.want]
            return (T if mask & wanted else 0) | (F if mask & ~wanted else 0)
        if isinstance(formula, Iff):
            return same(self.possible(formula.left, env), self.possible(formula.right, env))
        if isinstance(formula, Pick):
            return self._pick(formula, env)
        raise TypeError(type(formula).__name__)

    def _pick(self, formula: Pick, env: Mapping[str, Value | Some]) -> int:
        found = 0
        for condition, result in formula.branches:
            mask = self.possible(condition, env)
            if mask & T:
                found |= self.possible(result, env)
            if mask == T:
                return found
        return found | self.possible(formula.default, env)

    def _atom(self, atom: Atom, env: Mapping[str, Value | Some]) -> int:
        if self.opaque(atom):
            return self._opaque(atom, env)
        test_of_null = atom.kind in ("null", "notnull")
        if atom.column not in env:
            if test_of_null and atom.column in self.not_null:
                return T if atom.kind == "notnull" else F
            return T | F if test_of_null or atom.column in self.not_null else T | F | N
        value = env[atom.column]
        if test_of_null:
            return T if (value is None) is (atom.kind == "null") else F
        if value is None:
            return N if atom.kind != "elements" else self._evaluated(atom, env) or T | F | N
        if isinstance(value, Some):
            return F if atom.kind == "label" else T | F if atom.kind != "elements" else T | F | N
        if atom.kind == "boolean":
            return BIT[bool(value)]
        if atom.kind == "within":
            return self._within(atom, env, str(value))
        if atom.kind == "elements":
            return self._elements(atom, env, value)
        return BIT[compared(atom.op, value, atom.value)]

    def _within(self, atom: Atom, env: Mapping[str, Value | Some], text: str) -> int:
        listed = None if atom.membership is None else atom.membership.listed
        if listed is not None:
            return BIT[text in listed]
        held = held_by(atom.membership).holds(text) if atom.membership is not None else None
        if held is not None and (self.points(atom.column).covering or text in self.points(atom.column).single):
            return BIT[held]
        return self._evaluated(atom, env) or self._guessed(atom, env) or T | F

    def _elements(self, atom: Atom, env: Mapping[str, Value | Some], value: Value) -> int:
        points = self.points(atom.column)
        made = constant_of(value, self.types.get(atom.column, "")) if points.covering or value in points.single else None
        found = evaluate(atom.node, {atom.column: made}) if made is not None and atom.node is not None else None
        return bit_of(found) or self._guessed(atom, env) or T | F | N

    def _evaluated(self, atom: Atom, env: Mapping[str, Value | Some]) -> int:
        """The truth value of an atom whose columns are all single values, as a bit; 0 if it is not known."""
        row = self.constants(atom.columns, env) if atom.node is not None and atom.columns else None
        return 0 if row is None or atom.node is None else bit_of(evaluate(atom.node, row))

    def _guessed(self, atom: Atom, env: Mapping[str, Value | Some]) -> int:
        value = env.get("?" + atom.key, SOME)
        return 0 if isinstance(value, Some) else BIT[value if isinstance(value, bool) else None]

    def _opaque(self, atom: Atom, env: Mapping[str, Value | Some]) -> int:
        strict = atom.strict
        if strict is not None and any(env.get(column, SOME) is None for column in strict):
            return N
        known = self._evaluated(atom, env) or self._guessed(atom, env)
        if known:
            return known
        if atom.total or atom.kind != "opaque":
            return T | F
        if strict is not None and all(column in env or column in self.not_null for column in strict):
            return T | F
        return T | F | N

    def outcomes(self, variable: str) -> tuple[bool | None, ...]:
        """The truth values an opaque atom can take, if no column decides it."""
        atom = next(each for each in self.atoms if "?" + each.key == variable)
        two = atom.total or atom.kind not in ("opaque", "elements") or atom.strict is not None
        return (True, False) if two else (True, False, None)


def accepted(space: RowSpace, parts: Sequence[Formula], env: Mapping[str, Value | Some]) -> bool | None:
    """Whether a CHECK made of these conjuncts lets the row in: no part is FALSE. None when that is open.

    Raises:
        ExhaustedError: the budget is used up.
    """
    space.spend(len(parts))
    open_ = False
    for part in parts:
        mask = space.possible(part, env)
        if mask == F:
            return False
        open_ = open_ or bool(mask & F)
    return None if open_ else True
