"""Mutations of an honest reply, each of which differs in meaning: 14 kinds, 200 examples each."""

from __future__ import annotations

import base64
import codecs
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lambdas.replies.reply import MAX_SAID
from tests.lambdas.replies.honest import HARMLESS, OTHER, Tale, V, examples, is_nothing, judged, tales, values

Mutation = Callable[[st.DrawFn, Tale], "str | bytes | dict[str, Any]"]
MUTATIONS: dict[str, Mutation] = {}


def mutation(make: Mutation) -> Mutation:
    MUTATIONS[make.__name__] = make
    return make


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
