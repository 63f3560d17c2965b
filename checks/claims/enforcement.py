"""What stands between a constraint and the rows: triggers, rules, row security, settings, illegal defaults. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from checks.catalog.constraint_text import homes_of, replaced
from checks.catalog.inheritance import descendants, strange_heirs
from checks.catalog.key import Key
from checks.catalog.objects import Constraint, Rule, Table, Trigger
from checks.catalog.snapshot import Snapshot
from checks.claims.causes import about_all_of
from checks.claims.general_rules import Defeat, ruled
from checks.claims.user_code import changed_code, trigger_harm
from checks.expectation.expectation import Expectation
from checks.kinds import Finding, claim
from checks.sql.names import near_miss
from checks.sql.written import one_line, own_written, rewritten
from checks.values import Subject

_ENABLE = {"always": "ALWAYS ", "replica": "REPLICA "}


@claim("constraints:{table}.enforcement", breaks="the table is replaced or unlogged; a trigger, rule, policy, setting or "
       "inheriting table lets rows past; a search_path leads elsewhere; a default that its own CHECK refuses")
def enforcement(table: str, expectation: Expectation, found: Snapshot) -> Finding:
    """nothing on or around {table} lets a row past its constraints"""
    item, expected = found.relation(table), expectation.objects[Key.table(table)]
    if item is None:
        near = near_miss(table, (other for other in found.tables if Key.table(other) not in expectation.objects))
        homes = homes_of(table, found)
        more = f"{near}{' It is in another schema: ' + homes[0] + '.' if homes else ''}"
        return Finding("broken", f"There is no {table}.{more}", f"no table {table}", "Apply the migrations.",
                       about=(about_all_of(Key.table(table)),))
    rules = ruled(table, expectation, found)
    wrong = [*_changed(table, item, expected if isinstance(expected, Table) else Table(), expectation, found), *rules.broken]
    if wrong:
        return Finding("broken", "; ".join(defeat.what for defeat in wrong) + ".", wrong[0].what, wrong[0].remedy,
                       about=tuple(defeat.about or Subject(f"enforcement:{table}") for defeat in wrong))
    return Finding("held", note="; ".join(rules.notes))


def _changed(table: str, item: Table, expected: Table, expectation: Expectation, found: Snapshot) -> Iterator[Defeat]:
    """What defeats the constraints and is not as the migrations make it."""
    if item.kind != expected.kind:
        yield Defeat(f"{table} is a {item.kind} now, not a {expected.kind}", "Find out who replaced it.",
                     Subject(str(Key.table(table)), "kind"))
    if item.persistence != "logged" and expected.persistence == "logged":
        yield Defeat(f"it is {item.persistence}, not {expected.persistence}", f"ALTER TABLE {rewritten(table)} SET LOGGED;",
                     Subject(str(Key.table(table)), "persistence"))
    if item.partition_bound is not None and expected.partition_bound is None:
        yield Defeat("it is a partition of another table now",
                     f"ALTER TABLE {rewritten(item.parents[0])} DETACH PARTITION {rewritten(table)};",
                     Subject(str(Key.table(table)), "parents"))
    for heir in strange_heirs(table, expectation.objects, found):
        parent = next((each for each in getattr(found.relation(heir), "parents", ()) if each == table), "")
        yield Defeat(f"{heir} inherits from it, so rows of {heir} are rows of {table} that its keys never see",
                     f"ALTER TABLE {rewritten(heir)} NO INHERIT {rewritten(table)};" if parent else
                     f"Find out who made {heir}.",
                     Subject(str(Key.table(heir))))
    yield from _triggers(table, expectation, found)
    yield from _rules(table, expectation, found)
    yield from _foreign_keys(table, expectation, found)
    yield from _partitions(table, item, expectation, found)
    yield from _row_security(table, item, expected, found)


def _triggers(table: str, expectation: Expectation, found: Snapshot) -> Iterator[Defeat]:
    for name, trigger in found.of(table, "trigger"):
        key = Key("trigger", table, name)
        known = expectation.objects.get(key)
        harm = trigger_harm(trigger, table, found)
        if isinstance(known, Trigger):
            if known.enabled != trigger.enabled:
                yield Defeat(f"the trigger {name} is {trigger.enabled}, not {known.enabled}", _switched(table, name, known),
                             Subject(str(key), "enabled"))
            elif harm and known.definition != trigger.definition and trigger.function != known.function and not any(
                    each.path.startswith(f"{known.function}(") for each in found.functions):
                yield Defeat(f"the trigger {name} ({trigger.function}) is not what the migrations made, and it {harm}",
                             f"Bring back the function {known.function} first, as the migrations make it.",
                             Subject(str(key), "definition"))
            elif harm and known.definition != trigger.definition:
                yield Defeat(f"the trigger {name} ({trigger.function}) is not what the migrations made, and it {harm}",
                             f"{_dropped('TRIGGER', name, table)} {one_line(known.definition)};",
                             Subject(str(key), "definition"))
            elif harm and any(changed_code(trigger.function, expectation.functions, found.functions)):
                yield Defeat(f"the trigger {name} ({trigger.function}) is not what the migrations made, and it {harm}",
                             f"Bring back the function {trigger.function} as the migrations make it.")
        elif trigger.of_parent:
            if trigger.enabled == "disabled":
                yield Defeat(f"the trigger {name} of the partitioned table is disabled on {table}",
                             f"ALTER TABLE {rewritten(table)} ENABLE TRIGGER {own_written(name)};", Subject(str(key)))
        elif harm:
            yield Defeat(f"the trigger {name} ({trigger.function}) {harm}",
                         f"Find out who made it; if nobody needs it: {_dropped('TRIGGER', name, table)}", Subject(str(key)))


def _dropped(what: str, name: str, table: str) -> str:
    return f"DROP {what} {own_written(name)} ON {rewritten(table)};"


def _switched(table: str, name: str, known: Trigger) -> str:
    verb = "DISABLE" if known.enabled == "disabled" else f"ENABLE {_ENABLE.get(known.enabled, '')}".strip()
    return f"ALTER TABLE {rewritten(table)} {verb} TRIGGER {own_written(name)};"


def _rules(table: str, expectation: Expectation, found: Snapshot) -> Iterator[Defeat]:
    for name, rule in found.of(table, "rule"):
        key = Key("rule", table, name)
        known = expectation.objects.get(key)
        same = isinstance(known, Rule) and known.definition == rule.definition
        if not same and rule.enabled != "disabled" and rule.event != "select":
            again = f" {one_line(known.definition)}" if isinstance(known, Rule) else ""
            yield Defeat(f"the rule {name} rewrites {rule.event} on it", ("" if again else
                         "Find out who made it; if nobody needs it: ") + f"{_dropped('RULE', name, table)}{again}",
                         Subject(str(key)))


def _foreign_keys(table: str, expectation: Expectation, found: Snapshot) -> Iterator[Defeat]:
    for name, constraint in found.of(table, "constraint"):
        key = Key("constraint", table, name)
        known = expectation.objects.get(key)
        if constraint.type == "foreign key" and not constraint.enforced and getattr(known, "enforced", True):
            yield Defeat(f"the foreign key {name} is not enforced: NOT ENFORCED, or its internal triggers are disabled",
                         replaced(key, known if isinstance(known, Constraint) else constraint._replace(enforced=True)),
                         Subject(str(key)))


def _partitions(table: str, item: Table, expectation: Expectation, found: Snapshot) -> Iterator[Defeat]:
    for leaf, relation in descendants(table, found):
        if relation.partition_bound is None or Key.table(leaf) in expectation.objects:
            continue  # a strange heir, or a table with a claim of its own
        yield from _triggers(leaf, expectation, found)
        if relation.kind not in ("table", "partitioned table"):
            yield Defeat(f"its partition {leaf} is a {relation.kind}, which only believes its constraints",
                         f"ALTER TABLE {rewritten(relation.parents[0])} DETACH PARTITION {rewritten(leaf)};")
        elif relation.persistence != "logged" and item.persistence == "logged":
            yield Defeat(f"its partition {leaf} is {relation.persistence}", f"ALTER TABLE {rewritten(leaf)} SET LOGGED;")


def _row_security(table: str, item: Table, expected: Table, found: Snapshot) -> Iterator[Defeat]:
    policies = {name for name, _ in found.of(table, "policy")}
    if expected.row_security and not item.row_security:
        yield Defeat("row security is off", f"ALTER TABLE {rewritten(table)} ENABLE ROW LEVEL SECURITY;",
                     Subject(str(Key.table(table)), "row_security"))
    elif item.row_security and not expected.row_security and policies:
        yield Defeat(f"row security is on, with the policies {', '.join(sorted(policies))}",
                     "Find out who switched it on, and for whom it hides rows; then add it to the migrations.",
                     Subject(str(Key.table(table)), "row_security"))
