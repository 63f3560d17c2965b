"""What a column can store: each way to hold an enum, and each way to seem to, by name."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import pytest

from checks.sql.values_accepted import decide as module
from checks.sql.values_accepted.answers import AcceptedValues, ColumnFacts, ColumnRow, NamedCheck, UndecidedPart
from checks.sql.values_accepted.decide import decide

FACTS = {
    "side": ColumnFacts("text"), "code": ColumnFacts("character varying(5)"), "pad": ColumnFacts("character(6)"),
    "login": ColumnFacts("name"), "flag": ColumnFacts('"char"'), "number": ColumnFacts("integer"),
    "price": ColumnFacts("numeric(6,2)"), "tags": ColumnFacts("text[]"), "mail": ColumnFacts("public.citext", citext=True),
    "loose": ColumnFacts("text", collation="nondeterministic"), "plain": ColumnFacts("text", collation="C"),
    "active": ColumnFacts("boolean"), "mood": ColumnFacts("public.mood", labels=("sad", "ok", "happy")),
    "k": ColumnFacts("text", not_null=True), "kind": ColumnFacts("text"), "i": ColumnFacts("integer"),
    "j": ColumnFacts("integer", not_null=True), "day": ColumnFacts("date", not_null=True), "end": ColumnFacts("date",
    not_null=True),
    "doc": ColumnFacts("jsonb", not_null=True)}
LIST = "(side = ANY (ARRAY['long'::text, 'short'::text]))"
VARYING = "'long'::character varying, 'short'::character varying"
BOTH = ("long", "short")


def asked(column: str, allowed: tuple[str, ...], *texts: str, facts: Mapping[str, ColumnFacts] = FACTS) -> AcceptedValues:
    """The answers for CHECKs named c0, c1, …"""
    return decide(column, allowed, [NamedCheck(f"c{at}", text) for at, text in enumerate(texts)], facts)


HELD = {
    "IN": ("side", BOTH, [LIST]),
    "IN of varchar": ("code", BOTH, [f"((code)::text = ANY ((ARRAY[{VARYING}])::text[]))"]),
    "OR": ("side", BOTH, ["((side = 'long'::text) OR (side = 'short'::text))"]),
    "array literal": ("side", BOTH, ["(side = ANY ('{long,short}'::text[]))"]),
    "constraintdef": ("side", BOTH, [f"CHECK ({LIST})"]),
    "NOT of <>": ("side", BOTH, ["(NOT ((side <> 'long'::text) AND (side <> 'short'::text)))"]),
    "anchored regular expression": ("side", BOTH, ["(side ~ '^(long|short)$'::text)"]),
    "SIMILAR TO": ("side", BOTH, ["(side ~ similar_to_escape('(long|short)'::text))"]),
    "LIKE without wildcards": ("side", BOTH, ["((side ~~ 'long'::text) OR (side ~~ 'short'::text))"]),
    "CASE": ("side", BOTH, [
        "CASE WHEN (side = 'long'::text) THEN true WHEN (side = 'short'::text) THEN true ELSE false END"]),
    "simple CASE": ("side", BOTH, [
        "CASE side WHEN 'long'::text THEN true WHEN 'short'::text THEN true ELSE (side IS NULL) END"]),
    "COALESCE": ("side", BOTH, ["(COALESCE(side, 'long'::text) = ANY (ARRAY['long'::text, 'short'::text]))"]),
    "IS NOT DISTINCT FROM": ("side", BOTH, [
        "((NOT (side IS DISTINCT FROM 'long'::text)) OR (NOT (side IS DISTINCT FROM 'short'::text)))"]),
    "computed list": ("side", ("long", "short", "flat"),
    ["(side = ANY (string_to_array('long,short,flat'::text, ','::text)))"]),
    "array_position": ("side", BOTH, ["(array_position(ARRAY['long'::text, 'short'::text], side) IS NOT NULL)"]),
    "COLLATE C": ("side", BOTH, ["((side COLLATE \"C\") = ANY (ARRAY['long'::text, 'short'::text]))"]),
    "lower case twice": ("side", ("long", "filled"),
    ["((side = lower(side)) AND (lower(side) = ANY (ARRAY['long'::text, 'filled'::text])))"]),
    "lower case of letters only": ("side", ("limit",), ["((side ~ '^[a-z]+$'::text) AND (lower(side) = 'limit'::text))"]),
    "trimmed twice": ("side", BOTH, ["((btrim(side) = side) AND (btrim(side) = ANY (ARRAY['long'::text, 'short'::text])))"]),
    "appended": ("side", BOTH, ["((side || 'x'::text) = ANY (ARRAY['longx'::text, 'shortx'::text]))"]),
    "two CHECKs together": ("side", BOTH, ["(side = ANY (ARRAY['long'::text, 'short'::text, 'x'::text]))",
    "(side <> 'x'::text)"]),
    "an excuse that cannot be: k is NOT NULL": ("side", BOTH, [f"({LIST} OR (k IS NULL))"]),
    "an excuse that another CHECK forbids": ("side", BOTH, [f"({LIST} OR (i > 5))", "((i IS NULL) OR (i < 3))",
    "(i IS NOT NULL)"]),
    "an excuse over no integer": ("side", BOTH, [f"({LIST} OR ((j > 1) AND (j < 2)))"]),
    "with other columns": ("side", BOTH, [LIST, "((kind <> 'x'::text) OR (side IS NOT NULL))", "(day <= \"end\")",
    "(j > 0)"]),
    "lengths": ("side", BOTH, [LIST, "(length(side) < 20)"]),
    "BETWEEN": ("number", ("1", "2", "3"), ["((number >= 1) AND (number <= 3))"]),
    "numbers": ("price", ("1.00", "2.5"), ["(price = ANY (ARRAY[(1)::numeric, 2.5]))"]),
    "listed numbers that are even": ("number", ("2", "4"), ["((number >= 1) AND (number <= 5) AND ((number % 2) = 0))"]),
    "digits": ("number", ("1", "2"), ["((number)::text ~ '^[12]$'::text)"]),
    "char(n)": ("pad", ("long ", "short"), ["(pad = ANY (ARRAY['long'::bpchar, 'short'::bpchar]))"]),
    "char(n) matched with its blanks": ("pad", BOTH, ["(pad ~ '^(long|short) *$'::text)"]),
    "name": ("login", BOTH, ["(login = ANY (ARRAY['long'::name, 'short'::name]))"]),
    "char": ("flag", ("l", "s"), ["(flag = ANY (ARRAY['l'::\"char\", 's'::\"char\"]))"]),
    "boolean": ("active", ("true",), ["active"]),
    "native enum": ("mood", ("sad", "ok"), ["(mood <> 'happy'::public.mood)"]),
    "items of an array": ("tags", BOTH, ["(tags <@ ARRAY['long'::text, 'short'::text])", "(cardinality(tags) > 0)"]),
    "citext pinned to lower case": ("mail", ("long", "filled"), [
        "(mail OPERATOR(public.=) ANY (ARRAY['long'::public.citext, 'filled'::public.citext]))",
        "((mail)::text = lower((mail)::text))"]),
    "citext as text": ("mail", BOTH, ["((mail)::text = ANY (ARRAY['long'::text, 'short'::text]))"]),
    "nondeterministic collation pinned to C": ("loose", ("long",), ["((loose COLLATE \"C\") = 'long'::text)"]),
    "C collation": ("plain", ("k", "i"), [
        "((lower(plain) = ANY (ARRAY['k'::text, 'i'::text])) AND (plain !~ '[KI]'::text))"]),
}


@pytest.mark.parametrize("case", HELD)
def test_exactly_the_allowed_values_are_accepted(case: str) -> None:
    column, allowed, texts = HELD[case]
    found = asked(column, allowed, *texts)
    assert found.exact == "yes", found
    assert found.others.by


WITNESS = {
    "C11 class of characters": ("(side ~ '^(long|short|leg[0-9])$'::text)", ColumnRow("leg0")),
    "C11 not anchored": ("(side ~ '(long|short)'::text)", ColumnRow(" long")),
    "C11 newline": ("(side ~ '^(long|short)\\s*$'::text)", ColumnRow("long ")),
    "C11 alternative without group": ("(side ~ '^long|short$'::text)", ColumnRow("long ")),
    "C1 literal under a function": ("(side = ANY (ARRAY['long'::text, 'short'::text, upper('flat'::text)]))",
    ColumnRow("FLAT")),
    "C1 pattern": (f"({LIST} OR (side ~~ 'b\\_nana'::text))", ColumnRow("b_nana")),
    "C1 always true": (f"({LIST} OR true)", ColumnRow("banana")),
    "C1 excused by a column": (f"({LIST} OR (kind = 'legacy'::text))", ColumnRow("banana", {"kind": None})),
    "C2 NULL among the literals": ("(side = ANY (ARRAY['long'::text, 'short'::text, NULL::text]))", ColumnRow("banana")),
    "C3 normalized": ("(NORMALIZE(side, NFKC) = ANY (ARRAY['long'::text, 'short'::text]))",
                      ColumnRow("\uff4c\uff4f\uff4e\uff47")),
    "C3 case folded": ("(lower(side) = ANY (ARRAY['long'::text, 'short'::text]))", ColumnRow("LONG")),
    "C3 caseless expression": ("(side ~* '^(long|short)$'::text)", ColumnRow("LONG")),
    "C3 trimmed": ("(TRIM(BOTH FROM side) = ANY (ARRAY['long'::text, 'short'::text]))", ColumnRow(" long")),
    "C11 length": (f"({LIST} OR (length(side) = 17))", ColumnRow("a" * 17)),
    "C11 hash": (f"({LIST} OR (md5(side) = '72b302bf297a228a75730123efef7c41'::text))", ColumnRow("banana")),
    "C11 cut": ("(\"left\"(side, 5) = ANY (ARRAY['long'::text, 'short'::text]))", ColumnRow("short ")),
    "C11 role": (f"({LIST} OR (CURRENT_USER = 'app'::name))", ColumnRow("banana", session={"CURRENT_USER": "app"})),
    "C11 setting": (f"({LIST} OR (current_setting('app.x'::text) = 'on'::text))",
                    ColumnRow("banana", session={"current_setting('app.x')": "on"})),
    "C11 unset setting": (f"({LIST} OR (current_setting('app.x'::text, true) = 'on'::text))",
                          ColumnRow("banana", session={"current_setting('app.x', true)": None})),
    "C11 clock": (f"({LIST} OR (now() > '2020-01-01 00:00:00+00'::timestamp with time zone))",
                  ColumnRow("banana", session={"now()": "9000-01-01 00:00:00+00"})),
    "nothing at all": ("(j > 0)", ColumnRow("banana", elsewhere={"j": "1"})),
}


@pytest.mark.parametrize("case", WITNESS)
def test_another_value_goes_in(case: str) -> None:
    text, row = WITNESS[case]
    found = asked("side", BOTH, text)
    assert (found.others.answer, found.others.evidence) == ("yes", "proven")
    assert found.others.rows == (row,)
    assert found.exact == "no"


@pytest.mark.parametrize("column, text, value", [
    ("mail", "(mail OPERATOR(public.=) ANY (ARRAY['long'::public.citext, 'short'::public.citext]))", "LONG"),
    ("mail", "(NULLIF(mail, 'long'::public.citext) IS NULL)", "LONG"),
    ("mail", "CASE mail WHEN 'long'::public.citext THEN true WHEN 'short'::public.citext THEN true ELSE false END", "LONG"),
    ("code", "((code)::text = ANY (ARRAY['long'::text, 'short'::text, 'longer'::text, 'x'::text]))", "x"),
    ("tags", "(tags <@ ARRAY['long'::text, 'short'::text, 'x'::text])", "{x}"),
    ("mood", "(mood <> 'sad'::public.mood)", "ok"), ("number", "(number > 0)", "1"), ("active", "(active IS NOT NULL)",
    "true"),
    ("pad", "(pad = ANY (ARRAY['long'::bpchar, 'short'::bpchar, 'flat'::bpchar]))", "flat"),
])
def test_another_value_of_the_type_goes_in(column: str, text: str, value: str) -> None:
    found = asked(column, BOTH, text)
    assert found.others.answer == "yes"
    assert found.others.rows[0].value == value


REFUSED = {
    "C12 AND false": ("side", [f"({LIST} AND false)"], ("c0",), ""),
    "C12 AND 1 = 0": ("side", [f"({LIST} AND (1 = 0))"], ("c0",), ""),
    "C12 another CHECK": ("side", [LIST, "(1 = 0)"], ("c1",), ""),
    "C12 other columns contradict each other": ("side", [LIST, "((i > 5) IS TRUE)", "(i < 3)"], ("c1", "c2"), ""),
    "C12 blanks of char(n)": ("pad", ["(pad ~ '^(long|short)$'::text)"], ("c0",), ""),
    "dropped": ("side", ["(side = 'flat'::text)"], ("c0",), ""),
    "together": ("side", ["(side = ANY (ARRAY['long'::text, 'short'::text]))", "(side <> 'long'::text)",
    "(side <> 'short'::text)"],
                 ("c1",), ""),
    "too long": ("flag", ["(flag = 'l'::\"char\")"], (), '"char" cannot hold it'),
    "no label": ("mood", ["(mood = 'ok'::public.mood)"], (), "enum public.mood cannot hold it"),
    "no number": ("number", ["(number = 1)"], (), "integer cannot hold it"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_allowed_value_is_refused(case: str) -> None:
    column, texts, by, why = REFUSED[case]
    refused = asked(column, ("long",), *texts).allowed["long"]
    assert (refused.answer, refused.by, refused.why) == ("no", by, why)


def test_a_value_that_the_type_changes_cannot_be_stored() -> None:
    assert asked("price", ("1.004",), "(price = 1.00)").allowed["1.004"].why == "numeric(6,2) cannot hold it"
    assert asked("code", ("short ",), "true").allowed["short "].answer == "no"
    assert asked("pad", ("long   ",), "(pad = 'long'::bpchar)").allowed["long   "].answer == "yes"


@pytest.mark.parametrize("text, answer", [
    (LIST, "yes"), (f"({LIST} AND (side IS NOT NULL))", "no"), (f"({LIST} IS TRUE)", "no"), (f"({LIST} OR (k = 'x'::text))",
    "yes"),
    ("(COALESCE(side, 'flat'::text) = ANY (ARRAY['long'::text, 'short'::text]))", "no"),
    (f"({LIST} AND (initcap(k) = 'X'::text))", "yes"),
    (f"(({LIST} IS TRUE) OR (initcap(side) IS NULL))", "yes"), (f"({LIST} IS TRUE) OR (pg_column_size(side) IS NULL)",
    "undecided"),
])
def test_null(text: str, answer: str) -> None:
    assert asked("side", BOTH, text).null.answer == answer


def test_not_null_refuses_null() -> None:
    facts = {**FACTS, "side": ColumnFacts("text", not_null=True)}
    assert asked("side", BOTH, LIST, facts=facts).null.why == "NOT NULL"


PAST = "(now() < '1990-01-01 00:00:00+00'::timestamp with time zone)"
UNDECIDED = {
    "hash": (f"({LIST} OR (md5(side) = 'd41d8cd98f00b204e9800998ecf8427f'::text))",
             "(side = ANY (ARRAY['long'::text, 'short'::text])) OR (md5(side) = 'd41d8cd98f00b204e9800998ecf8427f'::text)"),
    "order of text": ("((side >= 'long'::text) AND (side <= 'short'::text))", "side >= 'long'::text"),
    "user's function": (f"({LIST} OR public.fits(side))",
    "(side = ANY (ARRAY['long'::text, 'short'::text])) OR public.fits(side)"),
    "chance": (f"({LIST} OR (random() < (0.5)::double precision))",
               "(side = ANY (ARRAY['long'::text, 'short'::text])) OR (random() < (0.5)::double precision)"),
    "not understood": ("(side IN (SELECT", "(side IN (SELECT"),
    "the past": (f"({LIST} OR {PAST})", f"{LIST} OR {PAST}"),
}


@pytest.mark.parametrize("case", UNDECIDED)
def test_what_is_left_open_is_named(case: str) -> None:
    text, part = UNDECIDED[case]
    found = asked("side", BOTH, text).others
    assert found.answer == "undecided"
    assert UndecidedPart("c0", part) in found.parts


def test_a_nondeterministic_collation_leaves_its_variants_to_be_tried() -> None:
    found = asked("loose", ("long",), "(loose = 'long'::text)")
    assert found.allowed["long"].answer == "yes"
    assert (found.others.answer, found.others.evidence) == ("undecided", "suspect")
    assert "LONG" in [row.value for row in found.others.rows]


def test_lookaround_proves_that_nothing_else_goes_in() -> None:
    found = asked("side", BOTH, "(side ~ '^(?!x)(long|short)$'::text)")
    assert found.others.answer == "no"
    assert (found.allowed["long"].answer, found.allowed["long"].rows) == ("undecided", (ColumnRow("long"),))


def test_a_check_that_has_nothing_to_do_with_the_column_is_told_apart() -> None:
    found = asked("side", BOTH, LIST, "(doc @> '{\"a\": 1}'::jsonb)")
    assert found.others.answer == "no"
    (part,) = found.allowed["long"].parts
    assert part == UndecidedPart("c1", "doc @> '{\"a\": 1}'::jsonb", apart=True)
    assert asked("side", BOTH, LIST, "(jsonb_typeof(doc) = 'array'::text)").exact == "yes"


def test_what_raises_when_it_is_planned_lets_nothing_in_for_sure() -> None:
    found = asked("side", BOTH, f"({LIST} OR ((1 / 0) > 1))")
    assert {each.answer for each in (*found.allowed.values(), found.others, found.null)} == {"undecided"}


def test_a_column_of_a_type_that_is_not_known_may_hold_anything() -> None:
    facts = {**FACTS, "spot": ColumnFacts("public.spot", not_null=True)}
    found = asked("side", BOTH, LIST, "(num_nonnulls(spot, kind) = 1)", facts=facts)
    assert found.exact == "yes"
    assert found.allowed["long"].rows[0].elsewhere == {"kind": None}


@pytest.mark.parametrize("pattern", ["^(x{255}){255}$", "^(a|b)*a(a|b){14}$", "^(.*a.*){20}$", "^.{0,255}$",
    "((a*)*)*b{200,}"])
def test_no_pattern_takes_long(pattern: str) -> None:
    started = time.process_time()
    asked("side", BOTH, f"({LIST} OR (side ~ '{pattern}'::text))")
    assert time.process_time() - started < 2


def test_a_very_long_text_is_a_value_too() -> None:
    found = asked("side", BOTH, f"({LIST} OR (side ~ '^a{{250}}b{{250}}$'::text))")
    assert found.others.answer != "no"


def test_domains_speak_of_the_column() -> None:
    domain = (NamedCheck("dom", f"((VALUE)::text = ANY ((ARRAY[{VARYING}])::text[]))"),)
    facts = {**FACTS, "side": ColumnFacts("character varying(8)", checks=domain)}
    found = asked("side", BOTH, "(j > 0)", facts=facts)
    assert (found.exact, found.others.by) == ("yes", ("dom",))
    wide = {**FACTS, "kind": ColumnFacts("text", not_null=True, checks=(NamedCheck("d", "(VALUE <> 'legacy'::text)"),))}
    assert asked("side", BOTH, f"({LIST} OR (kind = 'legacy'::text))", facts=wide).exact == "yes"


def test_a_generated_column_is_held_by_its_expression() -> None:
    made = "CASE WHEN (j > 0) THEN 'long'::text ELSE 'short'::text END"
    facts = {**FACTS, "side": ColumnFacts("text", generated=made)}
    found = asked("side", BOTH, facts=facts)
    assert found.exact == "yes"
    assert found.allowed["short"].rows[0].others == {"j": "0"}
    assert asked("side", ("long",), facts=facts).others.rows[0].value == "short"


@pytest.mark.parametrize("text", [LIST, f"({LIST} OR ((kind = 'x'::text) AND (lower(side) ~ '^a'::text)))",
    "(side ~ '^(long|short)$'::text)"])
def test_the_search_says_what_the_short_way_says(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    others = ["(j > 5)", "((kind IS NULL) OR (kind = 'x'::text))", "(i IS NOT NULL)"]
    short = asked("side", BOTH, text, *others)
    monkeypatch.setattr(module, "plainly", lambda *_: None)
    found = asked("side", BOTH, text, *others)
    assert (found.exact, found.others.answer, found.others.by, found.null.answer) == (
        short.exact, short.others.answer, short.others.by, short.null.answer)


@pytest.mark.parametrize("texts, facts", [
    (["(side = ANY (ARRAY['long'::text, 'short'::text]))", "(k = 'x'::text)"], {"k": ColumnFacts("character varying(0)",
    not_null=True)}),
    (["(side = ANY (ARRAY['long'::text, 'short'::text]))", "(j > 32767)"], {"j": ColumnFacts("smallint", not_null=True)}),
    (["(side = ANY (ARRAY['long'::text, 'short'::text]))", "(j > 5)", "(j < 3)"], {}),
    (["(side = ANY (ARRAY['long'::text, 'short'::text]))", "(side = ANY (ARRAY['flat'::text]))"], {}),
    (["(side = ANY (ARRAY['long'::text, 'short'::text]))", "(i IS NOT NULL)", "((i > 5) IS NOT TRUE)", "(i >= 6)"], {}),
])
def test_the_short_way_is_not_taken_where_others_refuse(texts: list[str], facts: dict[str, ColumnFacts]) -> None:
    assert asked("side", BOTH, *texts, facts={**FACTS, **facts}).allowed["long"].answer == "no"


def test_names_of_columns_that_look_like_literals() -> None:
    facts = {**FACTS, "it's 1": ColumnFacts("text"), "it's 0": ColumnFacts("integer", not_null=True)}
    text = "(\"it's 1\" = ANY (ARRAY['long'::text, 'short'::text]))"
    assert asked("it's 1", BOTH, text, "(\"it's 0\" > 3)", facts=facts).exact == "yes"
    assert asked("side", BOTH, text, facts=facts).others.answer == "yes"


def test_answers_do_not_depend_on_the_order_of_checks() -> None:
    texts = ["(side = ANY (ARRAY['long'::text, 'short'::text, 'x'::text]))", "(side <> 'x'::text)", "(j > 0)"]
    one = asked("side", BOTH, *texts)
    other = decide("side", BOTH, [NamedCheck(f"c{at}", text) for at, text in reversed([*enumerate(texts)])], FACTS)
    assert replace(one, others=replace(one.others, by=tuple(sorted(one.others.by)))) == replace(
        other, others=replace(other.others, by=tuple(sorted(other.others.by))))


def test_4000_plain_enums_are_quick() -> None:
    started = time.process_time()
    for number in range(1000):
        lists = {column: [*values, f"{column}_{number}"] for column, values in {
            "side": ["long", "short"], "kind": ["open", "filled", "cancelled"], "k": ["a", "b"], "code": ["x", "y"]}.items()}
        checks = [NamedCheck(f"c_{column}", f"({column} = ANY (ARRAY[{', '.join(f'{each!r}::text' for each in values)}]))")
                  for column, values in lists.items()]
        checks += [NamedCheck("c_j", f"(j > {number})"), NamedCheck("c_i", f"((i IS NULL) OR (i >= {number}))")]
        for column, values in lists.items():
            kept = [each for each in values if column != "code" or len(each) <= 5]
            assert decide(column, kept, checks, FACTS).others.answer == "no"
    assert time.process_time() - started < 1.2
