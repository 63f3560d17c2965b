"""Whether formulas differ, and whether they can accept: an exact search over the columns' values (pure).

A column's values are parted by the literals it is compared with: each literal, each gap between them, one fresh value,
NULL. An opaque atom is a three-valued variable of its own. Formulas are evaluated to sets of possible truth values
(bits T, F, N), so a branch ends as soon as its outcome is sure whatever the rest may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checks.harness.constants import Value, type_of
from checks.harness.domains import points
from checks.harness.formula import Atom, Const, Formula, Iff, Junction, Not, Pick, Truth
from checks.harness.translate import test

T, F, N = 1, 2, 4
_BIT: dict[bool | None, int] = {True: T, False: F, None: N}
BUDGET = 20_000


class ExhaustedError(Exception):
    """More assignments than the budget allows."""


class Some:
    """A non-NULL value of which nothing else is known; the search's own is `SOME`, a caller's is `GIVEN`."""


SOME, GIVEN = Some(), Some()
Environment = dict[str, "Value | Some"]
"""Values of columns, by name, and of opaque atoms, by `?` + key."""


def atoms_of(formula: Formula) -> Iterator[Atom]:
    """Every atom in the formula."""
    if isinstance(formula, Atom):
        yield formula
    elif isinstance(formula, Not | Truth):
        yield from atoms_of(formula.part)
    elif isinstance(formula, Junction):
        for part in formula.parts:
            yield from atoms_of(part)
    elif isinstance(formula, Iff):
        yield from atoms_of(formula.left)
        yield from atoms_of(formula.right)
    elif isinstance(formula, Pick):
        for test_of, result in formula.branches:
            yield from atoms_of(test_of)
            yield from atoms_of(result)
        yield from atoms_of(formula.default)


@dataclass
class Table:
    """What is known of the columns, and how much search is left."""

    types: Mapping[str, str]
    not_null: frozenset[str]
    atoms: tuple[Atom, ...]
    budget: int = BUDGET
    labelled: frozenset[str] = field(init=False)
    """Columns that are surely enums, because a label is compared with them."""
    _points: dict[str, tuple[Value | Some, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.labelled = frozenset(atom.column for atom in self.atoms if atom.kind == "label")

    def spend(self) -> None:
        """Counts one assignment.

        Raises:
            ExhaustedError: the budget is used up.
        """
        self.budget -= 1
        if self.budget < 0:
            raise ExhaustedError

    def scalar(self, column: str) -> bool:
        """Whether IS NULL on it says just that it is NULL."""
        return column in self.labelled or column in self.types and type_of(self.types[column]).scalar

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
        return frozenset(found)

    def opaque(self, atom: Atom) -> bool:
        """Whether the atom is a variable of its own."""
        return atom.kind == "opaque" or atom.kind in ("null", "notnull") and not self.scalar(atom.column)

    def values(self, column: str) -> tuple[Value | Some, ...]:
        """One value of each part of the column's domain, NULL last."""
        if column not in self._points:
            mine = [atom for atom in self.atoms if atom.column == column and atom.kind in ("compare", "label")]
            kind = type_of(self.types.get(column, ""))
            known: list[Value | Some]
            if kind.family is not None:
                known = list(points(kind, [atom.value for atom in mine]))
            else:
                known = [*sorted({str(atom.value) for atom in mine}), SOME]
            self._points[column] = (*known, *(() if column in self.not_null else (None,)))
        return self._points[column]

    def possible(self, formula: Formula, env: Mapping[str, Value | Some]) -> int:
        """The truth values the formula can have, as bits, given what `env` says; never too few."""
        if isinstance(formula, Atom):
            return self._atom(formula, env)
        if isinstance(formula, Const):
            return _BIT[formula.value]
        if isinstance(formula, Not):
            return _negated(self.possible(formula.part, env))
        if isinstance(formula, Junction):
            masks = [self.possible(part, env) for part in formula.parts]
            return _conjunction(masks) if formula.op == "and" else _negated(_conjunction(map(_negated, masks)))
        if isinstance(formula, Truth):
            mask, wanted = self.possible(formula.part, env), _BIT[formula.want]
            return (T if mask & wanted else 0) | (F if mask & ~wanted else 0)
        if isinstance(formula, Iff):
            return _iff(self.possible(formula.left, env), self.possible(formula.right, env))
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
            return N
        if isinstance(value, Some):
            return F if atom.kind == "label" else T | F
        if atom.kind == "boolean":
            return _BIT[bool(value)]
        return _BIT[test(atom.op, value, atom.value)]

    def _opaque(self, atom: Atom, env: Mapping[str, Value | Some]) -> int:
        strict = atom.strict
        if strict is not None and any(env.get(column, SOME) is None for column in strict):
            return N
        value = env.get("?" + atom.key, SOME)
        if not isinstance(value, Some):
            return _BIT[value if isinstance(value, bool) else None]
        if atom.total or atom.kind != "opaque":
            return T | F
        if strict is not None and all(column in env or column in self.not_null for column in strict):
            return T | F
        return T | F | N

    def outcomes(self, variable: str) -> tuple[bool | None, ...]:
        """The truth values an opaque atom can take, if no column decides it."""
        atom = next(each for each in self.atoms if "?" + each.key == variable)
        two = atom.total or atom.kind != "opaque" or atom.strict is not None
        return (True, False) if two else (True, False, None)


