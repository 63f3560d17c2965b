"""The shortcut for plain lists says what the whole decision says, or nothing."""

from __future__ import annotations

import itertools

import pytest

from checks.sql.values_accepted import decide as whole
from checks.sql.values_accepted.answers import AcceptedValues, ColumnFacts, NamedCheck
from checks.sql.values_accepted.plain import plainly

LISTS = {
    "text": ("text", "(side = ANY (ARRAY['long'::text, 'short'::text]))"),
    "varchar": ("character varying(5)",
                "((side)::text = ANY ((ARRAY['long'::character varying, 'short'::character varying])::text[]))"),
    "an extra value": ("text", "(side = ANY (ARRAY['long'::text, 'short'::text, 'it''s'::text]))"),
    "one is missing": ("text", "(side = ANY (ARRAY['long'::text]))"),
    "integers": ("integer", "(side = ANY (ARRAY[1, 2]))"),
}
BESIDE = ("(quantity > 0)", "(quantity > (0)::numeric)", "((price IS NULL) OR (price >= (1)::numeric))", "(price <> 7)")
NOT_PLAIN = (
    "((side = ANY (ARRAY['long'::text, 'short'::text])) OR true)", "(side = ANY (ARRAY['long'::text, lower('X'::text)]))",
    "(side <> ALL (ARRAY['long'::text]))", "((side = ANY (ARRAY['long'::text])) AND false)", "(false)",
    "(lower(side) = ANY (ARRAY['long'::text]))",
    "(side = ANY (ARRAY['a\\b'::text]))", "(user = ANY (ARRAY['long'::text]))",
)


def told(found: AcceptedValues) -> object:
    return ({value: (each.answer, each.by) for value, each in found.allowed.items()},
            (found.others.answer, found.others.by, [row.value for row in found.others.rows]), found.null.answer)


@pytest.mark.parametrize(("name", "beside", "not_null"),
                         list(itertools.product(LISTS, ((), *((each,) for each in BESIDE), BESIDE[::2]), (True, False))))
def test_it_says_what_the_whole_decision_says(name: str, beside: tuple[str, ...], not_null: bool,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    kind, text = LISTS[name]
    checks = [NamedCheck("chk", text), *(NamedCheck(f"beside_{number}", each) for number, each in enumerate(beside))]
    facts = {"side": ColumnFacts(kind, not_null), "quantity": ColumnFacts("numeric(18,8)", True),
             "price": ColumnFacts("numeric")}
    allowed = ("1", "2") if kind == "integer" else ("long", "short")
    found = plainly("side", allowed, checks, facts)
    assert found is not None
    monkeypatch.setattr(whole, "plainly", lambda *_: None)
    assert told(found) == told(whole.decide("side", allowed, checks, facts))


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_what_looks_otherwise_is_none_of_its_business(text: str) -> None:
    facts = {"side": ColumnFacts("text"), "quantity": ColumnFacts("integer"), "price": ColumnFacts("integer")}
    plain = NamedCheck("plain", "(side = ANY (ARRAY['long'::text, 'short'::text]))")
    assert plainly("side", ("long", "short"), [NamedCheck("chk", text), plain], facts) is None


@pytest.mark.parametrize("kind", ["character(5)", "name", "public.citext", "character varying(4)"])
def test_a_type_that_changes_values_is_none_of_its_business(kind: str) -> None:
    facts = {"side": ColumnFacts(kind, citext=kind == "public.citext")}
    plain = NamedCheck("plain", "(side = ANY (ARRAY['long'::text, 'short'::text]))")
    assert plainly("side", ("long", "short"), [plain], facts) is None
