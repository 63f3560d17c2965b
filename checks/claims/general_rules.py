"""Rules that hold for any table, whatever made it: row security without a policy, refused defaults, settings, twins. Pure.

They are put to the expectation as well as to the target: what the migrations themselves make is a note, and not broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from checks.catalog.constraint_text import policy_ddl
from checks.catalog.difference import column_types, unquoted
from checks.catalog.key import Key
from checks.catalog.objects import Column, Constraint, Domain, Object, Policy
from checks.catalog.search_path import made, shadows
from checks.catalog.snapshot import Setting, Snapshot
from checks.expectation.expectation import Expectation
from checks.sql import meaning
from checks.sql.names import ident, shown
from checks.sql.values_accepted.plain import listed_values
from checks.sql.written import own_written, rewritten
from checks.values import Subject

_LITERAL = re.compile(r"\(*'(?P<text>(?:[^']|'')*)'\)*(?:::[\w\". ()\[\],]+)?\Z"
                      r"|\(*(?P<number>-?\d+(?:\.\d+)?|true|false)\)*\Z")


_HIDDEN = "row security is on without a policy, so its rows are hidden and new ones refused for all but the owner"


class Defeat(NamedTuple):
    """One thing that lets rows past a table's constraints, or keeps them from where they belong."""

    what: str
    remedy: str
    about: Subject | None = None
    """None: nothing that other claims are about."""


class Ruled(NamedTuple):
    """What the rules object to in a table."""

    broken: tuple[Defeat, ...]
    notes: tuple[str, ...]
    """What they would object to, and the migrations themselves make."""


def ruled(table: str, expectation: Expectation, found: Snapshot) -> Ruled:
    """What the rules say of `table` as it is found."""
    of_table = [*_hidden_rows(table, expectation, found), *_refused_defaults(table, expectation, found)]
    expected = {defeat.what for defeat in (*_hidden_rows(table, expectation, expectation.head),
                                           *_refused_defaults(table, expectation, expectation.head))} if of_table else set()
    all_of_them = [(defeat.what in expected, defeat) for defeat in of_table]
    all_of_them += [*_replication_roles(expectation, found), *_twins(table, expectation, found)]
    return Ruled((*(defeat for theirs, defeat in all_of_them if not theirs), *_session(found)),
                 tuple(defeat.what for theirs, defeat in all_of_them if theirs))


def _hidden_rows(table: str, expectation: Expectation, found: Snapshot) -> Iterator[Defeat]:
    item = found.relation(table)
    if item is not None and item.row_security and not any(found.of(table, "policy")):
        lost = " ".join(policy_ddl(Key("policy", table, name), policy)
                        for name, policy in expectation.head.of(table, "policy") if isinstance(policy, Policy))
        yield Defeat(_HIDDEN,
                     lost or "Find out who switched row security on, and write the policy that it waits for as a migration.")


def _replication_roles(expectation: Expectation, found: Snapshot) -> Iterator[tuple[bool, Defeat]]:
    """(whether the migrations make it, what)."""
    for setting in found.settings:
        name, _, value = setting.entry.partition("=")
        if name == "session_replication_role" and value.strip("'\"") == "replica":
            yield setting.key in expectation.objects, Defeat(
                f"session_replication_role = replica is set for {setting.whose}: foreign keys and triggers do nothing there",
                f"{_reset(setting, found)} session_replication_role;")


def _reset(setting: Setting, found: Snapshot) -> str:
    database = ident(str(found.identity["database"]))
    if not setting.role:
        return f"ALTER DATABASE {database} RESET" if setting.database_only else "ALTER ROLE ALL RESET"
    return f"ALTER ROLE {ident(setting.role)}{f' IN DATABASE {database}' if setting.database_only else ''} RESET"


def _session(found: Snapshot) -> Iterator[Defeat]:
    by_setting = any(setting.entry.startswith("session_replication_role=") for setting in found.settings)
    if found.identity.get("replication_role") == "replica":
        yield Defeat("session_replication_role is replica in this session: foreign keys and triggers do nothing",
                     "Reset it where it is set, then run again." if by_setting else
                     "Reset it in postgresql.conf or in what starts the server.")


def _twins(table: str, expectation: Expectation, found: Snapshot) -> Iterator[tuple[bool, Defeat]]:
    """(whether the migrations make it, what)."""
    spec = expectation.contract.ledger
    if spec is not None and spec.shown == table:
        return  # the ledger has a claim of its own about that
    for shadow in shadows(table, found):
        yield made(shadow, expectation.objects), Defeat(
            f"with the search_path of {shadow.whose} the name {Key.table(table).bare} means {shadow.relation}, so rows "
            f"go there and not through the constraints of {table}",
            f"Find out who made {shadow.relation}; put {ident(Key.table(table).home)} first on that search_path, or "
            f"rename {shadow.relation}.")


def _refused_defaults(table: str, expectation: Expectation, found: Snapshot) -> Iterator[Defeat]:
    """Columns whose constant DEFAULT their own CHECK, domain or enum refuses."""
    types = column_types(found, table)
    checks = [(name, item) for name, item in found.of(table, "constraint")
              if isinstance(item, Constraint) and item.type == "check" and item.enforced]
    for name, column in found.of(table, "column"):
        value = constant(column)
        if value is None:
            continue
        own = unquoted(name)
        refusing = [(check, column.user_type) for check, text, kind in domain_checks(column, found)
                    if meaning.never_accepts(text, "VALUE", value, {"VALUE": kind})]
        refusing += [(check, Key("constraint", table, check)) for check, item in checks if own in item.columns
                     and value not in listed_values(item.expression or "")
                     and meaning.never_accepts(item.expression or "", own, value, types)]
        for check, by in refusing:
            expected = expectation.objects.get(Key.column(table, name))
            same = isinstance(expected, Column) and expected.default == column.default
            yield Defeat(f"the DEFAULT of {name} ({column.default}) is one that {check} refuses",
                         "The default is what the migrations make; bring back what refuses it." if same else
                         _default_remedy(table, name, expected),
                         Subject(str(by)) if same else Subject(str(Key.column(table, name)), "default"))


def _default_remedy(table: str, name: str, expected: Object | None) -> str:
    default = expected.default if isinstance(expected, Column) and not expected.generated else None
    action = f"SET DEFAULT {default}" if default is not None else "DROP DEFAULT"
    return f"ALTER TABLE {rewritten(table)} ALTER COLUMN {own_written(name)} {action};"


def domain_checks(column: Column, found: Snapshot) -> Iterator[tuple[str, str, str]]:
    """(name, expression over VALUE, type of VALUE) of each CHECK that the column's domains bring."""
    domain = found.objects.get(column.user_type) if column.user_type else None
    checks: list[tuple[str, str]] = []
    while isinstance(domain, Domain):
        checks += [(name, text) for name, text, _ in domain.checks]
        inner = found.objects.get(domain.base_domain) if domain.base_domain else None
        if not isinstance(inner, Domain):
            yield from ((shown(name), text, domain.base) for name, text in checks)
        domain = inner


def constant(column: Column) -> str | None:
    """The text of a column's constant DEFAULT, or None."""
    found = _LITERAL.match(column.default or "")
    if not found or column.generated:
        return None
    text = found.group("text")
    return found.group("number") if text is None else text.replace("''", "'")

