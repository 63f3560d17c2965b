"""Enum claims: each allowed value is accepted, everything else is rejected by the constraint. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from checks.catalog.difference import column_types
from checks.catalog.objects import Constraint, Domain, Object, Table
from checks.catalog.snapshot import Snapshot
from checks.claims.enum_attempts import Finding, attempted, name_of
from checks.claims.user_code import changed_code
from checks.expectation.expectation import Expectation
from checks.observation.enum_plan import EnumPlan, Guard, plan_enum
from checks.observation.evaluate import Answer
from checks.observation.observe import Observation, Refusal
from checks.sql import meaning
from checks.sql.names import ident, nearest, shown
from checks.values import Case, Verdict


class _Told(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.detail)
        self.finding = finding


def judge_enums(expectation: Expectation, seen: Observation, found: Snapshot) -> tuple[Case, ...]:
    """A case for each declared column."""
    cases = []
    for spec in expectation.contract.enums:
        plan = plan_enum(spec, found)
        try:
            finding = _Enum(plan, expectation, seen, found).finding()
        except _Told as told:
            finding = told.finding
        sentence = f"{spec.shown} accepts exactly {', '.join(spec.values)}" + (
            f", and NULL is {spec.null}" if spec.null else "")
        cases.append(Case("enums", spec.shown, (Verdict(
            f"enums:{spec.shown}", sentence, finding.word, finding.evidence, finding.detail, finding.witness,
            "" if finding.word == "held" else finding.next_step),)))
    return tuple(cases)


def _told_by(ask: Callable[[], Finding]) -> Finding:
    try:
        return ask()
    except _Told as told:
        return told.finding


class _Enum:
    def __init__(self, plan: EnumPlan, expectation: Expectation, seen: Observation, found: Snapshot) -> None:
        self.plan, self.spec, self.seen, self.found = plan, plan.spec, seen, found
        self.expectation = expectation
        self.table = shown(plan.spec.schema, plan.spec.table)
        self.rejected_by: dict[str | None, str] = {}
        """Tried value -> the constraint that rejects it, whatever the other columns hold."""
        self.refused_values: list[str] = []
        """Allowed values that the CHECKs refuse."""

    def finding(self) -> Finding:
        """The answer, or a _Told."""
        plan = self.plan
        if plan.column is None:
            raise _Told(self._no_column())
        self._relation()
        if plan.labels is not None:
            return self._native(plan.labels)
        self._types()
        return attempted(self.plan, self.seen.attempts.get(self.spec.shown), self._by_any())

    def _by_any(self) -> Finding:
        """What the foreign key and the CHECKs come to together: one of them has to hold the enum."""
        guarded = bool(self.plan.sole or self.plan.mixed)
        if self.plan.lookup is None:
            return _told_by(self._evaluated) if guarded else self._unguarded()
        lookup = _told_by(self._lookup)
        if not guarded:
            return lookup
        checked = _told_by(self._evaluated)
        if lookup.word == "held" and not self.refused_values:
            return lookup
        return checked if checked.word == "held" or self.refused_values else lookup

    def _relation(self) -> None:
        """A view has no constraints, and a foreign table only believes them."""
        item = self.found.objects.get(f"table:{self.table}")
        if isinstance(item, Table) and item.kind not in ("table", "partitioned table"):
            raise _Told(Finding("broken", f"{self.table} is a {item.kind}, which enforces no constraint of its own.",
                                f"{self.table} is a {item.kind}", "Find out who replaced the table, or declare the "
                                "enum on the table behind it.", "catalog"))

    def _no_column(self) -> Finding:
        if f"table:{self.table}" not in self.found.objects:
            near = nearest(self.table, [key[6:] for key in self.found.objects if key.startswith("table:")])
            return Finding("broken", f"There is no table {self.table}.{near}", f"no table {self.table}",
                           "Apply the migrations.", "catalog")
        names = [name for name, _ in self.found.of(self.table, "column")]
        return Finding("broken", f"{self.table} has no column {self.spec.column}.{nearest(self.spec.column, names)}",
                       f"no column {self.spec.shown}", "Apply the migrations.", "catalog")

    def _native(self, labels: tuple[str, ...]) -> Finding:
        extra = [label for label in labels if label not in self.spec.values]
        missing = [value for value in self.spec.values if value not in labels]
        if extra or missing:
            told = "; ".join([*(f"the type has {label!r} too" for label in extra),
                              *(f"the type lacks {value!r}" for value in missing)])
            return Finding("broken", f"{told}.", repr((extra or missing)[0]),
                           f"Change the type {self.plan.type}, or the contract.", "catalog")
        self._null(self.plan.not_null, "NOT NULL")
        return Finding("held", f"native enum {self.plan.type}", evidence="catalog")

    def _types(self) -> None:
        """Values that the column's type itself lets nobody store, or that we cannot make up."""
        short = [value for value in self.spec.values if value not in self.plan.allowed_that_fit]
        if short:
            raise _Told(Finding("broken", f"{short[0]!r} does not fit into {self.plan.type}.", repr(short[0]),
                                f"Widen {self.spec.shown}.", "catalog"))
        if not self.plan.wrong:
            raise _Told(Finding("unverified", f"No values to try for the type {self.plan.type}; text, varchar, char, "
                                "whole numbers, enums and domains over them can be judged.", "",
                                "Look at the constraint by hand.", "catalog"))

    def _unguarded(self) -> Finding:
        if self.plan.unsafe:
            return self._by_body()
        if self.plan.idle:
            key = self.plan.idle[0]
            return Finding("broken", f"{name_of(key)} is NOT ENFORCED: it rejects nothing.", "'banana' is accepted",
                           f"ALTER TABLE {self.table} ALTER CONSTRAINT {name_of(key)} ENFORCED;", "catalog")
        return Finding("broken", "No CHECK, domain, enum type or foreign key restricts it: 'banana' is accepted.",
                       "'banana' is accepted", "Apply the migration that adds the constraint, or add: "
                       f"ALTER TABLE {self.table} ADD CHECK ({self.spec.column} IN ("
                       f"{', '.join(map(repr, self.spec.values))})) NOT VALID;", "catalog")

    def _by_body(self) -> Finding:
        """A CHECK that calls the user's code is never run; it is judged by its text and the code's body."""
        key, why = self.plan.unsafe[0]
        objects = self.expectation.objects
        changed = list(changed_code(self._text(key), self.expectation.functions, self.found.functions))
        if self._same_check(key, objects) and not changed:
            return Finding("held", f"{name_of(key)} {why}; it and that code are what the migrations made. "
                           "Not evaluated.",
                           evidence="catalog")
        return Finding("unverified", f"{name_of(key)} {why}, so it was not evaluated, and it is not what the "
                       "migrations made.", "", "Try a wrong value on a scratch copy, or write the CHECK without that "
                       "code.", "catalog")

    def _text(self, key: str) -> str:
        item = self.found.objects.get(key)
        if isinstance(item, Constraint):
            return item.expression or ""
        return " ".join(text for other in self.found.objects.values() if isinstance(other, Domain)
                        for _, text, _ in other.checks)

    def _same_check(self, key: str, objects: Mapping[str, Object]) -> bool:
        expected, found = objects.get(key), self.found.objects.get(key)
        if isinstance(expected, Constraint) and isinstance(found, Constraint):
            types = column_types(self.found, self.table)
            one, other = (meaning.canonical(each.expression or "", types) for each in (expected, found))
            return one == other
        column = self.plan.column
        domain = column.user_type if column else None
        return domain is not None and isinstance(objects.get(domain), Domain) \
            and objects[domain] == self.found.objects.get(domain)

    def _lookup(self) -> Finding:
        key, reference = (self.plan.lookup[0], self.plan.lookup[1].references or "") if self.plan.lookup else ("", "")
        if reference not in self.found.readable:
            role = ident(self.found.identity["role"])
            return Finding("unverified", f"{name_of(key)} refers to {reference}, which role {role} may not read.",
                           "", f"GRANT SELECT ON {reference} TO {role};")
        part = self.seen.part(f"lookup:{self.spec.shown}")
        if not isinstance(part, dict):
            told = part.told() if isinstance(part, Refusal) else "the target did not tell"
            return Finding("unverified", f"The values of {reference} could not be compared: {told}.", "", "Run again.")
        missing = [value for value in self.spec.values if value not in (part["present"] or ())]
        if part["others"] or missing:
            told = "; ".join([*([f"{reference} holds {part['others']} values that the contract does not allow"]
                                if part["others"] else []), *(f"{reference} lacks {value!r}" for value in missing)])
            return Finding("broken", f"{told}.", f"{part['others']} more" if part["others"] else repr(missing[0]),
                           f"Mend the rows of {reference}, or the contract.")
        self._null(self.plan.not_null, "NOT NULL")
        return Finding("held", f"foreign key {name_of(key)} to {reference}, which holds just these values")

    def _evaluated(self) -> Finding:
        answers = self._answers()
        accepted = self._accepted(answers)
        self.refused_values = [value for value in self.spec.values if not accepted[value]]
        if self.refused_values:
            value = next((each for each in self.refused_values if each in self.rejected_by), None)
            if value is None:
                raise _Told(Finding("unverified", f"The allowed value {self.refused_values[0]!r} was refused with "
                                    "every value of the other columns that was tried, which proves nothing.", "",
                                    "Split the CHECK, so that one part speaks of this column alone."))
            raise _Told(Finding("broken", f"The allowed value {value!r} is rejected by "
                                f"{self.rejected_by[value]}.", repr(value),
                                "Drop the constraint and add it with every allowed value."))
        unsure = []
        for wrong in self.plan.wrong:
            setting = accepted[wrong]
            if setting:
                self._excused(wrong, setting[0])
            if wrong not in self.rejected_by:
                unsure.append(wrong)
        self._null_evaluated(bool(accepted[None]))
        names = ", ".join(sorted(set(self.rejected_by.values())))
        if unsure or self.plan.cut:
            return Finding("unverified", f"{unsure[0] if unsure else 'banana'!r} was rejected in every row tried, but "
                           "the CHECK looks at other columns in a way that could not be settled.", "",
                           "Split the CHECK, so that one part speaks of this column alone.")
        return Finding("held", f"{len(self.spec.values)} allowed values accepted, {len(self.plan.wrong)} others "
                       f"rejected by {names}")

    def _answers(self) -> list[tuple[tuple[Guard, ...], Answer]]:
        """(guards, answer) of each question, the single-column ones first."""
        groups = {"sole": tuple(g for g in self.plan.sole if not g.constraint.startswith("domain:")),
                  "domain": tuple(g for g in self.plan.sole if g.constraint.startswith("domain:")),
                  "mixed": self.plan.mixed}
        answers = []
        for question in self.plan.questions:
            answer = self.seen.answer(question) if question.name in self.seen.answers else None
            if answer is None or isinstance(answer, Refusal):
                told = answer.told() if answer else "the session's search_path gives built-in names another meaning"
                raise _Told(Finding("unverified", f"The CHECKs could not be evaluated: {told}.", "",
                                    "Look at the constraint by hand, or at the role's search_path."))
            answers.append((groups[question.name.partition(":")[0]], answer))
        return answers

    def _accepted(self, answers: list[tuple[tuple[Guard, ...], Answer]],
                  ) -> dict[str | None, list[tuple[str | None, ...]]]:
        """Tried value -> the settings of the other columns with which every CHECK accepts it."""
        settings = self.plan.settings
        accepted: dict[str | None, list[tuple[str | None, ...]]] = {value: list(settings) for value in self.plan.tried}
        for guards, answer in answers:
            if guards != self.plan.mixed:
                names = [name_of(guard.constraint) for guard in guards]
                for value, row in zip(self.plan.tried, answer, strict=True):
                    if False in row:
                        accepted[value] = []
                        self.rejected_by.setdefault(value, names[row.index(False)])
                continue
            for at, value in enumerate(self.plan.tried):
                rows = answer[at * len(settings):(at + 1) * len(settings)]
                accepted[value] = [setting for setting in accepted[value]
                                   if False not in rows[settings.index(setting)]]
                self._who_rejects(value, guards, rows)
        return accepted

    def _who_rejects(self, value: str | None, guards: tuple[Guard, ...], rows: tuple[tuple[bool | None, ...], ...],
                     ) -> None:
        """Files the guard that rejects `value` whatever other columns hold, as reading proves."""
        for at, guard in enumerate(guards):
            if value in self.rejected_by or any(row[at] is not False for row in rows):
                continue
            if meaning.never_accepts(guard.text, self.spec.column, value, self._column_types):
                self.rejected_by[value] = name_of(guard.constraint)

    @cached_property
    def _column_types(self) -> Mapping[str, str]:
        return column_types(self.found, self.table)

    def _excused(self, wrong: str, setting: tuple[str | None, ...]) -> None:
        """A value that must be refused is accepted, given these values of other columns."""
        others = ", ".join(f"{name} = {'NULL' if value is None else repr(value)}"
                           for (name, _), value in zip(self.plan.others, setting, strict=True))
        unsafe = "" if not self.plan.unsafe else (
            f" (unless {name_of(self.plan.unsafe[0][0])}, which was not evaluated, rejects it)")
        names = sorted({name_of(guard.constraint) for guard in (*self.plan.sole, *self.plan.mixed)})
        witness = f"{self.spec.column} = {wrong!r}" + (f", {others}" if others else "")
        raise _Told(Finding("unverified" if self.plan.unsafe else "broken",
                            f"{wrong!r} is accepted by {', '.join(names)}{' when ' + others if others else ''}"
                            f"{unsafe}.", f"{witness} is accepted",
                            "Drop the constraint and add it with exactly the allowed values."))

    def _null_evaluated(self, accepted: bool) -> None:
        self._null(self.plan.not_null or not accepted, "NOT NULL or the CHECK")

    def _null(self, rejected: bool, by: str) -> None:
        if self.spec.null == "rejected" and not rejected:
            raise _Told(Finding("broken", "NULL is accepted, and the contract says rejected.", "NULL is accepted",
                                f"ALTER TABLE {self.table} ALTER COLUMN {self.spec.column} SET NOT NULL;"))
        if self.spec.null == "accepted" and rejected:
            raise _Told(Finding("broken", f"NULL is rejected by {by}, and the contract says accepted.",
                                "NULL is rejected", f"ALTER TABLE {self.table} ALTER COLUMN {self.spec.column} "
                                "DROP NOT NULL, or change the contract."))
