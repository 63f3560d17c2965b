"""The catalogue document -> Snapshot: oids of one document into names, rows into objects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from checks.catalog.decode_access import access_objects
from checks.catalog.key import Key, function_key
from checks.catalog.objects import (
    Column,
    Constraint,
    Domain,
    EnumType,
    Function,
    Index,
    Object,
    Other,
    Policy,
    Rule,
    Table,
    Trigger,
)
from checks.catalog.objects import Sequence as SequenceObject
from checks.catalog.search_path import spelled_one_way
from checks.catalog.snapshot import Reading, Relation, Setting, Snapshot
from checks.sql.names import shown

RELKINDS = {"r": "table", "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table"}
_PERSISTENCE = {"p": "logged", "u": "unlogged", "t": "temporary"}
_CONSTRAINTS = {"c": "check", "p": "primary key", "u": "unique", "f": "foreign key", "x": "exclusion"}
_ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
_MATCH = {"s": "simple", "f": "full", "p": "partial"}
_ENABLED = {"O": "origin", "D": "disabled", "R": "replica", "A": "always"}
_IDENTITY = {"": "", "a": "always", "d": "by default"}
_GENERATED = {"": "", "s": "stored", "v": "virtual"}
_FUNCTIONS = {"f": "function", "p": "procedure", "w": "window"}
_VOLATILITY = {"i": "immutable", "s": "stable", "v": "volatile"}
_TRIGGER_EVENTS = ((4, "insert"), (8, "delete"), (16, "update"), (32, "truncate"))
_COMMANDS = {"1": "select", "2": "update", "3": "insert", "4": "delete"}
_PARALLEL = {"u": "unsafe", "r": "restricted", "s": "safe"}
_WORDS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("event trigger", "enabled"): _ENABLED, ("aggregate", "parallel"): _PARALLEL,
    ("aggregate", "kind"): {"n": "normal", "o": "ordered set", "h": "hypothetical set"},
    ("aggregate", "end_modifies"): {"r": "no", "s": "shareable", "w": "yes"},
    ("cast", "context"): {"e": "explicit", "a": "assignment", "i": "implicit"},
    ("cast", "method"): {"f": "function", "i": "in and out", "b": "binary"},
    ("collation", "provider"): {"c": "libc", "i": "icu", "b": "builtin", "d": "default"},
    ("type", "kind"): {"c": "composite", "r": "range", "b": "base", "shell": "shell"},
    ("publication", "generated_columns"): {"s": "stored"},
    ("access method", "type"): {"t": "table", "i": "index"},
}
"""(kind, attribute) -> what the catalogue's letters mean."""
NO_FUNCTION = "-"
"""How a regproc prints that there is none."""
_TELLING_OPTIONS = frozenset({"check_option", "security_barrier", "security_invoker", "user_catalog_table"})
"""The storage parameters that change what happens; all but the first are booleans."""


Row = Sequence[Any]
"""A row of a section, in the order of the section's json_build_array in select.py."""


def decode(text: str) -> Snapshot:
    """The Snapshot in a document that `snapshot_select` returned.

    Raises:
        ValueError, KeyError, TypeError, IndexError: the text is no such document.
    """
    return _Decoder(json.loads(text)).snapshot()


