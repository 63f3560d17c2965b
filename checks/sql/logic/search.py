"""Whether two lists of conjuncts differ, and whether one can accept: an exact search (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checks.sql.logic.formula import Formula
from checks.sql.logic.rowspace import SOME, Environment, RowSpace, Some, accepted
from checks.sql.values.types import Value


def ordered(space: RowSpace, formulas: Iterable[Formula]) -> tuple[list[str], list[str]]:
    """The columns, and the opaque atoms, that decide these formulas."""
    found = sorted(space.variables(formulas))
    return [each for each in found if each[:1] != "?"], [each for each in found if each[:1] == "?"]


def valuations(space: RowSpace, opaque: Sequence[str], env: Environment) -> Iterator[Environment]:
    """Every valuation of the opaque atoms on top of `env`."""
    if not opaque:
        yield env
        return
    for value in space.outcomes(opaque[0]):
        yield from valuations(space, opaque[1:], {**env, opaque[0]: value})


def components(space: RowSpace, parts: Sequence[Formula], fixed: Iterable[str]) -> list[list[Formula]]:
    """The parts in groups that share no variable but the fixed ones."""
    groups: list[tuple[set[str], list[Formula]]] = []
    for part in parts:
        mine, together = set(space.variables([part])) - set(fixed), [part]
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


def satisfy(space: RowSpace, parts: Sequence[Formula], env: Environment) -> Satisfaction:
    """Looks for values of the columns that `env` leaves open, so that no part is FALSE whatever opaque atoms say.

    Raises:
        ExhaustedError: the budget is used up.
    """
    sure = accepted(space, parts, env)
    if sure is not None:
        return Satisfaction("no" if not sure else "open" if SOME in env.values() else "yes", env)
    made, answer = dict(env), "yes"
    for group in components(space, parts, env):
        columns, opaque = ordered(space, group)
        found = _satisfy(space, group, [each for each in columns if each not in env], opaque, env)
        if found.answer == "no":
            return found
        if found.answer == "open":
            answer = "open"
        made.update(found.env)
    return Satisfaction(answer, made)


def _satisfy(space: RowSpace, parts: Sequence[Formula], columns: Sequence[str], opaque: Sequence[str],
             env: Environment) -> Satisfaction:
    sure = accepted(space, parts, env)
    if sure is not None:
        return Satisfaction("no" if not sure else "open" if SOME in env.values() else "yes", env)
    if not columns:
        seen = {accepted(space, parts, each) for each in valuations(space, opaque, env)}
        if seen == {True} and SOME not in env.values():
            return Satisfaction("yes", env)
        return Satisfaction("no" if seen == {False} else "open")
    best = Satisfaction("no")
    for value in space.values(columns[0]):
        found = _satisfy(space, parts, columns[1:], opaque, {**env, columns[0]: value})
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


def splits(space: RowSpace, left: Sequence[Formula], right: Sequence[Formula]) -> Iterator[Split]:
    """Every part of the columns' domains on which two lists of conjuncts differ, or may.

    Raises:
        ExhaustedError: the budget is used up.
    """
    columns, opaque = ordered(space, [*left, *right])
    yield from _splits(space, left, right, columns, opaque, {})


def _splits(space: RowSpace, left: Sequence[Formula], right: Sequence[Formula], columns: Sequence[str],
            opaque: Sequence[str], env: Environment) -> Iterator[Split]:
    one, other = accepted(space, left, env), accepted(space, right, env)
    if one is not None and other is not None:
        if one is not other:
            yield Split(env, one, True)
    elif columns:
        for value in space.values(columns[0]):
            yield from _splits(space, left, right, columns[1:], opaque, {**env, columns[0]: value})
    else:
        seen = {(accepted(space, left, each), accepted(space, right, each))
                for each in valuations(space, opaque, env)}
        for verdict in (True, False):
            if (verdict, not verdict) in seen:
                yield Split(env, verdict, len(seen) == 1)
