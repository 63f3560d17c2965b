"""One expectation, many schemas: what each schema like the pattern should be, beside what was found of it. Pure.

The replay made everything in a schema called like the pattern. For each schema that is there the expectation takes that
one's name, and what the target says is left as it is: a reference that leads into another tenant's schema is spelled with
that one's name, and so is never what was expected. What stands in no such schema is judged once, and referred to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from checks.catalog.key import Key
from checks.catalog.objects import AROUND, Object
from checks.catalog.renamed import Renaming, names, standing_in
from checks.catalog.search_path import search_paths
from checks.catalog.snapshot import Relation, Snapshot
from checks.contract.contract import Contract
from checks.expectation.derived import Derived
from checks.expectation.expectation import Expectation
from checks.observation.observe import Scope
from checks.sql.names import ident, shown, split_path

Objects = dict[Key, Object]


@dataclass(frozen=True)
class SchemaView:
    """What is judged together: an expectation, and what was found that it is about."""

    expectation: Expectation
    snapshot: Snapshot
    mixed: tuple[Key, ...] = ()
    """What belongs to the database itself and yet names objects of the many schemas, so that it cannot be told for each."""

    @property
    def scope(self) -> Scope:
        """What it asks the target."""
        objects = self.expectation.objects
        return Scope(self.expectation.contract, {
            key: item for key, item in objects.items() if self.expectation.judges(key)}, self.snapshot)


def tenants_of(contract: Contract, snapshot: Snapshot) -> tuple[str, ...]:
    """The schemas that are there and like the pattern, in order; one that the contract names itself is none of them."""
    pattern = contract.pattern
    if pattern is None:
        return ()
    like = re.compile("".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern), re.DOTALL)
    named = {*contract.schemas, *([contract.ledger.schema] if contract.ledger else [])} - {pattern}
    return tuple(name for name in snapshot.identity.get("schemas_present") or ()
                 if like.fullmatch(name) and name not in named)


def views(expectation: Expectation, snapshot: Snapshot) -> tuple[SchemaView, ...]:
    """What stands in no schema like the pattern first, then a view a schema; one of everything where there is no pattern."""
    pattern = expectation.contract.pattern
    if pattern is None:
        return (SchemaView(expectation, snapshot),)
    tenants = tenants_of(expectation.contract, snapshot)
    homes = {shown(name): name for name in tenants}
    found: dict[str, Objects] = {name: {} for name in ("", *tenants)}
    for key, item in snapshot.objects.items():
        found[homes.get(standing_in(key), "")][key] = item
    rest = _rest(expectation, pattern)
    preferred = {schema for _, path, *_ in search_paths(snapshot) for schema in path} & set(tenants)
    return (SchemaView(rest, replace(snapshot, objects=found[""]), _mixed(expectation, pattern)), *(
        SchemaView(_of_tenant(expectation, pattern, name, snapshot),
             replace(snapshot, objects={**found[""], **found[name]},
                     homonyms=(*snapshot.homonyms, *_preferred(found, preferred - {name}))))
        for name in tenants))


def _preferred(found: Mapping[str, Objects], schemas: set[str]) -> tuple[Relation, ...]:
    """The relations of other tenants that somebody's search_path names."""
    return tuple(Relation(schema, key.bare, "table") for schema in sorted(schemas)
                 for key in found[schema] if key.kind == "table")


def _mixed(expectation: Expectation, pattern: str) -> tuple[Key, ...]:
    return tuple(key for key, item in expectation.objects.items()
                 if standing_in(key) != ident(pattern) and key.kind not in AROUND and names(pattern, key, item))


def _rest(expectation: Expectation, pattern: str) -> Expectation:
    """What is expected beside the many schemas."""
    contract = expectation.contract
    own = replace(
        contract, enums=tuple(spec for spec in contract.enums if spec.schema != pattern),
        dedupe=tuple(spec for spec in contract.dedupe if _home(contract, spec.table) != pattern),
        ledger=None if contract.ledger is not None and contract.ledger.schema == pattern else contract.ledger)

    def kept(objects: Mapping[Key, Object]) -> Objects:
        return {key: item for key, item in objects.items()
                if standing_in(key) != ident(pattern) and not names(pattern, key, item)}

    derived = expectation.derived
    if derived is not None:
        derived = replace(derived, steps=tuple(replace(step, sets=kept(step.sets)) for step in derived.steps))
    return replace(expectation, contract=own, derived=derived)


def _of_tenant(expectation: Expectation, pattern: str, name: str, snapshot: Snapshot) -> Expectation:
    """What is expected of one of the many schemas."""
    contract, spelled = expectation.contract, (snapshot.identity.get("spelled") or {}).get(name)
    renaming = Renaming(pattern, name, spelled if spelled == name else ident(name))
    ledger = contract.ledger
    own = replace(
        contract, schemas=tuple(name if schema == pattern else schema for schema in contract.schemas),
        enums=tuple(replace(spec, schema=name) for spec in contract.enums if spec.schema == pattern),
        dedupe=tuple(spec for spec in contract.dedupe if _home(contract, spec.table) == pattern),
        ledger=replace(ledger, schema=name) if ledger is not None and ledger.schema == pattern else ledger)
    derived = expectation.derived
    return replace(expectation, contract=own, derived=_renamed(derived, renaming) if derived is not None else None,
                   schema=name)


def _renamed(derived: Derived, renaming: Renaming) -> Derived:
    return replace(
        derived, inserts={text: plan._replace(table=renaming.name(plan.table)) for text, plan in derived.inserts.items()},
        steps=tuple(replace(step, sets=renaming.objects(step.sets), drops=tuple(map(renaming.key, step.drops)))
                    for step in derived.steps))


def _home(contract: Contract, written: str) -> str:
    """The schema of a table as the contract writes it."""
    path = split_path(written)
    return path[0] if len(path) == 2 else contract.schemas[0]
