"""Replies are successes only by proof: gates one by one, then mutations of honest replies, then noise.

A default run tries 5,600 examples: 14 kinds of mutation of a migration function's honest reply, 200 each;
8 of a query function's, 100 each; 400 honest replies in disguise; 800 random edits against an oracle;
800 noisy ones.
"""

from __future__ import annotations

import base64
import codecs
import copy
import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.contract.reply_shape import REFERENCE, ReplyShape, plain
from checks.lambdas.replies.endings import NEVER_RAN, NOT_SENT
from checks.lambdas.replies.outcome import Outcome, classify_apply, classify_query
from checks.lambdas.replies.reply import MAX_BYTES, MAX_SAID, Reply, UnreadableError, path, read_json, said
from checks.values import UsageError

V = "2026_02_02_0003_add_constraints_no_do"
OTHER = "2026_02_02_0001_position_telemetry"
NONCE = "q-7c9e6679f7425ee3"


def examples(number: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=number,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


# --- the gates, one by one

GOOD = {"success": True, "migrations_applied": [V], "migrations_skipped": [OTHER]}


def wrapped(account: object, **envelope: object) -> bytes:
    return json.dumps({"statusCode": 200, "body": json.dumps(account), **envelope}).encode()


def applied(payload: bytes | None = None, shape: ReplyShape = REFERENCE, **fields: Any) -> Outcome:
    reply = Reply(**{"status": 200, "payload": wrapped(GOOD) if payload is None else payload, **fields})
    return classify_apply(reply, [V], shape)


def test_a_proof_names_what_was_done_and_where_it_says_so() -> None:
    assert applied() == Outcome(
        "succeeded",
        "It says so, names every version asked for, and admits no error.",
        "$.body.migrations_applied",
        (V,),
        (OTHER,),
    )


@pytest.mark.parametrize(
    "change, place",
    [
        ({"success": "true"}, "$.body.success"),
        ({"migrations_applied": []}, "$.body.migrations_applied"),
        ({"migrations_skipped": "none"}, "$.body.migrations_skipped"),
        ({"error": "boom"}, "$.body.error"),
        (
            {"results": [{"steps": [1, {"errorMessage": "boom"}]}]},
            "$.body.results[0].steps[1].errorMessage",
        ),
        ({"a b": {"error": 1}}, '$.body["a b"].error'),
    ],
    ids=["flag", "list", "type", "error", "deep", "odd key"],
)
def test_the_place_is_a_path_into_the_reply(change: dict[str, object], place: str) -> None:
    outcome = applied(wrapped(GOOD | change))
    assert (outcome.word, outcome.place) == ("failed", place)


def test_an_error_explains_more_than_the_status_beside_it() -> None:
    outcome = applied(wrapped({"success": False, "error": "lock timeout"}, statusCode=500))
    assert (outcome.reason, outcome.place) == ("It tells of an error: lock timeout.", "$.body.error")


def test_what_was_named_instead_is_kept_and_a_misspelling_is_shown() -> None:
    outcome = applied(wrapped(GOOD | {"migrations_applied": [V + ".sql"]}))
    assert outcome.applied == (V + ".sql",)
    assert f"but names '{V}.sql'" in outcome.reason


def test_nothing_asked_is_proven_by_the_flag_alone_and_by_nothing_without_one() -> None:
    reply = Reply(200, payload=wrapped({"success": True}))
    assert classify_apply(reply, []).word == "succeeded"
    assert classify_apply(reply, [], replace(REFERENCE, success="")).word == "failed"


def test_the_function_version_must_be_the_expected_one() -> None:
    reply = Reply(200, payload=wrapped(GOOD), executed_version="7")
    assert classify_apply(reply, [V], expected_version="7").word == "succeeded"
    outcome = classify_apply(reply, [V], expected_version="8")
    assert (outcome.word, outcome.place) == ("failed", "X-Amz-Executed-Version")


@pytest.mark.parametrize("name", sorted(NOT_SENT))
def test_what_never_left_or_was_refused_ran_nothing(name: str) -> None:
    for words in (name, f"An error occurred ({name}) when calling the Invoke operation: Rate Exceeded."):
        assert applied(b"", status=None, transport_error=words).word == "failed"


@pytest.mark.parametrize("name", sorted(NEVER_RAN))
def test_a_handler_that_was_never_entered_ran_nothing(name: str) -> None:
    payload = json.dumps({"errorType": name, "errorMessage": "no"}).encode()
    assert applied(payload, function_error="Unhandled").word == "failed"
    assert applied(payload, function_error="Unhandled").place == "X-Amz-Function-Error"


def test_a_second_invocation_leaves_an_apply_undecided_and_a_select_alone() -> None:
    assert applied(retries=1).word == "undecided"
    assert asked(answer([{"nonce": NONCE}]), retries=1).word == "succeeded"


def test_success_needs_all_the_asked_versions() -> None:
    reply = Reply(200, payload=wrapped(GOOD))
    assert classify_apply(reply, [V, OTHER]).word == "succeeded"
    assert classify_apply(reply, [V, "2026_03_03_0004_x"]).word == "failed"


# --- questions


def answer(rows: object, **more: object) -> bytes:
    return wrapped({"success": True, "rows": rows, **more})


def asked(
    payload: bytes, nonce: str | None = NONCE, shape: ReplyShape = REFERENCE, **fields: Any
) -> Outcome:
    return classify_query(Reply(**{"status": 200, "payload": payload, **fields}), nonce, shape)


def test_rows_come_as_they_were_sent() -> None:
    rows = [{"n": 1, "doc": [[None, 1.5, "ü"]], "nonce": NONCE}, {"n": 2, "doc": {}, "nonce": NONCE}]
    assert asked(answer(rows, count=2)).rows == tuple(rows)
    assert asked(answer([[1, NONCE]])).rows == ([1, NONCE],)
    assert asked(answer([]), nonce=None).rows == ()


@pytest.mark.parametrize(
    "payload, place",
    [
        (answer([{"nonce": "stale"}]), "$.body.rows[0]"),
        (answer([{"nonce": NONCE}, {}]), "$.body.rows[1]"),
        (answer([]), "$.body.rows"),
        (answer([{"nonce": NONCE}], count=2), "$.body.count"),
        (answer([{"nonce": NONCE}], truncated=True), "$.body.truncated"),
        (answer({"nonce": NONCE}), "$.body.rows"),
    ],
    ids=["stale", "second row", "none", "count", "truncated", "object"],
)
def test_an_answer_to_another_question_is_none(payload: bytes, place: str) -> None:
    outcome = asked(payload)
    assert (outcome.word, outcome.place, outcome.rows) == ("failed", place, None)


# --- what a reason may say


def test_a_reason_quotes_no_secret_no_row_and_at_most_so_much() -> None:
    text = (
        'could not connect: postgresql://app:hunter2@db/prod password=swordfish {"pwd": "abc123"} '
        "\x1b[31m\u202e" + "x" * 500 + "\nDETAIL:  Failing row contains (1, banana)."
    )
    quoted = said(text)
    assert len(quoted) <= MAX_SAID
    assert quoted.isprintable()
    for secret in ("hunter2", "swordfish", "abc123", "banana"):
        assert secret not in quoted
        assert secret not in said(f"DETAIL: {secret}")


@pytest.mark.parametrize(
    "value, shown",
    [
        ({"message": "boom"}, "boom"),
        ({"a": 1}, "(an object)"),
        (7, "(a number)"),
        (None, "(null)"),
        (["x"], "(a list)"),
        ("", ""),
    ],
)
def test_only_words_are_quoted(value: object, shown: str) -> None:
    assert said(value) == shown


def test_a_path_is_bounded() -> None:
    assert path(*["k" * 500] * 50).count("[") == 7
    assert len(path(*["\n" * 500] * 50)) < 800
    assert path("rows", 3, "a") == "$.rows[3].a"


# --- large, deep, and hostile


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10_000,
        "[" * 10_000 + "]" * 10_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        "[" * 101 + "]" * 101,
    ],
    ids=["open", "lists", "objects", "just too deep"],
)
def test_deep_nesting_is_unreadable_not_an_exception(text: str) -> None:
    with pytest.raises(UnreadableError, match="nested deeper"):
        read_json(text + ("" if text.endswith(("]", "}")) else "]" * 10_000))
    assert applied(text.encode()).word == "undecided"
    assert applied(json.dumps({"statusCode": 200, "body": text}).encode()).word == "undecided"
    account = json.dumps(GOOD)[:-1] + f', "x": {text}' + "}"
    assert applied(json.dumps({"statusCode": 200, "body": account}).encode()).word == "undecided"


