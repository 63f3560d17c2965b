"""Constraint claims: each expected one is there, under its name, enforced everywhere, and means what it should. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.harness import meaning
from checks.harness.check_plan import check_questions
from checks.harness.compare import Difference, Sides, column_types, unquoted
from checks.harness.evaluate import Question
from checks.harness.expectation import Expectation
from checks.harness.judge_enforcement import judge_enforcement
from checks.harness.observe import Observation, Refusal
from checks.harness.scan import lagging_candidates, owner_of
from checks.harness.snapshot import Column, Constraint, Index, Object, Sequence, Snapshot, Table, parent_name, table_of
from checks.harness.sqltext import ident, nearest, split_path
from checks.harness.values import Case, Evidence, LeftOut, Verdict, VerdictWord


def judge_constraints(expectation: Expectation, seen: Observation, found: Snapshot) -> tuple[Case, ...]:
    """A case for each expected table."""
    judge = _Judge(expectation, seen, found)
    by_table: dict[str, list[Verdict]] = {
        key[6:]: [judge_enforcement(key[6:], expectation, found)]
        for key, item in expectation.objects.items() if isinstance(item, Table) and item.kind not in _VIEWS}
    for key, item in expectation.objects.items():
        if isinstance(item, Constraint):
            by_table.setdefault(parent_name(key[11:]), []).append(judge.constraint(key, item))
        elif isinstance(item, Index) and item.unique and not item.backs_constraint:
            by_table.setdefault(item.table, []).append(judge.unique_index(key, item))
    for key, sequence in lagging_candidates(found, expectation.objects):
        by_table.setdefault(owner_of(sequence)[0], []).append(judge.sequence(key, sequence))
    return tuple(Case("constraints", table, tuple(verdicts)) for table, verdicts in sorted(by_table.items()))


def constraints_left_out(expectation: Expectation, found: Snapshot) -> tuple[LeftOut, ...]:
    """Sequences that this role may not read, so that nothing is said about them."""
    unread = [key[9:] for key, item in found.objects.items()
              if isinstance(item, Sequence) and item.owner in expectation.objects
              and key[9:] not in found.readable_sequences]
    if not unread:
        return ()
    role = ident(found.identity["role"])
    return (LeftOut("constraints", f"{len(unread)} sequences are not held against the stored keys: role {role} may "
                    f"not read {unread[0]}{' and others' if len(unread) > 1 else ''}; "
                    f"GRANT SELECT ON SEQUENCE {unread[0]} TO {role}; lets it"),)


_VIEWS = ("view", "materialized view")


class _Judge:
    def __init__(self, expectation: Expectation, seen: Observation, found: Snapshot) -> None:
        self.expectation, self.seen, self.found = expectation, seen, found
        self.sides = expectation.sides(found)
        self.children: dict[str, list[str]] = {}
        for key, item in found.objects.items():
            if isinstance(item, Table):
                for parent in item.parents:
                    self.children.setdefault(parent, []).append(key[6:])

    def constraint(self, key: str, expected: Constraint) -> Verdict:
        """The claim about one table constraint."""
        name = key[11:]
        table = parent_name(name)
        sentence = f"{_words(expected)} is enforced on {table} under the name {split_path(name)[-1]}"
        item = self.found.objects.get(key)
        if item is None:
            differences = self.expectation.differences(key, self.sides)
            if not differences:
                return _verdict(name, sentence, "held", "dropped by a later migration that is here already")
            return _verdict(name, sentence, "broken", f"It is missing.{self._elsewhere(key, expected)}",
                            f"no constraint {name}", f"Apply the migration that adds it, or add it again: {_ddl(name, expected)}")
        wrong, unsure, witness = self._differences(key)
        if isinstance(item, Constraint):
            wrong += list(self._leaves(table, split_path(name)[-1], item))
        if wrong:
            return _verdict(name, sentence, "broken", "; ".join(wrong) + ".", witness or wrong[0],
                            f"Drop it and add it as the migration says: {_ddl(name, expected)}",
                            "evaluated" if witness else "catalog")
        if unsure:
            return _verdict(name, sentence, "unverified", "; ".join(unsure) + ".", "",
                            "Compare the two by hand; if they mean the same, write the migration as the database has it.")
        if isinstance(item, Constraint) and not item.validated and item.enforced:
            return self._stored(key, name, sentence, item, table)
        return _verdict(name, sentence, "held")

    def unique_index(self, key: str, expected: Index) -> Verdict:
        """The claim about a unique index that no constraint stands for."""
        name = f"{expected.table}.{key[6:].rpartition('.')[2] if '.' in key else key[6:]}"
        sentence = f"unique index {key[6:]} keeps ({', '.join(expected.keys)}) of {expected.table} unique"
        differences = self.expectation.differences(key, self.sides)
        ddl = f"CREATE UNIQUE INDEX {key[6:]} ON {expected.table} ({', '.join(expected.keys)})"
        if not differences:
            return _verdict(name, sentence, "held")
        if differences[0].what == "missing":
            same = [other[6:] for other, item in self.found.objects.items()
                    if isinstance(item, Index) and item.table == expected.table and item.keys == expected.keys]
            more = f" {same[0]} is on the same columns." if same else ""
            return _verdict(name, sentence, "broken", f"It is missing.{more}", f"no index {key[6:]}", f"{ddl};")
        sure = [change for change in differences if change.sure]
        told = "; ".join(f"{change.field} is {change.found}, not {change.expected}" for change in sure or differences)
        return _verdict(name, sentence, "broken" if sure else "unverified", f"{told}.", told if sure else "",
                        f"Drop the index, then {ddl};")

    def sequence(self, key: str, item: Sequence) -> Verdict:
        """The claim that the next generated key is not taken."""
        table, column = owner_of(item)
        name, sentence = f"{table}.{column}.sequence", f"{key[9:]} is ahead of every stored {table}.{column}"
        lags = self.seen.scans.get(key)
        if isinstance(lags, bool):
            repair = f"SELECT setval('{key[9:]}', (SELECT max({ident(column)}) FROM {table}));"
            return _verdict(name, sentence, "broken" if lags else "held",
                            "The next value is not above the largest stored one: the next INSERT fails or waits to."
                            if lags else "", "sequence behind max" if lags else "", repair, "observed")
        return _verdict(name, sentence, "unverified", f"It could not be read: {_refusal(lags)}.", "", "Run again.")

    def _differences(self, key: str) -> tuple[list[str], list[str], str]:
        """(sure ones, unsure ones, witness)."""
        wrong, unsure, witness = [], [], ""
        for change in self.expectation.differences(key, self.sides):
            if change.field == "validated":
                continue  # stored rows decide
            told = f"{change.field} is {change.found}, not {change.expected}"
            if change.field == "expression" and not change.sure:
                change, told = self._asked(key, change, told)
            if change.sure:
                wrong.append(told + (f" ({change.witness})" if change.witness else ""))
                witness = witness or change.witness
            else:
                unsure.append(told)
        return wrong, unsure, witness

    def _asked(self, key: str, change: Difference, told: str) -> tuple[Difference, str]:
        """What the server said of two CHECKs that reading could not tell apart."""
        question = self._questions.get(f"check:{key}")
        if question is None:
            why = self.found.unsafe.get(key, "it could not be evaluated")
            return self._judged_by_body(key, change, why, told)
        answer = self.seen.answer(question)
        if isinstance(answer, Refusal):
            return change, f"{told}; {answer.told()}"
        for row, (expected, found) in zip(question.rows, answer, strict=True):
            if (expected is False) != (found is False):
                values = {name: value for (name, _), value in zip(question.columns, row, strict=True)}
                side = "right" if expected is False else "left"
                witness = _told(values, side)
                return Difference(key, "changed", change.field, change.expected, change.found, True, witness), told
        return change, f"{told}; {len(answer)} rows tried, none tells them apart, and that proves nothing"

    def _judged_by_body(self, key: str, change: Difference, why: str, told: str) -> tuple[Difference, str]:
        return change, f"{told}; not evaluated: it {why}"

    @property
    def _questions(self) -> Mapping[str, Question]:
        if not hasattr(self, "_asked_questions"):
            self._asked_questions = {q.name: q for q in check_questions(self.expectation.objects, self.found)}
        return self._asked_questions

    def _stored(self, key: str, name: str, sentence: str, item: Constraint, table: str) -> Verdict:
        """A NOT VALID constraint: rows stored before it were never checked."""
        count = self.seen.scans.get(key)
        role = ident(self.found.identity["role"])
        validate = f"ALTER TABLE {table} VALIDATE CONSTRAINT {split_path(name)[-1]};"
        must = self.expectation.contract.stored_rows == "must-obey"
        if isinstance(count, int) and not isinstance(count, bool):
            if count == 0:
                return _verdict(name, sentence, "held", f"NOT VALID, and no stored row breaks it; {validate}",
                                evidence="observed")
            told = (f"NOT VALID, and {count:,} stored row{'s break' if count != 1 else ' breaks'} it: "
                    "any UPDATE of such a row will fail")
            return _verdict(name, sentence, "broken" if must else "held", told + ".", f"{count} stored rows",
                            f"Mend those rows, then {validate}", "observed")
        if table not in self.found.readable:
            why, remedy = f"role {role} may not read {table}", f"GRANT SELECT ON {table} TO {role};"
        elif table in self.found.hidden_rows:
            why, remedy = f"row security hides rows of {table} from role {role}", f"ALTER ROLE {role} BYPASSRLS;"
        elif key in self.found.unsafe:
            why, remedy = f"it {self.found.unsafe[key]}", validate
        else:
            why, remedy = _refusal(count), f"Count them yourself, or {validate}"
        return _verdict(name, sentence, "unverified" if must else "held",
                        f"NOT VALID, and its stored rows could not be counted: {why}.", "", remedy)

    def _leaves(self, table: str, name: str, item: Constraint) -> Iterator[str]:
        """Tables that inherit from `table` and do not have the constraint."""
        if item.type not in ("check", "foreign key", "unique", "primary key"):
            return
        for child in self._descendants(table):
            if item.no_inherit:
                yield f"NO INHERIT, so {child} is not protected"
                continue
            if item.type != "check" and not self._is_partition(child):
                continue
            same = [other for _, other in self.found.of(child, "constraint")
                    if other.type == item.type and other.columns == item.columns and other.inherited]
            if not same:
                yield f"{child} inherits from {table} without it"
            elif not all(other.enforced for other in same):
                yield f"it is NOT ENFORCED on {child}"

    def _is_partition(self, table: str) -> bool:
        item = self.found.objects.get(f"table:{table}")
        return isinstance(item, Table) and item.partition_bound is not None

    def _descendants(self, table: str) -> Iterator[str]:
        for child in self.children.get(table, ()):
            yield child
            yield from self._descendants(child)

    def _elsewhere(self, key: str, expected: Constraint) -> str:
        """Where something like a missing constraint is: other name, other table, other schema."""
        name = split_path(key[11:])[-1]
        table = parent_name(key[11:])
        types = column_types(self.found, table)
        for other, item in self.found.objects.items():
            if not isinstance(item, Constraint) or other == key:
                continue
            if split_path(other[11:])[-1] == name:
                return f" A constraint of that name is on {parent_name(other[11:])}."
            if parent_name(other[11:]) == table and item.type == expected.type and item.columns == expected.columns \
                    and item.references == expected.references and meaning.canonical(
                        item.expression or "", types) == meaning.canonical(expected.expression or "", types):
                return f" {other[11:]} means the same under another name."
        if f"table:{table}" not in self.found.objects:
            near = nearest(table, [k[6:] for k in self.found.objects if k.startswith("table:")])
            homes = [f"{schema}.{relation}" for schema, relation, _ in self.found.elsewhere
                     if relation == split_path(table)[-1]]
            return f" There is no table {table}.{near}" + (f" There is a {homes[0]}." if homes else "")
        near = nearest(name, [unquoted(n) for n, _ in self.found.of(table, "constraint")])
        return f" Of its table:{near}" if near else ""


def _told(values: Mapping[str, str | None], accepted_by: str) -> str:
    from checks.harness.compare import told

    side = "left" if accepted_by == "left" else "right"
    return told(meaning.Different(values, "left" if side == "left" else "right"))


def _words(item: Constraint) -> str:
    if item.type == "check":
        return f"CHECK {item.expression}"
    return f"{item.type} ({', '.join(item.columns)})" + (
        f" to {item.references} ({', '.join(item.referenced_columns)})" if item.references else "")


def _ddl(name: str, item: Constraint) -> str:
    table, own = parent_name(name), split_path(name)[-1]
    body = {"check": f"CHECK ({item.expression})", "primary key": f"PRIMARY KEY ({', '.join(item.columns)})",
            "unique": f"UNIQUE ({', '.join(item.columns)})",
            "foreign key": f"FOREIGN KEY ({', '.join(item.columns)}) REFERENCES {item.references} "
                           f"({', '.join(item.referenced_columns)})"}.get(item.type, item.expression or "")
    late = " NOT VALID" if item.type in ("check", "foreign key") else ""
    return f"ALTER TABLE {table} ADD CONSTRAINT {ident(own)} {body}{late};"


def _refusal(value: object) -> str:
    if isinstance(value, dict):
        return Refusal(**value).told()
    return "the target did not tell"


def _verdict(name: str, sentence: str, word: VerdictWord, detail: str = "", witness: str = "", next_step: str = "",
             evidence: Evidence = "catalog") -> Verdict:
    return Verdict(f"constraints:{name}", sentence, word, evidence, detail, witness if word == "broken" else "",
                   "" if word == "held" else next_step)


