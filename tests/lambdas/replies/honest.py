"""Honest replies of the two functions, what is asked of them, and how they are told in other shapes."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from checks.contract.reply_shape import REFERENCE, ReplyShape
from checks.lambdas.replies.outcome import Outcome, classify_apply, classify_query
from checks.lambdas.replies.reply import Reply

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


GOOD = {"success": True, "migrations_applied": [V], "migrations_skipped": [OTHER]}


def wrapped(account: object, **envelope: object) -> bytes:
    return json.dumps({"statusCode": 200, "body": json.dumps(account), **envelope}).encode()


def applied(payload: bytes | None = None, shape: ReplyShape = REFERENCE, **fields: Any) -> Outcome:
    reply = Reply(**{"status": 200, "payload": wrapped(GOOD) if payload is None else payload, **fields})
    return classify_apply(reply, [V], shape)


def answer(rows: object, **more: object) -> bytes:
    return wrapped({"success": True, "rows": rows, **more})


def asked(
    payload: bytes, nonce: str | None = NONCE, shape: ReplyShape = REFERENCE, **fields: Any
) -> Outcome:
    return classify_query(Reply(**{"status": 200, "payload": payload, **fields}), nonce, shape)


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


def is_nothing(error: object) -> bool:
    return error is None or error is False or error in ([], {}) or (type(error) is int and error == 0)


def holders(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from holders(item)


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
