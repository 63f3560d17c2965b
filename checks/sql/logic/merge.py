"""Formulas with fewer atoms of the same meaning (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from checks.sql.languages.images.views import Membership, Step
from checks.sql.logic.formula import Atom, Formula, Iff, Junction, Not, Pick, Truth, iff, junction, negation, pick, truth
from checks.sql.syntax.nodes import Logic

_MANY = 16
"""From how many texts on a list of them is one test rather than many."""


def merged(formula: Formula) -> Formula:
    """The formula with `f(a) = 'x' OR f(a) = 'y'` as one membership, so that long lists are cheap."""
    if isinstance(formula, Junction):
        parts = [merged(part) for part in formula.parts]
        if formula.op == "or":
            return junction("or", _united(parts))
        denied = [part.part for part in parts if isinstance(part, Not)]
        others = [part for part in parts if not isinstance(part, Not)]
        return junction("and", [*others, *(negation(part) for part in _united(denied))])
    if isinstance(formula, Not):
        return negation(merged(formula.part))
    if isinstance(formula, Truth):
        return truth(merged(formula.part), formula.want)
    if isinstance(formula, Iff):
        return iff(merged(formula.left), merged(formula.right))
    if isinstance(formula, Pick):
        return pick([(merged(test), merged(each)) for test, each in formula.branches], merged(formula.default))
    return formula


def without_step(formula: Formula, column: str, step: Step, *, plain: bool) -> Formula:
    """The formula for texts of a column that the function `step` leaves as they are: it need not be applied first."""
    def change(atom: Atom) -> Formula:
        known = atom.membership
        if atom.kind != "within" or atom.column != column or known is None or known.plain is not plain or known.loose:
            return atom
        if known.steps[:1] != (step,):
            return atom
        return replace(atom, key=f"{atom.key} as it is", membership=replace(known, steps=known.steps[1:]))

    return mapped(formula, change)


def mapped(formula: Formula, change: Callable[[Atom], Formula]) -> Formula:
    """The formula with each atom replaced."""
    if isinstance(formula, Atom):
        return change(formula)
    if isinstance(formula, Junction):
        return junction(formula.op, [mapped(part, change) for part in formula.parts])
    if isinstance(formula, Not):
        return negation(mapped(formula.part, change))
    if isinstance(formula, Truth):
        return truth(mapped(formula.part, change), formula.want)
    if isinstance(formula, Iff):
        return iff(mapped(formula.left, change), mapped(formula.right, change))
    if isinstance(formula, Pick):
        return pick([(mapped(test, change), mapped(each, change)) for test, each in formula.branches],
                    mapped(formula.default, change))
    return formula


def _united(parts: Iterable[Formula]) -> list[Formula]:
    """The parts of an OR, lists of texts under one view of one column put together."""
    found: dict[object, list[Atom]] = {}
    others: list[Formula] = []
    for part in parts:
        member = part.membership if isinstance(part, Atom) and part.kind == "within" else None
        if isinstance(part, Atom) and member is not None and member.texts is not None and not member.loose:
            found.setdefault((part.column, member.steps, member.plain), []).append(part)
        elif isinstance(part, Atom) and part.kind == "compare" and part.op == "=" and isinstance(part.value, str):
            found.setdefault(part.column, []).append(part)
        else:
            others.append(part)
    return [*others, *(each for atoms in found.values() for each in _one(atoms))]


def _one(atoms: list[Atom]) -> list[Atom]:
    """One atom for all of these, which test one column through the same functions; through none, only if they are many."""
    first = atoms[0]
    known = Membership() if first.membership is None else first.membership
    if len(atoms) == 1 or (first.membership is None and len(atoms) < _MANY):
        return atoms
    texts = {str(atom.value) for atom in atoms if atom.membership is None}
    texts |= {text for atom in atoms if atom.membership is not None for text in atom.membership.texts or ()}
    nodes = tuple(atom.node for atom in atoms if atom.node is not None)
    key = "(" + " or ".join(sorted(atom.key for atom in atoms)) + ")"
    return [Atom(key, "within", first.column, strict=frozenset((first.column,)), columns=first.columns,
                 membership=Membership(known.steps, known.plain, frozenset(texts)),
                 node=Logic(0, 0, "OR", nodes) if len(nodes) == len(atoms) else None)]
