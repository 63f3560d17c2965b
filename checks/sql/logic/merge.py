"""Formulas with fewer atoms of the same meaning (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from checks.sql.languages.images.views import Membership, Step
from checks.sql.logic.formula import Atom, Formula, Iff, Junction, Not, Pick, Truth, iff, junction, negation, pick, truth
from checks.sql.syntax.nodes import Logic


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
        else:
            others.append(part)
    return [*others, *(_one(atoms) for atoms in found.values())]


def _one(atoms: list[Atom]) -> Atom:
    first = atoms[0]
    known = first.membership
    if len(atoms) == 1 or known is None:
        return first
    texts = frozenset(text for atom in atoms if atom.membership is not None for text in atom.membership.texts or ())
    nodes = tuple(atom.node for atom in atoms if atom.node is not None)
    key = "(" + " or ".join(sorted(atom.key for atom in atoms)) + ")"
    return Atom(key, "within", first.column, strict=first.strict, columns=first.columns,
                membership=Membership(known.steps, known.plain, texts), node=Logic(0, 0, "OR", nodes))
