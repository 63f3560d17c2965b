"""What a catalogue holds, as frozen values under a Key: a NamedTuple for each kind of object that something is judged of.

Kinds that are only compared share one, `Other`. Objects hold only what a schema says of itself: owners, comments, grants,
oids and column order are not part of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    options: tuple[str, ...] = ()
    """Storage parameters that change what happens: of views `check_option=…`, `security_barrier`, `security_invoker`."""
    replica_identity: str = "default"
    """`default`, `nothing`, `full`, or `index …`."""
    of_type: str | None = None
    """The composite type of a typed table."""
    access_method: str | None = None
    """None: heap."""
    server: str | None = None
    """Of a foreign table."""
    server_options: tuple[str, ...] = ()


class Column(NamedTuple):
    """A column; `type` with its modifier, `collation` only where it is not the type's own, without schema if built in."""

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
    not_null_for: str = ""
    """`new rows only` (NOT VALID) or `this table only` (NO INHERIT), since PostgreSQL 18."""
    options: tuple[str, ...] = ()
    """Of a foreign table's column."""
    rests_on: tuple[str, ...] = ()
    """Of its default or expression: as a constraint's."""


class Constraint(NamedTuple):
    """A table constraint. `type` is check, primary key, unique, foreign key or exclusion."""

    type: str
    columns: tuple[str, ...] = ()
    expression: str | None = None
    """Of a CHECK; of an exclusion, and of a key WITHOUT OVERLAPS, the whole definition."""
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
    delete_columns: tuple[str, ...] = ()
    """Which columns ON DELETE SET NULL or SET DEFAULT sets; empty: all of them."""
    rests_on: tuple[str, ...] = ()
    """What of the user's it calls or compares with: `function public.f(text)`."""

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
    """Those that are no type's built-in default: of the first keys, else `NAME on key 2`."""
    collations: tuple[str, ...] = ()
    """Those that are not the database's own, likewise."""
    expressions: bool = False
    folding: bool = False
    """Whether a nondeterministic collation makes it take distinct strings for equal."""
    backs_constraint: bool = False
    parent: str | None = None
    """The partitioned index that it is a partition of."""
    rests_on: tuple[str, ...] = ()
    """As a constraint's."""

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
    of_parent: bool = False
    """Whether it is a partition's copy of its parent's, kept only where it is switched otherwise."""


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
    rests_on: tuple[str, ...] = ()
    """As a constraint's."""


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
    collation: str | None = None
    """Only where it is not the base's own."""
    rests_on: tuple[str, ...] = ()
    """As a constraint's."""


class Function(NamedTuple):
    """A function or procedure, by its body."""

    kind: str
    language: str
    volatility: str
    returns: str
    body: str
    security_definer: bool = False
    config: tuple[str, ...] = ()
    arguments: str = ""
    """With names, modes and defaults."""
    strict: bool = False
    leakproof: bool = False
    parallel: str = "unsafe"
    library: str | None = None
    """The file of a function in C."""


class Sequence(NamedTuple):
    """A sequence; where it stands now is not part of it."""

    type: str
    increment: str = "1"
    cycle: bool = False
    owner: Key | None = None
    """Key of the column that owns it."""
    start: str | None = None
    """As the bounds, None where it is what CREATE SEQUENCE gives."""
    minimum: str | None = None
    maximum: str | None = None
    cache: str = "1"
    persistence: str = "logged"


class Access(NamedTuple):
    """What a role can do on a relation: select, insert, update, delete, truncate."""

    privileges: tuple[str, ...] = ()
    partly: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(what, columns) that it can do on some columns only."""
    owner: bool = False
    """Whether it owns the relation, by itself or through another role."""
    locked_sequences: tuple[str, ...] = ()
    """Sequences that a default draws from and the role may not: an INSERT that leaves that column to it fails."""

    def columns(self, privilege: str) -> frozenset[str]:
        """On which columns it can do `privilege`, where it cannot on all."""
        return frozenset(dict(self.partly).get(privilege, ()))


class Other(NamedTuple):
    """An object of a kind that is compared attribute by attribute: `OTHER_KINDS`."""

    attributes: tuple[tuple[str, str], ...] = ()
    """(name, value), sorted; those that an object does not have are left out."""
    table: str | None = None
    """The relation it belongs to, of statistics."""


OTHER_KINDS = (
    "schema", "extension", "type", "aggregate", "operator", "operator class", "operator family", "cast", "collation",
    "conversion", "statistics", "event trigger", "publication", "text search configuration", "text search dictionary",
    "text search template", "text search parser", "foreign data wrapper", "server", "language", "access method", "transform",
)
"""Kinds that are compared attribute by attribute; sections/others.py reads them."""
AROUND = ("twin", "setting", "role", "locked schema", "denied function", "open definer", "open schema", "default privileges")
"""What stands around the objects: relations in other schemas that are called like one of ours, settings of roles and of the
database, roles and what they and PUBLIC can do. No drift by themselves; other claims ask whether migrations made them."""
NOT_DRIFT = (*AROUND, "access")
"""What drift says nothing of."""
KINDS: Mapping[str, type[Any]] = {
    "table": Table, "column": Column, "constraint": Constraint, "index": Index, "trigger": Trigger, "rule": Rule,
    "policy": Policy, "enum": EnumType, "domain": Domain, "function": Function, "sequence": Sequence, "access": Access,
    **dict.fromkeys((*OTHER_KINDS, *AROUND), Other),
}
Object = (Table | Column | Constraint | Index | Trigger | Rule | Policy | EnumType | Domain | Function | Sequence | Access
          | Other)


def facts(item: Object) -> dict[str, Any]:
    """What an object says of itself, by name: its fields, or its attributes."""
    return dict(item.attributes) if isinstance(item, Other) else item._asdict()


def functions(objects: Mapping[Key, Object]) -> dict[Key, Function]:
    """The functions among `objects`."""
    return {key: item for key, item in objects.items() if isinstance(item, Function)}


def of_no_table(objects: Mapping[Key, Object]) -> Iterator[Key]:
    """The keys of what is compared and belongs to no relation: types, functions, sequences, extensions, …"""
    return (key for key, item in objects.items() if table_of(key, item) is None and key.kind not in NOT_DRIFT)


def table_of(key: Key, item: Object) -> str | None:
    """The shown name of the relation that an object belongs to, or None."""
    if key.relation:
        return key.relation
    if isinstance(item, Index | Other):
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
