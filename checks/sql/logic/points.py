"""Values of a column that stand for all its values: the literals it is compared with, and one of each part between.

The languages that the column's text is tested for part all texts into cells; a cell of few texts is listed whole.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from checks.sql.evaluation.arrays import elements
from checks.sql.evaluation.evaluate import evaluate
from checks.sql.languages.automaton import Automaton, TooLargeError
from checks.sql.languages.cells import Cell, Product
from checks.sql.languages.images.ends import without_edges
from checks.sql.languages.images.views import held_by
from checks.sql.logic.formula import Atom
from checks.sql.syntax.nodes import Binary, Node, Quantified
from checks.sql.values.domains import points
from checks.sql.values.types import Elements, Type, Value, holds, item_type, length_limit, unit

FEW = 120
"""A cell of at most so many texts, or a gap of so many integers, is listed whole."""
_TRIES = 400
_MOST_ARRAYS = 3_000
_UNPADDED = without_edges(" ", left=False, right=True)


@dataclass(frozen=True, slots=True)
class Points:
    """Values that stand for all a column can hold but NULL."""

    values: tuple[Value, ...]
    single: frozenset[Value]
    """Those that stand only for themselves."""
    covering: bool = True
    """Whether memberships of languages are the same throughout each part; else nothing is known of them."""


def points_of(kind: Type, atoms: Sequence[Atom], also: Iterable[Value]) -> Points:
    """The points of a column, given every atom about it and values that must be among them."""
    literals: set[Value] = {atom.value for atom in atoms if atom.kind in ("compare", "label")} | set(also)
    if kind.array:
        return _of_array(kind, atoms, literals)
    if kind.family == "boolean":
        return Points((True, False), frozenset((True, False)))
    if kind.family not in ("text", "bpchar", "folded"):
        literals |= _gaps(kind, atoms, literals)
        known = points(kind, literals)
        return Points(known, frozenset(literals) & frozenset(known))
    memberships = dict.fromkeys(atom.membership for atom in atoms if atom.membership is not None)
    literals.update(text for each in memberships for text in each.listed or ())
    memberships = {each: None for each in memberships if each.listed is None}
    automata = _automata(held for each in memberships if not (held := held_by(each)).hidden)
    if not automata:
        known = points(kind, literals)
        return Points(known, frozenset(literals) & frozenset(known))
    try:
        return _of_cells(kind, literals, automata)
    except TooLargeError:
        known = points(kind, literals)
        return Points(known, frozenset(literals) & frozenset(known), covering=False)


def _automata(languages: Iterable[object]) -> list[Automaton]:
    from checks.sql.languages.language import EVERY, NOTHING, Language

    found: dict[int, Automaton] = {}
    for each in languages:
        if isinstance(each, Language):
            found.update({id(each.inner): each.inner, id(each.outer): each.outer})
    return [each for each in found.values() if each is not EVERY and each is not NOTHING]


def _of_cells(kind: Type, literals: set[Value], automata: list[Automaton]) -> Points:
    padded = kind.family == "bpchar"
    product = Product([*automata, *([_UNPADDED] if padded else [])])
    texts = sorted(text for text in literals if isinstance(text, str) and _storable(text, kind))
    values: dict[Value, None] = dict.fromkeys(texts)
    single: set[Value] = set(texts)
    for cell in product.cells:
        if padded and not cell.signs[-1]:
            continue
        limit = length_limit(kind)
        count = cell.count(limit, FEW)
        if count <= FEW:
            found = [*cell.words(limit)]
            if len(found) < count:  # very long texts are not made
                raise TooLargeError
            listed = [text for text in found if holds(text, kind)]
            values.update(dict.fromkeys(listed))
            single.update(listed)
        else:
            values.update(dict.fromkeys(_fresh(cell, kind, single)))
    return Points(tuple(values), frozenset(single))


def _storable(text: str, kind: Type) -> bool:
    return "\0" not in text and holds(text, kind) and not (kind.family == "bpchar" and text.endswith(" "))


def _fresh(cell: Cell, kind: Type, known: set[Value]) -> list[str]:
    """A text of the cell that is no literal.

    Raises:
        TooLargeError: none was found, though there may be one.
    """
    tried = 0
    for text in cell.words(length_limit(kind)):
        if text not in known and holds(text, kind):
            return [text]
        tried += text not in known
        if tried > _TRIES:
            break
    raise TooLargeError


def _gaps(kind: Type, atoms: Sequence[Atom], literals: Iterable[Value]) -> set[Value]:
    """Every integer between the literals, if they are few and something looks closer at them."""
    step = unit(kind)
    numbers = sorted(value[1] for value in literals if isinstance(value, tuple) and value[0] == 0)
    close = any(atom.kind == "opaque" for atom in atoms)
    if step is None or not close or not numbers or (numbers[-1] - numbers[0]) / step > FEW:
        return set()
    found: set[Value] = set()
    at = numbers[0]
    while at <= numbers[-1]:
        found.add((0, at))
        at += step
    return found


def _of_array(kind: Type, atoms: Sequence[Atom], literals: set[Value]) -> Points:
    """Arrays of every few of the items that tests of the column tell apart, one other item and NULL."""
    tests = [atom.node for atom in atoms if atom.kind == "elements" and atom.node is not None]
    items: set[Value] = {item for array in literals if isinstance(array, Elements) for item in array.items}
    size = 1
    for node in tests:
        found = _items(node)
        items.update(found)
        size += len(found) if isinstance(node, Binary) and node.op in ("@>", "<@") and _whole(node) else 1
    base = item_type(kind)
    parts: list[Value] = [*points(base, items - {None}), None]
    total = sum(_combinations(len(parts), each) for each in range(min(size, len(parts)) + 1))
    short = total <= _MOST_ARRAYS
    made = [Elements(each) for length in range((min(size, len(parts)) if short else 1) + 1)  # type: ignore[arg-type]
            for each in itertools.combinations(parts, length)]
    exact = {each for each in literals if isinstance(each, Elements)}
    for array in [each for each in made if each in exact and each.items]:
        while array in exact:  # another array of the same items
            array = Elements((*array.items, array.items[-1]))
        made.append(array)
    return Points((*made, *sorted(exact - set(made), key=str)), frozenset(exact | {Elements(())}), covering=short)


def _combinations(total: int, size: int) -> int:
    import math

    return math.comb(total, size)


def _whole(node: Binary) -> bool:
    """Whether the constant must lie in the column, item by item."""
    constant_first = evaluate(node.left) is not None
    return (node.op == "<@") is constant_first


def _items(node: Node) -> list[Value]:
    sides = (node.left, node.right) if isinstance(node, Binary | Quantified) else ()
    found: list[Value] = []
    for side in sides:
        known = evaluate(side)
        array = None if known is None else elements(known)
        if array is not None:
            found += array.items
        elif known is not None:
            found.append(known.value)
    return found
