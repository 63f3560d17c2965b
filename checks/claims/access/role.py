"""A role, and what the contract and the migrations say of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from checks.catalog.key import Key
from checks.catalog.objects import Access, Function, Other
from checks.catalog.snapshot import Snapshot
from checks.contract.access import PRIVILEGES, AccessSpec
from checks.contract.contract import Contract
from checks.expectation.expectation import Expectation
from checks.kinds import Finding
from checks.sql.names import ident, shown
from checks.sql.written import rewritten
from checks.values import LeftOut, Subject

PUBLIC = "PUBLIC"
"""The case about what everybody can do."""
VERBS = {"select": "read", "insert": "insert into", "update": "update", "delete": "delete from", "truncate": "truncate"}
_VIEWS = ("view", "materialized view")
_OF_ROLES = ("role", "access", "denied function", "default privileges")
"""Kinds of objects that are there where the migrations speak of roles."""


@dataclass(frozen=True)
class Role:
    """One role, and what is expected of it."""

    name: str
    spec: AccessSpec
    """What is declared; nothing, where only the migrations speak of it."""
    tables: tuple[str, ...]
    """Every expected relation, as shown; without migrations, every one found."""
    views: frozenset[str]
    granted: Mapping[str, Access]
    """Relation -> what the migrations let it do there."""
    relations: Mapping[str, tuple[str, ...]]
    """Privilege -> the relations on which it is declared."""

    @property
    def own(self) -> str:
        """The name as objects have it."""
        return shown(self.name)

    @property
    def key(self) -> Key:
        """Its key."""
        return Key("role", "", self.own)

    def must(self, privilege: str) -> tuple[str, ...]:
        """The relations on which it has `privilege`."""
        made = {table for table, access in self.granted.items() if privilege in access.privileges}
        return tuple(table for table in self.tables if table in made or table in self.relations[privilege])

    def attribute(self, name: str, side: Snapshot) -> str | None:
        """Its `superuser` or `bypassrls` there, yes or no; None where there is no such role."""
        item = side.objects.get(self.key)
        return dict(item.attributes).get(name) if isinstance(item, Other) else None

    def on(self, table: str, side: Snapshot) -> Access:
        """What it can do on a relation there."""
        item = side.objects.get(Key("access", table, self.own))
        return item if isinstance(item, Access) else Access()

    def listed(self, privilege: str) -> str:
        """The relations on which it has `privilege`, in words."""
        must = self.must(privilege)
        possible = [table for table in self.tables if privilege == "select" or table not in self.views]
        if must and set(must) >= set(possible):
            return "every table"
        return f"{', '.join(must)}, and nothing else" if must else "nothing"


def speaks_of_access(expectation: Expectation) -> bool:
    """Whether anything says who may do what: the contract, or a migration that grants."""
    return bool(expectation.contract.access) or any(key.kind in _OF_ROLES for key in expectation.objects)


def access_names(expectation: Expectation, *, ours: bool) -> tuple[str, ...]:
    """The names of the cases: a role each, and PUBLIC."""
    if not speaks_of_access(expectation):
        return ()
    return (*role_names(expectation, ours=ours), *([PUBLIC] if expectation.derived is not None else []))


def role_names(expectation: Expectation, *, ours: bool) -> tuple[str, ...]:
    """The roles about which claims are made; on a server of ours there are none but those of the migrations."""
    made = {key.bare for key in expectation.objects if key.kind == "role"}
    declared = {spec.role for spec in expectation.contract.access}
    return tuple(sorted(made if ours else made | declared))


def access_left_out(expectation: Expectation, *, ours: bool) -> Iterator[LeftOut]:
    """Of which roles nothing is said, and why."""
    if not speaks_of_access(expectation):
        yield LeftOut("access", f"no [access] in {expectation.contract.file.name}, and the migrations grant nothing")
    lost = {spec.role for spec in expectation.contract.access} - set(role_names(expectation, ours=ours))
    if lost:
        yield LeftOut("access", f"no migration makes {', '.join(sorted(lost))}, so a server of ours has none")


def role_of(name: str, expectation: Expectation, found: Snapshot) -> Role:
    """The role `name`."""
    contract = expectation.contract
    spec = next((each for each in contract.access if each.role == name), AccessSpec(name))
    side = found if expectation.derived is None else expectation.head
    views = frozenset(table for table in side.tables if getattr(side.relation(table), "kind", "") in _VIEWS)
    granted = {key.relation: item for key, item in expectation.objects.items()
               if isinstance(item, Access) and key.own == shown(name)}
    tables = tuple(table for table in side.tables if expectation.judges(Key.table(table)))
    return Role(name, spec, tables, views, granted,
                {privilege: _declared(spec, privilege, contract, tables, views) for privilege in PRIVILEGES})


def _declared(spec: AccessSpec, privilege: str, contract: Contract, every: tuple[str, ...], views: frozenset[str],
              ) -> tuple[str, ...]:
    tables = spec.tables(privilege)
    if tables != "*":
        return tuple(map(contract.relation, tables))
    return tuple(table for table in every if privilege == "select" or table not in views)


class Amiss(NamedTuple):
    """One thing that a role can do and should not, or the reverse."""

    what: str
    remedy: str
    about: Subject | None = None
    """None: nothing that other claims are about."""


def told(amiss: Iterable[Amiss], note: str = "", *, foremost: bool = False) -> Finding:
    """That something is amiss, or that nothing is, with a note; `foremost` as of a Finding."""
    every = tuple(amiss)
    if not every:
        return Finding("held", note=note)
    more = f"; and {len(every) - 10} more" if len(every) > 10 else ""
    subjects = tuple(each.about for each in every if each.about is not None)
    detail = f"{'; '.join(each.what for each in every[:10])}{more}."
    return Finding("broken", detail[:1].upper() + detail[1:], every[0].what,
                   " ".join(dict.fromkeys(each.remedy for each in every[:10])),
                   about=subjects if len(subjects) == len(every) else (), foremost=foremost)


def on_columns(columns: Iterable[str], table: str) -> str:
    """Columns of a table, in words."""
    return f"{', '.join(map(shown, columns))} of {table}"


def of_columns(privilege: str, columns: Iterable[str]) -> str:
    """A privilege on columns, as GRANT and REVOKE write it."""
    return f"{privilege.upper()} ({', '.join(map(ident, columns))})"


def kept_columns(made: Access, privilege: str, table: str, grantee: str) -> str:
    """What gives back the privilege on columns after a REVOKE of the whole, which takes that too; empty: nothing."""
    columns = sorted(made.columns(privilege))
    return f" GRANT {of_columns(privilege, columns)} ON {rewritten(table)} TO {grantee};" if columns else ""


def routine(function: Function) -> str:
    """What GRANT calls it."""
    return "PROCEDURE" if function.kind == "procedure" else "FUNCTION"


def function_written(key: Key) -> str:
    """A function, with its arguments, as SQL."""
    name, _, arguments = key.own.partition("(")
    return f"{rewritten(name)}({arguments}"
