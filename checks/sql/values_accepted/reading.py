"""The CHECKs of a table as conjuncts over its columns, ready to be decided on (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from checks.sql.logic.formula import TRUE, Atom, Formula, atoms_of
from checks.sql.logic.merge import merged, without_step
from checks.sql.logic.reading.parts import parts_of
from checks.sql.logic.reading.translate import Reader
from checks.sql.syntax.expression import parse
from checks.sql.syntax.lexemes import ParseError
from checks.sql.syntax.nodes import Binary, Cast, ColumnRef, Distinct, Node, Quantified, Raw, identity, walk
from checks.sql.syntax.rewrite import rewritten
from checks.sql.values.types import ENUM
from checks.sql.values_accepted.answers import ColumnFacts
from checks.sql.values_accepted.session import SessionColumn, session_column

GENERATED = -1
"""The number of no CHECK: what a generated column says of the row."""


@dataclass(frozen=True, slots=True)
class ReadPart:
    """One conjunct; the row goes in only if it is not FALSE."""

    check: int
    """The number of its CHECK, or GENERATED."""
    text: str
    node: Node | None
    """None: it is not understood."""
    columns: frozenset[str]
    formula: Formula

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """Its atoms."""
        return tuple(atoms_of(self.formula))


@dataclass(frozen=True)
class ReadChecks:
    """All conjuncts of one table's CHECKs."""

    parts: tuple[ReadPart, ...]
    types: Mapping[str, str]
    not_null: frozenset[str]
    labels: Mapping[str, tuple[str, ...]]
    values: Mapping[str, tuple[str, ...]]
    """The values that alone count, of columns that stand for the session."""
    generated: Mapping[str, Node] = field(default_factory=dict)

    def groups(self) -> list[list[ReadPart]]:
        """The parts in groups that share no column."""
        found: list[tuple[set[str], list[ReadPart]]] = []
        for part in self.parts:
            names, members = set(part.columns), [part]
            apart = []
            for other, parts in found:
                if other & names:
                    names |= other
                    members = parts + members
                else:
                    apart.append((other, parts))
            found = [*apart, (names, members)]
        return [members for _, members in found]


class _Sources:
    """Reads CHECK texts over columns of which facts are known."""

    def __init__(self, facts: Mapping[str, ColumnFacts]) -> None:
        self.facts = facts
        self.types = {name: _type(each) for name, each in facts.items()}
        self.citexts = {each.type for each in facts.values() if each.citext}
        self.known = {each.type: _type(each) for each in facts.values() if each.citext or each.labels}
        self.session: dict[str, SessionColumn] = {}

    def nodes(self, text: str, value: str | None) -> tuple[str, list[Node]]:
        """The conjuncts of a CHECK; VALUE is the column `value`.

        Raises:
            ParseError: it is not understood.
        """
        def change(node: Node) -> Node | None:
            if isinstance(node, ColumnRef) and node.path == ("VALUE",) and value is not None:
                return replace(node, path=(value,))
            if isinstance(node, Cast) and node.type.removesuffix("[]") in self.known:
                brackets = "[]" if node.type.endswith("[]") else ""
                kind = self.known[node.type.removesuffix("[]")] + brackets
                return Cast(node.start, node.end, rewritten(node.operand, change), kind)
            if isinstance(node, Binary | Quantified) and node.op.startswith("OPERATOR(") and self._folds(node):
                bare = replace(node, op=node.op.rpartition(".")[2].removesuffix(")"))
                return rewritten(bare, change)
            found = session_column(node)
            if found is None:
                return None
            self.session[found.name] = found
            return found.reference(node)

        whole = parse(text)
        return text, [rewritten(part, change) for part in parts_of(whole)]

    def _folds(self, node: Binary | Quantified) -> bool:
        """Whether an operator of another schema is citext's, which stands beside its type."""
        schema = node.op.removeprefix("OPERATOR(").rpartition(".")[0]
        for side in (node.left, node.right):
            kind = self.facts[side.name].type if isinstance(side, ColumnRef) and side.name in self.facts else ""
            kind = side.type if isinstance(side, Cast) else kind
            if kind.removesuffix("[]") in self.citexts and kind.removesuffix("[]") == f"{schema}.citext":
                return True
        return False


def _type(facts: ColumnFacts) -> str:
    if facts.citext:
        return "citext"
    if facts.labels:
        return ENUM + facts.type
    return facts.type + (f' COLLATE "{facts.collation}"' if facts.collation else "")


def read_checks(checks: Sequence[tuple[str, str | None]], facts: Mapping[str, ColumnFacts]) -> ReadChecks:
    """Reads CHECKs, each with the column that VALUE stands for in it (None: it is the table's)."""
    sources = _Sources(facts)
    nodes: list[tuple[int, str, Node | None]] = []
    for number, (text, value) in enumerate(checks):
        try:
            source, found = sources.nodes(text, value)
            nodes += [(number, source[each.start:each.end].strip() or source, each) for each in found]
        except (ParseError, RecursionError):
            nodes.append((number, text.strip(), None))
    generated = {}
    for name, each in facts.items():
        if each.cut and each.generated:
            nodes.append((GENERATED, each.generated, None))
        elif each.generated:
            try:
                made = Cast(0, 0, sources.nodes(f"({each.generated})", None)[1][0], each.type)
                generated[name] = made
                nodes.append((GENERATED, each.generated, Distinct(0, 0, ColumnRef(0, 0, (name,)), made, True)))
            except (ParseError, RecursionError):
                nodes.append((GENERATED, each.generated, None))
    types = {**sources.types, **{each.name: each.type for each in sources.session.values()}}
    not_null = {name for name, each in facts.items() if each.not_null}
    not_null |= {each.name for each in sources.session.values() if each.not_null}
    parts = _simplified([*_read(nodes, Reader(types), types)])
    labels = {name: each.labels for name, each in facts.items() if each.labels}
    values = {each.name: each.values for each in sources.session.values() if each.values}
    return ReadChecks(tuple(parts), types, frozenset(not_null), labels, values, generated)


def _read(nodes: Iterable[tuple[int, str, Node | None]], reader: Reader, known: Collection[str]) -> Iterator[ReadPart]:
    """The conjuncts; one that looks at a column of which nothing is known, such as tableoid, is not understood."""
    for number, text, node in nodes:
        blind = node is None or any(isinstance(each, Raw) or isinstance(each, ColumnRef) and identity(each) not in known
                                    for each in walk(node))
        if node is None or blind:
            yield ReadPart(number, text, None, frozenset(), Atom(f"?{number} {text}", "opaque"))
            continue
        columns = frozenset(identity(each) for each in walk(node) if isinstance(each, ColumnRef))
        try:
            formula = merged(reader.formula(node))
        except (ParseError, RecursionError):
            formula = Atom(f"?{number} {text}", "opaque", columns=columns, node=node)
        if formula is not TRUE:
            yield ReadPart(number, text, node, columns, formula)


def _simplified(parts: Sequence[ReadPart]) -> Iterator[ReadPart]:
    """With `a` in place of `f(a)` wherever another conjunct says that `f(a) = a`, which holds where `a` is not NULL."""
    known = {part.formula.key: (part.formula.column, part.formula.membership) for part in parts
             if isinstance(part.formula, Atom) and part.formula.membership and part.formula.membership.unchanged}
    for part in parts:
        formula = part.formula
        for key, (column, membership) in known.items():
            if key != formula.key and membership is not None and membership.unchanged is not None:
                formula = without_step(formula, column, membership.unchanged, plain=membership.plain)
        yield replace(part, formula=formula)
