"""What is known of the columns of a declared enum's table, and every CHECK that a row of it must pass. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from checks.catalog.difference import unquoted
from checks.catalog.key import Key
from checks.catalog.objects import Column, Constraint, Domain, EnumType
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import EnumSpec
from checks.observation.evaluate import PredicateQuestion
from checks.observation.guards.partition_bounds import partition_checks
from checks.observation.guards.user_functions import inlined
from checks.sql.names import qualified, shown, split_path
from checks.sql.syntax.columns import columns_of, written_out
from checks.sql.values_accepted.answers import ColumnFacts, ColumnRow, NamedCheck

WHOLE_ROW = "?"
"""What a Snapshot calls a column that is none: a CHECK looks at the whole row, or at a system column."""
_C_COLLATIONS = ("C", "POSIX", "ucs_basic")


@dataclass(frozen=True)
class Guards:
    """What a row of the table must pass."""

    checks: tuple[NamedCheck, ...] = ()
    """The table's own CHECKs that are enforced, and what its partitions take."""
    facts: Mapping[str, ColumnFacts] = field(default_factory=dict)
    """By the column's bare name."""
    constraints: Mapping[str, Key] = field(default_factory=dict)
    """The CHECK that each name stands for."""
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The columns that each CHECK of the table mentions."""
    unsafe: Mapping[str, str] = field(default_factory=dict)
    """CHECKs that must not be evaluated, and why."""
    idle: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    """CHECKs that are NOT ENFORCED, and the columns that they mention."""
    made_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The columns that each generated column is made of."""

    @property
    def not_null(self) -> Mapping[str, bool]:
        """Whether each column refuses NULL."""
        return {name: each.not_null for name, each in self.facts.items()}

    def of_column(self, column: str) -> Guards:
        """The same with the facts of `column` and of those that CHECKs mention, and nothing idle that is not about it."""
        named = {column, *(name for mentioned in self.columns.values() for name in mentioned)}
        named |= {name for name, of in self.made_of.items() if column in of and self.facts[name].checks}
        named |= {source for name in named for source in self.made_of.get(name, ())}
        return replace(self, facts={name: each for name, each in self.facts.items() if name in named},
                       idle={key: columns for key, columns in self.idle.items() if column in columns})

    def about(self, column: str) -> tuple[str, ...]:
        """Names of the enforced CHECKs that speak of `column`, those of its domain included."""
        linked = self._linked(column)
        own = (each.name for name in sorted(linked) if name in self.facts for each in self.facts[name].checks)
        made = (f"what generates {column}",) if self.facts[column].generated else ()
        return (*own, *made, *(name for name, columns in self.columns.items()
                               if {*linked, WHOLE_ROW} & columns or not columns))

    def _linked(self, column: str) -> set[str]:
        """The column, those that it is generated from, and those that are generated from it."""
        return {column, *self.made_of.get(column, ()), *(name for name, of in self.made_of.items() if column in of)}

    def tied_to(self, column: str) -> frozenset[str]:
        """Names of the CHECKs that speak of `column`, or of a column that one of these ties to it."""
        reached, names = {*self._linked(column), WHOLE_ROW}, {*self.about(column)}
        while more := {name for name, columns in self.columns.items() if name not in names and reached & columns}:
            names |= more
            reached |= {each for name in more for each in self.columns[name]}
        return frozenset(names)

    def unread(self, column: str) -> tuple[str, str] | None:
        """(name, why) of a CHECK about `column` that must not be evaluated, if there is one."""
        about = self.about(column)
        return next(((name, why) for name, why in self.unsafe.items() if name in about), None)

    def question(self, spec: EnumSpec, rows: Sequence[ColumnRow]) -> PredicateQuestion | None:
        """What the CHECKs say of `rows`; None when nothing may be evaluated."""
        named = {spec.column, *(name for row in rows for name in (*row.others, *row.elsewhere))}
        if any("." in self.facts[name].type or self.facts[name].labels for name in named if name in self.facts):
            return None  # a type that is not built in: making a value of it may run its code
        if any(self.facts[name].generated for name in named if name in self.facts):
            return None  # what it holds is not for us to make up
        columns = tuple((name, self.facts[name].type) for name in sorted(named) if name in self.facts)
        texts = {each.name: each.text for each in self.checks
                 if each.name not in self.unsafe and self.columns.get(each.name, frozenset()) <= named}
        texts.update({each.name: f'(SELECT ({each.text}) FROM (SELECT {shown(name)} AS value) AS d)'
                      for name in named for each in self.facts[name].checks if each.name not in self.unsafe})
        if not texts:
            return None
        values = tuple(tuple(_value(row, name, spec.column) for name, _ in columns) for row in rows)
        return PredicateQuestion(f"the enum {spec.shown}", spec.table, columns, values, tuple(texts.values()))


