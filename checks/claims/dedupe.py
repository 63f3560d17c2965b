"""Dedupe claims that the Snapshot alone decides: the dedupe table and every effect key have an arbiter. Pure.

`ON CONFLICT (key)` needs a unique, valid, immediate index over exactly those columns, without predicate, expression
or a collation that takes distinct keys for equal (PostgreSQL manual, INSERT, "ON CONFLICT Clause").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.catalog.arbiters import arbiter, near_arbiters
from checks.catalog.inheritance import descendants
from checks.catalog.objects import Column, Index, Table
from checks.catalog.snapshot import Snapshot
from checks.claims.user_code import trigger_harm
from checks.contract.contract import Contract
from checks.contract.dedupe import Dedupe
from checks.expectation.expectation import Expectation
from checks.expectation.planned_insert import PlannedInsert
from checks.observation.dedupe_rows import GRACE_MINUTES, MAX_COUNTED, questions
from checks.observation.observe import Observation, Refusal
from checks.sql.names import ident, nearest, shown
from checks.values import Case, LeftOut, Verdict, VerdictWord


def judge_dedupe(contract: Contract, found: Snapshot) -> tuple[Case, ...]:
    """A case for each `[dedupe.NAME]`."""
    return tuple(Case("dedupe", spec.name, tuple(_claims(spec, contract, found))) for spec in contract.dedupe)


def _claims(spec: Dedupe, contract: Contract, found: Snapshot) -> Iterator[Verdict]:
    table = contract.relation(spec.table)
    yield _plain_table(spec.name, table, found)
    yield _key(f"dedupe:{spec.name}.key", table, spec.key, found, strict=True)
    for effect in spec.effects:
        target = contract.relation(effect.table)
        yield _key(f"dedupe:{spec.name}.{target}", target, effect.key, found, strict=False)


def _plain_table(name: str, table: str, found: Snapshot) -> Verdict:
    claim = f"dedupe:{name}.table"
    sentence = f"{table} is a logged plain table that no trigger, rule or policy shadows"
    item = found.objects.get(f"table:{table}")
    if not isinstance(item, Table):
        near = nearest(table, [key[6:] for key in found.objects if key.startswith("table:")])
        return Verdict(claim, sentence, "broken", "catalog", f"There is no table {table}.{near}", f"no table {table}",
                       "Apply the migration that makes it.")
    wrong = []
    if item.kind not in ("table", "partitioned table"):
        wrong.append(f"it is a {item.kind}")
    if item.persistence != "logged":
        wrong.append(f"it is {item.persistence}, so a crash empties it and every old event counts as new")
    for home, heir in ((table, item), *descendants(table, found)):
        harms = [(name_, trigger.function, trigger_harm(trigger, home, found))
                 for name_, trigger in found.of(home, "trigger")]
        wrong += [f"the trigger {name_} ({function}) of {home} {harm}" for name_, function, harm in harms if harm]
        if home == table:
            continue
        if heir.partition_bound is None:
            wrong.append(f"{home} inherits from it, and its key never sees the rows of {home}")
        elif heir.kind not in ("table", "partitioned table") or heir.persistence != "logged":
            wrong.append(f"its partition {home} is {heir.persistence}, a {heir.kind}")
    wrong += [f"the rule {name_} rewrites {rule.event} on it" for name_, rule in found.of(table, "rule")
              if rule.enabled != "disabled" and rule.event != "select"]
    if item.row_security:
        wrong.append("row security hides some of its rows from some roles, so they look new")
    if wrong:
        return Verdict(claim, sentence, "broken", "catalog", "; ".join(wrong) + ".", wrong[0],
                       f"Take it off {table}, so that what is stored is what was sent.")
    return Verdict(claim, sentence, "held", "catalog")


def _key(claim: str, table: str, key: tuple[str, ...], found: Snapshot, *, strict: bool) -> Verdict:
    """The claim that `key` of `table` has an arbiter; `strict`: and cannot be NULL."""
    listed = ", ".join(key)
    sentence = f"({listed}) of {table} has a unique index that ON CONFLICT can use" + (
        ", and is never NULL" if strict else "")
    columns = dict(found.of(table, "column"))
    absent = [name for name in key if shown(name) not in columns]
    if not columns or absent:
        what = f"There is no table {table}."
        if columns:
            what = f"{table} has no column {absent[0]}.{nearest(absent[0], columns)}"
        return Verdict(claim, sentence, "broken", "catalog", what, what, "Apply the migration that makes it.")
    wanted = f"CREATE UNIQUE INDEX ON {table} ({', '.join(map(ident, key))});"
    nullable = [name for name in key if not _never_null(columns[shown(name)])]
    index = arbiter(table, key, found)
    if index is None:
        told = "; ".join(near_arbiters(table, key, found)) or "no index is over just these columns"
        return Verdict(claim, sentence, "broken", "catalog", f"No arbiter for ON CONFLICT ({listed}): {told}.",
                       told, wanted)
    distinct = index[1].nulls_not_distinct
    if nullable and strict and not distinct:
        return Verdict(claim, sentence, "broken", "catalog", f"{', '.join(nullable)} may be NULL, and NULLs repeat: "
                       "an event without a key is never a duplicate.", f"{nullable[0]} = NULL twice",
                       f"ALTER TABLE {table} ALTER COLUMN {ident(nullable[0])} SET NOT NULL;")
    note = f"; {', '.join(nullable)} may be NULL, and such rows repeat" if nullable and not distinct else ""
    return Verdict(claim, sentence, "held", "catalog", f"{index[0]}{note}")


def _never_null(column: object) -> bool:
    return isinstance(column, Column) and column.not_null


def judge_statements(spec: Dedupe, expectation: Expectation, found: Snapshot) -> Iterator[Verdict]:
    """For each listed statement: the target has the arbiter that the statement needs."""
    if expectation.derived is None:
        return
    for number, text in enumerate(spec.statements, 1):
        plan = expectation.derived.inserts.get(text)
        claim = f"dedupe:{spec.name}.statement{number}"
        if plan is not None:
            yield _statement(claim, plan, expectation, found)


def _statement(claim: str, plan: PlannedInsert, expectation: Expectation, found: Snapshot) -> Verdict:
    sentence = f"statement {claim.rpartition('statement')[2]} of {claim[7:].rpartition('.')[0]} has its arbiter"
    if plan.sqlstate == "42P10":
        return Verdict(claim, sentence, "broken", "catalog", "The migrations make no unique index over the columns "
                       f"that its ON CONFLICT names: {plan.message} (42P10). Every INSERT fails.", plan.message,
                       "Add a migration with CREATE UNIQUE INDEX over exactly those columns.")
    if plan.sqlstate:
        return Verdict(claim, sentence, "broken", "catalog", f"It cannot be planned on what the migrations make: "
                       f"{plan.message} (SQLSTATE {plan.sqlstate}).", plan.message, "Correct it in the contract.")
    sentence = f"the INSERT into {plan.table} has the arbiter that its ON CONFLICT needs"
    if not plan.resolution:
        return Verdict(claim, sentence, "broken", "catalog", "It has no ON CONFLICT: a second delivery fails or doubles.",
                       "no ON CONFLICT", "Add ON CONFLICT (key) DO NOTHING or DO UPDATE.")
    if not plan.arbiters:
        return _without_target(claim, plan, found)
    for name in plan.arbiters:
        expected = _index(expectation, plan.table, name)
        if expected is None:
            continue
        if arbiter(plan.table, expected.keys, found) is None:
            columns = ", ".join(expected.keys)
            told = "; ".join(near_arbiters(plan.table, expected.keys, found)) or "no index is over just these columns"
            return Verdict(claim, sentence, "broken", "catalog", f"No arbiter for ON CONFLICT ({columns}): {told}. "
                           "The INSERT fails with 42P10 (55000 when the index is deferrable).", told,
                           f"CREATE UNIQUE INDEX ON {plan.table} ({', '.join(map(ident, expected.keys))});")
    return Verdict(claim, sentence, "held", "catalog", ", ".join(plan.arbiters))


def _index(expectation: Expectation, table: str, name: str) -> Index | None:
    """The index that the scratch server took, as the migrations make it."""
    for key, item in expectation.objects.items():
        if isinstance(item, Index) and item.table == table and key.rpartition(":")[2].rpartition(".")[2].strip('"') == name:
            return item
    return None


def _without_target(claim: str, plan: PlannedInsert, found: Snapshot) -> Verdict:
    """DO NOTHING without a target swallows a conflict on any unique index."""
    sentence = f"ON CONFLICT DO NOTHING on {plan.table} can swallow one kind of conflict only"
    names = [name for name, index in found.of(plan.table, "index") if isinstance(index, Index) and index.unique
             and not _generated(plan.table, index, found)]
    if len(names) > 1:
        return Verdict(claim, sentence, "broken", "catalog", f"It names no key, and {plan.table} has {len(names)} unique "
                       f"indexes ({', '.join(names)}): a conflict on any of them loses the row silently.",
                       ", ".join(names), "Name the key: ON CONFLICT (key) DO NOTHING.")
    word: VerdictWord = "held" if names else "broken"
    return Verdict(claim, sentence, word, "catalog", names[0] if names else f"{plan.table} has no unique index: nothing "
                   "is ever a conflict.", "" if names else "no unique index", f"CREATE UNIQUE INDEX ON {plan.table} (…);")


def _generated(table: str, index: Index, found: Snapshot) -> bool:
    """Whether the index is over a key that the server makes up, which never conflicts."""
    columns = [found.objects.get(f"column:{table}.{name}") for name in index.keys]
    return all(isinstance(column, Column) and (column.identity or "nextval(" in (column.default or "")
                                               or "gen_random_uuid(" in (column.default or "")) for column in columns)


_STORED: Mapping[str, tuple[str, str, str]] = {
    "stored": ("no key of {table} is stored twice", "keys are stored more than once",
               "Merge them, then create the unique index."),
    "lost": ("each recorded event left its row in {table}", "events are recorded as processed without their effect",
             "Replay these events after deleting their dedupe rows; then put both writes into one transaction."),
    "unrecorded": ("each row of {table} comes from a recorded event", "rows have no recorded event: a replay doubles them",
                   "Record these events; then put both writes into one transaction."),
    "retention": ("events are remembered for as long as they may be delivered again",
                  "rows come from events that are already forgotten, though they may still be delivered again",
                  "Keep dedupe rows longer than replay_window_h."),
}


def judge_stored(spec: Dedupe, expectation: Expectation, seen: Observation, found: Snapshot) -> Iterator[Verdict]:
    """What the counts of stored rows say."""
    asked = dict(questions(expectation.contract, found))
    for claim in asked:
        if not claim.startswith(f"dedupe:{spec.name}."):
            continue
        head, _, part = claim.rpartition(".")
        sentence, told, remedy = _STORED[part]
        sentence = sentence.format(table=head[7:].removeprefix(f"{spec.name}.").replace("key", spec.table))
        yield _counted(claim, sentence, told, remedy, seen.scans.get(claim))


def _counted(claim: str, sentence: str, told: str, remedy: str, count: Any) -> Verdict:
    if isinstance(count, int):
        if count == 0:
            return Verdict(claim, sentence, "held", "observed")
        many = f"at least {MAX_COUNTED:,}" if count >= MAX_COUNTED else f"{count:,}"
        return Verdict(claim, sentence, "broken", "observed", f"{many} {told}.", f"{many} rows", remedy)
    why = Refusal(**count).told() if isinstance(count, dict) else "the target did not tell"
    return Verdict(claim, sentence, "unverified", "observed", f"They could not be counted: {why}.", "",
                   "Count them yourself, or give the dedupe table an index on the time of processing.")


def dedupe_left_out(expectation: Expectation, found: Snapshot) -> Iterator[LeftOut]:
    """Which stored rows are not looked at, and why."""
    asked = dict(questions(expectation.contract, found))
    for spec in expectation.contract.dedupe:
        if not spec.stored_within_h:
            yield LeftOut("dedupe", f"stored events and effects of {spec.name} are not joined: no stored_within_h in the "
                          "contract")
        elif spec.effects and not any(claim.endswith(".lost") for claim in asked):
            yield LeftOut("dedupe", f"stored events and effects of {spec.name} are not joined: the role may not read both "
                          f"tables (GRANT SELECT), or their columns are missing; younger than {GRACE_MINUTES} minutes "
                          "they never are")
