"""Which tests say that one column's text, after some functions, lies in a regular language (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from checks.sql.evaluation.calls import language_of, plain_call, word_text
from checks.sql.evaluation.evaluate import evaluate
from checks.sql.evaluation.numbers import finite
from checks.sql.languages.automaton import of_words
from checks.sql.languages.images.case import lowered
from checks.sql.languages.images.views import Membership, Step, unchanged_by
from checks.sql.languages.language import NOTHING, UNKNOWN, Language, attempted, lengths
from checks.sql.languages.patterns.like import liked
from checks.sql.logic.reading.terms import Terms
from checks.sql.syntax.nodes import Binary, Cast, Collate, ColumnRef, FunctionCall, Node, identity
from checks.sql.values.constants import PLAIN, Constant
from checks.sql.values.types import INTEGERS, Type, deterministic, length_limit, type_of

_LENGTHS = ("length", "char_length", "character_length")
_MATCHES = ("~", "~*", "~~", "~~*", "^@")
_TRIMS = {"btrim": (True, True), "ltrim": (True, False), "rtrim": (False, True)}
_COLLATABLE = ("text", "character varying", "character")
_MOST = 2_000
"""Characters of the longest text whose length is looked into."""


@dataclass(frozen=True, slots=True)
class View:
    """A column's text after some functions; bpchar without the blanks it is filled up with."""

    column: ColumnRef
    type: Type
    """What the functions return."""
    steps: tuple[Step, ...] = ()
    plain: bool = False
    """They work in the C collation."""

    def then(self, *steps: Step, kind: str = "") -> View:
        """The view with more functions, and another type if one is named."""
        made = self.type if not kind else replace(type_of(kind), collation=self.type.collation)
        return replace(self, steps=self.steps + steps, type=made)

    def membership(self, **known: Any) -> Membership:
        """That the text lies in a language."""
        return Membership(self.steps, self.plain, **known)


class Memberships(Terms):
    """Reads tests of text as memberships of regular languages."""

    def view(self, node: Node) -> View | None:
        """The column and the functions that a term stands for; None if it is no such term."""
        if isinstance(node, ColumnRef):
            kind = self.declared(node)
            known = kind is not None and kind.family in ("text", "bpchar", "folded")
            return View(node, kind, plain=kind.collation == '"C"') if known and kind is not None else None
        if isinstance(node, Cast):
            if node.type in ("text", "character varying") and self.whole_number(node.operand):
                return View(node.operand, type_of("text"))  # type: ignore[arg-type]
            inner = self.view(node.operand)
            return None if inner is None else _cast(inner, node.type)
        if isinstance(node, Collate) and deterministic(node.collation):
            inner = self.view(node.operand)
            if inner is None or inner.type.base not in _COLLATABLE or (inner.steps and not inner.plain):
                return None
            plain = node.collation in ('"C"', '"POSIX"')
            return replace(inner, type=replace(inner.type, collation=""), plain=plain)
        if isinstance(node, Binary) and node.op == "||":
            return self._joined(node)
        if isinstance(node, FunctionCall):
            return self._function(*plain_call(node))
        return None

    def whole_number(self, node: Node) -> bool:
        """Whether it is a column of integers, whose text is its digits."""
        kind = self.declared(node)
        return kind is not None and not kind.array and kind.base in INTEGERS

    def _joined(self, node: Binary) -> View | None:
        for side, other, name in ((node.left, node.right, "append"), (node.right, node.left, "prepend")):
            inner, known = self.view(side), evaluate(other)
            if inner is not None and inner.type.family == "text" and known is not None and known.kind == "text":
                return inner.then((name, str(known.value)), kind="text")
        return None

    def _function(self, name: str, nodes: Sequence[Node]) -> View | None:
        inner = self.view(nodes[0]) if nodes else None
        if inner is None or not (inner.type.family == "text" or inner.type.collation):
            return None
        args: list[str | int] = []
        for node in nodes[1:]:
            word = word_text(node)
            known = evaluate(node) if word is None else None
            if word is not None:
                args.append(word)
            elif known is not None and known.kind in ("text", "unknown") and isinstance(known.value, str):
                args.append(known.value)
            elif known is not None and (number := finite(known)) is not None and number.denominator == 1:
                args.append(int(number))
            else:
                return None
        if name == "replace" and inner.type.family != "text":
            return None  # it looks for texts that the collation takes for equal
        steps = _steps(name, args)
        return None if steps is None else inner.then(*steps, kind="text")

    def membership(self, op: str, left: Node, right: Node) -> tuple[View, Membership] | None:
        """What `left op right` says of one column's text, whatever its language; None if it says no such thing."""
        known = evaluate(right)
        if known is None:
            return self._unchanged(op, left, right)
        view = self.view(left)
        if view is not None and op in ("=", *_MATCHES):
            found = _equal(view, known) if op == "=" else _matching(view, op, known)
            return None if found is None else (view, found)
        return self._counted(op, left, known)

    def _unchanged(self, op: str, left: Node, right: Node) -> tuple[View, Membership] | None:
        """`lower(a) = a` and the like."""
        for one, other in ((left, right), (right, left)):
            view = self.view(one)
            bare = isinstance(other, ColumnRef | Cast) and view is not None and self.view(other)
            if op == "=" and view is not None and bare and not bare.steps and view.type.family == "text" \
                    and bare.type.family == "text" and identity(bare.column) == identity(view.column):
                language = unchanged_by(view.steps[0], plain=view.plain) if len(view.steps) == 1 else None
                if language is not None:
                    return view, Membership(plain=view.plain, language=language, unchanged=view.steps[0])
        return None

    def _counted(self, op: str, left: Node, known: Constant) -> tuple[View, Membership] | None:
        """`length(a) < 3`, `strpos(a, 'x') = 0`."""
        if not isinstance(left, FunctionCall) or op not in ("=", "<", ">") or (number := finite(known)) is None:
            return None
        name, nodes = plain_call(left)
        view = self.view(nodes[0]) if nodes else None
        if view is None or abs(number) > _MOST or number.denominator != 1:
            return None
        if name in _LENGTHS and len(nodes) == 1:
            return view, view.membership(language=_lengths(op, int(number)))
        sought = evaluate(nodes[1]) if name == "strpos" and len(nodes) == 2 else None
        within_reach = number == {"=": 0, ">": 0, "<": 1}[op]
        if sought is None or sought.kind != "text" or view.type.family != "text" or not within_reach:
            return None
        escaped = "".join("\\" + each if each in "%_\\" else each for each in str(sought.value))
        holds = liked(f"%{escaped}%")
        if op == ">":
            return view, view.membership(language=holds)
        complement = holds.mapped(lambda automaton: replace(automaton, final=tuple(not each for each in automaton.final)))
        return view, view.membership(language=complement)