def _value(row: ColumnRow, name: str, column: str) -> str | None:
    return row.value if name == column else {**row.elsewhere, **row.others}.get(name)


def guards_of(spec: EnumSpec, table: str, found: Snapshot) -> Guards:
    """What a row of `table` must pass, with what bears on the enum's column."""
    return table_guards(table, found).of_column(spec.column)


def table_guards(table: str, found: Snapshot) -> Guards:
    """What a row of `table` must pass, with the facts of all its columns."""
    checks: list[NamedCheck] = []
    constraints: dict[str, Key] = {}
    columns: dict[str, frozenset[str]] = {}
    unsafe: dict[str, str] = {}
    idle: dict[Key, frozenset[str]] = {}
    for name, check in found.of(table, "constraint"):
        if not isinstance(check, Constraint) or check.type != "check":
            continue
        key = Key("constraint", table, name)
        if not check.enforced:
            idle[key] = frozenset(check.columns)
            continue
        text = check.expression or ""
        if key in found.unsafe or WHOLE_ROW in check.columns:
            unsafe[name] = found.unsafe.get(key, "looks at the whole row")
            text = inlined(text, found) or text
        checks.append(NamedCheck(name, text))
        constraints[name], columns[name] = key, frozenset(check.columns)
    for check, mentioned in partition_checks(table, found):
        checks.append(check)
        columns[check.name] = mentioned
    facts = {unquoted(name): _facts(column, found, constraints, unsafe) for name, column in found.of(table, "column")}
    made_of = {name: columns_of(each.generated) for name, each in facts.items() if each.generated}
    made = {name: each.made for name, each in facts.items() if each.made and not qualified(each.made)}
    for name, text in made.items():  # a domain's CHECK of a generated column is one of what generates it
        for check in facts[name].checks:
            checks.append(NamedCheck(check.name, written_out(check.text, {"VALUE": text})))
            columns[check.name] = made_of[name]
        facts[name] = replace(facts[name], checks=())
    checks = [replace(each, text=written_out(each.text, made)) if columns[each.name] & made.keys() else each
              for each in checks]
    for name, mentioned in columns.items():
        columns[name] = mentioned - made.keys() | {source for each in mentioned & made.keys() for source in made_of[each]}
    return Guards(tuple(checks), facts, constraints, columns, unsafe, idle, made_of)


def _facts(column: Column, found: Snapshot, constraints: dict[str, Key], unsafe: dict[str, str]) -> ColumnFacts:
    checks: list[NamedCheck] = []
    kind, key, not_null = column.type, column.user_type, column.not_null
    labels: tuple[str, ...] = ()
    while key is not None:
        item = found.objects.get(key)
        if isinstance(item, EnumType):
            labels = item.labels
        if not isinstance(item, Domain):
            break
        not_null = not_null or item.not_null
        for name, text, _ in item.checks:
            check = Key("domain", key.own, shown(name))
            constraints[check.own] = check
            if check in found.unsafe:
                unsafe[check.own] = found.unsafe[check]
                text = inlined(text, found) or text
            checks.append(NamedCheck(check.own, text))
        kind, key = item.base, item.base_domain or _enum(item.base, found)
    generated = (column.default or "") if column.generated else ""
    bare = kind.rpartition(".")[2].partition("(")[0]
    return ColumnFacts(kind, not_null, tuple(checks), generated, labels, bare == "citext", _collation(column))


def _enum(base: str, found: Snapshot) -> Key | None:
    """The native enum that a domain is over, if it is over one."""
    key = Key("enum", "", shown(*split_path(base))) if "." in base else None
    return key if key is not None and key in found.objects else None


def _collation(column: Column) -> Literal["", "C", "nondeterministic"]:
    if column.folding:
        return "nondeterministic"
    return "C" if column.collation in _C_COLLATIONS else ""