def _negated(mask: int) -> int:
    return mask & N | (F if mask & T else 0) | (T if mask & F else 0)


def _conjunction(masks: Iterable[int]) -> int:
    """AND of independent parts: FALSE if one may be, TRUE if all may be, NULL if one may be and none must be FALSE."""
    true, false, null, blocked = True, False, False, False
    for mask in masks:
        true = true and bool(mask & T)
        false = false or bool(mask & F)
        null = null or bool(mask & N)
        blocked = blocked or mask == F
    return (T if true else 0) | (F if false else 0) | (N if null and not blocked else 0)


def _iff(left: int, right: int) -> int:
    same = left & right & (T | F)
    other = left & T and right & F or left & F and right & T
    return (T if same else 0) | (F if other else 0) | (left | right) & N


def accepted(table: Table, parts: Sequence[Formula], env: Mapping[str, Value | Some]) -> bool | None:
    """Whether a CHECK made of these conjuncts lets the row in: no part is FALSE. None when that is open."""
    open_ = False
    for part in parts:
        mask = table.possible(part, env)
        if mask == F:
            return False
        open_ = open_ or bool(mask & F)
    return None if open_ else True


def ordered(table: Table, variables: Iterable[str]) -> tuple[list[str], list[str]]:
    """Columns, then opaque atoms, each by name."""
    found = sorted(variables)
    return [each for each in found if each[:1] != "?"], [each for each in found if each[:1] == "?"]


def valuations(table: Table, opaque: Sequence[str], env: Environment) -> Iterator[Environment]:
    """Every valuation of the opaque atoms on top of `env`."""
    if not opaque:
        table.spend()
        yield env
        return
    for value in table.outcomes(opaque[0]):
        yield from valuations(table, opaque[1:], {**env, opaque[0]: value})


def components(table: Table, parts: Sequence[Formula], fixed: Iterable[str]) -> list[list[Formula]]:
    """The parts in groups that share no variable but the fixed ones."""
    groups: list[tuple[set[str], list[Formula]]] = []
    for part in parts:
        mine, together = set(table.variables([part])) - set(fixed), [part]
        apart = []
        for names, members in groups:
            if names & mine:
                mine |= names
                together = members + together
            else:
                apart.append((names, members))
        groups = [*apart, (mine, together)]
    return [members for _, members in groups]


@dataclass(frozen=True)
class Satisfaction:
    """Whether a CHECK can let a row in: `yes` with columns that make it, `no`, or `open`."""

    answer: str
    env: Mapping[str, Value | Some] = field(default_factory=dict)


def satisfy(table: Table, parts: Sequence[Formula], env: Environment) -> Satisfaction:
    """Looks for values of the columns that `env` leaves open so that no part is FALSE, whatever opaque atoms say.

    Raises:
        ExhaustedError: the budget is used up.
    """
    made, answer = dict(env), "yes"
    for group in components(table, parts, env):
        columns, opaque = ordered(table, table.variables(group))
        found = _satisfy(table, group, [each for each in columns if each not in env], opaque, env)
        if found.answer == "no":
            return found
        if found.answer == "open":
            answer = "open"
        made.update(found.env)
    return Satisfaction(answer, made)


def _satisfy(table: Table, parts: Sequence[Formula], columns: Sequence[str], opaque: Sequence[str],
             env: Environment) -> Satisfaction:
    table.spend()
    sure = accepted(table, parts, env)
    if sure is not None:
        concrete = SOME not in env.values()
        return Satisfaction(("yes" if concrete else "open") if sure else "no", env)
    if not columns:
        seen = {accepted(table, parts, each) for each in valuations(table, opaque, env)}
        if seen == {True} and SOME in env.values():
            return Satisfaction("open")
        return Satisfaction("yes", env) if seen == {True} else Satisfaction("no" if seen == {False} else "open")
    best = Satisfaction("no")
    for value in table.values(columns[0]):
        found = _satisfy(table, parts, columns[1:], opaque, {**env, columns[0]: value})
        if found.answer == "yes":
            return found
        if found.answer == "open":
            best = Satisfaction("open")
    return best


@dataclass(frozen=True)
class Split:
    """An assignment on which two CHECKs differ; `left` says whether the left one accepts; `sure`: for certain."""

    env: Environment
    left: bool
    sure: bool


def splits(table: Table, left: Sequence[Formula], right: Sequence[Formula]) -> Iterator[Split]:
    """Every part of the columns' domains on which two lists of conjuncts differ, or may.

    Raises:
        ExhaustedError: the budget is used up.
    """
    columns, opaque = ordered(table, table.variables([*left, *right]))
    yield from _splits(table, left, right, columns, opaque, {})


def _splits(table: Table, left: Sequence[Formula], right: Sequence[Formula], columns: Sequence[str],
            opaque: Sequence[str], env: Environment) -> Iterator[Split]:
    table.spend()
    one, other = accepted(table, left, env), accepted(table, right, env)
    if one is not None and other is not None:
        if one is not other:
            yield Split(env, one, True)
    elif columns:
        for value in table.values(columns[0]):
            yield from _splits(table, left, right, columns[1:], opaque, {**env, columns[0]: value})
    else:
        seen = {(accepted(table, left, each), accepted(table, right, each))
                for each in valuations(table, opaque, env)}
        for verdict in (True, False):
            if (verdict, not verdict) in seen:
                yield Split(env, verdict, len(seen) == 1)
