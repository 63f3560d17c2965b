"""What stored rows say of a NOT VALID constraint: rows stored before it were never checked. Pure."""

from __future__ import annotations

from checks.catalog.key import Key
from checks.catalog.objects import Constraint
from checks.expectation.settled import Settled
from checks.kinds import Finding
from checks.observation.questions import told_why
from checks.observation.stored_rows import uncountable
from checks.sql.names import ident
from checks.sql.written import own_written, rewritten
from checks.values import Figure

IN_THE_WAY = "rows in the way of VALIDATE"


def breaking_rows(key: Key, item: Constraint, settled: Settled) -> Finding:
    """What the count of stored rows that break the constraint says of it."""
    count = settled.seen.stored.constraints.get(key)
    validate = f"ALTER TABLE {rewritten(key.relation)} VALIDATE CONSTRAINT {own_written(key.own)};"
    must = settled.expectation.contract.stored_rows == "must-obey"
    if not isinstance(count, int):
        why, remedy = _uncounted(key, item, settled, count, validate)
        return Finding("unverified" if must else "held",
                       f"NOT VALID, and its stored rows could not be counted: {why}.", "", remedy)
    if count == 0:
        return Finding("held", f"NOT VALID, and no stored row breaks it; {validate}", evidence="observed",
                       figures=(Figure(IN_THE_WAY, 0),))
    told = (f"NOT VALID, and {count:,} stored row{'s break' if count != 1 else ' breaks'} it: "
            "any UPDATE of such a row will fail")
    return Finding("broken" if must else "held", told + ".",
                   f"{count:,} stored row{'s' if count != 1 else ''}" if must else "",
                   f"Mend those rows, then {validate}", "observed",
                   figures=(Figure(IN_THE_WAY, count),))


def _uncounted(key: Key, item: Constraint, settled: Settled, answer: object, validate: str) -> tuple[str, str]:
    """(why the rows were not counted, remedy)."""
    found = settled.found
    why = uncountable(key, item, found)
    role = ident(found.identity["role"])
    for name in filter(None, (key.relation, item.references)):
        if name not in found.readable:
            return why, f"GRANT SELECT ON {rewritten(name)} TO {role};"
        if name in found.hidden_rows:
            return why, f"Look as a role to which the policies of {name} show every row."
    return (why, validate) if why else (told_why(answer), f"Count them yourself, or {validate}")