def test_a_hundred_levels_are_read() -> None:
    assert read_json("[" * 100 + "]" * 100)


def test_six_megabytes_are_read_and_seven_are_not() -> None:
    honest = wrapped(GOOD | {"tables": ["x" * 60] * 90_000})
    assert 5_500_000 < len(honest) < MAX_BYTES
    assert applied(honest).word == "succeeded"
    assert applied(wrapped(GOOD | {"tables": ["x" * 60] * 110_000})).word == "undecided"


@pytest.mark.parametrize(
    "digits", ["9" * 641, "-" + "9" * 5_000, "1e400", "-1e999", "0." + "1" * 5_000, "1E" + "9" * 1_000]
)
def test_numbers_that_cannot_be_kept_are_unreadable(digits: str) -> None:
    with pytest.raises(UnreadableError, match="number"):
        read_json(f'{{"n": {digits}}}')


def test_names_that_hide_nothing() -> None:
    assert plain("errorMessage") == plain("error_message") == plain("Error-Message") == "errormessage"
    assert plain("errors") != plain("error")


# --- the shape, as contract.toml gives it


def test_a_shape_is_read_from_its_table() -> None:
    shape = ReplyShape.from_table(
        {"body": "", "success": "ok", "errors": ["problems"]}, "contract.toml: t.reply"
    )
    assert shape == ReplyShape(body="", success="ok", errors=("problems",))


