"""Constraint claims: each expected one is there under its name, enforced everywhere, meaning what it should. Pure."""

from __future__ import annotations

from checks.catalog.constraint_text import constraint_ddl, elsewhere, in_words, index_ddl, key_list
from checks.catalog.inheritance import unprotected
from checks.catalog.objects import Constraint, Index, Sequence, Table, parent_name
from checks.catalog.snapshot import Snapshot
from checks.claims.enforcement import judge_enforcement
from checks.claims.user_code import changed_code
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.observation.observe import Observation, Refusal
from checks.observation.stored_rows import lagging_candidates, owner_of, where
from checks.sql.names import ident, literal, shown, split_path
from checks.values import Case, Evidence, LeftOut, Verdict, VerdictWord


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
        self.settled = Settled(expectation, found, seen)

    def constraint(self, key: str, expected: Constraint) -> Verdict:
        """The claim about one table constraint."""
        name = key[11:]
        table, own = parent_name(name), shown(split_path(name)[-1])
        sentence = f"{in_words(expected)} is enforced on {table} under the name {own}"
        item = self.found.objects.get(key)
        if item is None and not self.settled.of(key):
            return _verdict(name, sentence, "held", "dropped by a later migration that is here already")
        ddl = constraint_ddl(name, expected)
        if not isinstance(item, Constraint):
            return _verdict(name, sentence, "broken", f"It is missing.{elsewhere(key, expected, self.found)}",
                            f"no constraint {name}", f"Apply the migration that adds it, or add it again: {ddl}")
        wrong, unsure, witness = self._differences(key)
        wrong += [*self._unenforced(table, expected), *unprotected(table, item, self.found)]
        wrong += [f"it rests on {name}, which is not what the migrations made" for name in changed_code(
            item.expression or "", self.expectation.functions, self.found.functions)]
        if wrong:
            return _verdict(name, sentence, "broken", "; ".join(wrong) + ".", witness or wrong[0],
                            f"Drop it and add it as the migration says: {ddl}", "evaluated" if witness else "catalog")
        if unsure:
            return _verdict(name, sentence, "unverified", "; ".join(unsure) + ".", "", "Compare the two by hand; if "
                            "they mean the same, write the migration as the database has it.")
        if not item.validated and item.enforced:
            return self._stored(key, name, sentence, item, table)
        return _verdict(name, sentence, "held")

    def unique_index(self, key: str, expected: Index) -> Verdict:
        """The claim about a unique index that no constraint stands for."""
        own = shown(split_path(key[6:])[-1])
        name, keys = f"{expected.table}.{own}", key_list(expected)
        sentence = f"unique index {own} keeps ({keys}) of {expected.table} unique"
        differences, ddl = self.settled.of(key), index_ddl(own, expected)
        if not differences:
            return _verdict(name, sentence, "held")
        if differences[0].what == "missing":
            same = [shown(split_path(other[6:])[-1]) for other, item in self.found.objects.items()
                    if isinstance(item, Index) and item.table == expected.table and item.keys == expected.keys]
            more = f" {same[0]} is on the same columns." if same else ""
            return _verdict(name, sentence, "broken", f"It is missing.{more}", f"no index {key[6:]}", ddl)
        sure = [change for change in differences if change.sure]
        told = "; ".join(f"{change.field} is {change.found}, not {change.expected}" for change in sure or differences)
        return _verdict(name, sentence, "broken" if sure else "unverified", f"{told}.", told,
                        f"Drop the index, then {ddl}")

    def sequence(self, key: str, item: Sequence) -> Verdict:
        """The claim that the next generated key is not taken."""
        table, column = owner_of(item)
        path = f"{table}.{shown(column)}"
        name, sentence = f"{path}.sequence", f"{key[9:]} is ahead of every stored {path}"
        lags = self.seen.scans.get(key)
        if not isinstance(lags, bool):
            return _verdict(name, sentence, "unverified", f"It could not be read: {_refusal(lags)}.", "", "Run again.")
        repair = f"SELECT setval({literal(where(key[9:]))}, (SELECT max({ident(column)}) FROM {where(table)}));"
        return _verdict(name, sentence, "broken" if lags else "held",
                        "The next value is not above the largest stored one: the next INSERT fails or waits to."
                        if lags else "", "next value of the sequence is taken", repair, "observed")

    def _differences(self, key: str) -> tuple[list[str], list[str], str]:
        """(sure ones, unsure ones, witness)."""
        wrong, unsure, witness = [], [], ""
        for change in self.settled.of(key):
            if change.field == "validated":
                continue  # stored rows decide
            told = f"{change.field} is {change.found}, not {change.expected}"
            if change.sure:
                wrong.append(told + (f" ({change.witness})" if change.witness else ""))
                witness = witness or change.witness
            else:
                unsure.append(told + (f"; {change.note}" if change.note else ""))
        return wrong, unsure, witness

    def _unenforced(self, table: str, expected: Constraint) -> list[str]:
        """Foreign tables only believe their constraints (manual, CREATE FOREIGN TABLE)."""
        item, wanted = self.found.objects.get(f"table:{table}"), self.expectation.objects.get(f"table:{table}")
        if isinstance(item, Table) and item.kind == "foreign table" and item.kind != getattr(wanted, "kind", ""):
            return [f"{table} is a foreign table, where a {expected.type} is believed and not enforced"]
        return []

    def _stored(self, key: str, name: str, sentence: str, item: Constraint, table: str) -> Verdict:
        """A NOT VALID constraint: rows stored before it were never checked."""
        count = self.seen.scans.get(key)
        validate = f"ALTER TABLE {table} VALIDATE CONSTRAINT {shown(split_path(name)[-1])};"
        must = self.expectation.contract.stored_rows == "must-obey"
        if not isinstance(count, int) or isinstance(count, bool):
            why, remedy = self._uncounted(key, table, item, count, validate)
            return _verdict(name, sentence, "unverified" if must else "held",
                            f"NOT VALID, and its stored rows could not be counted: {why}.", "", remedy)
        if count == 0:
            return _verdict(name, sentence, "held", f"NOT VALID, and no stored row breaks it; {validate}",
                            evidence="observed")
        told = (f"NOT VALID, and {count:,} stored row{'s break' if count != 1 else ' breaks'} it: "
                "any UPDATE of such a row will fail")
        return _verdict(name, sentence, "broken" if must else "held", told + ".",
                        f"{count:,} stored row{'s' if count != 1 else ''}", f"Mend those rows, then {validate}",
                        "observed")

    def _uncounted(self, key: str, table: str, item: Constraint, answer: object, validate: str) -> tuple[str, str]:
        """(why the rows were not counted, remedy)."""
        role = ident(self.found.identity["role"])
        for name in filter(None, (table, item.references)):
            if name not in self.found.readable:
                return f"role {role} may not read {name}", f"GRANT SELECT ON {name} TO {role};"
            if name in self.found.hidden_rows:
                return f"row security hides rows of {name} from role {role}", f"ALTER ROLE {role} BYPASSRLS;"
        if key in self.found.unsafe:
            return f"it {self.found.unsafe[key]}", validate
        return _refusal(answer), f"Count them yourself, or {validate}"


def _refusal(value: object) -> str:
    if isinstance(value, dict):
        return Refusal(**value).told()
    return "the target did not tell"


def _verdict(name: str, sentence: str, word: VerdictWord, detail: str = "", witness: str = "", next_step: str = "",
             evidence: Evidence = "catalog") -> Verdict:
    return Verdict(f"constraints:{name}", sentence, word, evidence, detail, witness if word == "broken" else "",
                   "" if word == "held" else next_step)