def _cast(inner: View, target: str) -> View | None:
    kind = type_of(target)
    if kind.array or kind.collation or kind.family not in ("text", "bpchar", "folded"):
        return None
    if kind.base == "citext" or inner.type.base == "citext":
        made = replace(inner, type=kind)
        return made if kind.base in ("citext", "text") or not kind.modifiers and kind.base == "character varying" else None
    if kind.base == "name":
        limit = length_limit(inner.type)
        return inner.then(kind="name") if inner.type.base == "name" or (limit is not None and limit * 4 <= 63) else None
    steps: tuple[Step, ...] = (("first", kind.modifiers[0]),) if kind.modifiers else ()
    if kind.family == "bpchar" and inner.type.family != "bpchar":
        steps += (("trim", " ", False, True),)
    return inner.then(*steps, kind=target)


def _steps(name: str, args: Sequence[str | int]) -> tuple[Step, ...] | None:
    """The steps of a call, given what follows its first argument; None where they are not known."""
    texts, numbers = all(isinstance(each, str) for each in args), all(isinstance(each, int) for each in args)
    if name in ("lower", "upper", "reverse") and not args:
        return ((name,),)
    if name in _TRIMS and texts and len(args) < 2:
        return (("trim", args[0] if args else " ", *_TRIMS[name]),)
    if name in ("left", "right") and numbers and len(args) == 1:
        return (("first" if name == "left" else "last", args[0]),)
    if name in ("substring", "substr") and numbers and 0 < len(args) < 3:
        start = int(args[0])
        size = int(args[1]) + min(start - 1, 0) if len(args) == 2 else None
        if size is not None and int(args[1]) < 0:
            return None
        steps: list[Step] = [("drop", max(start - 1, 0))]
        return tuple([*steps, ("first", max(size, 0))] if size is not None else steps)
    if name == "replace" and texts and len(args) == 2 and len(str(args[0])) == 1:
        return (("translate", str(args[0]), str(args[1])),)
    if name == "translate" and texts and len(args) == 2:
        old, new = map(str, args)
        pairs = {each: new[at:at + 1] for at, each in reversed([*enumerate(old)])}
        return (("translate", "".join(pairs), *pairs.values()),)
    if name == "normalize" and texts and len(args) < 2:
        return (("normalize",),)
    return None


def _equal(view: View, known: Constant) -> Membership | None:
    """`view = constant`, by the view's own idea of equality."""
    if not isinstance(known.value, str) or known.kind not in (view.type.family, "unknown"):
        return None
    if view.type.base == "citext":
        return _same_letters(view, known.value)
    loose = view.type.family == "folded" and not known.type.endswith(PLAIN)
    text = known.value.rstrip(" ") if view.type.family == "bpchar" else known.value
    return view.membership(texts=frozenset((text,)), loose=loose)


def _same_letters(view: View, text: str) -> Membership:
    """citext compares the lower case of both."""
    images = lowered(text, plain=False)
    if images is None:
        return view.membership(texts=frozenset((text,)), loose=True)
    if len(images) == 1:
        return view.then(("lower",)).membership(texts=images)
    outer = attempted(lambda: of_words(images))
    language = None if outer is None else Language(NOTHING, outer)
    return view.then(("lower",)).membership(language=language or UNKNOWN)


def _matching(view: View, op: str, known: Constant) -> Membership | None:
    if view.type.base == "citext" and known.type == "citext":
        op = {"~": "~*", "~~": "~~*"}.get(op, op)
    elif view.type.family == "folded" or known.kind not in ("text", "unknown"):
        return None
    if view.type.family == "bpchar":
        if not view.type.modifiers:
            return None
        view = view.then(("pad", view.type.modifiers[0]))
    plain = view.plain or known.type.endswith(PLAIN)
    language = language_of(op, str(known.value), plain=plain) if isinstance(known.value, str) else None
    return None if language is None else view.membership(language=language)


def _lengths(op: str, number: int) -> Language:
    if op == ">":
        return lengths(max(number + 1, 0), None)
    low, high = (number, number) if op == "=" else (0, number - 1)
    return lengths(low, high) if high >= 0 else Language(NOTHING, NOTHING)
