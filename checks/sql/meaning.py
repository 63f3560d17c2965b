"""What SQL expressions mean, whatever their spelling: CHECKs, index predicates, policies, defaults (pure).

Texts are what `pg_get_expr` and `pg_get_constraintdef` print on PostgreSQL 14 to 18 with search_path = pg_catalog
and standard_conforming_strings = on; CHECKs are taken for immutable, as PostgreSQL itself does (CREATE TABLE).
`columns` maps a column to its format_type. A domain's own CHECK reads the column `VALUE`; for a column of a domain
type give the domain's base type. A column whose collation is nondeterministic must not be given as plain text: append
` COLLATE "name"` to its type, which leaves its comparisons opaque.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from checks.sql.logic.formula import Atom, Formula, atoms_of, conjuncts_of
from checks.sql.logic.merge import merged
from checks.sql.logic.reading.parts import Conjunct, conjuncts, literals
from checks.sql.logic.reading.translate import Reader
from checks.sql.logic.rowspace import GIVEN, ExhaustedError, RowSpace, Some, accepted
from checks.sql.logic.search import Satisfaction, components, satisfy, splits
from checks.sql.syntax.expression import columns_in, parse
from checks.sql.syntax.lexemes import ParseError, tokens
from checks.sql.syntax.loose_text import loose, same_words
from checks.sql.syntax.nodes import identity
from checks.sql.values.constants import as_text
from checks.sql.values.domains import assigned
from checks.sql.values.types import Value, type_of

__all__ = ["Conjunct", "Different", "Same", "Unknown", "accepting_assignment", "canonical", "compare", "conjuncts",
           "literals", "loose", "never_accepts", "same_words"]
_NONE: Mapping[str, str] = {}
_ATTRIBUTES = re.compile(r"\s*CHECK\b.*?((?:\s+(?:NO INHERIT|NOT VALID|NOT ENFORCED))*)\s*", re.DOTALL)
Types = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Same:
    """Both accept exactly the same rows."""


@dataclass(frozen=True)
class Different:
    """One row that only one side accepts: the columns not named in `witness` do not matter."""

    witness: Mapping[str, str | None]
    """Column -> value in text form; None is NULL."""
    accepted_by: Literal["left", "right"]


@dataclass(frozen=True)
class Unknown:
    """Neither could be proven."""

    reason: str


@dataclass(frozen=True)
class _Check:
    """A CHECK ready to be decided on."""

    parts: tuple[Formula, ...]
    atoms: tuple[Atom, ...]


def canonical(text: str, columns: Mapping[str, str] = _NONE) -> str:
    """The normal form: equal normal forms have equal meaning, NULL included.

    It is no SQL. Text that is not understood yields its tokens. Attributes that pg_get_constraintdef prints after a
    CHECK (NOT VALID …) are kept.
    """
    try:
        return _canonical(text, _types(text, columns))
    except (ParseError, RecursionError):
        return _tokens(text)


@lru_cache(maxsize=16384)
def _canonical(text: str, types: Types) -> str:
    attributes = _ATTRIBUTES.fullmatch(text)
    return Reader(dict(types)).whole(parse(text)) + (attributes.group(1) if attributes else "")


def _tokens(text: str) -> str:
    try:
        return " ".join(token.text for token in tokens(text))
    except ParseError:
        return text.strip()


def _types(text: str, columns: Mapping[str, str]) -> Types:
    """The part of `columns` that the meaning of this text depends on, hashable."""
    names = {identity(column) for column in columns_in(text)} if columns else ()
    return tuple((name, columns[name]) for name in sorted(names) if name in columns)


@lru_cache(maxsize=4096)
def _check(text: str, types: Types) -> _Check:
    formula = merged(Reader(dict(types)).formula(parse(text)))
    return _Check(conjuncts_of(formula), tuple(atoms_of(formula)))


def compare(left: str, right: str, columns: Mapping[str, str],
            not_null: Collection[str] = ()) -> Same | Different | Unknown:
    """Whether two CHECKs over one table let the same rows in; a NULL result lets the row in (manual 5.5.1).

    `not_null` names columns that cannot be NULL. `Same` and `Different` are proven, `Unknown` is neither.
    """
    if canonical(left, columns) == canonical(right, columns):
        return Same()
    try:
        one, other = _check(left, _types(left, columns)), _check(right, _types(right, columns))
        space = RowSpace(columns, frozenset(not_null), (*one.atoms, *other.atoms))
        return _difference(space, one.parts, other.parts)
    except ParseError as error:
        return Unknown(f"the expression is not understood: {error}")
    except (ExhaustedError, RecursionError):
        return Unknown("there are too many combinations of values to try them all")


def _difference(space: RowSpace, left: Sequence[Formula], right: Sequence[Formula]) -> Same | Different | Unknown:
    shared = {part.key for part in left} & {part.key for part in right}
    mine = [part for part in left if part.key not in shared]
    theirs = [part for part in right if part.key not in shared]
    unsure: Sequence[Formula] = ()
    for group in components(space, [*mine, *theirs], ()):
        one, other = [part for part in mine if part in group], [part for part in theirs if part in group]
        for split in splits(space, one, other):
            winner, loser = (left, right) if split.left else (right, left)
            found = satisfy(space, winner, split.env)
            if found.answer == "no":
                continue
            witness = _witness(space, winner, loser, found.env)
            if split.sure and found.answer == "yes" and witness is not None:
                return Different(witness, "left" if split.left else "right")
            unsure = unsure or group
    return Unknown(_doubt(space, unsure)) if unsure else Same()


def _doubt(space: RowSpace, group: Sequence[Formula]) -> str:
    atoms = {atom.key for part in group for atom in atoms_of(part) if space.opaque(atom)}
    on = sorted(atoms) or sorted(part.key for part in group)
    return "it depends on what is not looked into: " + " and ".join(on)


def _witness(space: RowSpace, winner: Sequence[Formula], loser: Sequence[Formula],
             env: Mapping[str, Value | Some]) -> Mapping[str, str | None] | None:
    """The columns that matter, as text; None when a value among them is not known."""
    def tells(kept: Mapping[str, Value | Some]) -> bool:
        return accepted(space, winner, kept) is True and accepted(space, loser, kept) is False

    found: dict[str, str | None] = {}
    for name, value in (_minimal(env, tells) if tells(env) else env).items():
        if isinstance(value, Some):
            return None
        found[name] = _shown(space, name, value)
    return found


def _minimal(env: Mapping[str, Value | Some],
             enough: Callable[[Mapping[str, Value | Some]], bool]) -> Mapping[str, Value | Some]:
    for name in list(env):
        fewer = {each: value for each, value in env.items() if each != name}
        if enough(fewer):
            env = fewer
    return env


def _shown(space: RowSpace, name: str, value: Value) -> str | None:
    if isinstance(value, tuple) and not value[0] and type_of(space.types.get(name, "")).family == "float":
        return repr(float(value[1]))
    return as_text(value)


def never_accepts(text: str, column: str, value: str | None, columns: Mapping[str, str],
                  not_null: Collection[str] = ()) -> bool | None:
    """Whether the CHECK is FALSE for `column = value` whatever the other columns and opaque atoms are.

    False: some values of the other columns surely let it in. None: it cannot be told, also when the column's type
    cannot hold the value and the CHECK would not refuse it.
    """
    found = _acceptance(text, column, value, columns, not_null)
    return None if found is None or found[1].answer == "open" else found[1].answer == "no"


def accepting_assignment(text: str, column: str, value: str | None, columns: Mapping[str, str],
                         not_null: Collection[str] = ()) -> Mapping[str, str | None] | None:
    """Values of the other columns that let `column = value` in for sure (empty: none matter), or None."""
    found = _acceptance(text, column, value, columns, not_null)
    if found is None or found[1].answer != "yes":
        return None
    space, satisfaction = found
    check = _check(text, _types(text, columns))

    def lets_in(kept: Mapping[str, Value | Some]) -> bool:
        return column in kept and accepted(space, check.parts, kept) is True

    env = satisfaction.env
    env = _minimal(env, lets_in) if lets_in(env) else env
    return {name: _shown(space, name, each) for name, each in env.items()
            if name != column and not isinstance(each, Some)}


def _acceptance(text: str, column: str, value: str | None, columns: Mapping[str, str],
                not_null: Collection[str]) -> tuple[RowSpace, Satisfaction] | None:
    """Whether a row with this value can be let in; None when that cannot be told."""
    try:
        check = _check(text, _types(text, columns))
        env, storable = held(RowSpace(columns, frozenset(not_null), check.atoms), column, value)
        known = env[column]
        also = {} if isinstance(known, Some) else {column: (known,)}
        space = RowSpace(columns, frozenset(not_null), check.atoms, also)
        found = satisfy(space, check.parts, env)
    except (ParseError, ExhaustedError, RecursionError):
        return None
    return None if found.answer == "yes" and not storable else (space, found)


def held(space: RowSpace, column: str, value: str | None) -> tuple[dict[str, Value | Some], bool]:
    """What `column` holds after `value` is assigned to it, and whether it can be.

    Raises:
        ParseError: the text is no value of the column's type.
    """
    kind = type_of(space.types.get(column, ""))
    if value is None:
        return {column: None}, True
    if kind.family is None:
        return {column: value if column in space.labelled else GIVEN}, True
    made, storable = assigned(kind, value)
    return {column: made}, storable