class _Decoder:
    """Turns the rows of one document into objects; what refers to an oid is told by name."""

    def __init__(self, doc: Mapping[str, Any]) -> None:
        self.doc = doc
        self.schemas = {oid: schema for oid, schema, *_ in doc["tables"]}
        self.tables = {oid: shown(schema, name) for oid, schema, name, *_ in doc["tables"]}
        self.columns = {(table, number): name for table, number, name, *_ in doc["columns"]}
        self.types = {oid: Key("enum" if kind == "e" else "domain", "", shown(schema, name))
                      for oid, schema, name, kind, *_ in doc["types"]}
        self.disabled = {oid for oid, in doc["disabled"]}
        self.odd_tables = dict(doc["odd_tables"])
        self.odd_columns: dict[tuple[int, int], dict[str, Any]] = {}
        for table, number, fact, value in doc["odd_columns"]:
            self.odd_columns.setdefault((table, number), {})[fact] = value
        self.rests: dict[tuple[str, int, str | None], list[str]] = {}
        for kind, home, own, what in doc["rests"]:
            self.rests.setdefault((kind, home, own), []).append(what)
        self.index_parents = {(table, name): shown(*parent) for table, name, *parent in doc["index_parents"]}
        self.check_keys: dict[int, Key] = {}

    def snapshot(self) -> Snapshot:
        """The whole document as one value."""
        doc = self.doc
        sections: tuple[tuple[str, Callable[[Row], tuple[Key, Object]]], ...] = (
            ("tables", self._table), ("columns", self._column), ("constraints", self._constraint),
            ("indexes", self._index), ("triggers", self._trigger), ("rules", self._rule), ("policies", self._policy),
            ("types", self._type), ("functions", self._function), ("sequences", self._sequence),
            ("others", self._other))
        settings = tuple(sorted(Setting(role, bool(only), spelled_one_way(entry)) for role, only, entry in doc["settings"]))
        homonyms, ours = _relations(doc["homonyms"]), set(self.schemas.values())
        around = [setting.key for setting in settings]
        around += [Key("twin", "", shown(twin.schema, twin.name)) for twin in homonyms if twin.schema not in ours]
        read = [read(row) for section, read in sections for row in doc[section]]
        objects = dict(sorted((*read, *access_objects(doc, self.tables), *((key, Other()) for key in around)),
                              key=lambda found: found[0]))
        return Snapshot(
            identity={**doc["identity"], "server_version_num": int(doc["identity"]["server_version_num"])},
            objects=objects, settings=settings, homonyms=homonyms, elsewhere=_relations(doc["elsewhere"]),
            readable=frozenset(self.tables[oid] for oid, *_, readable, _ in doc["tables"] if readable),
            hidden_rows=frozenset(self.tables[oid] for oid, *_, hidden in doc["tables"] if hidden),
            reading=self._reading(),
            unsafe={self.check_keys[oid]: why for oid, why in doc["unsafe"] if why and oid in self.check_keys},
            readable_sequences=frozenset(shown(schema, name) for schema, name, _, _, _, _, _, readable, _ in doc["sequences"]
                                         if readable),
            unread_functions=frozenset(function_key(*row) for row in doc["unread_functions"]))

    def _reading(self) -> dict[str, tuple[Reading, ...]]:
        """Table -> what reading its rows would run; the table's own reasons first."""
        found: dict[str, list[Reading]] = {}
        for root, heir, column, why in sorted(self.doc["reading"], key=lambda row: (row[1] or "", row[3])):
            told = why if heir is None else f"has the heir {heir}, which {why}"
            found.setdefault(self.tables[root], []).append(Reading(column, told))
        return {table: tuple(reasons) for table, reasons in found.items()}

    def _member(self, kind: str, table: int, name: str) -> Key:
        return Key(kind, self.tables[table], shown(name))

    def _table(self, row: Row) -> tuple[Key, Object]:
        (oid, _, _, kind, persistence, row_security, forced, parents, bound, partition_key, view, _, _) = row
        odd = self.odd_tables.get(oid, {})
        return Key.table(self.tables[oid]), Table(
            RELKINDS[kind], _PERSISTENCE[persistence], bool(row_security), bool(forced),
            tuple(shown(schema, name) for schema, name in parents or ()), bound, partition_key, view,
            tuple(_telling(odd.get("options", ()))), odd.get("replica_identity", "default"), odd.get("of_type"),
            odd.get("access_method"), odd.get("server"), tuple(sorted(odd.get("server_options", ()))))

    def _column(self, row: Row) -> tuple[Key, Object]:
        table, number, name, kind, not_null, default, identity, generated, collation, user_type, folding = row
        odd = self.odd_columns.get((table, number), {})
        return self._member("column", table, name), Column(
            kind, bool(not_null), default, _IDENTITY[identity], _GENERATED[generated], collation,
            self.types.get(user_type), bool(folding), odd.get("not_null_for", ""), tuple(sorted(odd.get("options") or ())),
            self._rests_on(("column", table, str(number))))

    def _constraint(self, row: Row) -> tuple[Key, Object]:
        (table, name, kind, numbers, expression, validated, enforced, no_inherit, deferrable, deferred, reference, oid,
         inherited) = row
        key = self._member("constraint", table, name)
        if oid is not None:
            self.check_keys[oid] = key
        schema, target, columns, on_update, on_delete, match, cleared = reference or (None, None, (), "a", "a", "s", ())
        return key, Constraint(
            _CONSTRAINTS[kind], tuple(self.columns.get((table, number), "?") for number in numbers or ()), expression,
            bool(validated), bool(enforced) and oid not in self.disabled, bool(no_inherit) and kind == "c",
            bool(deferrable), bool(deferred), shown(str(schema), target) if target else None, tuple(columns or ()),
            _ACTIONS[on_update], _ACTIONS[on_delete], _MATCH[match], bool(inherited),
            tuple(self.columns.get((table, number), "?") for number in cleared or ()),
            () if oid is None else self._rests_on(("constraint", oid, None)))

    def _rests_on(self, *named: tuple[str, int, str | None]) -> tuple[str, ...]:
        return tuple(sorted({what for each in named for what in self.rests.get(each, ())}))

    def _index(self, row: Row) -> tuple[Key, Object]:
        (table, name, method, unique, primary, valid, immediate, nulls, count, numbers, expressions, predicate,
         options, opclasses, collations, backs) = row
        columns = [self.columns.get((table, number), "?") if number else (expressions or [])[at]
                   for at, number in enumerate(numbers)]
        return Key("index", "", shown(self.schemas[table], name)), Index(
            self.tables[table], tuple(columns[:count]), method, bool(unique), bool(primary), bool(valid),
            bool(immediate), bool(nulls), predicate, tuple(columns[count:]),
            tuple(options) if any(options) else (), _placed(opclasses or ()),
            _placed(collations or ()), 0 in numbers[:count],
            any(not deterministic for *_, deterministic in collations or ()), bool(backs),
            self.index_parents.get((table, name)), self._rests_on(("index", table, name)))

    def _trigger(self, row: Row) -> tuple[Key, Object]:
        table, name, enabled, definition, bits, schema, function, of_parent = row
        events = tuple(word for bit, word in _TRIGGER_EVENTS if bits & bit)
        return self._member("trigger", table, name), Trigger(
            definition, _ENABLED[enabled], bool(bits & 2), bool(bits & 1), bool(bits & 64), events,
            shown(schema, function), bool(of_parent))

    def _rule(self, row: Row) -> tuple[Key, Object]:
        table, name, enabled, event, instead, definition = row
        return self._member("rule", table, name), Rule(
            definition, _ENABLED[enabled], _COMMANDS.get(event, str(event)), bool(instead))

    def _policy(self, row: Row) -> tuple[Key, Object]:
        table, name, command, permissive, roles, using, check = row
        return self._member("policy", table, name), Policy(
            command, bool(permissive), tuple(roles or ()), using, check, self._rests_on(("policy", table, name)))

    def _type(self, row: Row) -> tuple[Key, Object]:
        oid, _, _, kind, labels, domain = row
        key = self.types[oid]
        if kind == "e":
            return key, EnumType(tuple(labels or ()))
        base, not_null, default, base_domain, checks, collation = domain
        for name, _, _, check in checks or ():
            self.check_keys[check] = Key("domain", key.own, shown(name))
        return key, Domain(base, bool(not_null), default, self.types.get(base_domain),
                           tuple((name, text, bool(valid)) for name, text, valid, _ in checks or ()), collation,
                           self._rests_on(*(("constraint", check, None) for *_, check in checks or ())))

    def _function(self, row: Row) -> tuple[Key, Object]:
        (schema, name, identity, kind, language, volatility, definer, returns, config, body, arguments, strict, leakproof,
         parallel, library) = row
        return function_key(schema, name, identity), Function(
            _FUNCTIONS[kind], language, _VOLATILITY[volatility], returns or "", body, bool(definer),
            tuple(map(spelled_one_way, config or ())), arguments, bool(strict), bool(leakproof),
            _PARALLEL[parallel], library)

    def _sequence(self, row: Row) -> tuple[Key, Object]:
        schema, name, kind, increment, cycle, table, column, _, odd = row
        odd = odd or {}
        owner = self._member("column", table, self.columns[(table, column)]) if table in self.tables else None
        start, minimum, maximum = (_text(odd.get(fact)) for fact in ("start", "minimum", "maximum"))
        return Key("sequence", "", shown(schema, name)), SequenceObject(
            kind, increment, bool(cycle), owner, start, minimum, maximum, str(odd.get("cache", 1)),
            _PERSISTENCE[odd.get("persistence", "p")])

    def _other(self, row: Row) -> tuple[Key, Object]:
        kind, schema, name, rest, table, attributes = row
        path = shown(*((name,) if schema is None else (schema, name))) if name else ""
        return Key(kind, "", f"{path}{rest}"), Other(
            tuple(sorted((fact, _word(kind, fact, value)) for fact, value in attributes.items() if value != NO_FUNCTION)),
            None if table is None else self.tables[table])


def _placed(named: Sequence[Row]) -> tuple[str, ...]:
    """What the keys of an index are of, by (number of the key, name, …), and of which keys, unless they are the first."""
    return tuple(name if number == at else f"{name} on key {number}" for at, (number, name, *_) in enumerate(named, 1))


def _relations(rows: Sequence[Row]) -> tuple[Relation, ...]:
    return tuple(sorted(Relation(schema, name, RELKINDS[kind]) for schema, name, kind in rows))


def _telling(options: Sequence[str]) -> Iterator[str]:
    """Those storage parameters that change what happens, spelled one way; a boolean that is off is not told."""
    for option in sorted(options):
        name, _, value = option.partition("=")
        if name == "check_option":
            yield f"{name}={value.lower()}"
        elif name in _TELLING_OPTIONS and value.lower() not in ("false", "off", "no", "0", "f", "n"):
            yield name


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _word(kind: str, fact: str, value: Any) -> str:
    """An attribute's value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _WORDS.get((kind, fact), {}).get(value, str(value))
