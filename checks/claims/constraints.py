"""Constraint claims: each expected one is there under its name, enforced everywhere, meaning what it should. Pure."""

from __future__ import annotations

from typing import NamedTuple

from checks.catalog.constraint_text import brought_back, elsewhere, index_ddl, replaced
from checks.catalog.inheritance import unprotected
from checks.catalog.key import Key, relation_sql
from checks.catalog.objects import Constraint, Index, Sequence
from checks.claims.causes import about_all_of
from checks.claims.enforcement import enforcement
from checks.claims.prerequisites import Lacking, lacking
from checks.claims.stored_rows import breaking_rows
from checks.claims.user_code import changed_code
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.kinds import Finding, claim
from checks.observation.observe import Observation
from checks.observation.questions import told_why
from checks.sql.names import ident, literal, shown
from checks.values import Case, LeftOut, Verdict

_VIEWS = ("view", "materialized view")


def judge_constraints(settled: Settled) -> tuple[Case, ...]:
    """A case for each expected table."""
    expectation, seen = settled.expectation, settled.seen
    by_table: dict[str, list[Verdict]] = {name: [enforcement(name, expectation, seen.snapshot)]
                                          for name in constrained_tables(expectation)}
    for key, item in expectation.objects.items():
        if not expectation.judges(key):
            continue
        if isinstance(item, Constraint):
            by_table.setdefault(key.relation, []).append(constraint(key, item, settled))
        elif isinstance(item, Index) and item.unique and not item.backs_constraint:
            by_table.setdefault(item.table, []).append(unique_index(shown(key.bare), key, item, settled))
    for key in filter(expectation.judges, seen.stored.sequences):
        feeds = seen.snapshot.objects[key]
        if isinstance(feeds, Sequence) and feeds.owner is not None:
            by_table.setdefault(feeds.owner.relation, []).append(sequence(feeds.owner, key, seen))
    return tuple(Case("constraints", table, tuple(verdicts)) for table, verdicts in sorted(by_table.items()))


def constrained_tables(expectation: Expectation) -> tuple[str, ...]:
    """The expected relations that can have constraints."""
    return tuple(key.relation for key, item in expectation.objects.items()
                 if key.kind == "table" and expectation.judges(key) and getattr(item, "kind", "") not in _VIEWS)


def constraints_left_out(expectation: Expectation, seen: Observation) -> tuple[LeftOut, ...]:
    """Sequences that this role may not read, so that nothing is said about them."""
    found = seen.snapshot
    unread = [key.path for key, item in found.objects.items()
              if isinstance(item, Sequence) and item.owner in expectation.objects and expectation.judges(key)
              and key.path not in found.readable_sequences]
    if not unread:
        return ()
    role, first = ident(found.identity["role"]), unread[0]
    return (LeftOut("constraints", f"{len(unread)} sequences are not held against the stored keys: role {role} may "
                    f"not read {first}{' and others' if len(unread) > 1 else ''}; "
                    f"GRANT SELECT ON SEQUENCE {first} TO {role}; lets it"),)


@claim("constraints:{constraint.path}", evidence=("catalog", "evaluated", "observed"),
       breaks="it is missing, renamed, moved, not enforced, means something else, or stored rows break a NOT VALID one")
def constraint(constraint: Key, expected: Constraint, settled: Settled) -> Finding:
    """{expected.words} is enforced on {constraint.relation} under the name {constraint.own}"""
    found = settled.found
    item = found.objects.get(constraint)
    if item is None and not settled.of(constraint):
        return Finding("held", "dropped by a later migration that is here already")
    late = expected.type != "foreign key" or getattr(found.relation(constraint.relation), "partition_key", None) is None
    lack = lacking(constraint.relation, expected, settled)
    if not isinstance(item, Constraint):
        again = f"once no stored row breaks it, add it again: {brought_back(constraint, expected, found, late=late)}"
        return Finding("broken", f"It is missing.{elsewhere(constraint, expected, found)}",
                       f"no constraint {constraint.path}",
                       _after(lack) if lack else f"Apply the migration that adds it, or, {again}",
                       about=(lack.subject if lack else about_all_of(constraint),))
    differences = _differences(constraint, settled)
    made = set(unprotected(constraint.relation, expected, settled.expectation.head))
    escapes = tuple(unprotected(constraint.relation, item, found))
    wrong = [*differences.wrong, *_unenforced(constraint.relation, expected, settled),
             *(why for why in escapes if why not in made)]
    wrong += [f"it rests on {name}, which is not what the migrations made" for name in changed_code(
        item.expression or "", settled.expectation.functions, found.functions)]
    if wrong:
        return Finding("broken", "; ".join(wrong) + ".", differences.witness or wrong[0],
                       _after(lack) if lack else "Put it back as the migration says, once no stored row breaks it: "
                       f"{replaced(constraint, expected, late=late)}", "evaluated" if differences.witness else None,
                       about=(lack.subject if lack else about_all_of(constraint),))
    if differences.unsure:
        return Finding("unverified", "; ".join(differences.unsure) + ".", "", "Compare the two by hand; if "
                       "they mean the same, write the migration as the database has it.")
    if not item.validated and item.enforced:
        return breaking_rows(constraint, item, settled)
    return Finding("held", note="; ".join(why for why in escapes if why in made))


