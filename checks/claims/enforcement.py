"""What stands between a constraint and the rows: triggers, rules, row security, settings, illegal defaults. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.catalog.constraint_text import homes_of
from checks.catalog.difference import column_types, unquoted
from checks.catalog.inheritance import descendants, strange_heirs
from checks.catalog.key import Key
from checks.catalog.objects import Column, Constraint, Domain, Rule, Table, Trigger
from checks.catalog.snapshot import Snapshot
from checks.claims.user_code import changed_code, trigger_harm
from checks.expectation.expectation import Expectation
from checks.kinds import Finding, claim
from checks.sql import meaning
from checks.sql.names import nearest, shown
from checks.sql.values_accepted.plain import listed_values

_ENABLE = {"always": "ALWAYS ", "replica": "REPLICA "}
_LITERAL = re.compile(r"\(*'(?P<text>(?:[^']|'')*)'\)*(?:::[\w\". ()\[\],]+)?\Z"
                      r"|\(*(?P<number>-?\d+(?:\.\d+)?|true|false)\)*\Z")


@claim("constraints:{table}.enforcement", breaks="the table is replaced or unlogged; a trigger, rule, policy, setting or "
       "inheriting table lets rows past; a default that its own CHECK refuses")
def enforcement(table: str, expectation: Expectation, found: Snapshot) -> Finding:
    """nothing on or around {table} lets a row past its constraints"""
    item, expected = found.relation(table), expectation.objects[Key.table(table)]
    if item is None:
        near, homes = nearest(table, found.tables), homes_of(table, found)
        more = f"{near}{' It is in another schema: ' + homes[0] + '.' if homes else ''}"
        return Finding("broken", f"There is no {table}.{more}", f"no table {table}", "Apply the migrations.")
    wrong = list(_defeats(table, item, expected if isinstance(expected, Table) else Table(), expectation, found))
    if wrong:
        what, remedy = wrong[0]
        return Finding("broken", "; ".join(told for told, _ in wrong) + ".", what, remedy)
    return Finding("held")


def _defeats(table: str, item: Table, expected: Table, expectation: Expectation, found: Snapshot,
             ) -> Iterator[tuple[str, str]]:
    """(what, remedy) of each thing that defeats the constraints."""
    if item.kind != expected.kind:
        yield f"{table} is a {item.kind} now, not a {expected.kind}", "Find out who replaced it."
    if item.persistence != expected.persistence:
        yield f"it is {item.persistence}, not {expected.persistence}", f"ALTER TABLE {table} SET LOGGED;"
    if item.partition_bound is not None and expected.partition_bound is None:
        yield "it is a partition of another table now", f"Detach it from {', '.join(item.parents)}."
    for heir in strange_heirs(table, expectation.objects, found):
        yield (f"{heir} inherits from it, so rows of {heir} are rows of {table} that its keys never see",
               f"ALTER TABLE {heir} NO INHERIT {table};")
    yield from _triggers(table, expectation, found)
    for leaf, relation in descendants(table, found):
        if relation.partition_bound is None or Key.table(leaf) in expectation.objects:
            continue  # a strange heir, or a table with a claim of its own
        yield from _triggers(leaf, expectation, found)
        if relation.kind not in ("table", "partitioned table"):
            yield f"its partition {leaf} is a {relation.kind}, which only believes its constraints", f"Detach {leaf}."
        elif relation.persistence != item.persistence:
            yield (f"its partition {leaf} is {relation.persistence}",
                   f"ALTER TABLE {leaf} SET {item.persistence.upper()};")
    yield from _row_security(table, item, expected, expectation, found)
    yield from _settings(found)
    yield from _defaults(table, found)


def _triggers(table: str, expectation: Expectation, found: Snapshot) -> Iterator[tuple[str, str]]:
    for name, trigger in found.of(table, "trigger"):
        known = expectation.objects.get(Key("trigger", table, name))
        harm = trigger_harm(trigger, table, found)
        if isinstance(known, Trigger):
            if known.enabled != trigger.enabled:
                yield (f"the trigger {name} is {trigger.enabled}, not {known.enabled}",
                       f"ALTER TABLE {table} ENABLE {_ENABLE.get(known.enabled, '')}TRIGGER {name};")
            elif harm and (known.definition != trigger.definition or any(changed_code(
                    trigger.function, expectation.functions, found.functions))):
                yield (f"the trigger {name} ({trigger.function}) is not what the migrations made, and it {harm}",
                       f"Bring back {known.definition} and its function.")
        elif harm:
            yield f"the trigger {name} ({trigger.function}) {harm}", f"DROP TRIGGER {name} ON {table};"
    for name, rule in found.of(table, "rule"):
        known = expectation.objects.get(Key("rule", table, name))
        if (not isinstance(known, Rule) or known.definition != rule.definition) and rule.enabled != "disabled" \
                and rule.event != "select":
            yield f"the rule {name} rewrites {rule.event} on it", f"DROP RULE {name} ON {table};"
    for name, constraint in found.of(table, "constraint"):
        known = expectation.objects.get(Key("constraint", table, name))
        if constraint.type == "foreign key" and not constraint.enforced and getattr(known, "enforced", True):
            yield (f"the foreign key {name} is not enforced: NOT ENFORCED, or its internal triggers are disabled",
                   f"ALTER TABLE {table} ENABLE TRIGGER ALL;")


def _row_security(table: str, item: Table, expected: Table, expectation: Expectation, found: Snapshot,
                  ) -> Iterator[tuple[str, str]]:
    policies = {name for name, _ in found.of(table, "policy")}
    if item.row_security and not policies:
        yield ("row security is on without a policy, so its rows are hidden and new ones refused for all but the owner",
               f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, or create the policy.")
    elif item.row_security and not expected.row_security:
        yield (f"row security is on, with the policies {', '.join(sorted(policies))}",
               f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, or add it to the migrations.")
    elif expected.row_security and not item.row_security:
        yield "row security is off", f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"


def _settings(found: Snapshot) -> Iterator[tuple[str, str]]:
    for role, database_only, entry in found.settings:
        name, _, value = entry.partition("=")
        if name == "session_replication_role" and value.strip("'\"") == "replica":
            who = f"role {role}" if role else "the database" if database_only else "all roles"
            what = f"ALTER ROLE {role} RESET" if role else f"ALTER DATABASE {found.identity['database']} RESET"
            yield (f"session_replication_role = replica is set for {who}: foreign keys and triggers do nothing there",
                   f"{what} session_replication_role;")
    if found.identity.get("replication_role") == "replica":
        yield ("session_replication_role is replica in this session: foreign keys and triggers do nothing",
               "Reset it where it is set: role, database or postgresql.conf.")


def _defaults(table: str, found: Snapshot) -> Iterator[tuple[str, str]]:
    """Columns whose constant DEFAULT their own CHECK, domain or enum refuses."""
    types = column_types(found, table)
    checks = [(name, item) for name, item in found.of(table, "constraint")
              if isinstance(item, Constraint) and item.type == "check" and item.enforced]
    for name, column in found.of(table, "column"):
        value = constant(column)
        if value is None:
            continue
        own = unquoted(name)
        for check, text, kind in domain_checks(column, found):
            if meaning.never_accepts(text, "VALUE", value, {"VALUE": kind}):
                yield (f"the DEFAULT of {name} ({column.default}) is one that {check} refuses",
                       f"ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT;")
        for check, item in checks:
            text = item.expression or ""
            if own in item.columns and value not in listed_values(text) and meaning.never_accepts(text, own, value, types):
                yield (f"the DEFAULT of {name} ({column.default}) is one that {check} refuses",
                       f"ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT;")


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
