"""What a catalogue holds, as frozen values: one NamedTuple for each kind of object, under a Key.

Objects hold only what a schema says of itself: owners, comments, grants, oids and column order are not part of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from checks.catalog.key import Key
from checks.sql.names import shown


def listed(columns: Iterable[str]) -> str:
    """Column names as SQL, quoted where they must be."""
    return ", ".join(map(shown, columns))


class Table(NamedTuple):
    """A relation. `kind` is pg_class.relkind in words."""

    kind: str = "table"
    persistence: str = "logged"
    row_security: bool = False
    force_row_security: bool = False
    parents: tuple[str, ...] = ()
    partition_bound: str | None = None
    partition_key: str | None = None
    view: str | None = None


class Column(NamedTuple):
    """A column; `type` with its modifier, `collation` only where it is not the type's own."""

    type: str
    not_null: bool = False
    default: str | None = None
    identity: str = ""
    generated: str = ""
    collation: str | None = None
    user_type: Key | None = None
    """Key of the domain or enum this column has, else None."""
    folding: bool = False
    """Whether its collation, or its domain's, takes distinct strings for equal."""


class Constraint(NamedTuple):
    """A table constraint. `type` is check, primary key, unique, foreign key or exclusion."""

    type: str
    columns: tuple[str, ...] = ()
    expression: str | None = None
    validated: bool = True
    enforced: bool = True
    """False when NOT ENFORCED, or, for a foreign key, when one of its internal triggers is disabled."""
    no_inherit: bool = False
    deferrable: bool = False
    deferred: bool = False
    references: str | None = None
    referenced_columns: tuple[str, ...] = ()
    on_update: str = "no action"
    on_delete: str = "no action"
    match: str = "simple"
    inherited: bool = False

    @property
    def words(self) -> str:
        """`CHECK …` or `foreign key (a) to t (b)`."""
        if self.type == "check":
            return f"CHECK {self.expression}"
        return f"{self.type} ({listed(self.columns)})" + (
            f" to {self.references} ({listed(self.referenced_columns)})" if self.references else "")


class Index(NamedTuple):
    """An index. `keys` are column names, or expressions in their deparsed form."""

    table: str
    keys: tuple[str, ...]
    method: str = "btree"
    unique: bool = False
    primary: bool = False
    valid: bool = True
    immediate: bool = True
    nulls_not_distinct: bool = False
    predicate: str | None = None
    included: tuple[str, ...] = ()
    options: tuple[int, ...] = ()
    """pg_index.indoption per key, empty when all are 0: bit 0 descending, bit 1 nulls first."""
    opclasses: tuple[str, ...] = ()
    collations: tuple[str, ...] = ()
    expressions: bool = False
    folding: bool = False
    """Whether a nondeterministic collation makes it take distinct strings for equal."""
    backs_constraint: bool = False

    @property
    def listed_keys(self) -> str:
        """The keys as SQL."""
        return ", ".join(self.keys) if self.expressions else listed(self.keys)


class Trigger(NamedTuple):
    """A trigger of the user's. `enabled` is origin, disabled, replica or always."""

    definition: str
    enabled: str = "origin"
    before: bool = False
    row: bool = False
    instead: bool = False
    events: tuple[str, ...] = ()
    function: str = ""


class Rule(NamedTuple):
    """A rewrite rule."""

    definition: str
    enabled: str = "origin"
    event: str = ""
    instead: bool = False


class Policy(NamedTuple):
    """A row security policy."""

    command: str = "*"
    permissive: bool = True
    roles: tuple[str, ...] = ()
    using: str | None = None
    check: str | None = None


class EnumType(NamedTuple):
    """A native enum."""

    labels: tuple[str, ...]


class Domain(NamedTuple):
    """A domain; `checks` are (name, expression over VALUE, validated)."""

    base: str
    not_null: bool = False
    default: str | None = None
    base_domain: Key | None = None
    checks: tuple[tuple[str, str, bool], ...] = ()


class Function(NamedTuple):
    """A function or procedure, by its body."""

    kind: str
    language: str
    volatility: str
    returns: str
    body: str
    security_definer: bool = False
    config: tuple[str, ...] = ()


class Sequence(NamedTuple):
    """A sequence; where it stands now is not part of it."""

    type: str
    increment: str = "1"
    cycle: bool = False
    owner: Key | None = None
    """Key of the column that owns it."""


KINDS: Mapping[str, type[Any]] = {
    "table": Table, "column": Column, "constraint": Constraint, "index": Index, "trigger": Trigger, "rule": Rule,
    "policy": Policy, "enum": EnumType, "domain": Domain, "function": Function, "sequence": Sequence,
}
Object = Table | Column | Constraint | Index | Trigger | Rule | Policy | EnumType | Domain | Function | Sequence


def functions(objects: Mapping[Key, Object]) -> dict[Key, Function]:
    """The functions among `objects`."""
    return {key: item for key, item in objects.items() if isinstance(item, Function)}


def table_of(key: Key, item: Object) -> str | None:
    """The shown name of the relation that an object belongs to, or None."""
    if key.relation:
        return key.relation
    if isinstance(item, Index):
        return item.table
    return item.owner.relation if isinstance(item, Sequence) and item.owner else None


def to_json(item: Object) -> dict[str, Any]:
    """`item` as a JSON object that leaves out what is at its default."""
    defaults = item._field_defaults
    return {name: str(value) if isinstance(value, Key) else value for name, value in item._asdict().items()
            if name not in defaults or value != defaults[name]}


_KEYS = frozenset({"user_type", "base_domain", "owner"})
"""Fields that hold a Key."""


def from_json(key: Key, data: Mapping[str, Any]) -> Object:
    """The object that `to_json` wrote under `key`.

    Raises:
        KeyError, TypeError: it was not written by this version.
    """
    made: Object = KINDS[key.kind](**{name: Key.of(value) if name in _KEYS else _frozen(value)
                                      for name, value in data.items()})
    return made


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