@claim("constraints:{expected.table}.{name}", breaks="it is missing, not unique, invalid, partial or over other columns")
def unique_index(name: str, index: Key, expected: Index, settled: Settled) -> Finding:
    """unique index {name} keeps ({expected.listed_keys}) of {expected.table} unique"""
    differences = [change for change in settled.of(index) if change.field != "parent"]
    if not differences:
        return Finding("held")
    lack, ddl = lacking(expected.table, expected, settled), index_ddl(index.bare, expected, settled.found)
    remedy = f"Once no stored rows break it: {ddl}" if ddl else "Apply the migration that makes it."
    remedy, subjects = (_after(lack), (lack.subject,)) if lack else (remedy, (about_all_of(index),))
    if differences[0].what == "missing":
        same = [shown(other.bare) for other, item in settled.found.objects.items()
                if isinstance(item, Index) and item.table == expected.table and item.keys == expected.keys]
        more = f" {same[0]} is on the same columns." if same else ""
        return Finding("broken", f"It is missing.{more}", f"no index {index.path}", remedy, about=subjects)
    sure = [change for change in differences if change.sure]
    told = "; ".join(f"{change.told} is {change.found}, not {change.expected}" for change in sure or differences)
    return Finding("broken" if sure else "unverified", f"{told}.", told if sure else "", remedy, about=subjects)


@claim("constraints:{column.path}.sequence", evidence=("observed",), breaks="rows were stored with keys of their own")
def sequence(column: Key, sequence: Key, seen: Observation) -> Finding:
    """{sequence.path} is ahead of every stored {column.path}"""
    lags = seen.stored.sequences.get(sequence)
    if not isinstance(lags, bool):
        return Finding("unverified", f"It could not be read: {told_why(lags)}.", "",
                       "Run again, or compare the two yourself.")
    if not lags:
        return Finding("held")
    table = relation_sql(column.relation)
    return Finding("broken", "The next value is not above the largest stored one: the next INSERT fails or waits to.",
                   "next value of the sequence is taken",
                   f"SELECT setval({literal(relation_sql(sequence.path))}, "
                   f"(SELECT max({ident(column.bare)}) FROM {table}));")


def _after(lack: Lacking) -> str:
    return f"It needs {lack.what}: bring that back first, as the migrations make it."


class _Differences(NamedTuple):
    wrong: list[str]
    unsure: list[str]
    witness: str


def _differences(key: Key, settled: Settled) -> _Differences:
    wrong, unsure, witness = [], [], ""
    for change in settled.of(key):
        if change.field == "validated":
            continue  # stored rows decide
        told = f"{change.told} is {change.found}, not {change.expected}"
        if change.sure:
            wrong.append(told + (f" ({change.witness})" if change.witness else ""))
            witness = witness or change.witness
        else:
            unsure.append(told + (f"; {change.note}" if change.note else ""))
    return _Differences(wrong, unsure, witness)


def _unenforced(table: str, expected: Constraint, settled: Settled) -> list[str]:
    """Foreign tables only believe their constraints (manual, CREATE FOREIGN TABLE)."""
    item, wanted = settled.found.relation(table), settled.expectation.objects.get(Key.table(table))
    if item is not None and item.kind == "foreign table" and item.kind != getattr(wanted, "kind", ""):
        return [f"{table} is a foreign table, where a {expected.type} is believed and not enforced"]
    return []