@pytest.mark.parametrize(
    "table, words",
    [
        ({"sucess": "ok"}, "sucess is not known here. Did you mean 'success'?"),
        ({"success": True}, "success must be a string, not True"),
        ({"errors": "error"}, "errors must be a list, not 'error'"),
        ({"errors": ["a", 1]}, "errors must be a list of non-empty strings"),
        ({"errors": [""]}, "errors must be a list of non-empty strings"),
        ({"body_as": "json"}, "body_as must be one of 'text', 'object', not 'json'"),
        ({"applied": "done", "skipped": "done"}, "applied and skipped both name the reply's key 'done'"),
        ({"success": "error"}, "success and errors[0] both name the reply's key 'error'"),
        ({"applied": "Success"}, "success and applied both name the reply's key 'Success'"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:20],
)
def test_a_malformed_shape_is_named_with_the_remedy(table: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        ReplyShape.from_table(table, "contract.toml: target.prod.reply")
    assert words in str(caught.value)
    assert str(caught.value).startswith("contract.toml: target.prod.reply: ")


# --- honest replies in disguise

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
SHAPES = [
    REFERENCE,
    replace(REFERENCE, body_as="object"),
    replace(REFERENCE, body="", status=""),
    replace(REFERENCE, body=""),
    ReplyShape(
        body="result", status="code", success="ok", applied="done", skipped="already", errors=("problems",)
    ),
    ReplyShape(body="", status="", success="", errors=("error",)),
]
HARMLESS: dict[str, object] = {
    "tables": ["a", "errors", "b"],
    "timestamp": "2026-02-02T10:15:00+00:00",
    "duration_ms": 3.5,
    "note": 'Ü 🚀 {}[]"',
    "details": {"rows": 3, "nested": [{"x": None}]},
    "error": None,
    "errors": [],
    "errorMessage": None,
    "status": "ok",
}


@dataclass
class Tale:
    """An honest reply before it is written down."""

    shape: ReplyShape
    account: dict[str, Any]
    envelope: dict[str, Any]
    ascii: bool = False
    indent: int | None = None

    def text(self, value: object) -> str:
        return json.dumps(value, ensure_ascii=self.ascii, indent=self.indent)

    def payload(self, account_text: str | None = None) -> str:
        """The reply as text; `account_text` in the account's place, as it is."""
        text = self.text(self.account) if account_text is None else account_text
        outer = {key: self.text(value) for key, value in self.envelope.items()}
        if not self.shape.body:
            inner = text.strip()[1:] if text.strip().startswith("{") else text
            head = "".join(f"{json.dumps(key)}: {value}, " for key, value in outer.items())
            return "{" + head + inner
        outer[self.shape.body] = text if self.shape.body_as == "object" else self.text(text)
        return "{" + ", ".join(f"{json.dumps(key)}: {value}" for key, value in outer.items()) + "}"

    @property
    def lists(self) -> tuple[str, str]:
        return self.shape.applied, self.shape.skipped

    @property
    def naming(self) -> str:
        return next(key for key in self.lists if V in (self.account.get(key) or ()))

    def essentials(self) -> list[tuple[dict[str, Any], str]]:
        """Each part without which the reply proves nothing: its holder and its key."""
        found = [(self.account, self.naming)]
        found += [(self.account, self.shape.success)] if self.shape.success else []
        found += [(self.envelope, self.shape.status)] if self.shape.status else []
        return found


@st.composite
def tales(draw: st.DrawFn) -> Tale:
    shape = draw(st.sampled_from(SHAPES))
    chance = random.Random(draw(st.integers(0, 2**20)))
    here, there = chance.sample((shape.applied, shape.skipped), 2)
    names = [V, *chance.sample(["a", OTHER], chance.randint(0, 2))]
    account: dict[str, Any] = {here: chance.sample(names, len(names))}
    rest = chance.choice([None, [], ["b"], ...])
    account |= {} if rest is ... else {there: rest}
    account |= {shape.success: True} if shape.success else {}
    account |= copy.deepcopy(dict(chance.sample(sorted(HARMLESS.items()), chance.randint(0, 4))))
    account = dict(chance.sample(list(account.items()), len(account)))
    envelope: dict[str, Any] = {shape.status: 200} if shape.status else {}
    if shape.body and chance.random() < 0.5:
        envelope |= {"headers": {"Content-Type": "application/json"}, "isBase64Encoded": False}
    return Tale(shape, account, envelope, chance.random() < 0.5, chance.choice([None, 2]))


def judged(tale: Tale, payload: str | bytes, **fields: Any) -> Outcome:
    data = payload if isinstance(payload, bytes) else payload.encode("utf-8", "surrogatepass")
    return classify_apply(Reply(**{"status": 200, "payload": data, **fields}), [V], tale.shape)


@examples(400)
@given(tales())
def test_an_honest_reply_is_a_success_however_it_is_told(tale: Tale) -> None:
    outcome = judged(tale, tale.payload())
    assert outcome.word == "succeeded", outcome
    assert V in outcome.applied + outcome.skipped


# --- mutations, each of which differs in meaning

Mutation = Callable[[st.DrawFn, Tale], "str | bytes | dict[str, Any]"]
MUTATIONS: dict[str, Mutation] = {}


def mutation(make: Mutation) -> Mutation:
    MUTATIONS[make.__name__] = make
    return make


def is_nothing(error: object) -> bool:
    return error is None or error is False or error in ([], {}) or (type(error) is int and error == 0)


@mutation
def drop(draw: st.DrawFn, tale: Tale) -> str:
    holder, key = draw(st.sampled_from(tale.essentials()))
    del holder[key]
    return tale.payload()


@mutation
def drop_the_body(draw: st.DrawFn, tale: Tale) -> str:
    return tale.text(tale.envelope)


@mutation
def retype(draw: st.DrawFn, tale: Tale) -> str:
    holder, key = draw(st.sampled_from(tale.essentials()))
    near = st.sampled_from(
        [1, 1.0, 200.0, "200", "true", "True", False, V, [[V]], [V, 1], {V: True}, [{"version": V}]]
    )
    old = holder[key]
    holder[key] = draw(
        (near | values).filter(
            lambda new: (
                type(new) is not type(old)
                or (type(old) is list and not (V in new and all(isinstance(item, str) for item in new)))
                or (type(old) is not list and new != old)
            )
        )
    )
    return tale.payload()


@mutation
def retype_the_body(draw: st.DrawFn, tale: Tale) -> str:
    key = tale.shape.body or "body"
    honest = tale.text(tale.account)
    text = tale.shape.body_as == "text"
    other = st.sampled_from(
        [honest, [honest], [tale.account], tale.text(honest)]
        if not text
        else [tale.account, [honest], [tale.account], tale.text(honest), tale.text([tale.account])]
    )
    return tale.text(tale.envelope | {key: draw(other | values)})


@mutation
def nest(draw: st.DrawFn, tale: Tale) -> str:
    how = draw(
        st.sampled_from(
            [lambda value: [value], lambda value: {"value": value}, lambda value: {"0": [value]}]
        )
    )
    what = draw(st.sampled_from(["part", "account", "payload"]))
    if what == "payload":
        return tale.text(how(json.loads(tale.payload())))
    if what == "account":
        return tale.payload(tale.text({"data": how(tale.account)}))
    holder, key = draw(st.sampled_from(tale.essentials()))
    holder[key] = how(holder[key])
    return tale.payload()


@mutation
def duplicate(draw: st.DrawFn, tale: Tale) -> str:
    key = draw(st.sampled_from(sorted(tale.account)))
    again = f"{json.dumps(key)}: {tale.text(draw(values))}"
    text = tale.text(tale.account).strip()
    at_the_end = text[:-1].rstrip() + f", {again}" + "}"
    return tale.payload(draw(st.sampled_from([at_the_end, "{" + again + ", " + text[1:]])))


@mutation
def truncate(draw: st.DrawFn, tale: Tale) -> bytes | str:
    if draw(st.booleans()) and tale.shape.body and tale.shape.body_as == "text":
        text = tale.text(tale.account)
        return tale.payload(text[: draw(st.integers(0, len(text) - 1))])
    whole = tale.payload().encode()
    return whole[: draw(st.integers(0, len(whole) - 1))]


@mutation
def re_encode(draw: st.DrawFn, tale: Tale) -> bytes:
    whole = tale.payload()
    return draw(
        st.sampled_from(
            [
                codecs.BOM_UTF8 + whole.encode(),
                whole.encode("utf-16"),
                whole.encode("utf-16-le"),
                whole.encode("utf-32"),
                gzip.compress(whole.encode()),
                base64.b64encode(whole.encode()),
                json.dumps(whole).encode(),
                repr(json.loads(whole)).encode(),
                whole.encode() + b"\0",
                whole.encode() * 2,
                b"ok\n" + whole.encode(),
                whole.replace("{", "{,", 1).encode(),
                whole.encode() + b"}",
                f"callback({whole})".encode(),
            ]
        )
    )


@mutation
def make_unreadable(draw: st.DrawFn, tale: Tale) -> str:
    word = draw(
        st.sampled_from(
            [
                "NaN",
                "Infinity",
                "-Infinity",
                "1e999",
                "9" * 700,
                "'x'",
                "undefined",
                "01",
                '"\\ud800"',
                '"\\x41"',
                "[1,]",
                "{",
                "[" * 150 + "]" * 150,
                '{"a": 1, "a": 1}',
                '"\n"',
                "+1",
                "",
            ]
        )
    )
    text = tale.text(tale.account).strip()
    return tale.payload(text[:-1].rstrip() + f', "extra": {word}' + "}")


@mutation
def swap(draw: st.DrawFn, tale: Tale) -> str:
    parts = [
        *tale.essentials(),
        (tale.account, draw(st.sampled_from(sorted(HARMLESS.keys() - tale.account.keys())))),
    ]
    (one, first), (other, second) = draw(st.permutations(parts))[:2]
    one[first], other[second] = other.get(second, "x"), one.get(first, "x")
    return tale.payload()


@mutation
def change_the_version(draw: st.DrawFn, tale: Tale) -> str:
    at = draw(st.integers(0, len(V)))
    other = draw(
        st.sampled_from(
            [
                V[:at] + draw(st.characters(codec="utf-8")) + V[at:],
                V[:at] + V[at + 1 :],
                V.upper(),
                V + ".sql",
                V + " ",
                V.replace("_", "-"),
                V.replace("a", "\u0430"),
                V[:at] + "\u200b" + V[at:],
                OTHER,
                "",
                V * 2,
                f"[{V}]",
            ]
        ).filter(lambda name: name != V)
    )
    names = tale.account[tale.naming]
    names[names.index(V)] = other
    return tale.payload()


@mutation
def admit_an_error(draw: st.DrawFn, tale: Tale) -> str:
    spellings = [
        *tale.shape.errors,
        "errorMessage",
        "errorType",
        "error_message",
        "ErrorType",
        "error-type",
        "stackTrace",
    ]
    found: Any = {
        draw(st.sampled_from(spellings)): draw(values.filter(lambda value: not is_nothing(value)))
    }
    for step in draw(st.lists(st.sampled_from(["list", "results", "a b", "0"]), max_size=20)):
        found = [found] if step == "list" else {step: found}
    if isinstance(found, dict) and draw(st.booleans()):
        holder = tale.envelope if draw(st.booleans()) else tale.account
        clean = {key: value for key, value in holder.items() if key not in found}
        holder.clear()
        holder.update(clean | found)
    else:
        tale.account["results"] = found
    return tale.payload()


@mutation
def contradict_deeper(draw: st.DrawFn, tale: Tale) -> str:
    key, value = draw(
        st.sampled_from(
            [
                ("success", False),
                ("success", "true"),
                ("Success", None),
                (tale.shape.success or "success", 0),
                ("statusCode", 500),
                ("status_code", "200"),
                (tale.shape.status or "statusCode", 404),
            ]
        )
    )
    tale.account["results"] = draw(
        st.sampled_from([[{key: value}], {"a": {key: value}}, [[{"b": {key: value}}]]])
    )
    return tale.payload()


@mutation
def end_otherwise(draw: st.DrawFn, tale: Tale) -> dict[str, Any]:
    field, value = draw(
        st.sampled_from(
            [
                ("function_error", st.text(max_size=12)),
                ("transport_error", st.text(max_size=30)),
                ("status", st.integers(-1, 999).filter(lambda status: status != 200)),
                ("retries", st.integers(1, 9)),
                ("status", st.sampled_from([None, 200.0, True, "200"])),
                ("log_tail", st.just("REPORT RequestId: 1\tDuration: 3000.00 ms\tStatus: timeout")),
            ]
        )
    )
    return {field: draw(value)}


@pytest.mark.parametrize("name", MUTATIONS)
def test_no_reply_that_differs_in_meaning_is_a_success(name: str) -> None:
    @examples(200)
    @given(st.data())
    def mutate(data: st.DataObject) -> None:
        tale = data.draw(tales())
        told = MUTATIONS[name](data.draw, tale)
        fields, payload = (told, tale.payload()) if isinstance(told, dict) else ({}, told)
        outcome = judged(tale, payload, **fields)
        assert outcome.word != "succeeded", (payload, fields)
        assert outcome.reason.isprintable()
        assert len(outcome.reason) <= 120 + 2 * MAX_SAID

    mutate()


# --- random edits, against an oracle

KEYS = [
    "success",
    "statusCode",
    "body",
    "migrations_applied",
    "migrations_skipped",
    "error",
    "errors",
    "status",
    "x",
]
POOL = [
    True,
    False,
    200,
    200.0,
    500,
    "200",
    "true",
    None,
    V,
    [V],
    [],
    {},
    "",
    [OTHER],
    "failed",
    {"error": "x"},
]


def holders(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from holders(item)


def edit(draw: st.DrawFn, tree: dict[str, Any]) -> None:
    holder = draw(st.sampled_from(list(holders(tree))))
    value = copy.deepcopy(draw(st.sampled_from(POOL)))
    if isinstance(holder, list):
        holder.insert(draw(st.integers(0, len(holder))), value)
    elif holder and draw(st.booleans()):
        holder.pop(draw(st.sampled_from(sorted(holder))))
    else:
        holder[draw(st.sampled_from(KEYS))] = value


def proven(envelope: dict[str, Any], account: Any) -> bool:
    """What success must mean at least, written apart from the code under test."""
    if not isinstance(account, dict) or account.get("success") is not True:
        return False
    if type(envelope.get("statusCode")) is not int or envelope["statusCode"] != 200:
        return False
    lists = [account.get("migrations_applied") or [], account.get("migrations_skipped") or []]
    if not all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists):
        return False
    told = [holder for tree in (envelope, account) for holder in holders(tree) if isinstance(holder, dict)]
    errors = [holder[key] for holder in told for key in ("error", "errors") if key in holder]
    return any(V in names for names in lists) and all(is_nothing(error) for error in errors)


@examples(800)
@given(st.data())
def test_after_random_edits_only_what_is_proven_is_a_success(data: st.DataObject) -> None:
    tree: dict[str, Any] = {
        "statusCode": 200,
        "body": copy.deepcopy(GOOD) | {"results": [{"success": True}]},
    }
    for _ in range(data.draw(st.integers(1, 5))):
        edit(data.draw, tree)
    envelope = {key: value for key, value in tree.items() if key != "body"}
    payload = {**envelope, "body": json.dumps(tree["body"])} if "body" in tree else envelope
    outcome = applied(json.dumps(payload).encode())
    assert outcome.word != "succeeded" or proven(envelope, tree.get("body"))


# --- noise


@examples(400)
@given(st.binary(max_size=200))
def test_bytes_at_random_are_no_success_and_no_exception(noise: bytes) -> None:
    for shape in SHAPES:
        assert applied(noise, shape).word != "succeeded"
        assert asked(noise, None, shape).word != "succeeded"
        assert asked(noise, None, shape).rows is None


@examples(400)
@given(st.data())
def test_an_honest_reply_with_damaged_bytes_is_proven_or_no_success(data: st.DataObject) -> None:
    whole = bytearray(wrapped(GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    succeeded = applied(bytes(whole)).word == "succeeded"
    envelope = json.loads(whole) if succeeded else {}
    assert not succeeded or proven(envelope, json.loads(envelope["body"]))


# --- mutations of an honest answer

Rows = list[Any]


def cut_a_row(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return rows[:-1], {}


def repeat_a_row(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return [*rows, rows[0]], {}


def miscount(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return rows, {"count": draw(values.filter(lambda value: type(value) is not int or value != len(rows)))}


def retype_rows(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return draw(
        values.filter(lambda value: not isinstance(value, list) or value == []) | st.just({"0": rows})
    ), {}


def spoil_the_nonce(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    row = draw(st.sampled_from(rows))
    stale = draw(values.filter(lambda value: value != NONCE))
    row["nonce" if isinstance(row, dict) else -1] = stale
    return rows, {}


def replace_a_row(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    rows[draw(st.integers(0, len(rows) - 1))] = draw(values)
    return rows, {}


def fail_beside_rows(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return rows, {draw(st.sampled_from(["error", "errors", "errorMessage"])): "boom"}


def deny_success(draw: st.DrawFn, rows: Rows) -> tuple[Any, dict[str, Any]]:
    return rows, {"success": draw(values.filter(lambda value: value is not True))}


@st.composite
def honest_rows(draw: st.DrawFn) -> Rows:
    data = draw(st.lists(st.lists(values, min_size=1, max_size=3), min_size=1, max_size=4))
    if draw(st.booleans()):
        return [[*row, NONCE] for row in data]
    return [{f"c{number}": value for number, value in enumerate(row)} | {"nonce": NONCE} for row in data]


@pytest.mark.parametrize(
    "mutate",
    [
        cut_a_row,
        repeat_a_row,
        miscount,
        retype_rows,
        spoil_the_nonce,
        replace_a_row,
        fail_beside_rows,
        deny_success,
    ],
    ids=lambda mutate: mutate.__name__,
)
def test_no_answer_that_differs_in_meaning_is_one(
    mutate: Callable[..., tuple[Any, dict[str, Any]]],
) -> None:
    @examples(100)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        rows = copy.deepcopy(data.draw(honest_rows()))
        honest = asked(answer(rows, count=len(rows)))
        assert honest.rows == tuple(rows)
        told, more = mutate(data.draw, copy.deepcopy(rows))
        outcome = asked(answer(told, **{"count": len(rows), **more}))
        assert (outcome.word, outcome.rows) == ("failed", None)

    check()
