"""What is asked of a column's CHECKs, and the answers with what proves them (values only)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class NamedCheck:
    """A CHECK that is enforced for new rows: NOT VALID ones are, NOT ENFORCED ones are not."""

    name: str
    """How reports call it."""
    text: str
    """What pg_get_expr or pg_get_constraintdef prints with search_path = pg_catalog; a domain's reads VALUE."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What is known of a column besides the table's CHECKs."""

    type: str
    """format_type with search_path = pg_catalog; of a domain its base type, length included."""
    not_null: bool = False
    """Its own NOT NULL or a domain's."""
    checks: tuple[NamedCheck, ...] = ()
    """The CHECKs of its domain and of the domains below that."""
    generated: str = ""
    """The expression of a generated column."""
    labels: tuple[str, ...] = ()
    """The labels of a native enum."""
    citext: bool = False
    """Its type is the citext of the extension of that name."""
    collation: Literal["", "C", "nondeterministic"] = ""
    """C for C and POSIX; empty for any other deterministic one."""

    @property
    def made(self) -> str:
        """What a generated column holds, as SQL over the others: its expression as its type; empty where that may be cut.

        The cast that PostgreSQL makes on storing is not printed. It rounds and converts as a written one does, but refuses
        a text that is too long, or cuts blanks at its end, where a written cast cuts anything.
        """
        return f"({self.generated})::{self.type}" if self.generated and not self.cut else ""

    @property
    def cut(self) -> bool:
        """Whether the type has a length: storing cuts blanks, and refuses what is longer."""
        return "(" in self.type and self.type.startswith(("character", "bit"))


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """A row as far as it matters: columns not named may hold anything their types and NOT NULL allow."""

    value: str | None
    """What the column in question holds; None is NULL."""
    others: Mapping[str, str | None] = field(default_factory=dict)
    """Values of other columns that the CHECKs tie to this one; generated ones are left out."""
    elsewhere: Mapping[str, str | None] = field(default_factory=dict)
    """Values of columns that only CHECKs which have nothing to do with this one need."""
    session: Mapping[str, str | None] = field(default_factory=dict)
    """What expressions of the session must return, such as CURRENT_USER; a setting that must be unset is None."""


@dataclass(frozen=True, slots=True)
class UndecidedPart:
    """A part of a CHECK whose meaning could not be settled by reading."""

    constraint: str
    text: str
    """Its source: one AND-part of the CHECK."""
    apart: bool = False
    """It has nothing to do with the column: only whether the table can hold any row at all depends on it."""


@dataclass(frozen=True, slots=True)
class Storability:
    """Whether the column can store a value, and how that is known.

    yes: `rows[0]` goes in, proven. no: no row with it does, proven. undecided: reading does not tell; `rows` are what to
    try on a server, likely ones first, and none of them going in proves nothing.
    """

    answer: Literal["yes", "no", "undecided"]
    rows: tuple[ColumnRow, ...] = ()
    by: tuple[str, ...] = ()
    """no: names of CHECKs that together refuse it, few where that is cheap; empty where `why` says it all."""
    why: str = ""
    """no: the reason, where it is no CHECK: the type cannot hold it, NOT NULL."""
    parts: tuple[UndecidedPart, ...] = ()
    """undecided: what could not be settled."""

    @property
    def evidence(self) -> Literal["proven", "suspect", "none"]:
        """proven by reading; suspect: there are rows to try; none."""
        return "proven" if self.answer != "undecided" else "suspect" if self.rows else "none"


@dataclass(frozen=True, slots=True)
class AcceptedValues:
    """What a column can store, for all values."""

    allowed: Mapping[str, Storability]
    """For each allowed value, as it was given."""
    others: Storability
    """Any other value but NULL: no means that none can be stored, yes shows one that can.

    Of an array every item counts, and NULL among them is no other value.
    """
    null: Storability

    @property
    def exact(self) -> Literal["yes", "no", "undecided"]:
        """Whether the column stores exactly the allowed values, whatever it does with NULL."""
        answers = [each.answer for each in self.allowed.values()]
        if self.others.answer == "yes" or "no" in answers:
            return "no"
        return "undecided" if self.others.answer == "undecided" or "undecided" in answers else "yes"
